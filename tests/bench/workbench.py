"""What every figure needs: a directory with a daemon of its own, projects in it, whole processes
measured in paired rounds, and tables.

A machine that does other work, too, moves absolute times by a factor of two. So all cases of a table
run in turn, A B C A B C …, and a ratio is the median of the ratios of each round.
"""

import json
import os
import pathlib
import shutil
import signal
import socket
import statistics
import subprocess
import tempfile
import time

PATIENCE = 60.0


class Unusable(Exception):
    """A figure that cannot be taken; the message says why."""


def clean_environment():
    """The user's own, without what leads to another daemon or changes what is printed."""
    return {key: value for key, value in os.environ.items()
            if not key.startswith(("DROVER", "GIT_", "LISTEN_", "NOTIFY_")) and key != "CI"}


class Case:
    """One command of a table. `before` runs, unmeasured, ahead of each of its rounds."""

    def __init__(self, name, command, cwd, before=None, stdin=None, stdout=None):
        self.name, self.cwd, self.before = name, str(cwd), before
        self.command = [str(word) for word in command]
        self.options = (["-i", str(stdin)] if stdin else []) + (["-o", str(stdout)] if stdout else [])


class Workbench:
    def __init__(self, build, work):
        self.build = pathlib.Path(build).resolve()
        self.drover = self.build / "client/drover"
        self.droverd = self.build / "daemon/droverd"
        self.programs = self.build / "tests/bench"
        for program in (self.drover, self.droverd, self.programs / "bench_launch"):
            if not program.exists():
                raise Unusable(f"{program} is missing: cmake --preset release && "
                               "cmake --build --preset release")
        self.base = pathlib.Path(tempfile.mkdtemp(prefix="drover-bench-", dir=work)).resolve()
        self.base.chmod(0o700)
        self.environment = clean_environment()
        self.daemon = None
        self.socket = None

    def close(self):
        self.stop()
        shutil.rmtree(self.base, ignore_errors=True)

    # Programs

    def start(self, name):
        """A fresh daemon with its own state; the one before is stopped."""
        self.stop()
        state = self.base / f"state-{name}"
        state.mkdir(mode=0o700)
        self.socket = state / "d.sock"
        self.environment.update(DROVER_SOCKET=str(self.socket), DROVER_STATE_DIR=str(state),
                                DROVERD=str(self.droverd))
        self.log = self.base / f"{name}.log"
        with open(self.log, "wb") as log:
            self.daemon = subprocess.Popen([self.droverd], cwd="/", env=self.environment,
                                           stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self.wait(self.listens, "droverd listens")
        return self.daemon.pid

    def listens(self):
        if self.daemon.poll() is not None:
            raise Unusable(f"droverd ended with {self.daemon.returncode}: {self.log.read_text()}")
        with socket.socket(socket.AF_UNIX) as probe:
            return probe.connect_ex(str(self.socket)) == 0

    def stop(self):
        if self.daemon is None:
            return
        self.daemon.send_signal(signal.SIGTERM)
        try:
            self.daemon.wait(20)
        except subprocess.TimeoutExpired:
            self.daemon.kill()
            self.daemon.wait()
        self.daemon = None

    def run(self, command, cwd, stdin=None):
        """Runs a command that must succeed; its output."""
        done = subprocess.run([str(word) for word in command], cwd=cwd, env=self.environment,
                              stdin=stdin or subprocess.DEVNULL, capture_output=True, check=False)
        if done.returncode != 0:
            raise Unusable(f"{' '.join(map(str, command))}: exit code {done.returncode}: "
                           f"{done.stderr.decode(errors='replace')[-2000:]}")
        return done.stdout

    def wait(self, predicate, what):
        deadline = time.monotonic() + PATIENCE
        while not predicate():
            if time.monotonic() > deadline:
                raise Unusable(f"not within {PATIENCE:.0f} s: {what}")
            time.sleep(0.02)

    # Projects

    def project(self, name, environments):
        """A project with these environments, name to policy, and no migration yet."""
        root = self.base / name
        (root / "migrations").mkdir(parents=True)
        lines = [f"project: {name}", "migrations: {directory: migrations}", "environments:"]
        lines += [f"  {each}: {{url: 'sqlite:///./{each}.db', on_pending: {policy}}}"
                  for each, policy in environments.items()]
        (root / "drover.yaml").write_text("\n".join(lines) + "\n")
        (root / "drover.yaml").chmod(0o644)
        return root

    def states(self, root):
        status = json.loads(self.run([self.drover, "status", "--json"], root))
        return {each["name"]: each["state"] for each in status["environments"]}

    def wait_state(self, root, state):
        """Until every environment of the project is in this state."""
        self.wait(lambda: set(self.states(root).values()) == {state}, f"{root.name} is {state}")

    def forget(self, root, environment="dev"):
        """Removes a database, and waits until the daemon knows."""
        for suffix in ("", "-journal", "-wal", "-shm"):
            (root / f"{environment}.db{suffix}").unlink(missing_ok=True)
        self.wait_state(root, "missing")

    # Measuring

    def measure(self, case):
        """One run: wall time in ms."""
        if case.before:
            case.before()
        command = [str(self.programs / "bench_launch"), *case.options, *case.command]
        done = subprocess.run(command, cwd=case.cwd, env=self.environment, capture_output=True,
                              stdin=subprocess.DEVNULL, check=False)
        fields = done.stdout.split()
        if len(fields) != 5 or fields[4] != b"0":
            raise Unusable(f"{case.name}: {done.stdout.decode()} "
                           f"{done.stderr.decode(errors='replace')[-2000:]}")
        return int(fields[0]) / 1e6

    def rounds(self, cases, count):
        """Wall times in ms by the name of the case, after one round that does not count."""
        for case in cases:
            self.measure(case)
        times = {case.name: [] for case in cases}
        for _ in range(count):
            for case in cases:
                times[case.name].append(self.measure(case))
        return times


def ratio(times, name, base):
    """The median of the ratios of each round."""
    return statistics.median(a / b for a, b in zip(times[name], times[base]))


def number(value):
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def spread(values):
    return f"{number(statistics.median(values))} [{number(min(values))}–{number(max(values))}]"


def percentile(values, percent):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, round(percent / 100 * (len(ordered) - 1)))]


def table(title, heads, rows):
    print(f"\n### {title}\n")
    print("| " + " | ".join(heads) + " |\n|" + "---|" * len(heads))
    for row in rows:
        print("| " + " | ".join(str(cell) for cell in row) + " |", flush=True)


def at_most(value, goal):
    return [number(value), f"≤ {goal:g}", "yes" if value <= goal else "**no**"]


def at_least(value, goal):
    return [number(value), f"≥ {goal:g}", "yes" if value >= goal else "**no**"]
