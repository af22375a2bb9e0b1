"""Scripts for the plain sqlite3 program leave the same database as the commands themselves."""

import shutil
import subprocess
import unittest

import harness

HISTORY = ("revision, down_revision, depends_on, direction, state, raw_sha256, up_sha256, "
           "down_sha256, normaliser, directives, up_sql, down_sql, tool_version")


@unittest.skipUnless(shutil.which("sqlite3"), "needs the sqlite3 program")
class Offline(harness.Case):
    def setUp(self):
        super().setUp()
        self.offline = self.project.base / "offline.db"

    def feed(self, *command, check=0):
        """Runs what `drover COMMAND --sql` prints, in the offline database."""
        script = self.project.drover(*command, "--sql").out
        done = subprocess.run(["sqlite3", "-bail", self.offline], input=script, text=True,
                              capture_output=True, check=False)
        self.assertEqual(done.returncode, check, f"{done.stderr}\n{script}")
        return script

    def assert_same(self):
        """Version rows, history but for who and when, schema and content are those of dev."""
        project = self.project
        self.assertEqual(project.versions(self.offline), project.versions())
        sql = f"SELECT {HISTORY} FROM drover_history ORDER BY id"
        self.assertEqual(project.query(sql, self.offline), project.query(sql))
        everything = "SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY 1, 2"
        self.assertEqual(project.query(everything, self.offline), project.query(everything))
        for table in project.tables():
            rows = f'SELECT * FROM "{table}" ORDER BY 1'
            self.assertEqual(project.query(rows, self.offline), project.query(rows))
        self.assertEqual(project.query("PRAGMA integrity_check", self.offline), [("ok",)])


class Demo(Offline):
    demo = True

    def setUp(self):
        super().setUp()
        self.head = self.project.heads()[0]

    def test_upgrade_and_downgrade_without_a_database(self):
        project = self.project
        self.feed("upgrade", "base:head")
        project.drover("upgrade")
        self.assert_same()
        self.feed("downgrade", f"{self.head}:base")
        project.drover("downgrade", "base")
        self.assert_same()

    def test_upgrade_in_two_ranges(self):
        self.feed("upgrade", f"base:{harness.DEMO_BASE}")
        self.feed("upgrade", f"{harness.DEMO_BASE}:head")
        self.project.drover("upgrade", harness.DEMO_BASE)
        self.project.drover("upgrade")
        self.assert_same()

    def test_from_where_the_database_is(self):
        project = self.project
        project.drover("upgrade", harness.DEMO_BASE)
        shutil.copyfile(project.database, self.offline)
        before = project.database.read_bytes()
        self.assertEqual(self.feed("plan"), project.drover("upgrade", "--sql").out)
        self.assertEqual(project.database.read_bytes(), before, "--sql changes nothing")
        project.drover("upgrade")
        self.assert_same()


class Graph(Offline):
    """Two branches, one of them with a dependency on a third line, and a merge that ends in a
    revision outside a transaction."""

    def setUp(self):
        super().setUp()
        project = self.project
        project.configure_dev("report")
        migration = project.migration
        migration("a1", None, "CREATE TABLE a (x TEXT DEFAULT 'it''s; -- so') -- no end",
                  "DROP TABLE a")
        migration("b1", "a1", "CREATE TABLE b (x);\nINSERT INTO b VALUES ('größe;\n.tables\n');",
                  "DROP TABLE b; -- gone;")
        migration("c1", "a1", "CREATE TRIGGER t AFTER INSERT ON a BEGIN\n"
                  "  SELECT CASE WHEN 1 THEN 2 END;\nEND;\n/* open */", "DROP TRIGGER t;;")
        migration("d1", None, "CREATE TABLE d (x);", "DROP TABLE d;")
        migration("m1", "b1, c1", "", "-- nothing to undo")
        migration("v1", "m1", "CREATE TABLE v (x);\nVACUUM;\nPRAGMA foreign_keys=ON", "DROP TABLE v",
                  directives="transaction:false", message="it's the last but one")
        depends = project.write("migrations/w1.sql", "\n".join([
            "-- revision: w1", "-- down_revision: v1", "-- depends_on: d1", "-- message: last",
            "-- migrate:up", "ALTER TABLE v ADD COLUMN y REFERENCES a (x);",
            "-- migrate:down transaction:false", "ALTER TABLE v DROP COLUMN y;"]) + "\n")
        self.assertTrue(depends.exists())

    def test_all_the_way_up_and_down(self):
        project = self.project
        self.feed("upgrade", "base:heads")
        project.drover("upgrade", "heads")
        self.assert_same()
        shutil.copyfile(project.database, self.offline)
        self.feed("downgrade", "w1:a1")
        project.drover("downgrade", "a1")
        self.assert_same()

    def test_step_by_step_from_the_database(self):
        project = self.project
        for target in ("b1", "m1", "v1", "heads"):
            if project.database.exists():
                shutil.copyfile(project.database, self.offline)
            self.feed("upgrade", target)
            project.drover("upgrade", target)
            self.assert_same()

    def test_a_stamp_as_a_script_is_the_stamp(self):
        project = self.project
        project.drover("upgrade", "heads")
        shutil.copyfile(project.database, self.offline)
        before = project.database.read_bytes()
        self.feed("stamp", "b1")
        self.assertEqual(project.database.read_bytes(), before, "--sql changes nothing")
        project.drover("stamp", "b1")
        self.assert_same()
        script = self.feed("stamp", "b1:base")
        self.assertEqual(script.count("DELETE FROM"), len(project.versions()))
        project.drover("stamp", "base")
        self.assert_same()
        self.assertEqual(project.drover("stamp", "base", "--sql").out, "-- nothing to do\n")

    def test_a_plan_as_a_script_is_the_upgrade(self):
        self.feed("plan", "heads")
        self.project.drover("upgrade", "heads")
        self.assert_same()

    def test_a_failing_statement_leaves_what_came_before_it(self):
        project = self.project
        project.migration("x1", "w1", "CREATE TABLE x (x);\nINSERT INTO nowhere VALUES (1);",
                          "DROP TABLE x;")
        self.feed("upgrade", "base:heads", check=1)
        self.assertNotEqual(project.drover("upgrade", "heads", check=None).code, 0)
        self.assert_same()


del Offline

if __name__ == "__main__":
    harness.main()
