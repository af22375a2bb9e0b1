"""Alembic's revisions are carried out by the project's own Alembic."""

import subprocess

import harness
from alembic_project import ADD_INDEX, ADD_NOTE, FIRST, LAST, MERGE, ApplyingCase


class Upgrades(ApplyingCase):
    def test_one_revision_after_the_other_and_the_result_is_alembics_own(self):
        done = self.drover("upgrade", "--json").json
        self.assertEqual({step["revision"] for step in done["steps"]},
                         {FIRST, ADD_NOTE, ADD_INDEX, MERGE})
        self.assertEqual((done["to"], done["applied"]), ([MERGE], 4))
        self.assertEqual(self.rows(), [MERGE])
        self.assertEqual(oct(self.project.database.stat().st_mode & 0o777), "0o644")
        self.assertNotIn("drover_history", self.project.tables())
        self.assertEqual(self.dev()["state"], "current")
        mine = self.project.schema()
        self.project.database.rename(self.root / "by_drover.db")
        self.alembic("upgrade", "head")
        self.assertEqual(self.project.schema(), mine)

    def test_what_alembic_prints_is_in_the_result_the_event_and_the_log(self):
        self.drover("upgrade")
        events = self.project.events()
        self.last_version('op.get_bind()\nprint("moved three rows")')
        done = self.drover("upgrade")
        self.assertIn("moved three rows", done.out)
        _, applied = events.wait("applied", revision=LAST)
        self.assertEqual(applied["output"], "moved three rows\n")
        self.assertIn("moved three rows", self.project.log_text())
        steps = self.drover("redo", "--yes", "--json").json["steps"]
        self.assertEqual([step["output"] for step in steps], [None, "moved three rows\n"])

        self.version("aaaa00000009", LAST, "Fails", up='print("half way")\nop.execute("nonsense")')
        self.drover("upgrade", check=1)
        _, failed = events.wait("failed")
        self.assertIn("half way", failed["output"])
        self.assertIn("Traceback", failed["output"])
        self.assertEqual(failed["error"]["kind"], "alembic.failed")

    def test_the_script_is_what_alembic_prints(self):
        printed = self.drover("plan", "--sql").out
        mine = self.alembic("upgrade", "base:head", "--sql").out
        self.assertEqual(printed, mine)
        sqlite = subprocess.run(["sqlite3", "-bail", self.root / "by_script.db"], input=printed,
                                text=True, capture_output=True, check=False)
        self.assertEqual((sqlite.returncode, sqlite.stderr), (0, ""))
        self.assertFalse(self.project.database.exists(), "nothing was carried out")
        self.drover("upgrade")
        self.assertEqual(*[[(*row[:3], (row[3] or "").split()) for row in self.project.schema(path)]
                           for path in (None, self.root / "by_script.db")])
        self.assertEqual(self.drover("plan", "--sql").out, "")
        self.assertIn("DROP TABLE accounts", self.drover("downgrade", f"{FIRST}:base", "--sql").out)
        self.assertIn(f"version_num='{FIRST}'", self.drover("stamp", FIRST, "--sql").out)
        self.assertIn("CREATE INDEX", self.drover("upgrade", "--sql", f"{FIRST}:{ADD_INDEX}").out)
        self.assertEqual(self.rows(), [MERGE])

    def test_a_script_that_alembic_cannot_write(self):
        self.drover("upgrade")
        self.last_version('with op.batch_alter_table("accounts", recreate="always") as batch:\n'
                          '    batch.drop_column("note")')
        error = self.drover("plan", "--sql", "--json", check=1).error
        self.assertEqual(error["kind"], "alembic.failed")
        self.assertIn("requires a live database connection", error["message"])
        self.last_version('op.get_bind().execute(sa.text("UPDATE accounts SET note = :n"), {"n": 1})')
        scripted = self.drover("plan", "--sql")
        self.assertRegex(scripted.err, rf"warning: .*_the_last_one\.py:\d+: revision {LAST} works with rows")
        self.last_version('raise ValueError("no")')
        error = self.drover("plan", "--sql", "--json", check=1).error
        self.assertIn("ValueError: no", error["message"])
        self.assertRegex(error["where"], r"versions/.*\.py:\d+:1$")

    def test_from_a_wrong_directory_it_is_the_right_database(self):
        self.drover("upgrade", cwd=self.root / "backend" / "alembic")
        self.assertEqual(self.rows(), [MERGE])
        self.assertEqual(sorted(str(p.relative_to(self.root)) for p in self.root.rglob("*.db")),
                         ["application.db"])

    def test_down_to_a_branch_point_and_up_again(self):
        self.drover("upgrade")
        self.execute("INSERT INTO accounts (name) VALUES ('ann')")
        done = self.drover("downgrade", ADD_NOTE, "--json").json
        self.assertEqual([step["revision"] for step in done["steps"]], [MERGE])
        self.assertEqual(self.rows(), sorted([ADD_NOTE, ADD_INDEX]))
        done = self.drover("downgrade", FIRST, "--json").json
        self.assertEqual({step["revision"] for step in done["steps"]}, {ADD_NOTE, ADD_INDEX})
        self.assertEqual(self.rows(), [FIRST])
        self.assertEqual(self.dev()["state"], "held")
        self.assertEqual(self.project.query("SELECT name FROM accounts"), [("ann",)])
        self.drover("upgrade", "heads")
        self.assertEqual(self.rows(), [MERGE])
        self.drover("redo", "--yes")
        self.assertEqual(self.rows(), [MERGE])

    def test_a_root_that_depends_on_another_goes_alone(self):
        self.drover("upgrade")
        self.execute("INSERT INTO accounts (name) VALUES ('ann')")
        self.version("eeee00000001", None, "A root of its own", branch_labels=("second",),
                     depends_on=MERGE, up='op.create_table("second", sa.Column("id", sa.Integer))',
                     down='op.drop_table("second")')
        self.drover("upgrade", "heads")
        self.assertEqual(self.rows(), ["eeee00000001"])
        self.drover("redo", "eeee00000001", "--yes")
        self.assertEqual(self.rows(), ["eeee00000001"])
        self.drover("downgrade", "-1")
        self.assertEqual(self.rows(), [MERGE])
        self.drover("upgrade", "heads")
        self.drover("downgrade", "second@base")
        self.assertEqual(self.rows(), [MERGE])
        self.assertEqual(self.project.query("SELECT name FROM accounts"), [("ann",)])

    def test_a_new_database_appears_whole_or_not_at_all(self):
        self.last_version('op.create_table("half", sa.Column("id", sa.Integer))\n'
                          'op.execute("INSERT INTO nowhere VALUES (1)")')
        error = self.drover("upgrade", "--json", check=1).error
        self.assertIn(f"revision {LAST}", error["message"])
        self.assertFalse(self.project.database.exists())
        dev = self.dev()
        self.assertEqual((dev["state"], dev["current"]), ("failed", []))
        self.last_version('op.create_table("half", sa.Column("id", sa.Integer))')
        self.drover("upgrade")
        self.assertEqual((self.rows(), self.dev()["state"]), ([LAST], "current"))

    def test_what_another_program_makes_meanwhile_stays(self):
        self.last_version(f"import subprocess\nsubprocess.run(['sqlite3', {str(self.project.database)!r},"
                          " 'CREATE TABLE theirs (x); INSERT INTO theirs VALUES (1)'], check=True)")
        error = self.drover("upgrade", "--json", check=5).error
        self.assertEqual(error["kind"], "database.appeared")
        self.assertEqual(self.project.query("SELECT x FROM theirs"), [(1,)])
        self.assertEqual(self.dev()["state"], "unversioned")

    def test_the_umask_holds(self):
        self.project.stop()
        self.project.run(["sh", "-c", f"umask 077; {harness.DROVER} --local upgrade"])
        self.assertEqual(oct(self.project.database.stat().st_mode & 0o777), "0o600")

    def test_redo_applies_an_edited_file_anew(self):
        self.drover("upgrade")
        file = self.last_version('op.execute("CREATE TABLE extra (x)")',
                                 down='op.execute("DROP TABLE extra")')
        self.drover("upgrade")
        file.write_text(file.read_text().replace("extra (x)", "extra (x, y)"))
        self.assertEqual(self.dev()["state"], "modified")
        self.drover("redo", "--yes")
        self.assertEqual(self.dev()["state"], "current")
        self.assertEqual(self.columns("extra"), ["x", "y"])

    def test_an_edit_behind_the_job_is_one(self):
        """The job itself notes the files of what it has applied, before anybody can edit them."""
        self.drover("upgrade")
        first = self.version(LAST, MERGE, "The last one", up="pass")
        self.version("aaaa00000006", LAST, "Edits the one before", up=(
            "if str(op.get_bind().engine.url).endswith('/application.db'):\n"
            f"    with open({str(first)!r}, 'a') as file:\n"
            "        file.write('# edited\\n')"))
        self.drover("upgrade")
        self.assertIn("# edited", first.read_text())
        self.assertEqual(self.dev()["state"], "modified")

    def test_a_file_that_changes_after_the_plan_is_not_applied(self):
        file = self.last_version("pass")
        file.write_text(file.read_text().replace("def upgrade():\n    pass", (
            "def upgrade():\n"
            "    with open(__file__, 'a') as file:\n"
            "        file.write('# edited\\n')")))
        self.drover("upgrade", MERGE)
        self.execute("INSERT INTO accounts (id) VALUES (1)")  # wants a rehearsal
        error = self.drover("upgrade", "--json", check=5).error
        self.assertEqual(error["kind"], "alembic.file_changed")
        self.assertEqual(self.rows(), [MERGE])

    def test_so_it_is_with_a_way_down(self):
        file = self.last_version('op.execute("CREATE TABLE extra (x)")')
        file.write_text(file.read_text().replace("def downgrade():\n    pass", (
            "def downgrade():\n"
            "    op.execute('DROP TABLE extra')\n"
            "    with open(__file__, 'a') as file:\n"
            "        file.write('# edited\\n')")))
        self.drover("upgrade")
        self.execute("INSERT INTO accounts (id) VALUES (1)")
        error = self.drover("downgrade", "-1", "--json", check=5).error
        self.assertEqual(error["kind"], "alembic.file_changed")
        self.assertEqual(self.rows(), [LAST])

    def test_a_reset_takes_the_files_as_they_are(self):
        file = self.last_version('op.execute("CREATE TABLE extra (x)")')
        self.drover("upgrade")
        file.write_text(file.read_text().replace("extra (x)", "extra (x, y)"))
        self.assertEqual(self.dev()["state"], "modified")
        self.drover("reset", "--yes")
        self.assertEqual(self.dev()["state"], "current")
        self.assertEqual(self.columns("extra"), ["x", "y"])

    def test_stamp(self):
        self.drover("upgrade", FIRST)
        self.drover("stamp", ADD_NOTE)
        self.assertEqual(self.rows(), [ADD_NOTE])
        self.drover("stamp", "head")
        self.assertEqual(self.rows(), [MERGE])
        self.assertEqual(self.alembic("current").out.split()[0], MERGE)


if __name__ == "__main__":
    harness.main()
