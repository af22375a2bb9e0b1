"""Several processes at one database, and the locks that a scan must not touch."""

import json
import os
import pathlib
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))

import harness  # noqa: E402  the path above must be set first
from harness import DROVER, DROVERD, wait_until  # noqa: E402


class Concurrency(harness.Case):
    def locks(self, path=None):
        """Locks on a file: (pid, kind, from, to)."""
        inode = (path or self.project.database).stat().st_ino
        found = []
        for line in pathlib.Path("/proc/locks").read_text().splitlines():
            fields = line.split()
            if "->" in fields:
                continue
            if fields[5].rsplit(":", 1)[1] == str(inode):
                found.append((int(fields[4]), fields[3], fields[6], fields[7]))
        return sorted(found)

    def test_eight_local_upgrades_apply_each_revision_once(self):
        project = self.project
        project.configure_dev("report")
        ids = project.chain(12)
        children = [project.spawn([DROVER, "--local", "upgrade", "--json"], stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE) for _ in range(8)]
        for child in children:
            _, err = child.communicate(timeout=120)
            child.stderr.close()
            self.assertEqual(child.returncode, 0, err.decode())
        self.assertEqual(project.versions(), [ids[-1]])
        self.assertEqual(project.query("SELECT revision, count(*) FROM drover_history "
                                       "GROUP BY revision ORDER BY 1"), [(r, 1) for r in ids])
        self.assertEqual(project.query("PRAGMA integrity_check"), [("ok",)])

    def twenty_at_once(self, count):
        """Starts 20 processes with the same work at the same moment, the daemon among them; returns
        the ids of the migrations and how many processes say that they have applied something."""
        project = self.project
        project.configure_dev()
        ids = project.chain(count)
        commands = [[DROVERD]] + [[DROVERD, "--once", "--json"] if n % 3 == 0 else
                                  [DROVER, "--local", "upgrade", "--json"] for n in range(19)]
        gate_end, gate = os.pipe()
        children = [project.spawn(["/bin/sh", "-c", 'read go; exec "$@"', "sh", *command],
                                  stdin=gate_end, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
                    for command in commands]
        os.close(gate_end)
        yield ids
        os.write(gate, b"\n" * len(children))
        os.close(gate)
        self.daemon, *others = children
        self.addCleanup(self.daemon.stderr.close)
        reports = []
        for child in others:
            out, err = child.communicate(timeout=120)
            self.assertEqual(child.returncode, 0, f"{child.args}\n{out.decode()}{err.decode()}")
            reports.append(json.loads(out))
        project.wait_state("current")
        yield reports

    def check_one_applied(self, ids, reports):
        project = self.project
        self.assertEqual(project.versions(), [ids[-1]])
        self.assertEqual(project.query("SELECT revision, count(*) FROM drover_history "
                                       "GROUP BY revision ORDER BY 1"), [(r, 1) for r in ids])
        self.assertEqual(project.query("PRAGMA integrity_check"), [("ok",)])
        applied = [r["applied"] for r in reports if r.get("applied")]
        self.assertLessEqual(len(applied), 1, "one process does it all")
        if applied:
            self.assertEqual(applied, [len(ids)])
        ends = [e["what"] for e in project.journal() if e["what"] != "intent"]
        self.assertNotIn("failed", ends)

    def test_of_twenty_processes_one_applies_and_none_fails(self):
        steps = self.twenty_at_once(12)
        ids = next(steps)
        self.check_one_applied(ids, next(steps))

    def test_the_same_against_a_foreign_writer(self):
        steps = self.twenty_at_once(5)
        ids = next(steps)
        holder = self.project.python(
            "import sqlite3,time; d = sqlite3.connect('application.db', isolation_level=None); "
            "d.execute('BEGIN EXCLUSIVE'); print('ready', flush=True); time.sleep(3); "
            "d.execute('COMMIT'); time.sleep(300)")
        self.check_one_applied(ids, next(steps))
        self.assertIsNone(holder.poll())

    def test_a_daemon_and_local_upgrades_together(self):
        project = self.project
        project.configure_dev()
        ids = project.chain(3)
        project.start()
        project.drover("wait", "--timeout", "20")
        parent = ids[-1]
        for number in range(5):
            revision = f"b{number:011x}"
            project.migration(revision, parent, f"CREATE TABLE b{number} (id INTEGER);")
            project.drover("--local", "upgrade")
            parent = revision
        project.wait_versions(parent)
        counts = project.query("SELECT max(n) FROM (SELECT count(*) AS n FROM drover_history "
                               "GROUP BY revision)")
        self.assertEqual(counts, [(1,)])
        project.wait_state("current")

    def test_a_locked_database_is_busy_and_then_served(self):
        project = self.project
        project.configure_dev("report")
        ids = project.chain(2)
        project.start()
        project.drover("upgrade", ids[0])
        holder = project.python("import sqlite3,time; d = sqlite3.connect('application.db'); "
                                "d.execute('BEGIN IMMEDIATE'); print('ready', flush=True); "
                                "time.sleep(300)")
        status = project.drover("status", "--json")
        self.assertLess(status.seconds, 2)
        error = project.drover("upgrade", "--json", check=5).error
        self.assertEqual(error["code"], "busy")
        holder.kill()
        holder.wait()
        project.drover("upgrade")
        self.assertEqual(project.versions(), [ids[1]])

    def scan(self):
        request = {"roots": [str(self.project.root)], "paths": [], "ignore": [],
                   "base": str(self.project.root), "known_names": ["application.db"],
                   "version_tables": ["alembic_version"]}
        return self.project.droverd("--scan", input=json.dumps(request) + "\n").json

    def test_a_scan_leaves_the_locks_of_others(self):
        project = self.project
        project.configure_dev("report")
        ids = project.chain(2)
        project.drover("--local", "upgrade")
        holder = project.python("import sqlite3,time; d = sqlite3.connect('application.db'); "
                                "d.execute('BEGIN IMMEDIATE'); d.execute('CREATE TABLE h (n)'); "
                                "print('ready', flush=True); time.sleep(300)")
        before = self.locks()
        self.assertIn(holder.pid, [lock[0] for lock in before])
        found = self.scan()
        self.assertEqual(self.locks(), before)
        self.assertEqual([f["path"] for f in found["files"]], [str(project.database)])
        entry = found["files"][0]
        self.assertEqual(entry["revision"], [ids[1]])
        self.assertEqual(entry["inode"], project.database.stat().st_ino)
        self.assertEqual([h["pid"] for h in entry["holders"]], [holder.pid])

    def test_a_scan_during_a_job_of_the_daemon_leaves_its_locks(self):
        project = self.project
        project.configure_dev()
        ids = project.chain(2)
        project.migration("b00000000000", ids[1], "CREATE TABLE ballast (n INTEGER);")
        child = project.start()
        project.drover("wait", "--timeout", "20")
        project.migration("b00000000001", "b00000000000", harness.busy_sql(14))
        # RESERVED is a write lock on one byte; it is taken by BEGIN IMMEDIATE.
        writes = wait_until(lambda: [k for k in self.locks() if k[0] == child.pid and k[1] == "WRITE"],
                            "the daemon's migration holds its lock")
        project.rpc().call("strays", project=str(project.root), refresh=True)
        self.scan()
        after = [k for k in self.locks() if k[0] == child.pid and k[1] == "WRITE"]
        still_running = project.versions() == ["b00000000000"]
        if still_running:
            self.assertEqual(after, writes)
        project.wait_versions("b00000000001", timeout=60)
        project.wait_state("current")
        self.assertTrue(still_running, "the migration must outlast the scan for this to prove anything")

    def test_a_scan_of_ugly_files_ends(self):
        project = self.project
        project.configure_dev("report")
        project.drover("--local", "status")
        os.mkfifo(project.root / "pipe.db")
        (project.root / "directory.db").mkdir()
        (project.root / "loop.db").symlink_to("loop.db")
        (project.root / "truncated.db").write_bytes(b"SQLite format 3\0" + b"\0" * 10)
        (project.root / "noise.db").write_bytes(b"SQLite format 3\0" + b"\xff" * 4080)
        os.makedirs(project.root / ("d" * 200) / ("e" * 200))
        started = time.monotonic()
        paths = {os.path.basename(f["path"]): f for f in self.scan()["files"]}
        self.assertLess(time.monotonic() - started, 5)
        self.assertNotIn("pipe.db", paths)
        self.assertNotIn("loop.db", paths)
        self.assertEqual(paths["noise.db"]["kind"], "damaged")
        bad = project.run([DROVERD, "--scan"], input="{\n", check=None)
        self.assertNotEqual(bad.code, 0)


if __name__ == "__main__":
    harness.main()
