"""What drover does by itself, what only when told, and what it refuses."""

import sqlite3
import time

import harness
from harness import wait_until


class Policy(harness.Case):
    def setUp(self):
        super().setUp()
        self.ids = self.project.chain(2)

    def outside(self):
        """A database path outside the project."""
        return self.project.base / "elsewhere.db"

    def test_reading_creates_nothing(self):
        project = self.project
        project.configure_dev("report")
        before = project.listing()
        project.start()
        for verb in ("status", "current", "plan", "heads", "history", "where", "strays"):
            project.drover(verb)
            project.drover("--local", verb)
        time.sleep(0.5)
        self.assertEqual(project.listing(), before)
        self.assertEqual(project.env_status()["state"], "missing")

    def test_reading_leaves_no_side_file_of_a_wal_database(self):
        project = self.project
        project.configure_dev("report")
        project.drover("--local", "upgrade")
        with sqlite3.connect(project.database) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("CREATE TABLE w (id INTEGER)")
        connection.close()
        before = project.listing()
        self.assertNotIn("application.db-wal", before)
        stamp = project.database.stat().st_mtime_ns
        project.start()
        for verb in ("status", "current", "plan", "strays"):
            project.drover(verb)
        self.assertEqual(project.listing(), before)
        self.assertEqual(project.database.stat().st_mtime_ns, stamp)

    def test_a_target_outside_the_project_waits_for_trust(self):
        project = self.project
        project.configure(f'dev: {{url: "sqlite:///{self.outside()}", on_pending: apply}}')
        project.start()
        document = project.status()
        self.assertFalse(document["trusted"])
        time.sleep(0.7)
        self.assertFalse(self.outside().exists(), "not applied before it is trusted")
        self.assertIn("drover trust", str(project.status()))

        self.assertTrue(project.drover("trust", "--json").json["trusted"])
        wait_until(lambda: project.versions(self.outside()) == [self.ids[1]],
                   "applied once it is trusted")
        self.assertTrue(project.status()["trusted"])

    def test_trust_ends_when_the_configuration_changes(self):
        project = self.project
        project.configure(f'dev: {{url: "sqlite:///{self.outside()}", on_pending: report}}')
        project.start()
        project.drover("trust")
        self.assertTrue(project.status()["trusted"])
        project.configure(f'dev: {{url: "sqlite:///{self.outside()}", on_pending: apply}}')
        wait_until(lambda: not project.status()["trusted"], "the trust ends")
        time.sleep(0.5)
        self.assertFalse(self.outside().exists())

    def test_a_link_that_leads_outside_waits_for_trust(self):
        project = self.project
        project.configure_dev()
        project.database.symlink_to(self.outside())
        project.start()
        project.status()
        time.sleep(0.7)
        self.assertFalse(self.outside().exists())

    def test_an_unversioned_database_is_left_alone_until_it_is_stamped(self):
        project = self.project
        connection = sqlite3.connect(project.database)
        connection.execute("CREATE TABLE table_1 (id INTEGER PRIMARY KEY, note TEXT)")
        connection.commit()
        connection.close()
        data = project.database.read_bytes()
        project.configure_dev()
        project.start()
        project.wait_state("unversioned")
        self.assertEqual(project.status()["next"], f"drover stamp {self.ids[0]}")
        time.sleep(0.5)
        self.assertEqual(project.database.read_bytes(), data)
        stamped = project.drover("stamp", self.ids[0], "--json").json
        self.assertEqual(stamped["to"], [self.ids[0]])
        self.assertTrue(stamped["schema"]["verified"])
        self.assertEqual(project.versions(), [self.ids[0]])
        project.wait_state("held")
        project.drover("upgrade")
        self.assertEqual(project.tables(), ["table_1", "table_2"])
        project.wait_state("current")

    def test_a_protected_environment_must_be_named(self):
        project = self.project
        project.configure('staging: {url: "sqlite:///./application.db", on_pending: apply, '
                          'protected: true}')
        project.start()
        project.drover("upgrade")
        for args in (["downgrade", "-1"], ["stamp", "base"], ["downgrade", "-1", "--yes"],
                     ["downgrade", "-1", "--confirm", "dev"]):
            with self.subTest(args=args):
                error = project.drover(*args, "--json", check=8).error
                self.assertEqual(error["code"], "refused")
                self.assertEqual(error["kind"], "environment.protected")
                self.assertIn("--confirm staging", error["hint"])
        self.assertEqual(project.versions(), [self.ids[1]])
        project.drover("downgrade", "-1", "--confirm", "staging")
        self.assertEqual(project.versions(), [self.ids[0]])

    def test_what_destroys_is_not_applied_by_itself(self):
        project = self.project
        project.configure_dev()
        project.start()
        project.wait_state("current")
        project.wait_versions(self.ids[1])
        project.migration("b00000000001", self.ids[1], "DROP TABLE table_1;",
                          "CREATE TABLE table_1 (id INTEGER PRIMARY KEY, note TEXT);")
        project.wait_state("pending")
        time.sleep(0.5)
        self.assertEqual(project.versions(), [self.ids[1]])
        error = project.drover("upgrade", "--json", check=8).error
        self.assertEqual(error["kind"], "plan.destructive")
        self.assertIn("--yes", error["hint"])
        plan = project.drover("plan", "--json").json
        self.assertEqual(plan["steps"][0]["destructive"],
                         [{"class": "drop table", "object": "table_1"}])
        project.drover("upgrade", "--yes")
        self.assertEqual(project.tables(), ["table_2"])

    def test_what_goes_down_or_is_a_draft_is_judged_on_the_schema_too(self):
        # By its text alone, a dropped view is nothing, and a table is called as it is written.
        project = self.project
        project.configure_dev("report")
        project.start()
        project.migration("b00000000001", self.ids[1], "CREATE VIEW v AS SELECT * FROM table_1;",
                          "DROP VIEW V; DROP TABLE TABLE_1;")
        project.drover("upgrade")

        def destroyed(*args):
            return [s["destructive"] for s in project.drover(*args, "--json").json["steps"]]

        gone = [{"class": "drop table", "object": "table_1"}, {"class": "drop view", "object": "v"}]
        self.assertEqual(destroyed("plan", "-1"), [gone])
        self.assertEqual(destroyed("downgrade", "-1", "--dry-run"), [gone])
        self.assertEqual(destroyed("redo", "--dry-run")[0], gone)
        project.migration("b00000000002", "b00000000001", "DROP VIEW V;", draft=True)
        self.assertEqual(destroyed("upgrade", "--draft", "--dry-run"),
                         [[{"class": "drop view", "object": "v"}]])
        project.drover("downgrade", "-1")
        self.assertEqual(project.tables(), ["table_2"])

    def test_a_rebuild_that_keeps_every_column_is_applied_by_itself(self):
        project = self.project
        project.configure_dev()
        project.start()
        project.wait_state("current")
        project.wait_versions(self.ids[1])
        project.migration("b00000000001", self.ids[1],
                          "CREATE TABLE fresh (id INTEGER PRIMARY KEY, note TEXT NOT NULL DEFAULT '');\n"
                          "INSERT INTO fresh (id, note) SELECT id, ifnull(note, '') FROM table_1;\n"
                          "DROP TABLE table_1;\nALTER TABLE fresh RENAME TO table_1;")
        project.wait_versions("b00000000001")
        project.migration("b00000000002", "b00000000001",
                          "CREATE TABLE fresh (id INTEGER PRIMARY KEY);\n"
                          "INSERT INTO fresh (id) SELECT id FROM table_1;\n"
                          "DROP TABLE table_1;\nALTER TABLE fresh RENAME TO table_1;")
        project.wait_state("pending")
        plan = project.drover("plan", "--json").json
        self.assertEqual(plan["steps"][0]["destructive"],
                         [{"class": "drop column", "object": "table_1.note"}])

    def test_destruction_can_be_allowed_or_refused_for_commands_too(self):
        project = self.project
        url = 'dev: {url: "sqlite:///./application.db", on_pending: report}'
        project.configure(url, extra="safety: {destructive: refuse}\n")
        project.start()
        project.drover("upgrade")
        project.migration("b00000000001", self.ids[1], "UPDATE table_1 SET note = 'x';\n"
                          "DELETE FROM table_2;")
        error = project.drover("upgrade", "--yes", "--json", check=8).error
        self.assertEqual(error["kind"], "plan.destructive_refused")
        self.assertIn("delete rows table_2", error["message"])
        self.assertNotIn("update rows", error["message"])
        project.configure(url, extra="safety: {destructive: allow}\n")
        project.drover("upgrade")
        self.assertEqual(project.versions(), ["b00000000001"])

    def test_without_a_transaction_what_needs_it_runs_and_says_so(self):
        project = self.project
        project.configure_dev("report")
        project.start()
        project.drover("upgrade")
        project.migration("b00000000001", self.ids[1], "CREATE TABLE b (id INTEGER);\nVACUUM;",
                          "DROP TABLE b;", directives="transaction:false")
        plan = project.drover("plan", "--json").json
        self.assertEqual([s["transaction"] for s in plan["steps"]], [False])
        self.assertTrue(plan["warnings"])
        project.drover("upgrade")
        self.assertEqual(project.versions(), ["b00000000001"])
        self.assertEqual(project.query("SELECT revision, state FROM drover_history "
                                       "WHERE revision = 'b00000000001'"), [("b00000000001", "done")])
        project.wait_state("current")

    def test_transaction_control_inside_a_migration_is_refused(self):
        project = self.project
        project.configure_dev("report")
        project.start()
        project.drover("upgrade")
        schema = project.schema()
        for statement in ("COMMIT;", "BEGIN;", "ROLLBACK;", "ATTACH 'x.db' AS x;", "VACUUM;",
                          "END;"):
            with self.subTest(statement=statement):
                path = project.migration("b00000000001", self.ids[1],
                                         f"CREATE TABLE b (id INTEGER);\n{statement}\n")
                error = project.drover("upgrade", "--json", check=None).error
                self.assertRegex(error["where"], rf"{path.name}:7(:\d+)?$")
                self.assertEqual(project.schema(), schema)
                self.assertEqual(project.versions(), [self.ids[1]])
        self.assertFalse((project.root / "x.db").exists())

    def test_two_environments_on_one_file_obey_the_stricter_policy(self):
        project = self.project
        project.configure('dev: {url: "sqlite:///./application.db", on_pending: apply}',
                          'same: {url: "sqlite:///backend/../application.db", on_pending: report}')
        project.start()
        names = {e["name"]: e for e in project.status()["environments"]}
        self.assertEqual(names["dev"]["same_as"], ["same"])
        self.assertEqual(names["same"]["same_as"], ["dev"])
        time.sleep(0.7)
        self.assertFalse(project.database.exists())
        project.drover("upgrade")
        self.assertEqual(project.query("SELECT count(*) FROM drover_history"), [(2,)])

    def test_a_directory_in_place_of_the_database_is_unresolved(self):
        project = self.project
        project.configure_dev()
        project.database.mkdir()
        project.start()
        entry = project.wait_state("unresolved")
        self.assertEqual(entry["path"], str(project.database))

    def test_a_file_that_is_no_database_is_left_alone(self):
        project = self.project
        project.configure_dev()
        text = b"this is not a database, and much longer than one hundred bytes " * 40
        project.database.write_bytes(text)
        project.start()
        time.sleep(0.5)
        self.assertNotIn(project.env_status()["state"], ("current", "pending"))
        project.drover("upgrade", check=None)
        self.assertEqual(project.database.read_bytes(), text)


if __name__ == "__main__":
    harness.main()
