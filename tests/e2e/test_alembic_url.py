"""The project's Alembic is made to work on the environment's database, or told that it does not."""

import json
import subprocess

import harness
from alembic_project import ADD_NOTE, ENV_PY, FIRST, INI, LAST, MERGE, ApplyingCase


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


class WrongDatabase(ApplyingCase):
    def test_an_env_py_that_does_not_read_the_variable_is_caught(self):
        """The founding accident: Alembic would have worked on a file of its own."""
        self.write("backend/alembic/env.py", ENV_PY.replace(
            'url = os.environ.get("DB__DB_URL")', 'url = "sqlite:///./other.db"'))
        error = self.drover("upgrade", "--json", check=8).error
        self.assertEqual(error["kind"], "alembic.url_ignored")
        self.assertIn("DB__DB_URL", error["message"])
        self.assertIn("application.db", error["message"])
        self.assertFalse(self.project.database.exists())
        status = self.drover("status", "--json").json
        dev = status["environments"][0]
        self.assertEqual((dev["state"], dev["error"]["hint"], status["next"]),
                         ("failed", error["hint"] + "; then drover upgrade", None),
                         "a second try alone would fail on the same")
        shown = self.drover("status").out
        self.assertRegex(shown, r"try: .*let env.py take it.*; then drover upgrade\n")
        self.assertNotIn("Next:", shown)
        self.write("backend/alembic/env.py", ENV_PY)
        self.drover("upgrade")
        self.assertEqual(self.dev()["state"], "current")

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

    def test_a_constant_url_is_led_to_the_copy(self):
        constant = f'url = "sqlite:///{self.project.database}"'
        self.write("backend/alembic/env.py",
                   ENV_PY.replace('url = os.environ.get("DB__DB_URL")', constant))
        self.drover("upgrade", ADD_NOTE)
        self.execute("INSERT INTO accounts (name, note) VALUES ('ann', 'kept')")
        self.assertEqual(self.drover("upgrade", "--json").json["rehearsal"]["outcome"], "ok")
        self.assertEqual(self.rows(), [MERGE])
        self.last_version('op.execute("DELETE FROM accounts")')
        before = self.project.database.read_bytes()
        self.assertEqual(self.drover("upgrade", "--json", check=8).error["kind"],
                         "rehearsal.rows_lost")
        self.assertEqual(self.project.database.read_bytes(), before)
        self.assertIn("1 revision verified", self.drover("verify", ADD_NOTE).out)

    def test_so_is_an_uri(self):
        self.write("backend/alembic/env.py", ENV_PY.replace(
            'create_engine(url.replace("+aiosqlite", ""), poolclass=pool.NullPool)',
            f'create_engine("sqlite:///file:{self.project.database}?mode=rwc&uri=true")'))
        self.drover("upgrade", ADD_NOTE)
        self.execute("INSERT INTO accounts (name, note) VALUES ('ann', 'kept')")
        self.assertEqual(self.drover("upgrade", "--json").json["rehearsal"]["outcome"], "ok")
        self.assertEqual(self.rows(), [MERGE])

    def test_what_is_refused_has_changed_nothing(self):
        """Connecting, and importing the application, may write to the other database."""
        other = self.root / "other.db"
        self.execute_in(other, "CREATE TABLE kept (x); INSERT INTO kept VALUES (1)")
        before = other.read_bytes()
        self.write("backend/alembic/env.py", ENV_PY.replace(
            'url = os.environ.get("DB__DB_URL")',
            f'url = "sqlite:///{other}"\n'
            "import sqlite3\n"
            f'for file in ({str(other)!r}, {str(self.root / "third.db")!r}):\n'
            "    connection = sqlite3.connect(file)\n"
            '    connection.execute("PRAGMA journal_mode = WAL")\n'
            '    connection.execute("CREATE TABLE made (x)")\n'
            "    connection.close()\n"))
        error = self.drover("upgrade", "--json", check=8).error
        self.assertEqual(error["kind"], "alembic.url_ignored")
        self.assertIn(f'url: "sqlite:///{other}"', error["hint"])  # the one that is there
        self.assertEqual(other.read_bytes(), before)
        self.assertEqual([path.name for path in self.root.glob("*.db*")], ["other.db"])

    def test_what_the_application_opens_is_not_what_alembic_works_on(self):
        """The one is the environment's database, the other is another one."""
        other = self.root / "other.db"
        self.execute_in(other, "CREATE TABLE kept (x)")
        before = other.read_bytes()
        self.write("backend/alembic/env.py", ENV_PY.replace(
            'url = os.environ.get("DB__DB_URL")',
            f'url = "sqlite:///{other}"\n'
            "import sqlite3\n"
            f"connection = sqlite3.connect({str(self.project.database)!r})\n"
            'connection.execute("CREATE TABLE IF NOT EXISTS made (x)")\n'
            "connection.close()\n"))
        error = self.drover("upgrade", "--json", check=8).error
        self.assertEqual(error["kind"], "alembic.url_ignored")
        self.assertIn(f"it would work on {other} instead", error["message"])
        self.assertEqual(other.read_bytes(), before)
        self.assertFalse(self.project.database.exists())

    def test_a_database_in_memory_is_none(self):
        self.write("backend/alembic/env.py", ENV_PY.replace(
            'url = os.environ.get("DB__DB_URL")', 'url = "sqlite://"'))
        error = self.drover("upgrade", "--json", check=8).error
        self.assertEqual(error["kind"], "alembic.url_ignored")
        self.assertIn(f"may work on another database than {self.project.database}",
                      error["message"])

    def test_an_application_that_reads_its_tables_gets_a_copy(self):
        self.drover("upgrade", FIRST)
        self.execute("INSERT INTO accounts (name) VALUES ('ann')")
        self.write("backend/alembic/env.py", ENV_PY.replace(
            "def run_migrations_online", "create_engine(url.replace('+aiosqlite', '')).connect()"
            ".exec_driver_sql('SELECT name FROM accounts')\n\n\ndef run_migrations_online"))
        self.drover("upgrade")
        self.assertEqual(self.rows(), [MERGE])

    def test_a_rehearsal_leaves_other_databases_alone(self):
        archive = self.root / "archive.db"
        self.execute_in(archive, "CREATE TABLE told (x)")
        self.drover("upgrade")
        self.execute("INSERT INTO accounts (name) VALUES ('ann')")
        self.last_version(f"import sqlite3\nwith sqlite3.connect({str(archive)!r}) as archive:\n"
                          "    archive.execute('INSERT INTO told VALUES (1)')")
        self.assertEqual(self.drover("upgrade", "--json").json["rehearsal"]["outcome"], "ok")
        self.assertEqual(self.project.query("SELECT x FROM told", archive), [(1,)])

    def test_a_version_table_that_only_env_py_knows_is_named_first(self):
        self.write("backend/alembic/env.py", 'TABLE = "core_" + "version"\n' + ENV_PY.replace(
            "render_as_batch=True", "render_as_batch=True, version_table=TABLE"))
        for command in ("upgrade", f"stamp {FIRST}"):
            error = self.drover(*command.split(), "--json", check=8).error
            self.assertEqual(error["kind"], "alembic.version_table")
            self.assertIn("version_table: core_version", error["hint"])
            if command == "upgrade":
                self.assertFalse(self.project.database.exists())
                self.alembic("upgrade", "head")
                before = self.project.database.read_bytes()
        self.assertEqual(self.project.database.read_bytes(), before)

    def test_with_nothing_to_do_alembic_is_not_started(self):
        self.drover("upgrade")
        self.write("backend/alembic/env.py", "import nothing_like_it\n")
        self.assertEqual(self.drover("upgrade", "--json").json["applied"], 0)

    def test_the_variables_of_env_file_and_shell(self):
        self.write(".env", "DB__DB_URL=sqlite:///./application.db\nSECRET_KEY='of the file'\n")
        self.write("backend/alembic/env.py", "import os\nos.environ['SECRET_KEY'] + '!'\n" + ENV_PY)
        self.drover("upgrade", FIRST)
        self.write("backend/alembic/env.py",
                   "import os\nassert os.environ['TOKEN'] == 'of the shell'\n"
                   "assert os.environ['SECRET_KEY'] == 'of the file'\n" + ENV_PY)
        shell = {"TOKEN": "of the shell", "SECRET_KEY": "another", "DB__DB_URL": "sqlite:///x.db"}
        error = self.drover("upgrade", "--json", env=shell, check=1).error
        self.assertIn("TOKEN", error["message"])  # the daemon is not of this shell
        self.drover("--local", "upgrade", env=shell)
        self.assertEqual(self.rows(), [MERGE])
        self.assertFalse((self.root / "x.db").exists())

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


class OnlyPythonCanTell(ApplyingCase):
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

    def test_asking_leaves_the_database_alone(self):
        self.write("backend/alembic.ini", INI.replace(
            "[alembic]\n", "[alembic]\nrevision_environment = true\n"))
        self.drover("trust")
        self.assertEqual(self.dev()["state"], "missing")
        self.assertFalse(self.project.database.exists())

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


if __name__ == "__main__":
    harness.main()
