"""What is around a database fails: a full disk, a read-only one, a directory that vanishes, a file that
is replaced while a job runs, a stopped process that holds the lock. Each with its clear error and
nothing changed; and when the cause is gone, the same command works."""

import os
import pathlib
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))

import harness  # noqa: E402  the path above must be set first
from harness import DROVER, wait_until  # noqa: E402

NEXT = "b00000000000"
OWN = ["unshare", "--mount", "--propagation", "private"]


class Surroundings(harness.Case):
    """A database in a directory of its own, at its second revision."""

    def setUp(self):
        super().setUp()
        project = self.project
        project.configure('dev: {url: "sqlite:///./data/application.db", on_pending: report}')
        project.database = project.root / "data" / "application.db"
        self.data = project.database.parent
        self.ids = project.chain(2)

    def begin(self, mount=None):
        """A daemon, in a mount namespace of its own when something is to be mounted there."""
        project = self.project
        self.inside = []
        prefix = ()
        if mount:
            if project.run([*OWN, "true"], check=None).code != 0:
                self.skipTest("mounting is not allowed here")
            self.data.mkdir()
            prefix = [*OWN, "sh", "-c", f'{mount} && exec "$@"', "sh"]
        project.start(prefix=prefix)
        if mount:
            self.inside = ["nsenter", "--mount", "--target", project.pid()]
        project.drover("upgrade")

    def dump(self):
        """The database's text, as a process that sees what the daemon sees."""
        code = ("import sqlite3,sys; d = sqlite3.connect(sys.argv[1]); "
                "print(d.execute('PRAGMA integrity_check').fetchall()); print('\\n'.join(d.iterdump()))")
        return self.project.run([*self.inside, "/usr/bin/python3", "-c", code,
                                 self.project.database]).out

    def refused(self, kind, before):
        """The upgrade fails with this error, and has changed nothing."""
        error = self.project.drover("upgrade", "--json", check=None).error
        self.assertEqual(error["kind"], kind)
        self.assertIn(str(self.project.database), error["message"])
        self.assertTrue(error["hint"])
        self.assertEqual(self.dump(), before)
        self.assertIn("[('ok',)]", before)
        return error

    def finish(self):
        """The cause is gone: the same command works."""
        self.project.drover("upgrade")
        self.assertIn(NEXT, self.dump())
        entry = self.project.env_status()
        self.assertEqual((entry["state"], entry["current"]), ("current", [NEXT]))

    def test_a_full_disk(self):
        self.begin(f"mount -t tmpfs -o size=512k none {self.data}")
        self.project.migration(NEXT, self.ids[1], "CREATE TABLE big (b);\nINSERT INTO big "
                               "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c "
                               "WHERE x < 100) SELECT zeroblob(20000) FROM c;")
        self.refused("sqlite.full", self.dump())
        entry = self.project.env_status()
        self.assertEqual((entry["state"], entry["current"]), ("failed", [self.ids[1]]))
        self.project.run([*self.inside, "mount", "-o", "remount,size=8m", self.data])
        self.finish()

    def test_a_disk_without_room_for_the_journal(self):
        self.begin(f"mount -t tmpfs -o size=512k none {self.data}")
        self.project.migration(NEXT, self.ids[1], "CREATE TABLE small (b);")
        fill = self.data / "ballast"
        self.project.run([*self.inside, "dd", "if=/dev/zero", f"of={fill}", "bs=4k"], check=None)
        self.refused("sqlite.full", self.dump())
        self.project.run([*self.inside, "rm", fill])
        self.finish()

    def test_a_read_only_file_system(self):
        self.begin(f"mount -t tmpfs none {self.data}")
        self.project.migration(NEXT, self.ids[1], "CREATE TABLE small (b);")
        before = self.dump()
        self.project.run([*self.inside, "mount", "-o", "remount,ro", self.data])
        error = self.project.drover("upgrade", "--json", check=None).error
        self.assertIn(error["kind"], ("sqlite.readonly", "sqlite.cannot_open"))
        self.assertIn(str(self.project.database), error["message"])
        self.assertEqual(self.project.env_status()["current"], [self.ids[1]], "it is still read")
        self.project.run([*self.inside, "mount", "-o", "remount,rw", self.data])
        self.assertEqual(self.dump(), before)
        self.finish()

    def test_a_directory_that_vanishes(self):
        self.begin()
        project = self.project
        away = project.base / "away"
        os.rename(self.data, away)
        entry = project.wait_state("missing")
        self.assertEqual(entry["current"], [])
        project.drover("downgrade", "-1", "--json", "--yes", check=None)
        self.assertFalse(self.data.exists(), "nothing but an upgrade makes it anew")
        os.rename(away, self.data)
        project.wait_state("current")
        self.assertEqual(project.versions(), [self.ids[1]])

    def slow_job(self):
        """An upgrade that is in the middle of its one long statement."""
        project = self.project
        project.migration(NEXT, self.ids[1], "CREATE TABLE ballast (n INTEGER);\n" + harness.busy_sql(10))
        mark = f":{project.database.stat().st_ino} "
        child = project.spawn([DROVER, "upgrade", "--json"], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE)
        self.addCleanup(child.stderr.close)
        wait_until(lambda: any(mark in line and "WRITE" in line for line in
                               pathlib.Path("/proc/locks").read_text().splitlines()),
                   "the migration has begun")
        return child

    def test_a_file_that_is_replaced_while_a_job_runs(self):
        self.begin()
        project = self.project
        other = project.base / "other.db"
        connection = sqlite3.connect(other)
        connection.executescript("CREATE TABLE alembic_version (version_num VARCHAR(32) PRIMARY KEY);"
                                 f"INSERT INTO alembic_version VALUES ('{self.ids[0]}');"
                                 "CREATE TABLE table_1 (id INTEGER PRIMARY KEY, note TEXT);"
                                 "INSERT INTO table_1 VALUES (1, 'theirs');")
        connection.close()
        content = other.read_bytes()
        child = self.slow_job()
        kept = project.base / "kept.db"
        os.link(project.database, kept)
        os.replace(other, project.database)
        out, err = child.communicate(timeout=60)
        self.assertNotEqual(child.returncode, 0, out.decode() + err.decode())
        self.assertIn(str(project.database), err.decode())
        self.assertEqual(project.database.read_bytes(), content, "the new file is as it was put there")
        # The old one is entirely before or after, whatever it is called now.
        self.assertEqual(project.query("PRAGMA integrity_check", kept), [("ok",)])
        self.assertIn(project.versions(kept), ([self.ids[1]], [NEXT]))
        wait_until(lambda: project.env_status()["current"] == [self.ids[0]], "the new file is seen")
        self.assertEqual(project.query("SELECT note FROM table_1"), [("theirs",)])

    def test_a_stopped_process_that_holds_the_lock(self):
        self.begin()
        project = self.project
        project.migration(NEXT, self.ids[1], "CREATE TABLE small (b);")
        before = self.dump()
        holder = project.python(
            "import sqlite3,time; d = sqlite3.connect('data/application.db', isolation_level=None); "
            "d.execute('PRAGMA cache_size=1'); d.execute('BEGIN IMMEDIATE'); "
            "d.execute('WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < 500) "
            "INSERT INTO table_1 SELECT x, hex(zeroblob(500)) FROM c'); "
            "print('ready', flush=True); time.sleep(300)")
        holder.send_signal(signal.SIGSTOP)
        error = project.drover("upgrade", "--json", check=5).error
        self.assertEqual(error["kind"], "sqlite.busy")
        self.assertIn(f"pid {holder.pid}", error["message"])
        self.assertLess(project.drover("status", "--json").seconds, 2, "everything else is served")
        # Killed while it is stopped, in the middle of its transaction: its journal is hot.
        holder.kill()
        holder.wait()
        self.assertTrue(pathlib.Path(f"{project.database}-journal").exists())
        project.drover("upgrade")
        self.assertEqual(project.versions(), [NEXT])
        self.assertEqual(project.query("SELECT count(*) FROM table_1"), [(0,)])
        self.assertIn("[('ok',)]", before)


WRITER = """
import os, sqlite3, sys, time
d = sqlite3.connect(sys.argv[1], timeout=30, isolation_level=None)
print('ready', flush=True)
number = 0
while not os.path.exists(sys.argv[2]):
    time.sleep(0.002)
    number += 1
    d.execute('INSERT INTO theirs (id, note) VALUES (?, ?)', (number, 'x' * 500))
    print(number, flush=True)
"""


class ForeignWriter(harness.Case):
    """Another program writes all the time while the daemon migrates under it."""

    def race(self, mode):
        project = self.project
        project.configure_dev()
        project.migration("a00000000000", None, "CREATE TABLE theirs (id INTEGER PRIMARY KEY, note TEXT);")
        project.start()
        project.drover("wait", "--timeout", "20")
        project.run(["/usr/bin/python3", "-c", "import sqlite3,sys; d = sqlite3.connect(sys.argv[1]); "
                     "d.execute('PRAGMA journal_mode=' + sys.argv[2])", project.database, mode])
        writer = project.spawn(["/usr/bin/python3", "-c", WRITER, project.database, project.base / "stop"],
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.addCleanup(writer.stderr.close)
        committed = []

        def listen():
            for line in writer.stdout:
                if line.strip().isdigit():
                    committed.append(int(line))

        listener = threading.Thread(target=listen)
        listener.start()
        wait_until(lambda: committed, "the writer has written")
        parent = "a00000000000"
        for number in range(12):
            revision = f"b{number:011x}"
            rebuild = ("CREATE TABLE theirs_new (id INTEGER PRIMARY KEY, note TEXT);\n"
                       "INSERT INTO theirs_new SELECT id, note FROM theirs;\n"
                       "DROP TABLE theirs;\nALTER TABLE theirs_new RENAME TO theirs;")
            project.migration(revision, parent, rebuild if number % 3 == 0 else
                              f"CREATE TABLE t{number} (id INTEGER);\nUPDATE theirs SET note = note || '.';")
            project.wait_versions(revision)
            parent = revision
        seen = len(committed)
        wait_until(lambda: len(committed) > seen, "the writer still writes")
        self.assertIsNone(writer.poll(), "the writer has never failed")
        (project.base / "stop").touch()
        self.assertEqual(writer.wait(timeout=harness.PATIENCE), 0)
        listener.join()
        rows = [row[0] for row in project.query("SELECT id FROM theirs ORDER BY id")]
        self.assertEqual(rows, committed, "what was committed is there")
        self.assertEqual(project.query("PRAGMA integrity_check"), [("ok",)])
        self.assertNotIn("failed", [e["what"] for e in project.journal()])

    def test_in_rollback_mode(self):
        self.race("delete")

    def test_in_wal_mode(self):
        self.race("wal")


if __name__ == "__main__":
    harness.main()
