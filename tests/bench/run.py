#!/usr/bin/env python3
"""Drover's figures, as ratios to floors and peers measured in the same rounds.

    tests/bench/run.py [--build build/release] [--quick] [--long] [--functions] [FIGURE ...]

FIGURE is one of start, read, alembic, length, save, apply, idle, many, scan, holders, stray, autogenerate, drift, backup,
safety, replay, fresh; all of them when none is given. --quick is for trying the programs out: too few rounds to quote. --long
also takes databases of 1 GB. --functions runs the function benchmarks as well.
Nothing here fails because something was slow: docs/performance.md says what the figures mean.
"""

import argparse
import json
import os
import pathlib
import platform
import shutil
import socket
import sqlite3
import subprocess
import sys
import time

import migration_set
import safety_figures
import scan_tree
import schema_figures
from workbench import (Case, Unusable, Workbench, at_least, at_most, number, percentile, ratio,
                       spread, table)

ROOT = pathlib.Path(__file__).resolve().parents[2]
ALEMBIC = shutil.which("alembic", path="/usr/bin:/usr/local/bin:/bin")
DBMATE = shutil.which("dbmate")
FD = shutil.which("fdfind") or shutil.which("fd")
LSOF = shutil.which("lsof")


def plain_tables(count):
    """Steps that cost SQLite the same, however many came before."""
    return ["CREATE TABLE log (id INTEGER PRIMARY KEY, line TEXT)"] if count == 0 else [
        f"INSERT INTO log (line) VALUES ('step {count}')"]


def start(bench, quick):
    """A warm `drover status`, whole process, beside programs that do as little."""
    root = bench.project("start", {"dev": "apply", "docker": "apply"})
    migration_set.write_native(root / "migrations", 2)
    bench.start("start")
    bench.wait_state(root, "current")
    repository = bench.base / "repository"
    repository.mkdir()
    (repository / "README").write_text("tiny\n")
    identity = ["-c", "user.name=Bench", "-c", "user.email=bench@example.org"]
    bench.run(["git", "init", "-q"], repository)
    bench.run(["git", "add", "README"], repository)
    bench.run(["git", *identity, "commit", "-qm", "Tiny"], repository)
    status = Case("drover status", [bench.drover, "status"], root)
    times = bench.rounds([Case("empty static program", [bench.programs / "bench_empty"], root),
                          status, Case("git status", ["git", "status"], repository)],
                         11 if quick else 51)
    rows = [["empty static program", spread(times["empty static program"]), "", "", ""],
            ["git status, tiny repository", spread(times["git status"]), "", "", ""],
            ["drover status", spread(times["drover status"]), "", "", ""],
            ["… / empty static program", "",
             *at_most(ratio(times, "drover status", "empty static program"), 1.5)],
            ["… / git status", "", *at_most(ratio(times, "drover status", "git status"), 0.75)]]
    if ALEMBIC:
        folder = bench.base / "alembic-start"
        migration_set.write_alembic(folder, 2, folder / "dev.db")
        bench.run([ALEMBIC, "upgrade", "head"], folder)
        times = bench.rounds([status, Case("alembic current", [ALEMBIC, "current"], folder)],
                             3 if quick else 11)
        rows += [["alembic current", spread(times["alembic current"]), "", "", ""],
                 ["… / drover status", "",
                  *at_least(ratio(times, "alembic current", "drover status"), 100)]]
    table("Start: `drover status`, warm daemon, whole process", ["", "ms", "ratio", "goal", "met"],
          rows)


def read(bench, quick):
    """Looking at 100 revisions, half of them pending, beside Alembic doing the same."""
    if not ALEMBIC:
        raise Unusable("alembic is not installed")
    count = 100
    half = migration_set.revision(count // 2 - 1)
    root = bench.project("read", {"dev": "report"})
    migration_set.write_native(root / "migrations", count)
    bench.start("read")
    bench.run([bench.drover, "upgrade", half], root)
    folder = bench.base / "alembic-read"
    migration_set.write_alembic(folder, count, folder / "dev.db")
    bench.run([ALEMBIC, "upgrade", half], folder)
    rows = []
    for name, ours, theirs in (("current", ["current"], ["current"]),
                               ("history", ["history"], ["history"]),
                               ("plan", ["plan", "--sql"],
                                ["upgrade", f"{half}:head", "--sql"])):
        drover, alembic = f"drover {' '.join(ours)}", f"alembic {theirs[0]} {name}"
        times = bench.rounds([Case(drover, [bench.drover, *ours], root),
                              Case(alembic, [ALEMBIC, *theirs], folder)], 5 if quick else 21)
        rows += [[f"alembic {' '.join(theirs)}", spread(times[alembic]), ""],
                 [drover, spread(times[drover]), ""],
                 ["… alembic / drover", "", f"{ratio(times, alembic, drover):.0f}"]]
    table("Read: 100 revisions, 50 applied, warm daemon, whole process", ["", "ms", "ratio"], rows)


def alembic(bench, quick):
    """The same Alembic project, half of it applied, read by drover and by Alembic."""
    if not ALEMBIC:
        raise Unusable("alembic is not installed")
    bench.start("alembic")
    rows = []
    for count in (10, 100) if quick else (10, 1000):
        root = bench.base / f"alembic-project-{count}"
        database = root / "dev.db"
        migration_set.write_alembic(root, count, database, plain_tables)
        (root / "drover.yaml").write_text(
            f"migrations: {{format: alembic}}\nenvironments: {{dev: {{url: 'sqlite:///{database}'}}}}\n")
        (root / "drover.yaml").chmod(0o644)
        bench.run([ALEMBIC, "upgrade", migration_set.revision(count // 2 - 1)], root)
        bench.wait_state(root, "pending")
        for ours, theirs in (("status", "current"), ("history", "history")):
            times = bench.rounds([Case("drover", [bench.drover, ours], root),
                                  Case("alembic", [ALEMBIC, theirs], root)], 3 if quick else 11)
            rows.append([count, f"drover {ours}", f"alembic {theirs}", spread(times["drover"]),
                         spread(times["alembic"]), f"{ratio(times, 'alembic', 'drover'):.0f}"])
    table("Alembic: one project, half of it applied, warm daemon, whole processes",
          ["revisions", "", "", "drover ms", "alembic ms", "ratio"], rows)
    alembic_upgrade(bench, quick)


def alembic_upgrade(bench, quick):
    """One pending revision, applied by Alembic alone and by drover, which backs up and rehearses."""
    root = bench.base / "alembic-upgrade"
    database = root / "dev.db"
    migration_set.write_alembic(root, 11, "{url}", plain_tables)
    env = root / "scripts/env.py"
    env.write_text("import os\n" + env.read_text().replace(
        "'sqlite:///{url}'", f"os.environ.get('DATABASE_URL', 'sqlite:///{database}')"))
    (root / "drover.yaml").write_text(
        "migrations: {format: alembic}\n"
        f"environments: {{dev: {{url: '${{DATABASE_URL:-sqlite:///{database}}}'}}}}\n")
    (root / "drover.yaml").chmod(0o644)
    bench.run([ALEMBIC, "upgrade", migration_set.revision(9)], root)
    kept = database.read_bytes()

    def as_before():
        database.write_bytes(kept)
        bench.wait_state(root, "pending")

    times = bench.rounds([Case("drover upgrade", [bench.drover, "upgrade"], root, before=as_before),
                          Case("alembic upgrade", [ALEMBIC, "upgrade", "head"], root,
                               before=as_before)], 3 if quick else 11)
    table("Alembic: one pending revision on a database with rows",
          ["", "ms", "ratio"],
          [["alembic upgrade head", spread(times["alembic upgrade"]), ""],
           ["drover upgrade: backup, rehearsal, Alembic, verification",
            spread(times["drover upgrade"]), ""],
           ["… / alembic upgrade", "", f"{ratio(times, 'drover upgrade', 'alembic upgrade'):.2f}"]])


def length(bench, quick):
    """Does `drover status` cost more when the history is long?"""
    many = 500 if quick else 5000
    bench.start("length")
    roots = {1: bench.project("short", {"dev": "report"}),
             many: bench.project("long", {"dev": "report"})}
    for count, root in roots.items():
        migration_set.write_native(root / "migrations", count, plain_tables)
        bench.run([bench.drover, "upgrade"], root)
        bench.wait_state(root, "current")
    times = bench.rounds([Case(str(count), [bench.drover, "status"], root)
                          for count, root in roots.items()], 11 if quick else 51)
    table("Length: `drover status` by the number of applied revisions",
          ["revisions", "ms", "ratio", "goal", "met"],
          [["1", spread(times["1"]), "", "", ""],
           [many, spread(times[str(many)]), *at_most(ratio(times, str(many), "1"), 1.05)]])


def save(bench, quick):
    """From the save of a migration to `applied` at a subscriber."""
    root = bench.project("save", {"dev": "apply"})
    scratch = bench.base / "scratch"
    scratch.mkdir()
    bench.start("save")
    bench.states(root)
    printed = bench.run([bench.programs / "bench_save", bench.socket, root, scratch,
                         10 if quick else 60, 600], root)
    times = {}
    for line in printed.decode().splitlines():
        name, nanoseconds = line.split()
        times.setdefault(name, []).append(int(nanoseconds) / 1e6)
    late = sum(value < 0 for values in times.values() for value in values)
    if late:
        print(f"\n{late} saves were not applied within 10 s; they are left out below.")
    times = {name: [v for v in values if v >= 0] for name, values in times.items()}
    rows = [[label, *(number(percentile(times[name], p)) for p in (50, 99)), "", "", ""]
            for name, label in (("event_close", "floor: event after close"),
                                ("event_rename", "floor: event after rename"),
                                ("commit", "floor: one durable commit"),
                                ("wake", "floor: wake-up through a socket"))]
    for how in ("close", "rename"):
        floor = sum(percentile(times[name], 50) for name in (f"event_{how}", "commit", "wake"))
        values = times[f"save_{how}"]
        rows.append([f"save by {how} → applied", number(percentile(values, 50)),
                     number(percentile(values, 99)), *at_most(percentile(values, 50) / floor, 3)])
    table(f"Save: one-statement migration → `applied` at a subscriber (n={len(values)} each)",
          ["", "p50 ms", "p99 ms", "p50 / floors", "goal", "met"], rows)


def objects(database):
    """How many schema objects the migrations have made, whichever tool ran them."""
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as connection:
        return connection.execute(
            "SELECT count(*) FROM sqlite_master WHERE name LIKE 'goods%' OR name LIKE 'moves%'"
        ).fetchone()[0]


def apply_cases(bench, count):
    """Each applies the same migrations to a new file; and the files they make."""
    root = bench.project(f"apply-{count}", {"dev": "report"})
    migration_set.write_native(root / "migrations", count)
    bench.wait_state(root, "missing")
    files = {}
    script = root.parent / f"apply-{count}.sql"
    script.write_bytes(bench.run([bench.drover, "upgrade", "--sql"], root))

    def fresh(name):
        path = files[name] = bench.base / f"apply-{count}-{name}.db"
        return path, lambda: path.unlink(missing_ok=True)

    path, before = fresh("sqlite3")
    cases = [Case("sqlite3", ["sqlite3", "-bail", path], root, before, stdin=script)]
    path, before = fresh("pipe")
    pipe = f'"{bench.drover}" upgrade --sql | sqlite3 -bail "{path}"'

    def before_pipe(unlink=before):
        unlink()
        bench.forget(root)  # an applied one has no script

    cases.append(Case("pipe", ["sh", "-c", pipe], root, before_pipe))
    files["drover"] = root / "dev.db"

    def before_drover():
        bench.forget(root)
        files["drover"].touch()  # a missing one would be taken from a snapshot: the figure `fresh`

    cases.append(Case("drover", [bench.drover, "upgrade"], root, before_drover))
    if ALEMBIC:
        path, before = fresh("alembic")
        folder = bench.base / f"alembic-{count}"
        migration_set.write_alembic(folder, count, path)
        cases.append(Case("alembic", [ALEMBIC, "upgrade", "head"], folder, before))
    if DBMATE:
        path, before = fresh("dbmate")
        folder = bench.base / f"dbmate-{count}"
        migration_set.write_dbmate(folder, count)
        command = [DBMATE, "--url", f"sqlite:{path}", "--no-dump-schema", "up"]
        cases.append(Case("dbmate", command, folder, before))
    return cases, files


def apply(bench, quick):
    """N pending migrations, each in a durable transaction of its own."""
    bench.start("apply")
    rows = []
    for count, repeats in ((1, 5), (10, 5), (100, 3)) if quick else (
            (1, 21), (10, 21), (100, 15), (1000, 7)):
        cases, files = apply_cases(bench, count)
        times = bench.rounds(cases, repeats)
        made = {name: objects(path) for name, path in files.items()}
        if len(set(made.values())) != 1:
            raise Unusable(f"the tools do not agree on the schema: {made}")
        for name, label in (("sqlite3", "sqlite3 < script"),
                            ("pipe", "drover upgrade --sql \\| sqlite3"),
                            ("drover", "drover upgrade"), ("alembic", "alembic upgrade head"),
                            ("dbmate", "dbmate up")):
            if name not in times:
                continue
            beside = [number(ratio(times, name, other)) if name != other else "1"
                      for other in ("sqlite3", "pipe")]
            goal = at_most(ratio(times, name, "pipe"), 1.05)[1:] if (
                name == "drover" and count >= 10) else ["", ""]
            rows.append([count, label, spread(times[name]), *beside, *goal])
    table("Apply: N migrations to a new file, warm daemon, whole process",
          ["N", "", "ms", "/ sqlite3", "/ pipe", "goal", "met"], rows)


def idle_facts(pid):
    """CPU ticks, wake-ups of all threads, resident KiB."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    wakeups = 0
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        for line in (task / "status").read_text().splitlines():
            if line.startswith("voluntary_ctxt_switches"):
                wakeups += int(line.split()[1])
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            resident = int(line.split()[1])
    return int(fields[11]) + int(fields[12]), wakeups, resident


def open_databases(pid):
    found = 0
    for descriptor in pathlib.Path(f"/proc/{pid}/fd").iterdir():
        try:
            found += ".db" in os.path.basename(os.readlink(descriptor))
        except OSError:
            pass
    return found


def idle(bench, quick):
    """What a daemon costs while nothing happens."""
    seconds = 10 if quick else 60
    rows = []
    for count in (1, 100):
        root = bench.project(f"idle-{count}", {f"env{n}": "apply" for n in range(count)})
        migration_set.write_native(root / "migrations", 20)
        pid = bench.start(f"idle-{count}")
        bench.wait_state(root, "current")
        time.sleep(3)
        before = idle_facts(pid)
        time.sleep(seconds)
        after = idle_facts(pid)
        databases = open_databases(pid)
        mebibytes = after[2] / 1024
        ticks = after[0] - before[0]
        rows.append([count, ticks, after[1] - before[1], databases, number(mebibytes),
                     "0 ticks, 0 open" + (", ≤ 20 MiB" if count == 100 else ""),
                     "yes" if ticks == 0 and databases == 0 and (count < 100 or mebibytes <= 20)
                     else "**no**"])
    table(f"Idle: {seconds} s in which nothing happens",
          ["environments", "CPU ticks", "wake-ups", "open databases", "RSS MiB", "goal", "met"],
          rows)


def all_current(bench, root):
    """A status that waits as long as the daemon is making databases."""
    status = json.loads(bench.run([bench.drover, "status", "--json", "--timeout", "300"], root))
    return all(each["state"] == "current" for each in status["environments"])


def many(bench, quick):
    """A project of a thousand environments: memory, the proof that nothing changed, a reload."""
    count = 1000
    root = bench.project("many", {f"env{n}": "apply" for n in range(count)})
    migration_set.write_native(root / "migrations", 5)
    pid = bench.start("many")
    bench.wait(lambda: all_current(bench, root), "a thousand databases are made")
    resident = idle_facts(pid)[2] / 1024
    bench.stop()
    state = bench.base / "many-state"
    state.mkdir(mode=0o700)
    printed = bench.run([bench.programs / "bench_many", root, state, 11 if quick else 101], root)
    times = {}
    for line in printed.decode().splitlines():
        name, nanoseconds = line.split()
        times.setdefault(name, []).append(int(nanoseconds) / 1e6)
    table(f"Many: a project of {count:,} environments, resident set {number(resident)} MiB",
          ["", "ms", "ratio", "goal", "met"],
          [["floor: the statx calls by themselves", spread(times["statx"]), "", "", ""],
           ["proving that no database changed", spread(times["fresh"]), "", "", ""],
           ["… / floor", "", *at_most(ratio(times, "fresh", "statx"), 1.5)],
           ["yaml-cpp's Load of drover.yaml", spread(times["yaml"]), "", "", ""],
           ["reload, other bytes", spread(times["changed"]), "", "", ""],
           ["… / Load", "", *at_most(ratio(times, "changed", "yaml"), 1.15)],
           ["reload, touched", spread(times["same"]), "", "", ""],
           ["… / Load", "", *at_most(ratio(times, "same", "yaml"), 0.02)]])


def scan_request(bench, name, **fields):
    """A file with the request that the daemon would send to its scan process."""
    path = bench.base / f"{name}.json"
    path.write_text(json.dumps(fields))
    return path


def found_by(bench, request):
    with open(request, "rb") as file:
        return len(json.loads(bench.run([bench.droverd, "--scan"], bench.base, file))["files"])


def drop_caches():
    subprocess.run(["sync"], check=True)
    pathlib.Path("/proc/sys/vm/drop_caches").write_text("3\n")


def can_drop_caches():
    try:
        drop_caches()
        return True
    except OSError:
        return False


def scan(bench, quick):
    """The search for databases, whole process, beside the system calls it needs and beside fd."""
    files = 20_000 if quick else 200_000
    tree = bench.base / "tree"
    scan_tree.make_tree(str(tree), files)
    listing = bench.base / "directories"
    listing.write_text("\n".join(scan_tree.directories_of(str(tree))))
    fields = {"roots": [str(tree)], "base": str(tree), "known_names": ["application.db"]}
    memory = str(bench.base / "memory")
    requests = {"deep": scan_request(bench, "deep", deep=True, **fields),
                "default": scan_request(bench, "default", **fields),
                "again": scan_request(bench, "again", deep=True, remember=memory, **fields)}
    time.sleep(0.2)  # directories that have only just changed are not remembered
    counts = {name: found_by(bench, request) for name, request in requests.items()}
    program = bench.programs / "bench_scan"
    cases = [Case("floor", [program, "content", tree], bench.base),
             Case("folders", [program, "folders", listing], bench.base),
             Case("start", [bench.droverd, "--version"], bench.base)]
    cases += [Case(name, [bench.droverd, "--scan"], bench.base, stdin=request)
              for name, request in requests.items()]
    if FD:
        names = [word for end in ("db", "sqlite", "sqlite3", "db3") for word in ("-e", end)]
        cases.append(Case("fd", [FD, "-uu", "-j2", *names, ".", tree], bench.base))

    def report(title, times):
        rows = [["floor: statx, then read where the size fits, 2 threads", spread(times["floor"]),
                 "", "", "", 50]]
        if FD:
            rows.append(["fd, by four suffixes, 2 threads", spread(times["fd"]), "", "", "", 25])
        rows.append(["drover, everywhere, by content", spread(times["deep"]),
                     *at_most(ratio(times, "deep", "floor"), 1.1), counts["deep"]])
        if FD:
            rows.append(["… / fd", "", *at_most(ratio(times, "deep", "fd"), 1), ""])
        rows.append(["drover, as by default", spread(times["default"]), "", "", "",
                     counts["default"]])
        if FD:
            rows.append(["… / fd", "", *at_most(ratio(times, "default", "fd"), 0.2), ""])
        if "again" in times:
            rows += [["floor: one statx per directory", spread(times["folders"]), "", "", "", ""],
                     ["drover, everywhere, nothing changed", spread(times["again"]),
                      *at_most(ratio(times, "again", "folders"), 1.3), counts["again"]],
                     ["of which: droverd --version", spread(times["start"]), "", "", "", ""]]
        table(title, ["", "ms", "ratio", "goal", "met", "databases found"], rows)

    report(f"Scan: {files} files, whole process, warm", bench.rounds(cases, 3 if quick else 9))
    if can_drop_caches():
        for case in cases:
            case.before = drop_caches
        cold = [case for case in cases if case.name in ("floor", "deep", "default", "fd")]
        report(f"Scan: {files} files, caches dropped", bench.rounds(cold, 1 if quick else 3))


HOLDING = """
import os, signal, sqlite3, sys
count, path = int(sys.argv[1]), sys.argv[2]
for number in range(count):
    if os.fork() == 0:
        kept = [os.open("/dev/null" if n % 2 else "/etc/passwd", os.O_RDONLY) for n in range(20)]
        if number < 3:
            held = sqlite3.connect(path)
            held.execute("SELECT * FROM t").fetchall()
        signal.pause()
print("ready", flush=True)
sys.stdin.read()
os.killpg(0, signal.SIGKILL)
"""


def holders(bench, quick):
    """Who has a database open: one pass over /proc, for one file and for many."""
    paths = []
    for number in range(100):
        paths.append(bench.base / f"held{number}.db")
        with sqlite3.connect(paths[-1]) as database:
            database.execute("CREATE TABLE t (x)")
        database.close()
    crowd = subprocess.Popen([sys.executable, "-c", HOLDING, "300", str(paths[0])],
                             stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                             start_new_session=True)
    try:
        crowd.stdout.readline()
        time.sleep(1)
        program = bench.programs / "bench_scan"
        seen = bench.run([program, "descriptors"], bench.base).decode().strip()
        cases = [Case("floor", [program, "descriptors"], bench.base),
                 Case("one", [program, "holders", paths[0]], bench.base),
                 Case("many", [program, "holders", *paths], bench.base)]
        if LSOF:
            cases.append(Case("lsof", [LSOF, "-w", paths[0]], bench.base))
        times = bench.rounds(cases, 5 if quick else 21)
    finally:
        crowd.stdin.close()
        crowd.wait()
    rows = [["floor: fstatat of each descriptor", spread(times["floor"]), "", "", ""],
            ["drover, one database", spread(times["one"]),
             *at_most(ratio(times, "one", "floor"), 1.1)],
            ["drover, 100 databases", spread(times["many"]),
             *at_most(ratio(times, "many", "floor"), 1.1)]]
    if LSOF:
        rows += [["lsof", spread(times["lsof"]), "", "", ""],
                 ["drover / lsof", "", *at_most(ratio(times, "one", "lsof"), 0.15)]]
    table(f"Holders: who has it open, {seen} descriptors, whole process",
          ["", "ms", "ratio", "goal", "met"], rows)


def stray(bench, quick):
    """From the commit that makes a stray to the event at a subscriber."""
    root = bench.project("stray", {"dev": "report"})
    migration_set.write_native(root / "migrations", 2)
    bench.start("stray")
    bench.run([bench.drover, "upgrade"], root)
    bench.wait_state(root, "current")
    with socket.socket(socket.AF_UNIX) as events:
        events.connect(str(bench.socket))
        events.sendall(json.dumps({"jsonrpc": "2.0", "id": 1, "method": "subscribe",
                                   "params": {"project": str(root)}}).encode() + b"\n")
        lines = events.makefile()
        lines.readline()
        times = []
        for turn in range(10 if quick else 60):
            directory = root / f"made{turn}"
            directory.mkdir()
            time.sleep(0.5)
            path = directory / "dev.db"
            with sqlite3.connect(path) as database:
                database.execute("CREATE TABLE t (x)")
            database.close()
            made = time.monotonic()
            while f'"path":"{path}"' not in (line := lines.readline()) or '"stray"' not in line:
                pass
            times.append((time.monotonic() - made) * 1000)
    table(f"Stray: a new database → event at a subscriber (n={len(times)})",
          ["p50 ms", "p99 ms"], [[number(percentile(times, p)) for p in (50, 99)]])


def autogenerate(bench, quick):
    """A migration generated from a schema file, proven, beside Alembic's."""
    schema_figures.autogenerate(bench, quick, ALEMBIC)


FIGURES = {"start": start, "read": read, "alembic": alembic, "length": length, "save": save,
           "apply": apply, "idle": idle, "many": many, "scan": scan, "holders": holders, "stray": stray,
           "autogenerate": autogenerate, "drift": schema_figures.drift}
# Those that can be taken with more data as well.
FIGURES_WITH_LENGTH = {"backup": safety_figures.backup, "safety": safety_figures.safety,
                       "replay": safety_figures.replay, "fresh": safety_figures.fresh}


def file_system(path):
    done = subprocess.run(["stat", "-f", "-c", "%T", path], capture_output=True, check=False)
    return done.stdout.decode().strip() or "unknown"


def version(command):
    done = subprocess.run(command, capture_output=True, check=False)
    return done.stdout.decode(errors="replace").split("\n")[0][:20].strip()


def machine(bench):
    model = next((line.split(":", 1)[1].strip()
                  for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines()
                  if line.startswith("model name")), platform.machine())
    parts = [model, f"{os.cpu_count()} CPUs", f"Linux {platform.release()}",
             f"{file_system(bench.base)} at {bench.base.parent}",
             f"load {os.getloadavg()[0]:.1f}", f"sqlite3 {version(['sqlite3', '--version'])[:6]}",
             version(["git", "--version"])]
    if ALEMBIC:
        parts.append(version([ALEMBIC, "--version"]))
    print("Machine: " + ", ".join(parts), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default=ROOT / "build/release", help="where the programs are")
    parser.add_argument("--work", default="/var/tmp", help="on which disk to measure")
    parser.add_argument("--quick", action="store_true", help="a few rounds only")
    parser.add_argument("--long", action="store_true", help="databases of 1 GB as well")
    parser.add_argument("--functions", action="store_true", help="the function benchmarks as well")
    parser.add_argument("figures", nargs="*", metavar="FIGURE",
                        help=", ".join([*FIGURES, *FIGURES_WITH_LENGTH]))
    arguments = parser.parse_args()
    figures = {name: lambda bench, quick, take=take: take(bench, quick, arguments.long)
               for name, take in FIGURES_WITH_LENGTH.items()}
    figures = {**FIGURES, **figures}
    unknown = [name for name in arguments.figures if name not in figures]
    if unknown:
        parser.error(f"no figure {unknown[0]}: {', '.join(figures)}")
    try:
        bench = Workbench(arguments.build, arguments.work)
    except Unusable as problem:
        sys.exit(f"run.py: {problem}")
    failed = False
    try:
        machine(bench)
        for name in arguments.figures or figures:
            try:
                figures[name](bench, arguments.quick)
            except Unusable as problem:
                failed = True
                print(f"\n### {name}\n\nnot measured: {problem}", flush=True)
        if arguments.functions:
            print(flush=True)
            subprocess.run([bench.programs / "functions_bench",
                            f"--benchmark_min_time={0.02 if arguments.quick else 0.2}"], check=False)
    finally:
        bench.close()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
