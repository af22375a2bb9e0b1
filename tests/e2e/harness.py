"""A project, a daemon and a client of its own for each test.

Project copies the demo (or writes a small project) into a temporary directory with its own socket
and state, runs the real programs, and leaves no process behind. Case prints the daemon's log when
a test fails. DROVER_BIN and DROVERD_BIN name the programs; CMake sets them.
"""

import json
import os
import pathlib
import re
import shutil
import signal
import socket
import sqlite3
import struct
import subprocess
import sys
import tempfile
import threading
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
DROVER = os.environ.get("DROVER_BIN", str(ROOT / "build/dev/client/drover"))
DROVERD = os.environ.get("DROVERD_BIN", str(ROOT / "build/dev/daemon/droverd"))
DEMO = ROOT / "deploy/demo"
DEMO_BASE = "981cbaae32a1"

# Generous, since two slow cores may be shared: no test passes because of it, but a hang ends.
PATIENCE = 20.0


def wait_until(predicate, what, timeout=PATIENCE, interval=0.03):
    """The first truthy answer of predicate(); AssertionError naming `what` after the timeout."""
    deadline = time.monotonic() + timeout
    while True:
        answer = predicate()
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {timeout} s: {what} (last answer: {answer!r})")
        time.sleep(interval)


class Result:
    """What a finished command left behind."""

    def __init__(self, args, code, out, err, seconds):
        self.args, self.code, self.out, self.err, self.seconds = args, code, out, err, seconds

    @property
    def json(self):
        return json.loads(self.out)

    @property
    def error(self):
        """The error document on stderr, of a command with --json."""
        for line in self.err.splitlines():
            if line.startswith("{"):
                return json.loads(line)["error"]
        raise AssertionError(f"no error document on stderr of {self}")

    def __str__(self):
        return (f"{' '.join(self.args)}\n  exit code {self.code} after {self.seconds:.2f} s\n"
                f"  stdout: {self.out}\n  stderr: {self.err}")


class Rpc:
    """A raw connection to the daemon's socket."""

    def __init__(self, path, timeout=PATIENCE):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.settimeout(timeout)
        try:
            self.socket.connect(str(path))
        except OSError:
            self.socket.close()
            raise
        self._pending = b""
        self._next_id = 0

    def send(self, data):
        self.socket.sendall(data)

    def read_line(self):
        """The next line, or None at the end of the connection."""
        while b"\n" not in self._pending:
            try:
                data = self.socket.recv(65536)
            except ConnectionResetError:
                return None
            if not data:
                return None
            self._pending += data
        line, self._pending = self._pending.split(b"\n", 1)
        return json.loads(line)

    def call(self, method, **params):
        """The whole reply to one request; notifications in between are dropped."""
        self._next_id += 1
        request = {"jsonrpc": "2.0", "id": self._next_id, "method": method, "params": params}
        self.send(json.dumps(request).encode() + b"\n")
        while True:
            reply = self.read_line()
            if reply is None:
                raise AssertionError(f"the connection ended before {method} was answered")
            if reply.get("id") == self._next_id:
                return reply

    def close(self):
        self.socket.close()


class Events:
    """The events of a project, collected by a thread from the moment the constructor returns."""

    def __init__(self, project):
        self.rpc = Rpc(project.socket)
        reply = self.rpc.call("subscribe", project=str(project.root))
        if "error" in reply:
            raise AssertionError(f"subscribe: {reply['error']}")
        self.rpc.socket.settimeout(None)
        self._events = []
        self._changed = threading.Condition()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        try:
            while (line := self.rpc.read_line()) is not None:
                if line.get("method") == "event":
                    with self._changed:
                        self._events.append((time.monotonic(), line["params"]))
                        self._changed.notify_all()
        except (OSError, ValueError):
            pass

    def all(self, kind=None):
        with self._changed:
            return [e for _, e in self._events if kind is None or e["event"] == kind]

    def wait(self, kind, timeout=PATIENCE, **fields):
        """The first event of a kind with these fields: (monotonic time of arrival, event)."""
        def found():
            for at, event in self._events:
                if event["event"] == kind and all(event.get(k) == v for k, v in fields.items()):
                    return at, event
            return None

        with self._changed:
            if not self._changed.wait_for(found, timeout):
                raise AssertionError(f"no event {kind} {fields} within {timeout} s; "
                                     f"seen: {[e for _, e in self._events]}")
            return found()

    def close(self):
        try:
            self.rpc.socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.rpc.close()


class Project:
    """A temporary project with its own daemon. close() ends every process it started."""

    def __init__(self, demo=False):
        # Below /tmp whatever TMPDIR says: a socket's path has at most 107 bytes.
        self.base = pathlib.Path(tempfile.mkdtemp(prefix="drover-e2e-", dir="/tmp")).resolve()
        self.root = self.base / "idv"
        self.state = self.base / "state"
        self.socket = self.base / "run" / "d.sock"
        self.log = self.state / "droverd.log"
        self.database = self.root / "application.db"
        for directory in (self.base, self.state, self.socket.parent):
            directory.mkdir(exist_ok=True)
            directory.chmod(0o700)
        self._children = []
        self._closers = []
        if demo:
            self.copy_demo()
        else:
            (self.root / "migrations").mkdir(parents=True)
            (self.root / "backend").mkdir()

    def copy_demo(self):
        if not DEMO.is_dir():
            raise unittest.SkipTest("deploy/demo is not in this checkout")
        shutil.copytree(DEMO, self.root, ignore=shutil.ignore_patterns("*.db", "*.db-*"))
        (self.root / "backend").mkdir(exist_ok=True)

    # Files

    def configure(self, *environments, extra=""):
        """Writes drover.yaml; each environment is a line of YAML such as `dev: {url: …}`."""
        lines = ["project: small", "migrations: {directory: migrations, version_table: alembic_version}",
                 "environments:", *("  " + e for e in environments)]
        self.write("drover.yaml", "\n".join(lines) + "\n" + extra)
        (self.root / "drover.yaml").chmod(0o644)

    def configure_dev(self, policy="apply"):
        self.configure(f'dev: {{url: "sqlite:///./application.db", on_pending: {policy}}}')

    def write(self, path, text):
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
        return target

    def migration(self, revision, parent, up, down="", message=None, directives="", draft=False):
        """Saves a native migration and returns its path."""
        message = message or f"Step {revision}"
        lines = [f"-- revision: {revision}", f"-- down_revision: {parent or 'none'}",
                 f"-- message: {message}", "-- created: 2026-03-01T12:00:00Z"]
        if draft:
            lines.append("-- draft")
        lines += ["-- migrate:up" + (" " + directives if directives else ""), up.strip()]
        if down:
            lines += ["-- migrate:down", down.strip()]
        slug = re.sub(r"\W+", "_", message.lower())
        return self.write(f"migrations/{revision}_{slug}.sql", "\n".join(lines) + "\n")

    def chain(self, count):
        """`count` migrations that make one table each; their ids, oldest first."""
        ids = [f"{0xa00000000000 + n:012x}" for n in range(1, count + 1)]
        for number, revision in enumerate(ids):
            name = f"table_{number + 1}"
            self.migration(revision, ids[number - 1] if number else None,
                           f"CREATE TABLE {name} (id INTEGER PRIMARY KEY, note TEXT);",
                           f"DROP TABLE {name};", message=f"Make {name}")
        return ids

    def listing(self):
        """Every path below the root."""
        return sorted(str(p.relative_to(self.root)) for p in self.root.rglob("*"))

    # Programs

    def environment(self, **changes):
        keep = {k: v for k, v in os.environ.items()
                if not k.startswith(("DROVER", "LISTEN_", "NOTIFY_", "JOURNAL_"))
                and k not in ("CI", "NO_COLOR", "COLUMNS")}
        keep.update(DROVER_SOCKET=str(self.socket), DROVER_STATE_DIR=str(self.state),
                    DROVERD=DROVERD, NO_COLOR="1", LC_ALL="C.UTF-8", TERM="xterm")
        for key, value in changes.items():
            if value is None:
                keep.pop(key, None)
            else:
                keep[key] = value
        return keep

    def run(self, args, cwd=None, check=0, timeout=60, input=None, env=None):
        """Runs a program to its end. `check` is the expected exit code; None accepts any."""
        args = [str(a) for a in args]
        started = time.monotonic()
        done = subprocess.run(args, cwd=cwd or self.root, env=self.environment(**(env or {})),
                              capture_output=True, timeout=timeout, check=False,
                              input=input.encode() if input is not None else b"")
        result = Result(args, done.returncode, done.stdout.decode(errors="replace"),
                        done.stderr.decode(errors="replace"), time.monotonic() - started)
        if check is not None and result.code != check:
            raise AssertionError(f"expected exit code {check}: {result}")
        return result

    def drover(self, *args, **options):
        return self.run([DROVER, *args], **options)

    def droverd(self, *args, **options):
        return self.run([DROVERD, *args], **options)

    def spawn(self, args, cwd=None, env=None, **options):
        """Starts a program that close() will end."""
        child = subprocess.Popen([str(a) for a in args], cwd=cwd or self.root,
                                 env=self.environment(**(env or {})), **options)
        self._children.append(child)
        return child

    def python(self, code, cwd=None):
        """A Python program that has printed a line, and now lives until it is killed."""
        child = self.spawn(["/usr/bin/python3", "-c", code], cwd=cwd, stdout=subprocess.PIPE)
        if not child.stdout.readline():
            raise AssertionError("the Python program ended without a word")
        return child

    # The daemon

    def start(self, *args, env=None, prefix=()):
        """Starts droverd in the foreground, its log in the usual place, and waits for an answer."""
        with open(self.log, "ab") as log:
            child = self.spawn([*prefix, DROVERD, *args], cwd="/", env=env, stdin=subprocess.DEVNULL,
                               stdout=log, stderr=log)

        def answered():
            if child.poll() is not None:
                raise AssertionError(f"droverd exited with {child.returncode}:\n{self.log_text()}")
            return self.answers()

        wait_until(answered, "droverd answers a ping")
        return child

    def answers(self):
        try:
            rpc = Rpc(self.socket, timeout=5)
        except OSError:
            return False
        try:
            return "result" in rpc.call("ping")
        except (OSError, AssertionError):
            return False
        finally:
            rpc.close()

    def pid(self):
        """The process that listens on the socket, also when it is suspended; None without one."""
        probe = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            probe.connect(str(self.socket))
            credentials = probe.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
            return struct.unpack("3i", credentials)[0]
        except OSError:
            return None
        finally:
            probe.close()

    def signal(self, number):
        pid = self.pid()
        if pid is None:
            raise AssertionError("there is no daemon to signal")
        os.kill(pid, number)
        return pid

    def kill(self):
        self.await_end(self.signal(signal.SIGKILL))

    def suspend(self):
        self.signal(signal.SIGSTOP)

    def resume(self):
        self.signal(signal.SIGCONT)

    def stop(self):
        pid = self.pid()
        self.drover("daemon", "stop")
        if pid is not None:
            self.await_end(pid)

    def await_end(self, pid):
        """Until the process has gone; reaps it when it is a child. Its exit code, if known."""
        for child in self._children:
            if child.pid == pid:
                return child.wait(timeout=PATIENCE)
        wait_until(lambda: not alive(pid), f"process {pid} ends")
        return None

    def log_text(self):
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def journal(self):
        path = self.state / "journal.jsonl"
        lines = path.read_text().splitlines() if path.exists() else []
        return [json.loads(line) for line in lines]

    def events(self):
        events = Events(self)
        self._closers.append(events.close)
        return events

    def rpc(self, **options):
        rpc = Rpc(self.socket, **options)
        self._closers.append(rpc.close)
        return rpc

    # What the programs say, and what is true

    def status(self, *args, **options):
        return self.drover("status", "--json", *args, **options).json

    def env_status(self, name="dev"):
        return next(e for e in self.status()["environments"] if e["name"] == name)

    def wait_state(self, state, name="dev", timeout=PATIENCE):
        seen = {}

        def reached():
            seen.update(self.env_status(name))
            return seen["state"] == state

        try:
            wait_until(reached, f"{name} is {state}", timeout)
        except AssertionError as error:
            raise AssertionError(f"{error}; it is {seen}") from None
        return dict(seen)

    def query(self, sql, path=None):
        """Rows of a database, read by SQLite without leaving a trace."""
        connection = sqlite3.connect(f"file:{path or self.database}?mode=ro", uri=True, timeout=10)
        try:
            return connection.execute(sql).fetchall()
        finally:
            connection.close()

    def versions(self, path=None):
        """The version rows; None while there is no database or no version table."""
        if not (path or self.database).exists():
            return None
        try:
            rows = self.query("SELECT version_num FROM alembic_version ORDER BY 1", path)
        except sqlite3.OperationalError as error:
            if "no such table" in str(error):
                return None
            raise
        return [row[0] for row in rows]

    def wait_versions(self, *expected, timeout=PATIENCE):
        wait_until(lambda: self.versions() == sorted(expected), f"version rows {sorted(expected)}",
                   timeout)

    def tables(self, path=None):
        return [row[0] for row in self.query(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' "
            "AND name NOT IN ('alembic_version', 'drover_version', 'drover_history') ORDER BY 1",
            path)]

    def schema(self, path=None):
        """Everything but drover's own tables and SQLite's."""
        return self.query(
            "SELECT type, name, tbl_name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite_%' "
            "AND tbl_name NOT IN ('alembic_version', 'drover_version', 'drover_history') "
            "ORDER BY type, name", path)

    def heads(self):
        return [r["revision"] for r in self.drover("heads", "--json").json["revisions"]]

    # The end

    def close(self):
        for closer in self._closers:
            closer()
        for pid in self.processes():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        for child in self._children:
            if child.poll() is None:
                child.kill()
            child.wait()
            if child.stdout:
                child.stdout.close()
        wait_until(lambda: not self.processes(), "every process of the test has ended")
        for directory, _, _ in os.walk(self.base):
            os.chmod(directory, 0o700)
        shutil.rmtree(self.base)

    def processes(self):
        """Processes with this project's state directory in their environment: only ours have it."""
        mark = f"DROVER_STATE_DIR={self.state}".encode()
        found = []
        for entry in os.listdir("/proc"):
            if not entry.isdigit() or int(entry) == os.getpid():
                continue
            try:
                environment = pathlib.Path("/proc", entry, "environ").read_bytes()
            except OSError:
                continue
            if mark in environment.split(b"\0") and alive(int(entry)):
                found.append(int(entry))
        return found


def alive(pid):
    """Does the process run? A zombie does not."""
    try:
        stat = pathlib.Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return stat.rsplit(")", 1)[1].split()[0] != "Z"


def cpu_ticks(pid):
    """User and system clock ticks that a process has used."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return int(fields[11]) + int(fields[12])


def busy_sql(million_rows):
    """A statement that computes for about a quarter of a second per million rows."""
    return ("INSERT INTO ballast (n) WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c "
            f"WHERE x < {int(million_rows * 1000000)}) SELECT max(x) FROM c;")


class Case(unittest.TestCase):
    """A test with a project of its own, `self.project`."""

    demo = False
    maxDiff = None

    def setUp(self):
        self.project = Project(demo=self.demo)
        self.addCleanup(self.project.close)
        # Runs before close(), while the log is still there.
        self.addCleanup(self._explain)

    def _explain(self):
        outcome = getattr(self, "_outcome", None)
        if outcome is None or outcome.success:
            return
        print(f"--- {self.id()}: the daemon's log", file=sys.stderr)
        print("\n".join(self.project.log_text().splitlines()[-60:]) or "(empty)", file=sys.stderr)


def main():
    for program in (DROVER, DROVERD):
        if not os.access(program, os.X_OK):
            print(f"{program} is not there: build it, or set DROVER_BIN and DROVERD_BIN",
                  file=sys.stderr)
            sys.exit(1)
    unittest.main(module="__main__", verbosity=2)
