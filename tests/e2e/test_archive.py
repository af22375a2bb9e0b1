"""What was really applied: edits of applied files, repair, redo, and revisions whose files have gone."""

import contextlib
import json
import os
import pty
import select
import sqlite3
import subprocess
import time

import harness


class Archive(harness.Case):
    """A project at its newest of three revisions, under a daemon that only reports."""

    policy = "report"

    def setUp(self):
        super().setUp()
        self.project.configure_dev(self.policy)
        self.ids = self.project.chain(3)
        self.project.drover("upgrade", env={"USER": "ann"})
        self.assertEqual(self.project.versions(), [self.ids[2]])

    def file(self, revision):
        return next((self.project.root / "migrations").glob(revision + "_*"))

    def edit(self, revision, old, new):
        path = self.file(revision)
        text = path.read_text()
        self.assertIn(old, text)
        path.write_text(text.replace(old, new))
        return text

    def history(self):
        return [f"{direction} {revision}" for direction, revision in
                self.project.query("SELECT direction, revision FROM drover_history ORDER BY id")]

    def finding(self, code):
        return next((f for f in self.project.status()["findings"] if f["code"] == code), None)

    def columns(self, table):
        return [row[1] for row in self.project.query(f"PRAGMA table_info({table})")]


class Edits(Archive):
    def test_a_cosmetic_edit_is_a_notice(self):
        project, path = self.project, self.file(self.ids[1])
        text = path.read_text()
        path.write_bytes(text.replace("CREATE TABLE", "create  table")
                         .replace("-- migrate:down", "-- a comment\n-- migrate:down")
                         .replace("\n", "\r\n").encode())
        self.assertEqual(project.env_status()["state"], "current")
        finding = self.finding("migration-reformatted")
        self.assertEqual((finding["severity"], finding["environment"]), ("info", "dev"))
        self.assertIn(self.ids[1], finding["message"])
        project.drover("status", "--exit-code", check=0)
        shown = project.drover("show", self.ids[1]).out
        self.assertIn("reformatted since it was applied to dev", shown)

        project.drover("repair", self.ids[1], "--yes")
        self.assertIsNone(self.finding("migration-reformatted"))
        error = project.drover("repair", self.ids[1], "--json", check=1).error
        self.assertEqual(error["kind"], "nothing_to_repair")

    def test_a_real_edit_is_modified_and_shown_as_a_diff(self):
        project = self.project
        self.edit(self.ids[0], "note TEXT", "note TEXT, more INT")
        entry = project.env_status()
        self.assertEqual(entry["state"], "modified")
        self.assertIn(f"drover show {self.ids[0]}", entry["why"])
        self.assertEqual(entry["error"]["hint"], f"drover repair {self.ids[0]}")
        self.assertEqual(project.status()["next"], f"drover repair {self.ids[0]}")
        shown = project.drover("show", self.ids[0]).out
        self.assertIn("    -CREATE TABLE table_1 (id INTEGER PRIMARY KEY, note TEXT);\n"
                      "    +CREATE TABLE table_1 (id INTEGER PRIMARY KEY, note TEXT, more INT);\n",
                      shown)
        difference, = project.drover("show", self.ids[0], "--json").json["revisions"][0]["differences"]
        self.assertEqual((difference["environment"], difference["kind"]), ("dev", "modified"))
        self.assertIn("@@ -", difference["diff"])

    def test_a_changed_parent_is_named(self):
        project = self.project
        extra = "e00000000001"
        project.migration(extra, self.ids[0], "CREATE TABLE extra (id INTEGER);", "DROP TABLE extra;")
        self.edit(self.ids[1], f"down_revision: {self.ids[0]}", f"down_revision: {extra}")
        entry = project.env_status()
        self.assertEqual(entry["state"], "modified")
        self.assertIn(f"its parent was {self.ids[0]} when it was applied, the file now says {extra}",
                      entry["why"])
        preview = project.drover("repair", self.ids[1], "--dry-run", "--json").json
        self.assertIn(f"with it {extra} counts as applied, though never run here",
                      " ".join(preview["changes"]))
        # Down goes the way it came up: the revision that was never applied is not claimed.
        project.drover("downgrade", self.ids[0])
        self.assertEqual(project.versions(), [self.ids[0]])

    def test_transaction_and_labels_count(self):
        self.edit(self.ids[2], "-- migrate:up", "-- migrate:up transaction:false")
        self.assertIn("ran in a transaction", self.project.env_status()["why"])
        self.edit(self.ids[2], "-- migrate:up transaction:false", "-- branch_labels: net\n-- migrate:up")
        self.assertIn("branch label", self.project.env_status()["why"])


class Repair(Archive):
    def test_repair_accepts_one_edit(self):
        project = self.project
        for revision in self.ids[:2]:
            self.edit(revision, "note TEXT", "note TEXT NOT NULL")
        project.wait_state("modified")
        before = project.schema()
        first = project.drover("repair", self.ids[0], "--dry-run")
        self.assertIn("dev: would accept the edit", first.out)
        self.assertIn("+CREATE TABLE table_1 (id INTEGER PRIMARY KEY, note TEXT NOT NULL);", first.out)
        self.assertEqual(len(self.history()), 3)
        refused = project.drover("repair", self.ids[0], "--json", check=8).error
        self.assertEqual(refused["kind"], "repair.unconfirmed")
        self.assertEqual(refused["hint"], f"drover repair {self.ids[0]} -e dev --yes")
        self.assertIn("+CREATE TABLE table_1 (id INTEGER PRIMARY KEY, note TEXT NOT NULL);",
                      project.drover("repair", self.ids[0], check=8).err, "seen before --yes")
        document = project.drover("repair", self.ids[0], "--yes", "--json").json
        self.assertTrue(document["repaired"])
        self.assertEqual(document["kind"], "modified")
        self.assertEqual(self.history()[3:], [f"repair {self.ids[0]}"])
        self.assertEqual(project.schema(), before)
        entry = project.env_status()
        self.assertEqual(entry["state"], "modified", "the other edit was not accepted")
        self.assertNotIn(self.ids[0], entry["why"])
        project.drover("repair", self.ids[1][:8] + self.ids[1][8:], "--yes")
        self.assertEqual(project.env_status()["state"], "current")
        self.assertEqual([e["command"] for e in project.journal() if e["what"] == "done"][-1], "repair")

    def test_what_cannot_be_repaired_says_why(self):
        project = self.project
        for args, kind in (((self.ids[0],), "nothing_to_repair"), (("head",), "nothing_to_repair"),
                           (("zzzz",), "unknown_revision")):
            with self.subTest(args=args):
                error = project.drover("repair", *args, "--yes", "--json", check=1).error
                self.assertEqual(error["kind"], kind)
        project.migration("f00000000001", self.ids[2], "SELECT 1;")
        self.assertEqual(project.drover("repair", "f00000000001", "--yes", "--json", check=1)
                         .error["kind"], "not_applied")
        project.drover("repair", check=2)
        project.drover("repair", self.ids[0], self.ids[1], check=2)
        self.assertEqual(len(self.history()), 3)

    def test_a_protected_environment_wants_its_name(self):
        project = self.project
        self.edit(self.ids[0], "note TEXT", "note BLOB")
        project.configure('dev: {url: "sqlite:///./application.db", protected: true}')
        error = project.drover("repair", self.ids[0], "--yes", "--json", check=8).error
        self.assertEqual(error["kind"], "environment.protected")
        project.drover("repair", self.ids[0], "--yes", "--confirm", "dev")
        self.assertEqual(project.env_status()["state"], "current")

    def test_on_a_terminal_the_diff_comes_before_the_question(self):
        self.edit(self.ids[0], "note TEXT", "note BLOB")
        for answer, code, rows in ((b"n\n", 8, 3), (b"y\n", 0, 4)):
            with self.subTest(answer=answer):
                terminal, other = pty.openpty()
                child = self.project.spawn([harness.DROVER, "repair", self.ids[0]], stdin=other,
                                           stdout=subprocess.DEVNULL, stderr=other)
                os.close(other)
                shown = self.read_until(terminal, b"[y/N]")
                self.assertIn(b"+CREATE TABLE table_1 (id INTEGER PRIMARY KEY, note BLOB);", shown)
                os.write(terminal, answer)
                self.assertEqual(child.wait(timeout=harness.PATIENCE), code)
                os.close(terminal)
                self.assertEqual(len(self.history()), rows)

    @staticmethod
    def read_until(terminal, mark):
        seen, deadline = b"", time.monotonic() + harness.PATIENCE
        while mark not in seen and time.monotonic() < deadline:
            if select.select([terminal], [], [], 0.1)[0]:
                seen += os.read(terminal, 65536)
        return seen


class Redo(Archive):
    def test_the_newest_is_redone_with_the_archived_way_down(self):
        project = self.project
        self.edit(self.ids[2], "table_3", "table_three")
        self.assertEqual(project.status()["next"], "drover redo")
        plan = project.drover("redo", "--dry-run", "--json").json
        self.assertEqual([(s["revision"], s["direction"], s["archived"]) for s in plan["steps"]],
                         [(self.ids[2], "down", True), (self.ids[2], "up", False)])
        self.assertEqual(plan["from"], plan["to"])
        self.assertIn("table_3", project.tables())
        error = project.drover("redo", "--json", check=8).error
        self.assertEqual(error["kind"], "plan.destructive")
        self.assertIn(f"{self.ids[2]}: drop table table_3", error["message"])
        self.assertIn("table_3", project.tables())
        self.assertEqual(error["hint"], "drover redo -e dev --yes")
        done = project.drover("redo", "--yes", "--json").json
        self.assertEqual(done["applied"], 2)
        self.assertEqual(project.tables(), ["table_1", "table_2", "table_three"])
        self.assertEqual(self.history()[3:], [f"down {self.ids[2]}", f"up {self.ids[2]}"])
        entry = project.env_status()
        self.assertEqual((entry["state"], entry["current"]), ("current", [self.ids[2]]))
        self.assertNotIn(str(project.database), self.state().get("held", {}))
        self.assertEqual([e["command"] for e in project.journal() if e["what"] == "done"][-1], "redo")

    def test_what_is_above_goes_and_comes_too(self):
        project = self.project
        self.edit(self.ids[0], "note TEXT", "note TEXT, more INT")
        out = project.drover("redo", self.ids[0], "--yes").out
        self.assertIn("dev: redid 3 migrations", out)
        self.assertIn("(as it was applied)", out)
        self.assertEqual(self.history()[3:],
                         [f"down {self.ids[2]}", f"down {self.ids[1]}", f"down {self.ids[0]}",
                          f"up {self.ids[0]}", f"up {self.ids[1]}", f"up {self.ids[2]}"])
        self.assertEqual(self.columns("table_1"), ["id", "note", "more"])

    def test_a_failure_leaves_the_last_complete_revision(self):
        project = self.project
        self.edit(self.ids[2], "CREATE TABLE table_3", "CREATE TABLE nowhere.table_3")
        error = project.drover("redo", "--yes", "--json", check=1).error
        self.assertIn("nowhere", error["message"])
        self.assertIn(f"the database is at {self.ids[1]}", error["message"])
        self.assertEqual(project.versions(), [self.ids[1]])
        self.assertEqual(project.tables(), ["table_1", "table_2"])
        self.assertEqual(project.env_status()["state"], "failed")
        self.edit(self.ids[2], "CREATE TABLE nowhere.table_3", "CREATE TABLE table_3")
        project.drover("upgrade")
        self.assertEqual(project.tables(), ["table_1", "table_2", "table_3"])

    def test_protection_destruction_and_what_is_not_applied(self):
        project = self.project
        path = self.file(self.ids[2])
        path.write_text(path.read_text().replace("-- migrate:down", "DROP TABLE table_1;\n-- migrate:down"))
        error = project.drover("redo", "--json", check=8).error
        self.assertEqual(error["kind"], "plan.destructive")
        self.assertIn("drop table table_1", error["message"])
        project.migration("f00000000001", self.ids[2], "SELECT 1;")
        self.assertEqual(project.drover("redo", "f00000000001", "--json", check=1).error["kind"],
                         "not_applied")
        project.configure('dev: {url: "sqlite:///./application.db", protected: true}')
        error = project.drover("redo", "--yes", "--json", check=8).error
        self.assertEqual(error["kind"], "environment.protected")
        self.assertEqual(error["hint"], "drover redo -e dev --confirm dev")
        self.assertEqual(len(self.history()), 3)

    def state(self):
        path = self.project.state / "state.json"
        return json.loads(path.read_text()) if path.exists() else {}


class RedoUnderPolicy(Archive):
    policy = "apply"

    def test_a_redo_neither_holds_nor_is_repeated_after_a_failure(self):
        project = self.project
        self.edit(self.ids[2], "CREATE TABLE table_3", "CREATE TABLE nowhere.table_3")
        project.wait_state("modified")
        project.drover("redo", "--yes", check=1)
        project.wait_state("failed")
        self.assertEqual(project.versions(), [self.ids[1]])
        self.edit(self.ids[2], "CREATE TABLE nowhere.table_3", "CREATE TABLE table_3")
        project.wait_versions(self.ids[2])
        project.drover("redo", "--yes")
        project.migration("f00000000001", self.ids[2], "CREATE TABLE f (id INTEGER);")
        project.wait_versions("f00000000001")

    def test_a_hold_outlives_a_redo(self):
        project = self.project
        project.drover("downgrade", "-1")
        project.drover("redo", "--yes")
        self.assertEqual(project.env_status()["state"], "held")
        self.assertEqual(project.versions(), [self.ids[1]])


class Orphans(Archive):
    def test_an_orphan_is_shown_with_its_origin(self):
        project = self.project
        self.file(self.ids[2]).unlink()
        entry = project.env_status()
        self.assertEqual(entry["state"], "orphan")
        self.assertIn('"Make table_3", applied by ann at 20', entry["why"])
        self.assertEqual(entry["error"]["hint"], "drover align")
        row, = project.drover("current", "--json").json["environments"][0]["current"]
        self.assertEqual((row["orphan"], row["message"], row["applied"]["by"]),
                         (True, "Make table_3", "ann"))
        newest = project.drover("history", "--json").json["revisions"][0]
        self.assertEqual((newest["revision"], newest["orphan"], newest["message"]),
                         (self.ids[2], True, "Make table_3"))
        self.assertEqual(newest["applied"][0]["by"], "ann")
        self.assertIn("no file; applied to dev by ann", project.drover("history").out)
        self.assertIn("CREATE TABLE table_3", project.drover("show", self.ids[2][:12]).out)

    def test_orphans_go_down_by_their_archive_and_upgrade_waits_for_it(self):
        project = self.project
        self.file(self.ids[2]).unlink()
        self.file(self.ids[1]).unlink()
        error = project.drover("upgrade", "--json", check=4).error
        self.assertEqual((error["kind"], error["hint"]),
                         ("orphan", "drover align"))
        self.assertEqual(project.drover("redo", "--json", check=4).error["kind"], "orphan")
        self.assertEqual(project.drover("repair", self.ids[2], "--yes", "--json", check=4)
                         .error["kind"], "orphan")
        plan = project.drover("plan", "-1", "--json").json
        self.assertEqual([(s["revision"], s["archived"], s["file"]) for s in plan["steps"]],
                         [(self.ids[2], True, "")])
        project.drover("downgrade", self.ids[0])
        self.assertEqual(project.tables(), ["table_1"])
        self.assertEqual(project.env_status()["state"], "current")
        self.assertEqual(self.history()[3:], [f"down {self.ids[2]}", f"down {self.ids[1]}"])

    def test_an_orphan_below_a_file(self):
        project = self.project
        self.file(self.ids[1]).unlink()
        entry = project.env_status()
        self.assertEqual(entry["state"], "orphan")
        revisions = project.drover("history", "--json").json["revisions"]
        self.assertEqual([r["revision"] for r in revisions], self.ids[::-1])
        project.drover("downgrade", self.ids[0])
        self.assertEqual(project.versions(), [self.ids[0]])
        self.assertEqual(project.tables(), ["table_1"])

    def test_an_orphan_without_a_way_down_is_irreversible(self):
        project = self.project
        project.migration("f00000000001", self.ids[2], "CREATE TABLE f (id INTEGER);", message="F")
        project.drover("upgrade")
        self.file("f00000000001").unlink()
        error = project.drover("downgrade", "-1", "--json", check=8).error
        self.assertEqual(error["kind"], "irreversible")
        self.assertIn("git log --all", project.env_status()["error"]["hint"])

    def test_after_a_branch_switch_the_other_branch_is_reached(self):
        project = self.project
        self.file(self.ids[2]).unlink()
        project.migration("f00000000001", self.ids[1], "CREATE TABLE f (id INTEGER);")
        project.drover("downgrade", self.ids[1])
        project.drover("upgrade")
        self.assertEqual(project.tables(), ["f", "table_1", "table_2"])
        self.assertEqual(project.env_status()["state"], "current")


class BranchSwitch(Archive):
    """A checkout takes an applied revision away and brings another one."""

    def setUp(self):
        super().setUp()
        self.git("init", "--quiet", "--initial-branch=main")
        (self.project.root / ".gitignore").write_text("*.db*\n")
        self.commit("Three tables")
        self.git("checkout", "--quiet", "-b", "notes")
        self.project.migration("0000000000aa", self.ids[2], "ALTER TABLE table_1 ADD COLUMN remark TEXT;",
                               "ALTER TABLE table_1 DROP COLUMN remark;", message="Add remarks")
        self.commit("Add remarks")
        self.project.drover("upgrade")
        with contextlib.closing(sqlite3.connect(self.project.database)) as database, database:
            database.execute("INSERT INTO table_1 (id, note, remark) VALUES (1, 'kept', 'lost')")
        self.git("checkout", "--quiet", "main")
        self.project.migration("0000000000bb", self.ids[2], "CREATE TABLE place (id INTEGER);",
                               "DROP TABLE place;")
        self.commit("Add places")

    def git(self, *args):
        self.project.run(["git", "-C", self.project.root, "-c", "user.name=Ann",
                          "-c", "user.email=ann@example.org", *args])

    def commit(self, message):
        self.git("add", ".")
        self.git("commit", "--quiet", "-m", message)

    def test_status_says_on_which_branch_the_revision_lives(self):
        entry = self.project.env_status()
        self.assertEqual((entry["state"], entry["error"]["hint"]), ("orphan", "drover align"))
        self.assertIn("its file is on branch notes (migrations/0000000000aa", entry["why"])
        self.assertIn(", by Ann); this is branch main", entry["why"])

    def test_align_shows_what_it_would_do_and_needs_consent_for_what_is_lost(self):
        project = self.project
        plan = project.drover("align", "--dry-run", "--json").json
        self.assertEqual([(s["direction"], s["revision"], s["archived"]) for s in plan["steps"]],
                         [("down", "0000000000aa", True), ("up", "0000000000bb", False)])
        error = project.drover("align", "--json", check=8).error
        self.assertEqual(error["kind"], "plan.destructive")
        self.assertIn("table_1.remark", error["message"])
        self.assertEqual(project.versions(), ["0000000000aa"])

    def test_align_leads_to_this_branch_and_keeps_the_rows_and_a_backup(self):
        project = self.project
        out = project.drover("align", "--yes").out
        self.assertIn("reverted and applied 2 migrations", out)
        self.assertEqual(project.versions(), ["0000000000bb"])
        self.assertEqual(project.query("SELECT id, note FROM table_1"), [(1, "kept")])
        self.assertNotIn("remark", self.columns("table_1"))
        self.assertEqual(project.env_status()["state"], "current")
        backup = project.drover("backups", "--json").json["backups"][0]
        self.assertEqual(backup["reason"], "align")
        self.assertEqual(self.journal_commands()[-1], "align")
        # And back: the branch with its column.
        self.git("checkout", "--quiet", "notes")
        project.drover("align", "--yes")
        self.assertEqual(project.versions(), ["0000000000aa"])
        self.assertIn("remark", self.columns("table_1"))
        self.assertNotIn("place", project.tables())

    def test_without_a_way_back_the_branch_is_named(self):
        project = self.project
        self.git("checkout", "--quiet", "notes")
        project.migration("0000000000cc", "0000000000aa", "CREATE TABLE final (id INTEGER);")
        self.commit("No way back")
        project.drover("upgrade")
        self.git("checkout", "--quiet", "main")
        self.assertEqual(project.env_status()["error"]["hint"], "git checkout notes")
        error = project.drover("align", "--json", check=8).error
        self.assertEqual(error["kind"], "align.no_way_back")
        self.assertIn("0000000000cc", error["message"])
        self.assertEqual(error["hint"], "git checkout notes, or drover backups, then drover restore")
        self.assertEqual(project.versions(), ["0000000000cc"])

    def journal_commands(self):
        return [entry["command"] for entry in self.project.journal() if entry["what"] == "done"]


class WithoutADaemon(Archive):
    def test_everything_works_locally(self):
        project = self.project
        project.drover("daemon", "stop")
        self.edit(self.ids[2], "note TEXT", "note BLOB")
        self.assertIn("would redo 1 migration", project.drover("--local", "redo", "--dry-run").out)
        self.assertIn("would accept", project.drover("--local", "repair", "head", "--dry-run").out)
        project.drover("--local", "redo", "--yes")
        self.edit(self.ids[0], "note TEXT", "note BLOB")
        project.drover("--local", "repair", self.ids[0], "--yes")
        self.file(self.ids[2]).unlink()
        project.drover("--local", "downgrade", "-1")
        status = project.drover("--local", "status", "--json").json
        self.assertEqual(status["environments"][0]["state"], "current")
        self.assertIsNone(project.pid())


if __name__ == "__main__":
    harness.main()
