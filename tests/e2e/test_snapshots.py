"""Snapshots: what was replayed once is not replayed again, and a new database is taken from it."""

import random
import sqlite3
import stat
import subprocess
import time

import harness
from harness import DROVER, wait_until

COUNT = 60


class SnapshotsOfMigrations(harness.Case):
    def setUp(self):
        super().setUp()
        self.project.configure_dev("report")
        self.ids = [f"{number:012x}" for number in range(1, COUNT + 1)]
        for number in range(1, COUNT + 1):
            self.save(number)
        self.snapshots = self.project.state / "snapshots"

    def save(self, number, body=None):
        table = f"goods_{number}"
        self.project.migration(
            self.ids[number - 1], self.ids[number - 2] if number > 1 else None,
            body or f"CREATE TABLE {table} (id INTEGER PRIMARY KEY, title TEXT);\n"
            f"INSERT INTO {table} (title) VALUES ('one; {number}'), ('two');",
            f"DROP TABLE {table};", message=f"Step {number}")

    def files(self):
        return sorted(path.name for path in self.snapshots.glob("*"))

    def kept(self):
        """What is kept in the end: the look that compares schemas keeps its own a little later."""
        wait_until(lambda: len([n for n in self.files() if n.endswith(".db")]) == 4
                   and len(self.files()) == 4,
                   "database and schema are kept, at the end and one before")
        return self.files()

    def content(self):
        """Schema, rows, and the history but for times."""
        project = self.project
        tables = [name for name in project.tables() if name.startswith("goods_")]
        return (project.schema(), project.versions(),
                [project.query(f"SELECT * FROM {name} ORDER BY 1") for name in tables],
                project.query("SELECT id, revision, down_revision, direction, state, raw_sha256, "
                              "up_sha256, down_sha256, up_sql, down_sql, applied_by, host, "
                              "tool_version FROM drover_history ORDER BY id"))

    def write_row(self, sql):
        connection = sqlite3.connect(self.project.database)
        with connection:
            connection.execute(sql)
        connection.close()

    def leftovers(self):
        return [name for name in self.project.listing()
                if ".db" in name and name != self.project.database.name]

    def remove(self):
        self.project.database.unlink()

    def test_the_second_database_is_the_first(self):
        project = self.project
        project.start()
        first = project.drover("upgrade", "--json").json
        self.assertEqual(len(first["steps"]), COUNT)
        made = self.content()
        kept = self.kept()
        self.assertEqual(stat.S_IMODE(self.snapshots.stat().st_mode), 0o700)
        self.assertEqual({stat.S_IMODE(path.stat().st_mode) for path in self.snapshots.glob("*")},
                         {0o600})
        self.write_row("UPDATE drover_history SET applied_at = '1999-01-01T00:00:00Z'")
        self.remove()
        events = project.events()
        second = project.drover("upgrade", "--json").json
        self.assertEqual([step["revision"] for step in second["steps"]], self.ids)
        self.assertEqual(self.content(), made)
        self.assertEqual(project.query("SELECT count(*) FROM drover_history "
                                       "WHERE applied_at < '2020'"), [(0,)])
        self.assertEqual(self.kept(), kept)
        events.wait("applied", revision=self.ids[-1])
        self.assertEqual(project.env_status()["state"], "current")
        self.assertEqual(self.leftovers(), [])

    def test_an_edit_of_the_last_one_leaves_the_others_kept(self):
        project = self.project
        project.start()
        project.drover("upgrade")
        kept = self.kept()
        self.save(COUNT, "CREATE TABLE other (x);")
        self.remove()
        project.drover("upgrade")
        self.assertIn("other", project.tables())
        self.assertEqual(self.kept(), kept, "one step is not worth a file")
        self.assertEqual(project.query("SELECT count(*) FROM drover_history"), [(COUNT,)])

    def test_a_broken_one_is_thrown_away(self):
        project = self.project
        project.start()
        project.drover("upgrade")
        made = self.content()
        self.kept()
        for path in self.snapshots.glob("*"):
            path.write_bytes(path.read_bytes()[:-512] + b"x" * 512)
        self.remove()
        project.stop()  # which remembers the schema
        project.start()
        project.drover("upgrade")
        self.assertEqual(self.content(), made)
        wait_until(lambda: not any(path.read_bytes().endswith(b"x" * 512)
                                   for path in self.snapshots.glob("*")), "all are whole again")
        self.kept()

    def test_what_is_not_a_function_of_the_migrations_is_run_each_time(self):
        project = self.project
        self.save(50, "CREATE TABLE goods_50 (id INTEGER PRIMARY KEY, at TEXT DEFAULT "
                  "CURRENT_TIMESTAMP, secret BLOB);\n"
                  "INSERT INTO goods_50 (secret) VALUES (randomblob(16));")
        project.start()
        seen = set()
        for _ in range(3):
            project.drover("upgrade")
            self.assertEqual(project.versions(), [self.ids[-1]])
            seen.add(project.query("SELECT hex(secret) FROM goods_50")[0])
            self.remove()
        self.assertEqual(len(seen), 3)
        self.assertTrue(any(name.endswith(".barred") for name in self.files()))

    def test_reset_takes_it_as_well(self):
        project = self.project
        project.start()
        project.drover("upgrade")
        made = self.content()
        self.write_row("INSERT INTO goods_1 (title) VALUES ('mine')")
        inode = project.database.stat().st_ino
        project.drover("reset", "--yes")
        self.assertEqual(self.content(), made)
        self.assertEqual(project.database.stat().st_ino, inode)

    def test_a_failure_names_its_migration_and_leaves_what_came_before(self):
        project = self.project
        self.save(55, "CREATE TABLE broken (x); NONSENSE;")
        project.start()
        for _ in range(2):
            failed = project.drover("upgrade", check=1)
            self.assertIn("NONSENSE", failed.err)
            self.assertEqual(project.versions(), [self.ids[53]])
            self.remove()

    def test_killed_at_any_time_there_is_nothing_or_everything(self):
        project = self.project
        project.start()
        began = time.monotonic()
        project.drover("upgrade")
        made = self.content()
        chance = random.Random(7)
        typical = 0.05 + (time.monotonic() - began) / 10
        outcomes = set()
        for turn in range(60):
            if turn >= 12 and len(outcomes) == 2:
                break
            self.remove()
            project.drover("status")
            child = project.spawn([DROVER, "upgrade"], stdout=subprocess.DEVNULL,
                                  stderr=subprocess.DEVNULL)
            time.sleep(chance.uniform(0, typical))
            project.kill()
            child.wait(timeout=harness.PATIENCE)
            there = project.database.exists()
            outcomes.add(there)
            self.assertEqual(self.leftovers(), [], "nothing lies about")
            project.start()
            if not there:
                project.drover("upgrade")
            self.assertEqual(self.content(), made)
        self.assertEqual(outcomes, {False, True}, "the kills must fall into the jobs")


if __name__ == "__main__":
    harness.main()
