"""Long jobs: progress, Ctrl-C, and a database that somebody else has locked."""

import json
import pathlib
import signal
import subprocess
import time

import harness
from harness import DROVER, wait_until

SLOW = "b00000000000"


class Jobs(harness.Case):
    def setUp(self):
        super().setUp()
        project = self.project
        project.configure_dev("report")
        self.first = project.chain(1)[0]
        project.migration("a00000000009", self.first, "CREATE TABLE ballast (n INTEGER);")
        project.start()
        project.drover("upgrade")
        self.before = project.versions()

    def slow(self, million_rows):
        self.project.migration(SLOW, "a00000000009", "CREATE TABLE early (n INTEGER);\n"
                               + harness.busy_sql(million_rows) + "\nCREATE TABLE late (n INTEGER);")

    def running(self, *args):
        """A drover upgrade that has begun its slow statement."""
        child = self.project.spawn([DROVER, *args, "upgrade"], stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE)
        self.addCleanup(child.stderr.close)
        mark = f":{self.project.database.stat().st_ino} "
        # RESERVED: the transaction of the migration has begun.
        wait_until(lambda: any(mark in line and "WRITE" in line for line in
                               pathlib.Path("/proc/locks").read_text().splitlines()),
                   "the migration has begun")
        return child

    def test_progress_counts_statements_and_time(self):
        self.slow(6)
        rpc = self.project.rpc(timeout=60)
        request = {"jsonrpc": "2.0", "id": 7, "method": "upgrade",
                   "params": {"project": str(self.project.root)}}
        rpc.send(json.dumps(request).encode() + b"\n")
        told = []
        while (line := rpc.read_line()).get("id") != 7:
            if line["method"] == "progress":
                told.append(line["params"])
        self.assertEqual(line["result"]["applied"], 1)
        self.assertEqual((told[0]["step"], told[0]["steps"], told[0]["statement"]), (1, 1, 0))
        inside = [p for p in told if p["statement"] == 2]
        self.assertTrue(inside, told)
        self.assertEqual({p["statements"] for p in inside}, {3})
        self.assertGreater(inside[-1]["elapsed_ms"], 200)
        self.assertEqual({p["waiting_for"] for p in told}, {None})
        # One every 50 ms at most.
        self.assertLessEqual(len(told), told[-1]["elapsed_ms"] / 50 + 2)

    def test_one_interrupt_detaches_and_the_job_goes_on(self):
        self.slow(30)
        child = self.running()
        child.send_signal(signal.SIGINT)
        self.assertEqual(child.wait(timeout=harness.PATIENCE), 130)
        err = child.stderr.read().decode()
        self.assertIn("detached: the migration goes on in the daemon", err)
        self.assertIn("drover watch", err)
        self.assertEqual(self.project.versions(), self.before, "it must outlast the client")
        self.project.wait_versions(SLOW, timeout=60)

    def test_a_second_interrupt_cancels_and_rolls_back(self):
        self.slow(200)
        child = self.running()
        child.send_signal(signal.SIGINT)
        time.sleep(0.3)
        child.send_signal(signal.SIGINT)
        self.assertEqual(child.wait(timeout=harness.PATIENCE), 130)
        self.assertIn("cancel", child.stderr.read().decode())
        self.assertEqual(self.project.versions(), self.before)
        self.assertNotIn("early", self.project.tables())

    def test_without_a_daemon_the_first_interrupt_cancels(self):
        self.slow(200)
        child = self.running("--local")
        child.send_signal(signal.SIGINT)
        self.assertEqual(child.wait(timeout=harness.PATIENCE), 130)
        self.assertNotIn("detached", child.stderr.read().decode())
        self.assertEqual(self.project.versions(), self.before)
        self.assertNotIn("early", self.project.tables())

    def test_a_daemon_that_must_stop_rolls_back(self):
        self.slow(200)
        child = self.running()
        pid = self.project.signal(signal.SIGTERM)
        time.sleep(0.3)
        self.project.signal(signal.SIGTERM)
        self.project.await_end(pid)
        child.wait(timeout=harness.PATIENCE)
        self.assertEqual(self.project.versions(), self.before)
        self.assertNotIn("early", self.project.tables())
        self.assertEqual(self.project.query("PRAGMA integrity_check"), [("ok",)])

    def lock(self, seconds):
        return self.project.python(
            "import sqlite3,time; d = sqlite3.connect('application.db', isolation_level=None); "
            f"d.execute('BEGIN IMMEDIATE'); print('ready', flush=True); time.sleep({seconds}); "
            "d.execute('COMMIT'); time.sleep(300)")

    def test_a_lock_is_waited_for_and_its_holder_shown(self):
        self.slow(0.001)
        holder = self.lock(2)
        rpc = self.project.rpc(timeout=60)
        request = {"jsonrpc": "2.0", "id": 8, "method": "upgrade",
                   "params": {"project": str(self.project.root)}}
        rpc.send(json.dumps(request).encode() + b"\n")
        told = []
        while (line := rpc.read_line()).get("id") != 8:
            told.append(line["params"])
        self.assertEqual(line["result"]["applied"], 1)
        waiting = [p["waiting_for"] for p in told if p.get("waiting_for")]
        self.assertTrue(waiting)
        self.assertIn(f"pid {holder.pid} (/usr/bin/python3", waiting[0])

    def test_status_says_how_far_a_job_is(self):
        project = self.project
        project.migration("a00000000010", "a00000000009", "CREATE TABLE quick (n INTEGER);")
        project.migration(SLOW, "a00000000010", harness.busy_sql(40))
        child = self.running()
        wait_until(lambda: project.env_status()["current"] == ["a00000000010"],
                   "the revision that the job has reached is shown")
        entry = project.env_status()
        self.assertEqual((entry["state"], entry["pending"]), ("applying", 1))
        child.kill()

    def test_policy_goes_on_when_a_lock_is_gone(self):
        # The end of a lock is no event of the file system.
        project = self.project
        holder = self.project.python(
            "import sqlite3,time; d = sqlite3.connect('application.db', isolation_level=None); "
            "d.execute('BEGIN IMMEDIATE'); print('ready', flush=True); time.sleep(300)")
        project.configure_dev("apply")
        project.migration(SLOW, "a00000000009", "CREATE TABLE early (n INTEGER);")
        project.wait_state("failed")
        self.assertIn(f"locked by pid {holder.pid}", project.env_status()["why"])
        holder.kill()
        holder.wait()
        project.wait_versions(SLOW)
        self.assertEqual(project.env_status()["state"], "current")

    def test_who_keeps_the_lock_is_named_in_the_error(self):
        self.slow(0.001)
        holder = self.lock(300)
        for way in ([], ["--local"]):
            error = self.project.drover(*way, "upgrade", "--json", check=5).error
            self.assertEqual(error["kind"], "sqlite.busy")
            self.assertIn(f"database is locked by pid {holder.pid} (/usr/bin/python3", error["message"])
        self.assertEqual(self.project.versions(), self.before)

    def test_a_watching_daemon_never_makes_a_foreign_writer_fail(self):
        # sqlite3 has no busy time-out of its own: a reader's lock at the wrong moment is an error.
        script = "INSERT INTO ballast VALUES (zeroblob(3000));\n" * 100
        self.project.run(["sqlite3", "-bail", str(self.project.database)], input=script)
        self.assertEqual(self.project.query("SELECT count(*) FROM ballast"), [(100,)])
        self.assertEqual(self.project.env_status()["state"], "current")

    def test_a_writer_that_was_killed_half_way_is_found_without_an_event(self):
        child = self.project.python(
            "import sqlite3,time; d = sqlite3.connect('application.db', isolation_level=None); "
            "d.execute('PRAGMA cache_size=1'); d.execute('BEGIN IMMEDIATE'); "
            "[d.execute('INSERT INTO ballast VALUES (zeroblob(3000))') for _ in range(100)]; "
            "print('ready', flush=True); time.sleep(300)")
        self.assertEqual(self.project.env_status()["state"], "current", "what was known before")
        events = self.project.events()
        time.sleep(0.5)
        child.kill()
        child.wait()
        event = events.wait("state", environment="dev")
        self.assertIn("hot journal", str(event) + str(self.project.env_status()))
        self.project.drover("upgrade")
        self.assertEqual(self.project.env_status()["state"], "current")
        self.assertEqual(self.project.query("SELECT count(*) FROM ballast"), [(0,)])


if __name__ == "__main__":
    harness.main()
