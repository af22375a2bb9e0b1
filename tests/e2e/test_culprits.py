"""Who did it: seen in the moment, inferred with its ground, and never more than that."""

import os
import subprocess
import time

import harness
from harness import wait_until

HOLD = """
import sqlite3, time
database = sqlite3.connect("application.db")
database.execute("SELECT count(*) FROM sqlite_schema").fetchall()
print("ready", flush=True)
time.sleep(300)
"""


class Culprits(harness.Case):
    def setUp(self):
        super().setUp()
        self.project.configure_dev()
        self.project.chain(1)
        self.backend = self.project.root / "backend"
        self.path = self.backend / "application.db"

    def begin(self, prefix=()):
        self.project.start(prefix=prefix)
        self.project.drover("wait", "--timeout", "20")
        self.project.status()  # the first scan has ended

    def stray(self):
        return next((s for s in self.project.status()["strays"] if s["path"] == str(self.path)), None)

    def finding(self, code):
        return next((f for f in self.project.status()["findings"] if f["code"] == code), None)

    def test_a_command_that_has_ended_was_seen_with_the_file_open(self):
        self.begin()
        # A look of a millisecond against a program of five: nearly always seen, so a few attempts.
        for _ in range(5):
            maker = subprocess.Popen(
                ["sqlite3", "application.db", "CREATE TABLE one (a); CREATE TABLE two (b);"],
                cwd=self.backend)
            self.assertEqual(maker.wait(), 0)
            entry = wait_until(self.stray, "the stray is named")
            self.assertEqual(entry["holders"], [], "it has ended")
            seen = [s for s in entry["suspects"] if s["evidence"] == "open"]
            if seen:
                break
            self.path.unlink()
            wait_until(lambda: not self.stray(), "it has gone")
        self.assertEqual([s["process"]["pid"] for s in seen], [maker.pid])
        self.assertTrue(seen[0]["process"]["command"].startswith("sqlite3 application.db"))
        self.assertEqual(seen[0]["process"]["cwd"], str(self.backend))
        shown = self.project.drover("strays").out
        self.assertIn(f"(pid {maker.pid}, working in backend), which had it open when it appeared "
                      "[seen]", shown)
        # Another file at the same path is another case.
        self.path.unlink()
        self.path.write_bytes(b"")
        wait_until(lambda: self.stray() and self.stray()["class"] == "empty", "the new file")
        self.assertNotIn(maker.pid, [s["process"]["pid"] for s in self.stray()["suspects"]])

    def test_who_only_works_there_is_a_suspect_and_called_so(self):
        bystander = self.project.spawn(["sleep", "300"], cwd=self.backend)
        time.sleep(0.1)
        self.begin()
        finished = self.project.base / "finished.db"
        finished.write_bytes(b"")
        os.link(finished, self.path)  # nobody has it open when it appears
        finished.unlink()
        entry = wait_until(self.stray, "the stray is named")
        found = {s["process"]["pid"]: s["evidence"] for s in entry["suspects"]}
        self.assertEqual(found.get(bystander.pid), "directory")
        shown = self.project.drover("strays").out
        self.assertIn(f"perhaps made by sleep 300 (pid {bystander.pid}, working in backend)", shown)
        self.assertIn("[inferred]", shown)

    def test_who_goes_on_with_a_replaced_database_is_named_until_it_ends(self):
        self.begin()
        child = self.project.python(HOLD, cwd=self.project.root)
        database = self.project.root / "application.db"
        copy = self.project.root / "copy.tmp"
        copy.write_bytes(database.read_bytes())
        self.assertIsNone(self.finding("moved-while-open"))
        os.rename(copy, database)
        finding = wait_until(lambda: self.finding("moved-while-open"), "it is noticed")
        self.assertEqual(finding["severity"], "error")
        self.assertEqual(finding["environment"], "dev")
        self.assertEqual(finding["ground"], "seen")
        self.assertIn(f"(pid {child.pid})", finding["message"])
        self.assertTrue(finding["fix"].startswith(f"cp /proc/{child.pid}/fd/"))
        child.kill()
        child.wait()
        self.assertIsNone(self.finding("moved-while-open"), "it has ended")

    def test_a_container_that_uses_a_deleted_copy_is_named(self):
        # A mount namespace of its own is what matters of a container here.
        own = ["unshare", "--mount", "--propagation", "private"]
        if self.project.run([*own, "true"], check=None).code != 0:
            self.skipTest("mounting is not allowed here")
        self.begin()
        database = self.project.root / "application.db"
        inside = self.project.base / "inside.db"
        inside.write_bytes(b"")
        container = self.project.spawn(
            [*own, "sh", "-c", f"mount --bind {database} {inside} && echo ready && sleep 300"],
            stdout=subprocess.PIPE, text=True)
        self.assertEqual(container.stdout.readline(), "ready\n")
        self.assertEqual(self.project.drover("strays", "--json").code, 0)
        self.assertIsNone(self.finding("bind-stale-inode"))
        copy = self.project.root / "copy.tmp"
        copy.write_bytes(database.read_bytes())
        os.rename(copy, database)
        finding = wait_until(lambda: self.finding("bind-stale-inode"), "it is noticed")
        self.assertEqual(finding["severity"], "fatal")
        self.assertEqual(finding["environment"], "dev")
        self.assertIn(f"mounted at {inside}", finding["message"])
        self.assertIn(f"/root{inside}", finding["fix"])
        self.assertIn("bind-stale-inode", self.project.drover("status").out)


if __name__ == "__main__":
    harness.main()
