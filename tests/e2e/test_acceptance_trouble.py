"""What goes wrong while working: failures, two heads, edited and lost files, a broken drover.yaml."""

import json
import re
import time

import harness
from harness import wait_until

BAD = "bad000000001"


class Trouble(harness.Case):
    def setUp(self):
        super().setUp()
        self.project.configure_dev()
        self.ids = self.project.chain(2)
        self.project.start()
        self.project.drover("wait", "--timeout", "20")
        self.assertEqual(self.project.versions(), [self.ids[1]])

    def save_failing(self):
        return self.project.migration(
            BAD, self.ids[1],
            "CREATE TABLE one (id INTEGER);\nCREATE TABLE two (id INTEGER);\n"
            "INSERT INTO nowhere VALUES (1);\nCREATE TABLE three (id INTEGER);",
            "DROP TABLE three;", message="Fails")

    def test_5_a_failure_is_reported_once_and_changes_nothing(self):
        project = self.project
        before = project.schema()
        history = project.query("SELECT * FROM drover_history")
        events = project.events()
        path = self.save_failing()
        line = path.read_text().splitlines().index("INSERT INTO nowhere VALUES (1);") + 1

        _, failed = events.wait("failed")
        self.assertRegex(failed["error"]["where"], rf"{path.name}:{line}(:\d+)?$")
        entry = project.wait_state("failed")
        self.assertIn("nowhere", entry["error"]["message"])
        self.assertRegex(entry["error"]["where"], rf"{path.name}:{line}(:\d+)?$")
        self.assertEqual(entry["current"], [self.ids[1]])
        self.assertEqual(project.schema(), before)
        self.assertEqual(project.query("SELECT * FROM drover_history"), history)

        # No retry: neither by time, nor for reading, nor for a file that is no input.
        project.write("notes.txt", "nothing to do with it")
        for _ in range(3):
            project.status()
            time.sleep(0.7)
        self.assertEqual(len(events.all("failed")), 1, events.all())
        self.assertEqual(len([e for e in project.journal() if e["what"] == "failed"]), 1)
        project.drover("status", "--exit-code", check=1)
        shown = project.drover("status").out
        self.assertIn(f"{path.name}:{line}", shown)

        path.write_text(path.read_text().replace("INSERT INTO nowhere VALUES (1);",
                                                 "INSERT INTO one VALUES (1);"))
        project.wait_versions(BAD)
        self.assertIsNone(project.wait_state("current")["error"])
        self.assertEqual(project.query("SELECT id FROM one"), [(1,)])

    def test_5_a_failure_is_not_retried_by_a_new_daemon(self):
        self.save_failing()
        self.project.wait_state("failed")
        self.project.stop()
        self.project.start()
        self.project.wait_state("failed")
        time.sleep(0.5)
        self.assertEqual(len([e for e in self.project.journal() if e["what"] == "failed"]), 1)

    def test_5_an_explicit_upgrade_tells_the_error_as_json(self):
        path = self.save_failing()
        self.project.wait_state("failed")
        error = self.project.drover("upgrade", "--json", check=1).error
        self.assertEqual(error["code"], "invalid")
        self.assertIn(path.name, error["where"])
        self.assertNotEqual(error["hint"], "")

    def test_6_two_heads_are_a_conflict_until_they_are_merged(self):
        project = self.project
        project.stop()
        left, right = "1ef000000001", "417000000001"
        project.migration(left, self.ids[1], "CREATE TABLE l (id INTEGER);", "DROP TABLE l;")
        project.migration(right, self.ids[1], "CREATE TABLE r (id INTEGER);", "DROP TABLE r;")
        project.start()
        entry = project.wait_state("conflict")
        self.assertEqual(sorted(entry["heads"]), [left, right])
        self.assertIn("drover merge", project.status()["next"])
        time.sleep(0.5)
        self.assertEqual(project.versions(), [self.ids[1]])
        self.assertEqual(project.tables(), ["table_1", "table_2"])
        project.drover("status", "--exit-code", check=5)
        error = project.drover("upgrade", "--json", check=5).error
        self.assertEqual(error["code"], "conflict")
        self.assertIn("drover merge", error["hint"])

        merged = project.drover("merge", "-m", "Join", "--json").json
        self.assertEqual(sorted(merged["down_revision"]), [left, right])
        project.wait_versions(merged["revision"])
        self.assertEqual(project.tables(), ["l", "r", "table_1", "table_2"])
        project.wait_state("current")
        project.drover("status", "--exit-code", check=0)

    def test_6_a_second_head_beside_an_applied_one(self):
        project = self.project
        left, right = "1ef000000001", "417000000001"
        project.migration(left, self.ids[1], "CREATE TABLE l (id INTEGER);", "DROP TABLE l;")
        project.wait_versions(left)
        project.migration(right, self.ids[1], "CREATE TABLE r (id INTEGER);", "DROP TABLE r;")
        project.wait_state("conflict")
        time.sleep(0.5)
        self.assertEqual(project.versions(), [left])
        merged = project.drover("merge", "-m", "Join", "--json").json
        project.wait_versions(merged["revision"])
        self.assertEqual(project.tables(), ["l", "r", "table_1", "table_2"])

    def test_7_an_edited_applied_file_is_reported_and_nothing_else_happens(self):
        project = self.project
        path = next((project.root / "migrations").glob(self.ids[1] + "_*"))
        original, data = path.read_text(), project.database.read_bytes()
        path.write_text(original.replace("note TEXT", "note TEXT NOT NULL"))
        entry = project.wait_state("modified")
        self.assertIn(self.ids[1], json.dumps(project.status()))
        self.assertEqual(entry["current"], [self.ids[1]])
        project.drover("status", "--exit-code", check=4)
        time.sleep(0.5)
        self.assertEqual(project.database.read_bytes(), data)
        path.write_text(original)
        project.wait_state("current")

    def test_7_a_lost_file_of_an_applied_revision_is_an_orphan(self):
        project = self.project
        path = next((project.root / "migrations").glob(self.ids[1] + "_*"))
        original, data = path.read_text(), project.database.read_bytes()
        path.unlink()
        project.wait_state("orphan")
        self.assertIn(self.ids[1], json.dumps(project.status()))
        project.drover("status", "--exit-code", check=4)
        time.sleep(0.5)
        self.assertEqual(project.database.read_bytes(), data)
        path.write_text(original)
        project.wait_state("current")

    def test_8_a_broken_configuration_is_reported_and_the_old_one_serves(self):
        project = self.project
        config = project.root / "drover.yaml"
        good = config.read_text()
        for broken, where in ((good.replace("on_pending", "on_pendink"), r"drover\.yaml:4:\d+"),
                              (good + "environments: [\n", r"drover\.yaml:[56]:\d+")):
            with self.subTest(broken=broken):
                events = project.events()
                config.write_text(broken)
                wait_until(lambda: re.search(where, json.dumps(project.status()["findings"])),
                           f"a finding at {where}")
                wait_until(lambda: events.all("config") or events.all("finding"), "an event says so")
                shown = project.drover("status").out
                self.assertRegex(shown, where)
                self.assertEqual(project.env_status()["state"], "current", "the old one serves")

                config.write_text(good)
                wait_until(lambda: "drover.yaml" not in json.dumps(project.status()["findings"]),
                           "the finding goes with its cause")

    def test_8_migrations_are_applied_while_the_configuration_is_broken(self):
        project = self.project
        config = project.root / "drover.yaml"
        good = config.read_text()
        config.write_text("environments: {dev: {url: [}}\n")
        wait_until(lambda: "drover.yaml:" in json.dumps(project.status()["findings"]), "a finding")
        project.migration("c00000000001", self.ids[1], "CREATE TABLE c (id INTEGER);")
        project.wait_versions("c00000000001")
        config.write_text(good.replace("apply", "report"))
        wait_until(lambda: project.env_status()["policy"] == "report", "the next valid save counts")

    def test_8_a_broken_migration_names_its_line_and_recovers(self):
        project = self.project
        path = project.write("migrations/d00000000001_x.sql", "-- revision: d00000000001\nSELECT 1;\n")
        wait_until(lambda: "d00000000001_x.sql:" in json.dumps(project.status()),
                   "the malformed file is named with its line")
        self.assertEqual(project.versions(), [self.ids[1]])
        path.unlink()
        project.wait_state("current")


if __name__ == "__main__":
    harness.main()
