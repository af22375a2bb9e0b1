"""Alembic's revisions are carried out by the project's own Alembic, with drover's safety around it."""

import json
import pathlib
import signal
import sqlite3
import subprocess

import harness
from alembic_project import (ADD_INDEX, ADD_NOTE, ENV_PY, FIRST, INI, LAST, MERGE, AlembicCase,
                             available)


TEMPLATE_ENV_PY = """
config = context.config


def run_migrations_online():
    from sqlalchemy import engine_from_config
    connectable = engine_from_config(config.get_section(config.config_ini_section),
                                     prefix="sqlalchemy.", poolclass=pool.NullPool)
    with connectable.connect() as connection:
        context.configure(connection=connection)
        with context.begin_transaction():
            context.run_migrations()


run_migrations_online()
"""

MAKO = """\
\"\"\"${message}

Revision ID: ${up_revision}
Revises: ${down_revision | comma,n}
Create Date: ${create_date}

\"\"\"
from alembic import op
import sqlalchemy as sa
${imports if imports else ""}

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = ${repr(branch_labels)}
depends_on = ${repr(depends_on)}


def upgrade():
    ${upgrades if upgrades else "pass"}


def downgrade():
    ${downgrades if downgrades else "pass"}
"""


class Applying(AlembicCase):
    def setUp(self):
        if not available():
            self.skipTest("Alembic is not installed")
        super().setUp()
        self.fastapi()

    def rows(self):
        return sorted(self.project.versions())

    def execute(self, sql):
        database = sqlite3.connect(self.project.database)
        with database:
            database.executescript(sql)
        database.close()

    def columns(self, table):
        return [row[1] for row in self.project.query(f"PRAGMA table_info({table})")]

    def last_version(self, up, down="pass"):
        return self.version(LAST, MERGE, "The last one", up=up, down=down)


class Upgrades(Applying):
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

    def test_the_policy_waits_for_trust(self):
        self.fastapi(policy="apply")
        dev = self.dev()
        self.assertEqual(dev["state"], "missing")
        self.assertIn("drover trust", dev["why"])
        self.drover("trust")
        self.project.wait_state("current")
        self.assertEqual(self.rows(), [MERGE])
        self.last_version('op.add_column("accounts", sa.Column("age", sa.Integer))')
        self.project.wait_versions(LAST)
        self.assertIn("age", self.columns("accounts"))

    def test_the_policy_does_not_undo_a_downgrade_by_hand(self):
        self.fastapi(policy="apply")
        self.drover("trust")
        self.project.wait_state("current")
        self.alembic("downgrade", ADD_NOTE)
        held = self.project.wait_state("held")
        self.assertIn("downgrade by another program", held["why"])
        self.drover("daemon", "reload")
        self.assertEqual((self.dev()["state"], self.rows()), ("held", [ADD_NOTE, ADD_INDEX]))
        self.alembic("upgrade", "head")
        self.project.wait_state("current")
        self.alembic("downgrade", "base")
        self.project.wait_state("held")
        self.last_version('op.add_column("accounts", sa.Column("age", sa.Integer))')
        self.project.wait_versions(LAST)

    def test_the_policy_applies_neither_what_is_empty_nor_what_was_just_written(self):
        self.fastapi(policy="apply")
        self.write("backend/alembic/script.py.mako", MAKO)
        self.drover("trust")
        self.project.wait_state("current")
        new = self.drover("revision", "-m", "-later", "--json").json
        self.assertIn("-later", (self.root / new["file"]).read_text())
        self.assertEqual((self.dev()["current"], self.rows()), ([MERGE], [MERGE]))
        path = self.root / new["file"]
        path.write_text(path.read_text().replace(
            "def upgrade():\n    pass",
            "def upgrade():\n    op.add_column('accounts', sa.Column('age', sa.Integer))"))
        self.project.wait_versions(new["revision"])
        self.assertIn("age", self.columns("accounts"))

        self.write("backend/alembic/env.py", ENV_PY.replace(
            "context.configure(connection=connection,",
            "from sqlalchemy import Column, Integer, MetaData, Table\n"
            "        metadata = MetaData()\n"
            "        Table('brand_new', metadata, Column('id', Integer, primary_key=True))\n"
            "        context.configure(connection=connection, target_metadata=metadata,"
            " include_object=lambda o, name, kind, reflected, other: name == 'brand_new',"))
        made = self.drover("revision", "--autogenerate", "-m", "New table", "--json").json
        self.assertEqual(self.project.wait_state("held")["pending"], 1)
        self.assertNotIn("brand_new", self.project.tables())
        self.drover("upgrade")
        self.project.wait_versions(made["revision"])
        self.assertIn("brand_new", self.project.tables())


class Safety(Applying):
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


class OnlyPythonCanTell(Applying):
    """A constant for a parent or a label: Alembic is asked, once, when its Python may be run."""

    def setUp(self):
        super().setUp()
        self.asked = self.root / "asked"
        program = self.write("alembic.sh", f'#!/bin/sh\necho "$@" >> {self.asked}\n'
                             'exec /usr/bin/python3 -m alembic "$@"\n')
        program.chmod(0o755)
        self.fastapi(migrations="{format: alembic, config: backend/alembic.ini, "
                                f"command: [{program}]}}")
        path = self.version(LAST, MERGE, "The last one",
                            up='op.add_column("accounts", sa.Column("age", sa.Integer))')
        path.write_text(path.read_text().replace(
            f"down_revision = '{MERGE}'", f"PARENT = '{MERGE}'\ndown_revision = PARENT").replace(
            "branch_labels = None", "LABEL = 'newest'\nbranch_labels = (LABEL,)"))

    def histories(self):
        text = self.asked.read_text() if self.asked.exists() else ""
        return [line for line in text.splitlines() if " history " in line]

    def test_untrusted_it_is_an_error_trusted_it_is_asked_once(self):
        dev = self.dev()
        self.assertEqual((dev["state"], dev["error"]["kind"]), ("failed", "alembic.not_literal"))
        self.assertIn("drover trust", dev["error"]["hint"])
        self.assertEqual(self.histories(), [])
        self.drover("trust")
        harness.wait_until(lambda: self.dev()["state"] == "missing", "Alembic has been asked")
        self.assertEqual(self.dev()["heads"], [LAST])
        self.assertEqual(self.drover("heads", "--json").json["revisions"][0]["branch_labels"],
                         ["newest"])
        self.drover("upgrade", "newest@head")
        self.assertEqual(self.rows(), [LAST])
        self.drover("daemon", "stop")
        self.assertEqual(self.dev()["state"], "current")
        self.assertEqual(len(self.histories()), 1)


class Verifying(Applying):
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


class Deaths(Applying):
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


class WrongDatabase(Applying):
    def test_an_env_py_that_does_not_read_the_variable_is_caught(self):
        """The founding accident: Alembic would have worked on a file of its own."""
        self.write("backend/alembic/env.py", ENV_PY.replace(
            'url = os.environ.get("DB__DB_URL")', 'url = "sqlite:///./other.db"'))
        error = self.drover("upgrade", "--json", check=8).error
        self.assertEqual(error["kind"], "alembic.url_ignored")
        self.assertIn("DB__DB_URL", error["message"])
        self.assertIn("application.db", error["message"])
        self.assertFalse(self.project.database.exists())

    def test_it_is_asked_for_each_job(self):
        self.write("backend/alembic/settings.py", "import os\nURL = os.environ['DB__DB_URL']\n")
        self.write("backend/alembic/env.py",
                   "import os, sys\nsys.path.insert(0, os.path.dirname(__file__))\n"
                   "import settings\n" + ENV_PY.replace('os.environ.get("DB__DB_URL")',
                                                        "settings.URL"))
        self.drover("upgrade", FIRST)
        self.write("backend/alembic/settings.py", "URL = 'sqlite:///./other.db'\n")
        self.assertEqual(self.drover("upgrade", "--json", check=8).error["kind"],
                         "alembic.url_ignored")
        self.assertEqual(self.rows(), [FIRST])

    def test_the_variable_can_be_named(self):
        self.write("backend/alembic/env.py", ENV_PY.replace("DB__DB_URL", "MIGRATIONS_URL"))
        error = self.drover("upgrade", "--json", check=1).error
        self.assertEqual(error["kind"], "alembic.failed")
        self.assertIn("url_variable", error["hint"])
        self.fastapi(migrations="{format: alembic, config: backend/alembic.ini, "
                                "url_variable: MIGRATIONS_URL}")
        self.write("backend/alembic/env.py", ENV_PY.replace("DB__DB_URL", "MIGRATIONS_URL"))
        self.drover("upgrade")
        self.assertEqual(self.rows(), [MERGE])

    def test_a_url_that_only_the_configuration_has_is_replaced(self):
        """The env.py of Alembic's own template."""
        self.write("backend/alembic.ini", INI.replace("driver://user:pass@localhost/dbname",
                                                      "sqlite:///./other.db"))
        self.write("backend/alembic/env.py", ENV_PY.split("url = ")[0] + TEMPLATE_ENV_PY)
        self.drover("upgrade", FIRST)
        self.execute("INSERT INTO accounts (name) VALUES ('ann')")
        self.assertEqual(self.drover("upgrade", "--json").json["rehearsal"]["outcome"], "ok")
        self.assertEqual(self.rows(), [MERGE])
        self.assertFalse(list(self.root.rglob("other.db")))

    def test_a_constant_url_will_do_without_a_rehearsal(self):
        constant = f'url = "sqlite:///{self.project.database}"'
        self.write("backend/alembic/env.py",
                   ENV_PY.replace('url = os.environ.get("DB__DB_URL")', constant))
        self.drover("upgrade", FIRST)  # makes it: nothing to rehearse
        error = self.drover("upgrade", "--json", check=8).error
        self.assertEqual(error["kind"], "alembic.url_ignored")
        self.assertIn(f"it always opens {self.project.database}", error["message"])
        self.assertIn("rehearse: never", error["hint"])
        with open(self.root / "drover.yaml", "a", encoding="utf-8") as config:
            config.write("safety: {rehearse: never}\n")
        self.drover("upgrade")
        self.assertEqual(self.rows(), [MERGE])

    def test_what_env_py_imports_decides_where_alembic_is_started(self):
        self.write("backend/alembic.ini",
                   INI.replace("prepend_sys_path = %(here)s", "prepend_sys_path = ."))
        self.write("backend/app/__init__.py", "")
        self.write("backend/alembic/env.py", "from app import __name__ as app\n" + ENV_PY)
        self.drover("upgrade")
        self.assertEqual(self.rows(), [MERGE])

    def test_a_relative_script_location_is_started_where_it_works(self):
        self.write("backend/alembic.ini", INI.replace("%(here)s/alembic", "alembic", 1))
        self.drover("upgrade")
        self.assertEqual(self.rows(), [MERGE])
        self.assertFalse((self.root / "backend" / "application.db").exists())

    def test_a_broken_env_py_is_an_error_with_alembics_own_words(self):
        self.write("backend/alembic/env.py", "import nothing_like_it\n")
        error = self.drover("upgrade", "--json", check=1).error
        self.assertEqual(error["kind"], "alembic.failed")
        self.assertIn("No module named 'nothing_like_it'", error["message"])

    def test_a_first_revision_that_fails_leaves_nothing_in_the_way(self):
        self.version(FIRST, None, "Initial migration creating all tables",
                     up='op.execute("INSERT INTO nowhere VALUES (1)")')
        self.assertEqual(self.drover("upgrade", "--json", check=1).error["kind"], "alembic.failed")
        self.first_version()
        self.drover("upgrade")
        self.assertEqual(self.rows(), [MERGE])

    def test_of_two_at_once_one_does_it(self):
        first = self.project.spawn([harness.DROVER, "--local", "upgrade", "--json"],
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        second = self.project.spawn([harness.DROVER, "upgrade", "--json"],
                                    stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        done = [child.communicate(timeout=harness.PATIENCE)[0] for child in (first, second)]
        self.assertEqual((first.returncode, second.returncode), (0, 0))
        self.assertEqual(sorted(json.loads(out)["applied"] for out in done), [0, 4])
        self.assertEqual(self.rows(), [MERGE])

    def test_a_program_that_is_not_there(self):
        self.fastapi(migrations="{format: alembic, config: backend/alembic.ini, "
                                "command: [/nonexistent/alembic]}")
        error = self.drover("upgrade", "--json", check=1).error
        self.assertEqual(error["kind"], "alembic.program")


class Revisions(Applying):
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
