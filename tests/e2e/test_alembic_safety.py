"""drover's safety around Alembic: copies, backups, and what a failure or a death leaves."""

import subprocess

import harness
from alembic_project import LAST, MERGE, ApplyingCase


class Safety(ApplyingCase):
    def setUp(self):
        super().setUp()
        self.drover("upgrade")
        self.execute("INSERT INTO accounts (name, note) VALUES ('ann', 'kept')")

    def test_a_backup_comes_first_and_a_rehearsal_on_a_copy(self):
        self.last_version('op.add_column("accounts", sa.Column("age", sa.Integer))')
        done = self.drover("upgrade", "--json").json
        self.assertEqual(done["rehearsal"]["outcome"], "ok")
        self.assertEqual(done["backup"]["revisions"], [MERGE])
        copy = done["backup"]["path"]
        self.assertEqual(self.project.query("SELECT name, note FROM accounts", copy), [("ann", "kept")])

    def test_what_fails_halfway_fails_on_the_copy(self):
        self.last_version('op.add_column("accounts", sa.Column("age", sa.Integer))\n'
                          'op.execute("INSERT INTO nowhere VALUES (1)")')
        before = self.project.schema()
        error = self.drover("upgrade", "--json", check=1).error
        self.assertEqual(error["kind"], "alembic.failed")
        self.assertIn(f"revision {LAST}", error["message"])
        self.assertIn("no such table: nowhere", error["message"])
        self.assertRegex(error["where"], rf"versions/{LAST}_the_last_one\.py:\d+:1$")
        self.assertEqual((self.project.schema(), self.rows()), (before, [MERGE]))
        self.assertEqual(self.dev()["state"], "failed")

    def test_without_a_rehearsal_the_half_applied_state_is_said_and_taken_back(self):
        with open(self.root / "drover.yaml", "a", encoding="utf-8") as config:
            config.write("safety: {rehearse: never}\n")
        self.last_version('op.add_column("accounts", sa.Column("age", sa.Integer))\n'
                          'op.execute("INSERT INTO nowhere VALUES (1)")')
        before = self.project.schema()
        error = self.drover("upgrade", "--json", check=5).error
        self.assertEqual(error["kind"], "alembic.half_applied")
        self.assertNotEqual(self.project.schema(), before, "SQLite under Alembic is like that")
        command = error["hint"].split()
        self.assertEqual(command[:2], ["drover", "restore"])
        self.assertEqual(self.dev()["error"]["hint"], error["hint"])
        again = self.drover("upgrade", "--json", check=5).error
        self.assertEqual((again["kind"], again["hint"]), (error["kind"], error["hint"]),
                         "a second backup would be one of the damage")
        self.drover(*command[1:], "--yes")
        self.assertEqual(self.project.schema(), before)
        self.assertEqual(self.project.query("SELECT name, note FROM accounts"), [("ann", "kept")])

    def test_rows_that_a_failed_revision_has_committed_are_said(self):
        with open(self.root / "drover.yaml", "a", encoding="utf-8") as config:
            config.write("safety: {rehearse: never}\n")
        self.last_version('op.execute("UPDATE accounts SET note = note || \'!\'")\n'
                          'op.get_bind().execute(sa.text("COMMIT"))\n'
                          'op.execute("INSERT INTO nowhere VALUES (1)")')
        error = self.drover("upgrade", "--json", check=1).error
        self.assertEqual(error["kind"], "alembic.failed")
        self.assertIn("have changed meanwhile", error["message"])
        self.assertEqual(self.project.query("SELECT note FROM accounts"), [("kept!",)])
        self.last_version('op.execute("UPDATE accounts SET note = note || \'?\'")\n'
                          'op.execute("INSERT INTO nowhere VALUES (1)")')
        error = self.drover("upgrade", "--json", check=1).error
        self.assertNotIn("meanwhile", error["message"], "what was rolled back is not told")
        self.assertEqual(self.project.query("SELECT note FROM accounts"), [("kept!",)])

    def test_lost_rows_columns_and_tables_need_consent(self):
        self.last_version('with op.batch_alter_table("accounts") as batch:\n'
                          '    batch.drop_column("note")\n'
                          'op.drop_table("bindings")')
        self.execute("INSERT INTO bindings (name) VALUES ('x')")
        error = self.drover("upgrade", "--json", check=8).error
        self.assertIn("accounts.note", error["message"])
        self.assertIn("bindings would be gone with its 1 row", error["message"])
        self.assertEqual(self.rows(), [MERGE])
        plan = self.drover("plan", "--rehearse", "--json", check=None).json
        kinds = {problem["kind"] for problem in plan["rehearsal"]["problems"]}
        self.assertEqual(kinds, {"rehearsal.column_lost", "rehearsal.table_lost"})
        self.drover("upgrade", "--yes")
        self.assertEqual(self.rows(), [LAST])

    def test_a_redo_that_empties_a_table_needs_consent(self):
        self.last_version('op.execute("CREATE TABLE notes (id INTEGER PRIMARY KEY, t TEXT)")',
                          'op.drop_table("notes")')
        self.drover("upgrade")
        self.execute("INSERT INTO notes (t) VALUES ('one'), ('two')")
        for _ in range(2):
            error = self.drover("redo", "--json", check=8).error
            self.assertEqual(error["kind"], "rehearsal.table_lost")
            self.assertIn("notes would be gone with its 2 rows", error["message"])
            self.assertEqual(error["hint"], "mend the migration, or say --yes")
            self.assertEqual(self.dev()["state"], "current", "that it was refused is no failure")
        self.assertEqual(self.project.query("SELECT count(*) FROM notes"), [(2,)])
        self.drover("redo", "--yes")
        self.assertEqual(self.project.query("SELECT count(*) FROM notes"), [(0,)])
        self.drover("redo")

    def test_a_redo_says_which_column_would_be_emptied(self):
        self.last_version('with op.batch_alter_table("accounts") as batch:\n'
                          '    batch.add_column(sa.Column("nickname", sa.Text))\n'
                          '    batch.add_column(sa.Column("bio", sa.Text))',
                          'with op.batch_alter_table("accounts") as batch:\n'
                          '    batch.drop_column("bio")\n'
                          '    batch.drop_column("nickname")')
        self.drover("upgrade")
        self.execute("UPDATE accounts SET bio = 'about ' || name")
        error = self.drover("redo", "--json", check=8).error
        self.assertEqual(error["kind"], "rehearsal.column_lost")
        self.assertIn("the column accounts.bio would be gone with what 1 row has in it",
                      error["message"])
        self.assertNotIn("nickname", error["message"])
        self.drover("redo", "--yes")
        self.assertEqual(self.project.query("SELECT bio FROM accounts"), [(None,)])

    def test_a_cascade_on_the_way_down_needs_consent(self):
        env = self.root / "backend/alembic/env.py"
        env.write_text(env.read_text().replace(
            "    with engine.connect() as connection:\n",
            "    from sqlalchemy import event\n"
            "    event.listen(engine, 'connect', lambda raw, _: raw.execute('PRAGMA foreign_keys=ON'))\n"
            "    with engine.connect() as connection:\n"))
        self.last_version('op.add_column("accounts", sa.Column("bio", sa.Text))\n'
                          'op.execute("CREATE TABLE tags (id INTEGER PRIMARY KEY)")',
                          'with op.batch_alter_table("accounts") as batch:\n'
                          '    batch.drop_column("bio")\n'
                          'op.drop_table("tags")')
        self.drover("upgrade")
        self.execute("CREATE TABLE posts (id INTEGER PRIMARY KEY, "
                     "                    account INTEGER REFERENCES accounts (id) ON DELETE CASCADE);"
                     "UPDATE accounts SET bio = 'about ' || name;"
                     "INSERT INTO posts (account) SELECT id FROM accounts; INSERT INTO tags VALUES (1)")
        error = self.drover("downgrade", "--json", "--", "-1", check=8).error
        self.assertEqual(error["kind"], "rehearsal.rows_lost")
        self.assertRegex(error["message"], "was not touched: posts would be left with 0 of its 1 row, "
                         "though nothing says so$", "what it drops is what was asked for")
        error = self.drover("redo", "--json", check=8).error
        self.assertIn("posts would be left with 0 of its 1 row", error["message"])
        self.assertIn("tags would be gone with its 1 row", error["message"])
        self.assertEqual(self.dev()["state"], "current")
        self.assertEqual(self.project.query("SELECT count(*) FROM posts"), [(1,)])
        self.drover("downgrade", "--yes", "--", "-1")
        self.assertEqual(self.project.query("SELECT count(*) FROM posts"), [(0,)])

    def test_a_restore_waits_for_an_alembic_at_work(self):
        begun = self.root / "begun"
        kept = self.drover("backup", "--json").json["backup"]["id"]
        self.last_version(
            'op.execute("CREATE TABLE one (x)")\n'
            "if str(op.get_bind().engine.url).endswith('/application.db'):\n"
            f"    open({str(begun)!r}, 'w').close()\n"
            "    import time\n"
            "    time.sleep(1)\n"
            'op.execute("CREATE TABLE two (x)")')
        upgrade = self.project.spawn([harness.DROVER, "upgrade"], stdout=subprocess.DEVNULL)
        harness.wait_until(begun.exists, "the revision is at work")
        self.drover("--local", "restore", kept, "--yes")
        self.assertEqual(upgrade.wait(harness.PATIENCE), 0)
        self.assertEqual(self.rows(), [MERGE])
        self.assertFalse({"one", "two"} & set(self.project.tables()))

    def test_a_lost_trigger_is_found(self):
        self.execute("CREATE TRIGGER quiet AFTER INSERT ON accounts BEGIN SELECT 1; END")
        self.last_version('with op.batch_alter_table("accounts", recreate="always") as batch:\n'
                          '    batch.alter_column("name", nullable=True)')
        error = self.drover("upgrade", "--json", check=8).error
        self.assertEqual(error["kind"], "rehearsal.trigger_lost")

    def test_reset_makes_the_database_anew_and_keeps_the_old_one(self):
        self.drover("reset", "--yes")
        self.assertEqual(self.project.query("SELECT count(*) FROM accounts"), [(0,)])
        self.assertEqual(self.rows(), [MERGE])
        self.drover("restore", "latest", "--yes")
        self.assertEqual(self.project.query("SELECT name FROM accounts"), [("ann",)])


class Verifying(ApplyingCase):
    def test_up_down_and_up_again(self):
        verified = self.drover("verify", "--json").json
        self.assertEqual(verified["outcome"], "ok")
        self.assertEqual([r["revision"] for r in verified["revisions"]][-1], MERGE)
        self.assertFalse(self.project.database.exists())

    def test_a_way_down_that_forgets_something_is_found(self):
        self.last_version('op.add_column("accounts", sa.Column("age", sa.Integer))')
        verified = self.drover("verify", LAST, "--json", check=None).json
        self.assertEqual(verified["outcome"], "failed")
        last = verified["revisions"][-1]
        self.assertEqual((last["revision"], last["outcome"]), (LAST, "failed"))
        self.assertIn("age", " ".join(last["problems"]))


class Deaths(ApplyingCase):
    SLOW = ('op.create_table("big", sa.Column("id", sa.Integer))\nimport sys, time\n'
            'open("begun", "w").close()\ntime.sleep(2)\nprint("x" * 1000)\n'
            'op.create_table("big2", sa.Column("id", sa.Integer))')

    def setUp(self):
        super().setUp()
        self.drover("upgrade")
        self.execute("INSERT INTO accounts (name) VALUES ('ann')")
        with open(self.root / "drover.yaml", "a", encoding="utf-8") as config:
            config.write("safety: {rehearse: never}\n")

    def test_alembic_ends_its_revision_when_drover_dies_and_the_next_one_waits(self):
        self.last_version(self.SLOW)
        child = self.project.spawn([harness.DROVER, "upgrade"], stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL)
        harness.wait_until(lambda: (self.root / "begun").exists(), "the revision has begun")
        self.project.kill()
        child.wait(timeout=harness.PATIENCE)
        # A thread of the dead one may still hold its socket for a moment.
        harness.wait_until(lambda: self.drover("upgrade", check=None).code == 0, "the next one did it")
        self.assertIn("Alembic goes on without drover", self.project.log_text())
        self.assertEqual(self.rows(), [LAST])
        self.assertLessEqual({"big", "big2"}, set(self.project.tables()))

    def test_much_output_and_children_in_the_background_are_no_trouble(self):
        self.last_version('import subprocess\nsubprocess.Popen(["sleep", "60"])\n'
                          'for _ in range(70):\n    print("x" * (1 << 20))\n'
                          'op.create_table("big", sa.Column("id", sa.Integer))')
        self.drover("upgrade")
        self.assertEqual(self.rows(), [LAST])
        subprocess.run(["pkill", "-f", "^sleep 60$"], check=False)


if __name__ == "__main__":
    harness.main()
