"""Revisions that Alembic writes: revision, merge, autogenerate."""

import pathlib
import signal
import subprocess

import harness
from alembic_project import ENV_PY, FIRST, LAST, MAKO, MERGE, ApplyingCase


class Revisions(ApplyingCase):
    def setUp(self):
        super().setUp()
        self.write("backend/alembic/script.py.mako", MAKO)

    def test_revision_and_merge_are_written_by_alembic(self):
        new = self.drover("revision", "-m", "More of it", "--rev-id", LAST, "--json").json
        self.assertEqual((new["revision"], new["down_revision"]), (LAST, [MERGE]))
        self.assertIn("op", (self.root / new["file"]).read_text())
        other = self.drover("revision", "-m", "Beside it", "--head", MERGE, "--splice", "--json").json
        self.assertEqual(len(self.drover("heads", "--json").json["revisions"]), 2)
        merged = self.drover("merge", "-m", "Both", "--json").json
        self.assertEqual(set(merged["down_revision"]), {LAST, other["revision"]})
        self.assertEqual(len(self.drover("heads", "--json").json["revisions"]), 1)
        self.assertFalse(self.project.database.exists())

    def test_what_alembic_would_not_say_well_is_checked_first(self):
        before = sorted(self.root.rglob("versions/*"))
        self.assertEqual(self.drover("merge", "-m", "x", "--json", check=1).error["kind"],
                         "nothing_to_merge")
        self.assertEqual(self.drover("revision", "-m", "x", "--rev-id", FIRST, "--json",
                                     check=5).error["kind"], "duplicate_revision")
        self.version(LAST, FIRST, "Beside", up='op.execute("CREATE TABLE beside (x)")')
        error = self.drover("revision", "-m", "x", "--json", check=5).error
        self.assertEqual((error["kind"], error["hint"].split()[:2]),
                         ("multiple_heads", ["drover", "merge"]))
        self.assertEqual(self.drover("check", "--json", check=5).error["kind"], "multiple_heads")
        self.assertEqual(len(sorted(self.root.rglob("versions/*"))), len(before) + 1)
        self.assertEqual(self.dev()["state"], "conflict")
        self.drover("upgrade", "heads")
        self.assertEqual(self.dev()["state"], "current", "whoever is at all heads knows of them")

    def test_what_is_cancelled_ends(self):
        self.write("backend/alembic/env.py", "import time\ntime.sleep(300)\n")
        self.project.start()
        for words in (("plan", "--sql"), ("verify",)):
            child = self.project.spawn([harness.DROVER, *words], stdout=subprocess.PIPE,
                                       stderr=subprocess.PIPE)
            harness.wait_until(self.sleepers, "Alembic sleeps")
            child.send_signal(signal.SIGINT)
            _, err = child.communicate(timeout=harness.PATIENCE)
            self.assertIn(b"cancelled", err, words)
            harness.wait_until(lambda: not self.sleepers(), "it is gone")
        self.project.spawn([harness.DROVER, "verify"], stdout=subprocess.DEVNULL,
                           stderr=subprocess.DEVNULL)
        harness.wait_until(self.sleepers, "Alembic sleeps")
        self.drover("daemon", "stop")
        harness.wait_until(lambda: not self.sleepers(), "the daemon does not wait for it")

    def sleepers(self):
        found = []
        for process in pathlib.Path("/proc").glob("[0-9]*"):
            try:
                line = (process / "cmdline").read_bytes()
            except OSError:
                continue
            if b"alembic" in line and str(self.root).encode() in line and b"droverd" not in line:
                found.append(process.name)
        return found

    def test_autogenerate_looks_at_a_copy(self):
        self.write("backend/alembic/env.py", ENV_PY.replace(
            "context.configure(connection=connection,",
            "from sqlalchemy import Column, Integer, MetaData, Table\n"
            "        metadata = MetaData()\n"
            "        Table('brand_new', metadata, Column('id', Integer, primary_key=True))\n"
            "        context.configure(connection=connection, target_metadata=metadata,"))
        generated = self.drover("revision", "--autogenerate", "-m", "New table", "--json").json
        self.assertIn("create_table('brand_new'", (self.root / generated["file"]).read_text())
        self.assertFalse(self.project.database.exists())


if __name__ == "__main__":
    harness.main()
