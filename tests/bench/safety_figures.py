"""The figures about copies: backups, what stands before an upgrade, and what is not replayed again."""

import json
import os
import shutil
import sqlite3
import statistics

import migration_set
from workbench import Case, at_most, number, ratio, spread, table

MEBIBYTE = 1 << 20
GOODS = ("CREATE TABLE IF NOT EXISTS goods (id INTEGER PRIMARY KEY, title TEXT, body BLOB);\n"
         "CREATE INDEX IF NOT EXISTS goods_title ON goods (title);\n")


def fill(path, mebibytes):
    """So many MiB into a table with an index, which need not be there."""
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA synchronous=OFF")
    connection.executescript(GOODS)
    for start in range(0, mebibytes * 1024, 1024):
        connection.executemany("INSERT INTO goods (title, body) VALUES (?, ?)",
                               ((f"title {start + row}", os.urandom(960)) for row in range(1024)))
    connection.commit()
    connection.close()


def backup(bench, quick, long):
    """A durable copy of a live database, beside the calls that it is made of."""
    rows = []
    program = bench.programs / "bench_copy"
    for size in [10] if quick else [100, 1000] if long else [100]:
        folder = bench.base / f"backup-{size}"
        folder.mkdir()
        source = folder / "source.db"
        fill(source, size)
        # Files from before are not what is measured: each case writes a new one.
        cases = [Case(name, [program, name, source, folder / f"{name}.db"], folder,
                      lambda path=folder / f"{name}.db": path.unlink(missing_ok=True))
                 for name in ("file", "api", "drover")]
        root = bench.project(f"backups-{size}", {"dev": "report"})
        migration_set.write_native(root / "migrations", 1)
        state = bench.base / f"state-backup-{size}"
        bench.start(f"backup-{size}")
        shutil.copyfile(source, root / "dev.db")
        bench.run([bench.drover, "status"], root)
        cases.append(Case("whole", [bench.drover, "backup"], root,
                          lambda path=state / "backups": shutil.rmtree(path, ignore_errors=True)))
        times = bench.rounds(cases, 3 if quick or size > 100 else 11)
        rows += [[f"{size} MiB", "copy_file_range, fsync, rename", spread(times["file"]),
                  number(ratio(times, "file", "api")), "", ""],
                 ["", "backup API, fsync, rename", spread(times["api"]), "1", "", ""],
                 ["", "drover's copy", spread(times["drover"]),
                  *at_most(ratio(times, "drover", "api"), 1.05)],
                 ["", "`drover backup`: copy, `quick_check`, manifest", spread(times["whole"]),
                  number(ratio(times, "whole", "api")), "", ""]]
        shutil.rmtree(folder)
    table("Backup: a durable copy, whole process", ["size", "", "ms", "/ backup API", "goal", "met"],
          rows)


def safety(bench, quick, long):
    """An upgrade that touches data, with a backup and a rehearsal before it, and without."""
    rows = []
    for size in [1, 10] if quick else [1, 100, 1000] if long else [1, 100]:
        pristine = bench.base / f"pristine-{size}.db"
        name = f"safety-{size}"
        roots = {kind: bench.project(f"{name}-{kind}", {"dev": "report"})
                 for kind in ("safe", "plain")}
        bench.start(name)
        for kind, root in roots.items():
            if kind == "plain":
                config = root / "drover.yaml"
                config.write_text(config.read_text() +
                                  "safety: {backup: {keep: 0}, rehearse: never}\n")
            write_two(root / "migrations")
        first = roots["plain"]
        bench.run([bench.drover, "upgrade", migration_set.revision(0)], first)
        fill(first / "dev.db", size)
        shutil.move(first / "dev.db", pristine)
        backups = bench.base / f"state-{name}" / "backups"

        def before(root):
            shutil.rmtree(backups, ignore_errors=True)
            shutil.copyfile(pristine, root / "dev.db")
            os.sync()
            bench.wait_state(root, "pending")

        cases = [Case(kind, [bench.drover, "upgrade", "--json", "--yes"], root,
                      lambda root=root: before(root)) for kind, root in roots.items()]
        copy = bench.base / f"copy-{size}.db"
        cases.append(Case("copy", [bench.programs / "bench_copy", "api", pristine, copy], first,
                          lambda: copy.unlink(missing_ok=True)))
        times = bench.rounds(cases, 3 if quick or size > 100 else 9)
        before(roots["safe"])
        done = json.loads(bench.run(cases[0].command, roots["safe"]))
        rehearsal = done["rehearsal"]["duration_ms"]
        rows += [[f"{size} MiB", "upgrade alone", spread(times["plain"]), "1"],
                 ["", "… with backup and rehearsal", spread(times["safe"]),
                  number(ratio(times, "safe", "plain"))],
                 ["", "of which the rehearsal's work", number(rehearsal), ""],
                 ["", "one durable copy by the backup API", spread(times["copy"]),
                  number(ratio(times, "copy", "plain"))]]
        for path in (pristine, copy, *(root / "dev.db" for root in roots.values())):
            path.unlink(missing_ok=True)
    table("Safety: an upgrade that touches data, warm daemon, whole process",
          ["size", "", "ms", "/ alone"], rows)


def write_two(folder):
    """A table, and a change of it that is not only an addition."""
    bodies = [GOODS,
              "ALTER TABLE goods ADD COLUMN code TEXT;\n"
              "UPDATE goods SET code = 'A' WHERE id <= 10;\n"]
    for step, body in enumerate(bodies):
        parent = migration_set.revision(step - 1) if step else "none"
        revision = migration_set.revision(step)
        migration_set.save(folder / f"{revision}_step.sql",
                           f"-- revision: {revision}\n-- down_revision: {parent}\n"
                           f"-- message: Step {step}\n-- migrate:up\n{body}")


def replay(bench, quick, _long):
    """The schema of the migrations after an edit of the last one."""
    count = 200 if quick else 1000
    folder = bench.base / "replay"
    migration_set.write_native(folder, count)
    printed = bench.run([bench.programs / "bench_copy", "replay", folder,
                         bench.base / "replay-snapshots", 3 if quick else 15], bench.base)
    times = {}
    for line in printed.decode().splitlines():
        name, nanoseconds = line.split()
        times.setdefault(name, []).append(int(nanoseconds) / 1e6)
    table(f"Replay: the last of {count} migrations was edited", ["", "ms", "ratio", "goal", "met"],
          [["all of them replayed", spread(times["all"]), "1", "", ""],
           ["from the snapshot", spread(times["kept"]), *at_most(ratio(times, "kept", "all"), 0.05)],
           ["all of them replayed, schema read", spread(times["all_image"]), "1", "", ""],
           ["from the snapshot, schema read", spread(times["kept_image"]),
            number(ratio(times, "kept_image", "all_image")), "", ""]])


def fresh(bench, quick, _long):
    """A new database whose migrations were all run before."""
    count = 100 if quick else 1000
    root = bench.project("fresh", {"dev": "report"})
    migration_set.write_native(root / "migrations", count)
    bench.start("fresh")
    snapshots = bench.base / "state-fresh" / "snapshots"
    bench.run([bench.drover, "upgrade"], root)
    kept = max(snapshots.glob("*.db"), key=lambda path: path.stat().st_size)
    source = bench.base / "fresh-source.db"
    shutil.copyfile(kept, source)
    copy = bench.base / "fresh-copy.db"
    cases = [Case("copy", [bench.programs / "bench_copy", "file", source, copy], root,
                  lambda: copy.unlink(missing_ok=True)),
             Case("kept", [bench.drover, "upgrade"], root, lambda: bench.forget(root))]
    times = bench.rounds(cases, 5 if quick else 15)

    def forget_all():
        shutil.rmtree(snapshots, ignore_errors=True)
        bench.forget(root)

    first = bench.rounds([Case("first", [bench.drover, "upgrade"], root, forget_all)],
                         1 if quick else 3)
    size = number(source.stat().st_size / MEBIBYTE)
    table(f"Fresh: a new database of {count} migrations ({size} MiB), warm daemon, whole process",
          ["", "ms", "ratio", "goal", "met"],
          [["copy, fsync, rename, fsync of the folder", spread(times["copy"]), "1", "", ""],
           ["drover upgrade, all of it kept", spread(times["kept"]),
            *at_most(ratio(times, "kept", "copy"), 5)],
           ["drover upgrade, nothing kept", spread(first["first"]),
            number(statistics.median(first["first"]) / statistics.median(times["copy"])), "", ""]])
