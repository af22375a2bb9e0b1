"""Nothing is lost: backups, rehearsals, restore, reset, and the log that tells of them."""

import os
import pathlib
import sqlite3
import stat
import subprocess

import harness

TABLE = "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT);"


class Safety(harness.Case):
    def setUp(self):
        super().setUp()
        self.project.configure_dev("report")
        self.project.migration("a1", None, TABLE, "DROP TABLE users;")
        self.project.drover("upgrade")
        self.fill("ann", "bob")

    def fill(self, *names):
        with sqlite3.connect(self.project.database) as connection:
            connection.executemany("INSERT INTO users (name) VALUES (?)", [(n,) for n in names])
        connection.close()

    def names(self, path=None):
        return [row[0] for row in self.project.query("SELECT name FROM users ORDER BY id", path)]

    def backups(self):
        return self.project.drover("backups", "--json").json["backups"]

    def identity(self):
        status = self.project.database.stat()
        return status.st_ino, stat.S_IMODE(status.st_mode), status.st_uid

    def test_an_upgrade_keeps_what_was_there_and_restore_brings_it_back(self):
        project = self.project
        project.migration("b2", "a1", "UPDATE users SET name = 'x';", "")
        result = project.drover("upgrade", "--json").json
        self.assertEqual(result["rehearsal"]["outcome"], "ok")
        backup = result["backup"]
        self.assertEqual((backup["reason"], backup["revisions"], backup["checked"]),
                         ("upgrade", ["a1"], "ok"))
        self.assertEqual(stat.S_IMODE(os.stat(backup["path"]).st_mode), 0o600)
        self.assertEqual(self.names(), ["x", "x"])

        os.chmod(project.database, 0o640)
        before = self.identity()
        open_handle = sqlite3.connect(project.database)
        refused = project.drover("restore", check=8)
        self.assertIn("Would:", refused.err)
        self.assertEqual(self.names(), ["x", "x"])
        done = project.drover("restore", "--yes", "--json").json
        self.assertEqual(self.names(), ["ann", "bob"])
        self.assertEqual(project.versions(), ["a1"])
        self.assertEqual(self.identity(), before, "the file itself stays")
        self.assertEqual([row[0] for row in open_handle.execute("SELECT name FROM users")],
                         ["ann", "bob"], "who has it open goes on with the new content")
        open_handle.close()
        self.assertEqual(project.env_status()["state"], "held")
        project.drover("restore", done["kept"]["id"], "--yes")
        self.assertEqual(self.names(), ["x", "x"])

    def test_what_fails_on_the_data_is_not_begun(self):
        project = self.project
        project.migration("b2", "a1",
                          "CREATE TABLE fine (x);\nALTER TABLE users ADD COLUMN c NOT NULL;", "")
        before = project.database.read_bytes()
        shown = project.drover("plan", "--rehearse", check=1)
        self.assertIn("fails on a copy of the data", shown.out)
        self.assertEqual(self.backups(), [], "a plan takes no backup")
        error = project.drover("upgrade", "--json", check=1).error
        self.assertIn("was not touched", error["message"])
        self.assertIn("b2", error["where"])
        self.assertEqual(project.database.read_bytes(), before)
        for _ in range(3):
            project.drover("upgrade", check=1)
        self.assertEqual(len(self.backups()), 1, "one content is kept once")

    def test_what_the_plan_does_not_say_is_refused_and_can_be_accepted(self):
        project = self.project
        with sqlite3.connect(project.database) as connection:
            connection.execute("CREATE TRIGGER t AFTER INSERT ON users BEGIN SELECT 1; END")
        connection.close()
        project.migration("b2", "a1", "CREATE TABLE n (id INTEGER PRIMARY KEY, name TEXT);\n"
                          "INSERT INTO n SELECT * FROM users;\nDROP TABLE users;\n"
                          "ALTER TABLE n RENAME TO users;", "")
        error = project.drover("upgrade", "--json", check=8).error
        self.assertEqual(error["kind"], "rehearsal.trigger_lost", error)
        shown = project.drover("plan", "--rehearse", check=8)
        self.assertIn("the trigger t would go", shown.out)
        self.assertEqual(project.versions(), ["a1"])
        project.drover("upgrade", "--yes")
        self.assertEqual(project.versions(), ["b2"])

    def test_safety_is_what_the_project_says(self):
        project = self.project
        kept = project.base / "kept"
        project.configure_dev("report")
        text = (project.root / "drover.yaml").read_text()
        project.write("drover.yaml", text + f"safety: {{rehearse: never, backup: {{keep: 2, "
                                            f"directory: {kept}}}}}\n")
        parent = "a1"
        for n in range(4):
            project.migration(f"b{n}", parent, f"INSERT INTO users (name) VALUES ('{n}');", "")
            parent = f"b{n}"
            result = project.drover("upgrade", "--json").json
            self.assertIsNone(result["rehearsal"])
        self.assertEqual(len(self.backups()), 2)
        self.assertEqual(len(list(kept.glob("*/*.db"))), 2)
        project.write("drover.yaml", text + "safety: {rehearse: never, backup: {keep: 0}}\n")
        project.migration("c", parent, "DELETE FROM users WHERE id > 3;", "")
        self.assertIsNone(project.drover("upgrade", "--yes", "--json").json["backup"])

    def test_backups_that_are_asked_for(self):
        project = self.project
        first = project.drover("backup", "--json").json
        again = project.drover("backup", "--json").json
        self.assertFalse(first["reused"])
        self.assertTrue(again["reused"])
        self.assertEqual(again["backup"]["id"], first["backup"]["id"])
        self.fill("eve")
        second = project.drover("backup", "--json").json["backup"]
        self.assertEqual([b["id"] for b in self.backups()], [second["id"], first["backup"]["id"]])
        copy = project.base / "copy.db"
        project.drover("restore", first["backup"]["id"], "--to", copy)
        self.assertEqual(self.names(copy), ["ann", "bob"])
        self.assertEqual(self.names(), ["ann", "bob", "eve"])
        error = project.drover("restore", "--to", copy, "--json", check=5).error
        self.assertEqual(error["kind"], "io.exists")
        error = project.drover("restore", "nonsense", "--json", check=1).error
        self.assertEqual(error["kind"], "backup.unknown")

    def test_a_database_that_was_deleted_comes_back(self):
        project = self.project
        project.drover("backup")
        project.database.unlink()
        project.drover("restore", "--yes")
        self.assertEqual(self.names(), ["ann", "bob"])

    def test_nothing_is_rehearsed_on_a_database_that_is_missing(self):
        project = self.project
        project.database.unlink()
        shown = project.drover("plan", "--rehearse")
        self.assertIn("not rehearsed: there is no database yet", shown.out)
        self.assertFalse(project.database.exists())

    def test_a_restore_does_not_write_over_a_running_transaction(self):
        project = self.project
        project.drover("backup")
        self.fill("eve")
        writer = sqlite3.connect(project.database, isolation_level=None)
        writer.execute("BEGIN IMMEDIATE")
        error = project.drover("restore", "--yes", "--json", check=5).error
        self.assertIn(f"pid {os.getpid()}", error["message"])
        writer.execute("ROLLBACK")
        writer.close()
        self.assertEqual(self.names(), ["ann", "bob", "eve"])

    def test_a_damaged_backup_is_not_put_back(self):
        project = self.project
        path = pathlib.Path(project.drover("backup", "--json").json["backup"]["path"])
        data = bytearray(path.read_bytes())
        data[4096 * 1 + 3] = 0x7F
        path.write_bytes(bytes(data))
        before = project.database.read_bytes()
        error = project.drover("restore", "--yes", "--json", check=1).error
        self.assertEqual(error["code"], "corrupt")
        self.assertEqual(project.database.read_bytes(), before)

    def test_reset_begins_anew_and_can_be_taken_back(self):
        project = self.project
        before = self.identity()
        refused = project.drover("reset", check=8)
        self.assertIn("Would:", refused.err)
        done = project.drover("reset", "--yes", "--json").json
        self.assertEqual(self.names(), [])
        self.assertEqual(project.versions(), ["a1"])
        self.assertEqual(self.identity(), before)
        self.assertEqual(project.env_status()["state"], "current")
        project.drover("restore", done["kept"]["id"], "--yes")
        self.assertEqual(self.names(), ["ann", "bob"])

    def test_a_reset_whose_migrations_fail_changes_nothing(self):
        project = self.project
        project.migration("b2", "a1", "INSERT INTO missing VALUES (1);", "")
        before = project.database.read_bytes()
        project.drover("reset", "--yes", check=1)
        self.assertEqual(project.database.read_bytes(), before)

    def test_reset_is_for_development(self):
        project = self.project
        project.configure('dev: {url: "sqlite:///./application.db", protected: true}')
        error = project.drover("reset", "--yes", "--json", check=8).error
        self.assertEqual(error["kind"], "reset.not_development")
        project.configure(f'dev: {{url: "sqlite:///{project.base}/other.db"}}')
        error = project.drover("reset", "--yes", "--json", check=8).error
        self.assertEqual(error["kind"], "reset.not_development")
        self.assertEqual(self.names(), ["ann", "bob"])

    def test_the_log_tells_what_was_done(self):
        project = self.project
        project.migration("b2", "a1", "UPDATE users SET name = 'x';", "")
        backup = project.drover("upgrade", "--json").json["backup"]["id"]
        project.migration("c3", "b2", "INSERT INTO missing VALUES (1);", "")
        project.drover("upgrade", check=1)
        project.drover("restore", backup, "--yes")
        entries = project.drover("log", "--json").json["entries"]
        self.assertEqual([(e["command"], e["outcome"]) for e in entries],
                         [("restore", "done"), ("upgrade", "failed"), ("upgrade", "done"),
                          ("upgrade", "done")])
        self.assertEqual((entries[0]["from"], entries[0]["to"]), (["b2"], ["a1"]))
        self.assertEqual(entries[2]["backup"], backup)
        self.assertIn("no such table", entries[1]["message"])
        self.assertEqual(len(project.drover("log", "--limit", "1", "--json").json["entries"]), 1)
        self.assertIn("upgrade done", project.drover("log").out)

    def test_verify_takes_revisions_up_down_and_up(self):
        project = self.project
        project.migration("b2", "a1", "CREATE TABLE b (x);\nCREATE TABLE c (x);", "DROP TABLE b;")
        failed = project.drover("--local", "verify", "--json", check=1).json
        self.assertEqual([(r["revision"], r["outcome"]) for r in failed["revisions"]],
                         [("a1", "ok"), ("b2", "failed")])
        self.assertIn("table c", failed["revisions"][1]["problems"][0])
        self.assertIn("1 failed", project.drover("verify", check=1).out)
        project.migration("b2", "a1", "CREATE UNIQUE INDEX u ON users (name);", "DROP INDEX u;")
        project.drover("verify")
        project.drover("verify", "head")
        project.drover("verify", "-e", "dev")
        self.fill("bob")
        failed = project.drover("verify", "-e", "dev", "--json", check=1).json
        self.assertEqual([r["revision"] for r in failed["revisions"]], ["b2"])
        self.assertEqual(failed["data"], "a copy of dev")
        self.assertEqual(project.versions(), ["a1"], "the database itself is not touched")

    def test_policy_is_bound_by_the_rehearsal(self):
        project = self.project
        project.configure_dev("apply")
        project.start()
        project.wait_state("current")
        project.migration("b2", "a1", "ALTER TABLE users ADD COLUMN c NOT NULL;", "")
        status = project.wait_state("failed")
        self.assertIn("was not touched", status["error"]["message"])
        project.migration("b2", "a1", "ALTER TABLE users ADD COLUMN c NOT NULL DEFAULT 0;", "")
        project.wait_versions("b2")
        self.assertEqual(len(self.backups()), 1)

    def test_a_full_disk_is_said_before_anything_is_begun(self):
        own = ["unshare", "--mount", "--propagation", "private"]
        if subprocess.run([*own, "true"], capture_output=True).returncode != 0:
            self.skipTest("mounting is not allowed here")
        project = self.project
        kept = project.base / "small"
        kept.mkdir()
        project.write("drover.yaml", (project.root / "drover.yaml").read_text()
                      + f"safety: {{backup: {{directory: {kept}}}}}\n")
        project.migration("b2", "a1", "UPDATE users SET name = 'x';", "")
        before = project.database.read_bytes()
        result = project.run([*own, "sh", "-c", f"mount -t tmpfs -o size=1m none {kept} && exec "
                              f"{harness.DROVER} --local upgrade --json"], check=1)
        self.assertEqual(result.error["kind"], "backup.no_space")
        self.assertEqual(project.database.read_bytes(), before)


if __name__ == "__main__":
    harness.main()
