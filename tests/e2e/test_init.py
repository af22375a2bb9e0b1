"""drover init: a project is recognised, its drover.yaml is written once, and works."""

import os
import pty
import shutil
import sqlite3
import subprocess
import time

import harness
from harness import DROVER

REVISION = "981cbaae32a1"


class InitCase(harness.Case):
    def setUp(self):
        super().setUp()
        shutil.rmtree(self.project.root)
        self.project.root.mkdir()
        self.root = self.project.root

    def write(self, path, text):
        return self.project.write(path, text)

    def database(self, path, revision=REVISION):
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        database = sqlite3.connect(target)
        database.executescript(
            "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY);"
            f"INSERT INTO alembic_version VALUES ('{revision}');"
            "CREATE TABLE accounts (id INTEGER PRIMARY KEY, name TEXT);")
        database.close()
        return target

    def founding(self):
        """FastAPI with backend/alembic.ini: a relative script_location and a relative URL."""
        self.write(".env", "DB__DB_URL = sqlite+aiosqlite:///./application.db\nTOKEN=s3cret\n")
        self.write("docker-compose.yml",
                   "services:\n  app:\n    image: python:3.11-slim\n    working_dir: /app\n"
                   "    env_file: .env\n    volumes:\n      - ./application.db:/app/application.db\n")
        self.write("backend/alembic.ini",
                   "[alembic]\nscript_location = alembic\nsqlalchemy.url = driver://u:p@localhost/d\n")
        self.write("backend/alembic/env.py",
                   "import os\n"
                   "from alembic import context\n"
                   "from sqlalchemy import create_engine, pool\n"
                   "url = os.environ.get('DB__DB_URL', 'sqlite+aiosqlite:///./application.db')\n"
                   "engine = create_engine(url.replace('+aiosqlite', ''), poolclass=pool.NullPool)\n"
                   "with engine.connect() as connection:\n"
                   "    context.configure(connection=connection)\n"
                   "    with context.begin_transaction():\n"
                   "        context.run_migrations()\n")
        self.write(f"backend/alembic/versions/{REVISION}_first.py",
                   f"revision = '{REVISION}'\ndown_revision = None\n"
                   "from alembic import op\nimport sqlalchemy as sa\n"
                   "def upgrade():\n"
                   "    op.create_table('accounts', sa.Column('id', sa.Integer, primary_key=True))\n"
                   "def downgrade():\n    op.drop_table('accounts')\n")

    def alembic(self, *arguments, cwd=None, prefix=()):
        """The real Alembic, as its console script runs it."""
        code = "import sys; from alembic.config import main; main(sys.argv[1:], prog='alembic')"
        return self.project.run([*prefix, "/usr/bin/python3", "-c", code, *arguments],
                                cwd=cwd or self.root, check=None,
                                env={"PYTHONDONTWRITEBYTECODE": "1"})


class Founding(InitCase):
    def test_it_is_recognised_and_watched(self):
        self.founding()
        self.database("application.db")
        self.database("backend/application.db")
        backend = self.root / "backend"
        done = self.project.drover("init", cwd=backend)
        self.assertIn(f"wrote {self.root}/drover.yaml", done.out)
        self.assertIn("the root is here: docker-compose.yml is here", done.out)
        self.assertIn("[alembic-wrong-directory]", done.out)
        self.assertIn("at alembic.ini:2:1", done.out)
        self.assertIn("made from " + str(backend), done.out)
        self.assertIn("Next: drover status\n      drover where\n", done.out)
        text = (self.root / "drover.yaml").read_text()
        self.assertTrue(text.startswith("# yaml-language-server: $schema=/"))
        self.assertIn("url: ${DB__DB_URL:-sqlite+aiosqlite:///./application.db}", text)
        self.assertIn("env_file: .env", text)
        self.assertIn(f"It is {self.root}/application.db: it exists, at {REVISION}", text)
        self.assertNotIn("s3cret", text + done.out)
        self.assertNotIn("on_pending: apply", text)
        self.assertEqual(oct((self.root / "drover.yaml").stat().st_mode & 0o777), "0o644")

        status = self.project.status()
        self.assertEqual([(e["name"], e["current"], e["path"]) for e in status["environments"]],
                         [(name, [REVISION], str(self.root / "application.db"))
                          for name in ("dev", "docker")])
        self.assertEqual([s["class"] for s in status["strays"]], ["duplicate"])
        where = self.project.drover("where", "--json").json
        self.assertEqual([e["confidence"] for e in where["environments"]], ["certain"] * 2)

    def test_the_trap_is_real_and_exec_avoids_it(self):
        self.founding()
        backend = self.root / "backend"
        from_root = self.alembic("-c", "backend/alembic.ini", "upgrade", "head")
        if "No module named" in from_root.err:
            self.skipTest("Alembic is not installed")
        # What the finding says: it runs in backend/ only, and makes a stray there.
        self.assertNotEqual(from_root.code, 0)
        self.assertEqual(self.alembic("upgrade", "head", cwd=backend).code, 0)
        self.assertTrue((backend / "application.db").exists())
        self.assertFalse((self.root / "application.db").exists())
        (backend / "application.db").unlink()

        self.project.drover("init", "--yes")
        ini = backend / "alembic.ini"
        ini.write_text(ini.read_text().replace("= alembic", "= %(here)s/alembic"))
        done = self.alembic("-c", "backend/alembic.ini", "upgrade", "head", cwd=backend,
                            prefix=(DROVER, "exec", "--"))
        self.assertEqual(done.code, 0, str(done))
        self.assertFalse((backend / "application.db").exists())
        self.assertEqual(self.project.versions(), [REVISION])

    def test_json_has_everything_and_dry_run_writes_nothing(self):
        self.founding()
        before = self.project.listing()
        document = self.project.drover("init", "-n", "--json", cwd=self.root / "backend").json
        self.assertEqual(document["v"], 1)
        self.assertFalse(document["written"])
        self.assertEqual(document["root"], str(self.root))
        self.assertEqual([(l["directory"], l["right"]) for l in document["landings"]],
                         [(".", True), ("backend", False)])
        self.assertIn("alembic-wrong-directory", [f["code"] for f in document["findings"]])
        self.assertEqual(document["environments"][1]["service"], "app")
        printed = self.project.drover("init", "--dry-run")
        self.assertEqual(printed.out, document["text"])
        self.assertIn(f"would write {self.root}/drover.yaml", printed.err)
        self.assertEqual(self.project.listing(), before)
        # Neither a daemon nor its state is needed.
        self.assertFalse(self.project.socket.exists())


class Alembic(InitCase):
    """Projects as the real `alembic init` makes them."""

    def alembic(self, *arguments, cwd=None, prefix=(), check=0):
        done = super().alembic(*arguments, cwd=cwd, prefix=prefix)
        if "No module named 'alembic'" in done.err:
            self.skipTest("Alembic is not installed")
        if check is not None:
            self.assertEqual(done.code, check, str(done))
        return done

    def replace(self, path, *pairs):
        file = self.root / path
        text = file.read_text()
        for old, new in pairs:
            self.assertIn(old, text)
            text = text.replace(old, new)
        file.write_text(text)

    def revision(self, cwd=None, *options):
        """A revision of the real Alembic that makes a table; its id."""
        self.alembic(*options, "revision", "-m", "Accounts", cwd=cwd)
        path = max((cwd or self.root).rglob("versions/*_accounts.py"), key=os.path.getmtime)
        path.write_text(path.read_text().replace(
            "pass", "op.create_table('accounts', sa.Column('id', sa.Integer, primary_key=True))", 1))
        return path.name.split("_")[0]

    def init(self, *options, cwd=None):
        return self.project.drover("init", "--json", *options, cwd=cwd).json

    def codes(self, document):
        return [finding["code"] for finding in document["findings"]]

    def status(self):
        entry = self.project.status()["environments"][0]
        return entry["state"], entry["path"]

    def test_the_generic_template_works_as_it_is(self):
        self.alembic("init", "alembic")
        self.assertIn("version_path_separator = os  #", (self.root / "alembic.ini").read_text())
        document = self.init()
        self.assertEqual(document["findings"], [])
        # Nothing reads a variable: drover sets the URL of the ini.
        self.assertNotIn("url_variable", document["text"])
        self.assertEqual(self.status(), ("missing", str(self.root / "application.db")))
        revision = self.revision()
        self.project.drover("upgrade")
        self.assertEqual(self.project.versions(), [revision])
        self.assertEqual(self.status()[0], "current")
        self.assertTrue(self.project.drover("doctor", "--json").json["healthy"])

    def test_the_async_template_gets_an_async_url(self):
        self.alembic("init", "-t", "async", "alembic")
        document = self.init()
        self.assertIn("url: sqlite+aiosqlite:///./application.db", document["text"])
        self.assertEqual(self.status()[0], "missing")
        self.revision()
        self.assertEqual(self.project.status()["environments"][0]["pending"], 1)

    def test_the_template_for_several_databases_is_named_as_that(self):
        self.alembic("init", "-t", "multidb", "alembic")
        placeholder = self.init("-n")
        self.assertEqual(placeholder["environments"][0]["url"], "${DATABASE_URL}")
        self.assertEqual(placeholder["create"], [])
        self.assertNotIn("application.db", placeholder["environments"][0]["url"])
        self.replace("alembic.ini", ("driver://user:pass@localhost/dbname2", "sqlite:///two.db"),
                     ("driver://user:pass@localhost/dbname", "sqlite:///one.db"))
        document = self.init()
        self.assertEqual([e["path"] for e in document["environments"]], [str(self.root / "one.db")])
        self.assertTrue([n for n in document["notes"] if "one database per Alembic tree" in n])
        self.assertEqual(self.status(), ("missing", str(self.root / "one.db")))
        self.database("two.db")
        self.assertEqual(self.project.drover("strays", "--json").json["strays"], [])

    def test_newer_templates_are_read_too(self):
        self.alembic("init", "alembic")
        self.replace("alembic.ini", ("script_location = alembic", "script_location = %(here)s/alembic"),
                     ("version_path_separator = os  # Use os.pathsep. Default configuration used for "
                      "new projects.", "path_separator = os"))
        self.init()
        self.assertEqual(self.status()[0], "missing")
        (self.root / "drover.yaml").unlink()
        # With pyproject.toml the ini has only the URL.
        (self.root / "alembic.ini").write_text(
            "[alembic]\n\nsqlalchemy.url = driver://user:pass@localhost/dbname\n")
        self.write("pyproject.toml", "[project]\nname = 'x'\n[tool.alembic]\n# where\n"
                   'script_location = "%(here)s/alembic"\nprepend_sys_path = [\n    "."\n]\n')
        self.init()
        self.assertEqual(self.status()[0], "missing")

    def test_a_separator_that_alembic_refuses_is_refused(self):
        self.alembic("init", "alembic")
        self.replace("alembic.ini", ("prepend_sys_path = .",
                                     "prepend_sys_path = .\nversion_locations = a:b"))
        theirs = self.alembic("heads", check=None)
        self.assertIn("is not a valid value for version_path_separator", theirs.out + theirs.err)
        self.init()
        error = self.project.status()["environments"][0]["error"]
        self.assertIn("is not a valid value for version_path_separator", error["message"])

    def test_the_database_that_exists_is_the_one(self):
        (self.root / "backend").mkdir()
        self.write(".env", "DATABASE_URL=sqlite:///./app.db\n")
        self.alembic("init", "alembic", cwd=self.root / "backend")
        self.replace("backend/alembic.ini",
                     ("driver://user:pass@localhost/dbname", "sqlite:///./app.db"))
        revision = self.revision(self.root / "backend")
        self.alembic("upgrade", "head", cwd=self.root / "backend")
        document = self.init()
        self.assertEqual(document["environments"][0]["path"], str(self.root / "backend/app.db"))
        self.assertEqual(document["environments"][0]["revision"], [revision])
        self.assertEqual((document["strays"], self.codes(document)), ([], []))
        self.project.drover("upgrade")
        self.assertFalse((self.root / "app.db").exists())

    def test_two_projects_in_one_repository(self):
        (self.root / ".git").mkdir()
        for name in ("billing", "catalog"):
            folder = self.root / "services" / name
            folder.mkdir(parents=True)
            self.alembic("init", "alembic", cwd=folder)
            self.replace(f"services/{name}/alembic.ini",
                         ("driver://user:pass@localhost/dbname", f"sqlite:///{name}.db"))
            self.revision(folder)
        above = self.init("-n")
        self.assertEqual(above["environments"][0]["path"],
                         str(self.root / "services/billing/billing.db"))
        for name in ("billing", "catalog"):
            self.alembic("upgrade", "head", cwd=self.root / "services" / name)
        catalog = self.root / "services/catalog"
        document = self.init(cwd=catalog)
        self.assertEqual(document["environments"][0]["path"], str(catalog / "catalog.db"))
        self.assertEqual(document["strays"], [])
        self.assertNotIn("alembic-other-database", self.codes(document))
        self.assertTrue([n for n in document["notes"] if "There are 2 Alembic projects" in n])
        self.assertEqual(self.status(), ("current", str(catalog / "catalog.db")))
        self.assertEqual(self.project.drover("strays", "--json").json["strays"], [])
        # What the output says for the other one works.
        billing = self.root / "services/billing"
        self.init(str(billing), "--here")
        entry = self.project.drover("status", "--json", cwd=billing).json["environments"][0]
        self.assertEqual((entry["state"], entry["path"]), ("current", str(billing / "billing.db")))

    def test_sections_are_alembics(self):
        for name in ("users", "orders"):
            self.alembic("init", name)
            (self.root / "alembic.ini").unlink()
        self.write("alembic.ini", "".join(
            f"[alembic:{name}]\nscript_location = {name}\nsqlalchemy.url = sqlite:///{name}.db\n"
            for name in ("users", "orders")) + "[loggers]\nkeys = root\n[handlers]\nkeys =\n"
            "[formatters]\nkeys =\n[logger_root]\nhandlers =\n")
        revision = self.revision(None, "-n", "alembic:users")
        before = self.project.listing()
        self.init()
        self.assertEqual(sorted({*self.project.listing()} - {*before}), ["drover.yaml"])
        self.project.drover("upgrade")
        self.assertEqual(self.project.query("SELECT version_num FROM alembic_version",
                                            self.root / "users.db"), [(revision,)])

    def test_flask_migrates_folder_is_recognised(self):
        self.alembic("init", "migrations")
        (self.root / "alembic.ini").rename(self.root / "migrations/alembic.ini")
        self.replace("migrations/alembic.ini", ("script_location = migrations", ""))
        self.write(f"migrations/versions/{REVISION}_x.py",
                   f"revision = '{REVISION}'\ndown_revision = None\n")
        self.assertIn("config: migrations/alembic.ini", self.init()["text"])
        self.assertEqual(self.project.status()["environments"][0]["heads"], [REVISION])

    def test_a_flask_application_and_its_database_are_found(self):
        self.write("requirements.txt", "Flask-SQLAlchemy\nFlask-Migrate\n")
        self.database("app.db")
        # Nothing says which it is, but it is there, and not in instance/.
        self.assertIn("url: sqlite:///./app.db\n    url_dialect: sqlalchemy\n", self.init()["text"])
        where = self.project.drover("where", "--json").json["environments"][0]
        self.assertEqual((where["path"], where["exists"]), (str(self.root / "app.db"), True))
        self.assertEqual(self.project.drover("strays", "--json").json["strays"], [])
        (self.root / "drover.yaml").unlink()
        self.write("config.py", "import os\nbasedir = os.path.abspath(os.path.dirname(__file__))\n"
                   "class Config:\n    SQLALCHEMY_DATABASE_URI = os.environ.get('DATABASE_URL') or \\\n"
                   "        'sqlite:///' + os.path.join(basedir, 'app.db')\n")
        self.alembic("init", "migrations")
        (self.root / "alembic.ini").rename(self.root / "migrations/alembic.ini")
        self.replace("migrations/alembic.ini", ("script_location = migrations", ""))
        self.replace("migrations/env.py", ("from alembic import context",
                                           "from alembic import context\nfrom flask import current_app"))
        document = self.init()
        self.assertIn("Flask-Migrate", "".join(f["what"] for f in document["facts"]))
        self.assertIn("url: ${DATABASE_URL:-sqlite:///./app.db}\n    url_dialect: sqlalchemy\n",
                      document["text"])
        self.assertEqual((document["strays"], self.project.status()["environments"][0]["path"]),
                         ([], str(self.root / "app.db")))

    def test_a_variable_before_a_default_leads_alembic(self):
        for number, given in enumerate((
                'os.environ.get("APP_DB") or "sqlite:///./x.db"',
                'os.environ["APP_DB"] if "APP_DB" in os.environ else "sqlite:///./x.db"',
                'os.environ.get("APP_DB") or f"sqlite:///{Path(__file__).resolve().parents[1]}/x.db"')):
            with self.subTest(given):
                for path in ("alembic", "app"):
                    shutil.rmtree(self.root / path, ignore_errors=True)
                for path in ("alembic.ini", "drover.yaml", "x.db"):
                    (self.root / path).unlink(missing_ok=True)
                self.alembic("init", "alembic")
                self.write("app/__init__.py", "")
                self.write(f"app/config{number}.py", "import os\nfrom pathlib import Path\n\n"
                           f"LINK = {given}\n")
                self.replace("alembic/env.py", ("config = context.config", "config = context.config\n"
                             f"from app.config{number} import LINK\n"
                             "config.set_main_option('sqlalchemy.url', LINK)"))
                revision = self.revision()
                self.assertIn("url_variable: APP_DB\n", self.init()["text"])
                self.project.drover("upgrade")
                self.assertEqual(self.project.versions(self.root / "x.db"), [revision])
                # It is rehearsed on a copy, to which only the variable leads Alembic.
                self.project.drover("downgrade", "base")
                self.assertEqual(self.project.versions(self.root / "x.db"), [])

    def test_a_database_that_nobody_names_is_asked_for_or_said(self):
        self.alembic("init", "alembic")
        document = self.init("-n")
        beginning = ("no place names a database: application.db is only a beginning; write the URL of "
                     "yours into drover.yaml")
        self.assertIn(beginning, document["notes"])
        self.assertIn(beginning, self.project.drover("init", "-n").err)
        self.replace("alembic/env.py", ("config = context.config", "config = context.config\n"
                     "from app.config import load\n"
                     "config.set_main_option('sqlalchemy.url', load())"))
        document = self.init()
        self.assertEqual(document["environments"][0]["url"], "${DATABASE_URL}")
        self.assertNotIn(beginning, document["notes"])
        self.assertTrue([n for n in document["notes"] if "alembic/env.py does not take its URL" in n])
        self.assertEqual(self.status()[0], "unresolved")

    def test_a_configuration_of_another_name_is_used(self):
        self.alembic("init", "app/alembic")
        text = (self.root / "alembic.ini").read_text()
        self.assertIn("driver://user:pass@localhost/dbname", text)
        (self.root / "alembic.ini").unlink()
        for name in ("development.ini", "setup.cfg"):
            with self.subTest(name):
                (self.root / name).write_text("[app:main]\nuse = egg:app\n\n" + text.replace(
                    "driver://user:pass@localhost/dbname", "sqlite:///%(here)s/x.db"))
                revision = self.revision(None, "-c", name)
                self.assertIn(f"config: {name}\n", self.init()["text"])
                self.project.drover("upgrade")
                self.assertEqual(self.project.versions(self.root / "x.db"), [revision])
                for path in (name, "drover.yaml", "x.db"):
                    (self.root / path).unlink()
                shutil.rmtree(self.root / "app/alembic/versions")
                (self.root / "app/alembic/versions").mkdir()

    def test_folders_that_only_env_py_names_are_read(self):
        (self.root / "core/changes").mkdir(parents=True)
        self.alembic("init", "alembic", cwd=self.root / "core")
        self.replace("core/alembic/env.py", ("config = context.config", "config = context.config\n"
                     "context.script.version_locations = ['changes']"))
        self.replace("core/alembic.ini", ("driver://user:pass@localhost/dbname", "sqlite:///./a.db"))
        self.write(f"core/changes/{REVISION}_x.py",
                   f"revision = '{REVISION}'\ndown_revision = None\nbranch_labels = None\n"
                   "depends_on = None\ndef upgrade():\n    pass\n")
        document = self.init()
        self.assertIn("directory: core/changes\n", document["text"])
        self.assertEqual([m["directory"] for m in document["migrations"]], ["core/changes"])
        self.assertEqual(self.project.status()["environments"][0]["heads"], [REVISION])

    def test_an_engine_made_from_a_text_is_a_trap_and_the_lines_help(self):
        self.alembic("init", "alembic")
        self.write("app/__init__.py", "")
        self.write("app/db.py", 'URL = "sqlite:///./app.db"\n')
        self.replace("alembic/env.py",
                     ("from sqlalchemy import engine_from_config", "from app.db import URL\n"
                      "from sqlalchemy import create_engine"),
                     ("engine_from_config(\n        config.get_section(config.config_ini_section),\n"
                      '        prefix="sqlalchemy.",\n        poolclass=pool.NullPool,\n    )',
                      "create_engine(URL)"))
        self.revision()
        document = self.init()
        self.assertEqual(self.codes(document), ["alembic-url-constant"])
        fix = document["findings"][0]["fix"]
        doctor = self.project.drover("doctor", "--json").json
        self.assertEqual(self.codes(doctor), ["alembic-url-constant"])
        self.project.drover("upgrade")  # it is the environment's database
        configured = self.project.root / "drover.yaml"
        before = configured.read_text()
        configured.write_text(before.replace("app.db", "other.db"))
        refused = self.project.drover("upgrade", "--json", check=8).error
        self.assertEqual(refused["kind"], "alembic.url_ignored")
        configured.write_text(before)
        # As it says.
        line = 'create_engine(os.environ.get("DATABASE_URL", URL))'
        self.assertIn(line, fix)
        self.assertIn("url_variable: DATABASE_URL", fix)
        self.replace("alembic/env.py", ("create_engine(URL)", line),
                     ("from app.db", "import os\nfrom app.db"))
        self.replace("drover.yaml", ("  config: alembic.ini\n",
                                     "  config: alembic.ini\n  url_variable: DATABASE_URL\n"))
        self.project.drover("downgrade", "base")
        self.project.drover("stamp", "head")
        self.assertEqual(self.status(), ("current", str(self.root / "app.db")))
        self.assertTrue(self.project.drover("doctor", "--json").json["healthy"])

    def test_doctor_names_the_trap_as_init_does(self):
        self.founding()
        self.database("application.db")
        told = [f for f in self.init()["findings"] if f["code"] == "alembic-wrong-directory"]
        doctor = self.project.drover("doctor", "--json", check=1).json
        self.assertEqual([f for f in doctor["findings"] if f["code"] == "alembic-wrong-directory"],
                         told)
        ini = self.root / "backend/alembic.ini"
        ini.write_text(ini.read_text().replace("= alembic", "= %(here)s/alembic"))
        codes = self.codes(self.project.drover("doctor", "--json", check=None).json)
        self.assertNotIn("alembic-wrong-directory", codes)
        self.assertIn("alembic-relative-url", codes)


class Writing(InitCase):
    def test_an_empty_directory_gets_a_beginning_that_works(self):
        done = self.project.drover("init")
        self.assertIn(f"made {self.root}/migrations/\n", done.out)
        self.assertEqual(self.project.listing(), ["drover.yaml", "migrations"])
        self.assertEqual(self.project.env_status()["state"], "missing")
        self.project.drover("revision", "-m", "First", "--no-draft")
        self.project.drover("where")
        self.assertEqual(self.project.listing()[:2], ["drover.yaml", "migrations"])

    def test_a_directory_that_is_named_gets_it(self):
        (self.root / "shop").mkdir()
        self.write("docker-compose.yml", "services: {}\n")
        self.project.drover("init", "shop", "--here")
        self.assertTrue((self.root / "shop/drover.yaml").exists())
        error = self.project.drover("init", "nowhere", "--json", check=1).error
        self.assertEqual(error["kind"], "init.directory")

    def test_native_migrations_and_a_database_are_taken_up(self):
        ids = self.project.chain(2)
        self.write(".env", "DATABASE_URL=sqlite:///./application.db\n")
        self.project.drover("init")
        self.project.drover("upgrade")
        (self.root / "drover.yaml").unlink()
        self.project.drover("daemon", "stop")
        document = self.project.drover("init", "--json").json
        self.assertTrue(document["written"])
        self.assertEqual(document["environments"][0]["revision"], [ids[1]])
        self.assertEqual(document["create"], [])
        self.assertEqual(self.project.env_status()["state"], "current")

    def test_an_existing_file_is_never_overwritten(self):
        path = self.write("drover.yaml", "# mine\n")
        (self.root / "backend").mkdir()
        for cwd in (self.root, self.root / "backend"):
            for options in ((), ("--yes",), ("--dry-run",)):
                error = self.project.drover("init", "--json", *options, cwd=cwd, check=5).error
                self.assertEqual(error["kind"], "init.exists")
                self.assertIn("mv drover.yaml", error["hint"])
        self.assertEqual(path.read_text(), "# mine\n")
        path.unlink()
        # A name that leads nowhere is one, too.
        path.symlink_to(self.root / "nowhere")
        self.project.drover("init", check=5)
        self.assertTrue(path.is_symlink())
        self.assertEqual(self.project.listing(), ["backend", "drover.yaml"])

    def test_a_directory_that_may_not_be_written_is_named(self):
        if os.geteuid() != 0:
            self.root.chmod(0o555)
            prefix = []
        else:
            for directory in (self.project.base, self.root):
                directory.chmod(0o755)
            prefix = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
            if self.project.run([*prefix, DROVER, "version"], check=None).code != 0:
                self.skipTest("the program cannot be run by another user here")
        failed = self.project.run([*prefix, DROVER, "init", "--json"], check=None)
        self.assertEqual(failed.code, 1, str(failed))
        self.assertEqual(failed.error["code"], "io")
        self.assertIn("drover init --dry-run", failed.error["hint"])
        self.assertEqual(self.project.listing(), [])
        printed = self.project.run([*prefix, DROVER, "init", "--dry-run"], check=0)
        self.assertIn("environments:", printed.out)

    def test_ugly_files_are_named_and_passed_over(self):
        (self.root / "alembic.ini").mkdir()
        (self.root / "backend").mkdir()
        (self.root / "backend/alembic.ini").write_bytes(os.urandom(4000) + b"\0")
        (self.root / ".env").write_bytes(b"A=\0\xff\xfe")
        (self.root / "app.db").write_bytes(os.urandom(8192))
        self.write("docker-compose.yml", "services: [\n")
        os.mkfifo(self.root / "pipe.env")
        done = self.project.drover("init")
        for note in (".env is not used: it is not text", "docker-compose.yml is not used: ",
                     "backend/alembic.ini is not used: it is not text",
                     "pipe.env is not used: it is no regular file"):
            self.assertIn(note, done.out)
        self.project.status()

    def test_a_huge_folder_is_not_read_to_its_end(self):
        folder = self.root / "data"
        folder.mkdir()
        for number in range(20000):
            (folder / f"{number}.sql").touch()
        self.write(".env", "DATABASE_URL=sqlite:///app.db\n")
        started = time.monotonic()
        document = self.project.drover("init", "-n", "--json").json
        self.assertLess(time.monotonic() - started, 10)
        self.assertEqual(document["environments"][0]["path"], str(self.root / "app.db"))

    def test_databases_are_only_looked_at(self):
        path = self.database("application.db")
        locks = subprocess.Popen(
            ["/usr/bin/python3", "-c",
             "import sqlite3, sys\n"
             f"d = sqlite3.connect({str(path)!r}, isolation_level=None)\n"
             "d.execute('BEGIN IMMEDIATE'); print('ready', flush=True); sys.stdin.read()\n"
             "d.execute('INSERT INTO accounts VALUES (1, \"x\")'); d.execute('COMMIT')"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.addCleanup(locks.stdout.close)
        locks.stdout.readline()
        self.project.drover("init")
        locks.stdin.close()
        self.assertEqual(locks.wait(10), 0)
        self.assertEqual(self.project.query("SELECT count(*) FROM accounts"), [(1,)])


class Asking(InitCase):
    def answer(self, text):
        """Runs init on a terminal; the exit code and what was on the screen."""
        pid, terminal = pty.fork()
        if pid == 0:
            os.chdir(self.root)
            os.execve(DROVER, [DROVER, "init"], self.project.environment())
        screen = b""
        try:
            while b"? [y/N] " not in screen:
                screen += os.read(terminal, 4096)
            os.write(terminal, text)
            while data := os.read(terminal, 4096):
                screen += data
        except OSError:
            pass
        os.close(terminal)
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), screen.decode()

    def test_a_terminal_shows_the_file_and_asks(self):
        code, screen = self.answer(b"n\n")
        self.assertEqual(code, 130)
        self.assertIn("url: sqlite:///./application.db", screen)
        self.assertEqual(self.project.listing(), [])
        code, screen = self.answer(b"y\n")
        self.assertEqual(code, 0)
        self.assertEqual(self.project.listing(), ["drover.yaml", "migrations"])


class Adopting(InitCase):
    SCHEMA = ("CREATE TABLE accounts (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL COLLATE "
              "NOCASE);\nCREATE INDEX by_name ON accounts (name) WHERE name <> '';\n"
              "CREATE TRIGGER quiet AFTER INSERT ON accounts BEGIN SELECT 1; END;\n"
              "CREATE VIEW names AS SELECT name FROM accounts;\n")

    def made_by_hand(self):
        self.write(".env", "DATABASE_URL=sqlite:///./application.db\n")
        database = sqlite3.connect(self.root / "application.db")
        database.executescript(self.SCHEMA + "INSERT INTO accounts (name) VALUES ('ann');")
        database.close()

    def test_an_existing_database_becomes_the_first_revision(self):
        self.made_by_hand()
        before = self.project.schema()
        init = self.project.drover("init", "--adopt", "--yes", "--json").json
        adopted = init["adopted"]
        self.assertIn("schema verified", adopted["message"])
        self.assertEqual(self.project.query("SELECT name FROM accounts"), [("ann",)])
        self.assertEqual(self.project.query("SELECT version_num FROM "
                                            + self.version_table()), [(adopted["revision"],)])
        entry = self.project.drover("--local", "status", "--json").json["environments"][0]
        self.assertEqual((entry["state"], entry["current"]), ("current", [adopted["revision"]]))
        # Another database made by the migrations is the same.
        (self.root / "application.db").rename(self.root / "first.db")
        self.project.drover("--local", "upgrade")
        self.assertEqual(self.project.schema(), self.project.schema(self.root / "first.db"))
        self.assertEqual(self.project.schema(), before)

    def version_table(self):
        tables = self.project.query("SELECT name FROM sqlite_master WHERE name LIKE '%version'")
        return tables[0][0]

    def test_without_a_database_nothing_is_written(self):
        self.write(".env", "DATABASE_URL=sqlite:///./application.db\n")
        error = self.project.drover("init", "--adopt", "--yes", "--json", check=1).error
        self.assertEqual(error["kind"], "init.nothing_to_adopt")
        self.assertEqual(os.listdir(self.root), [".env"])

    def test_status_proposes_it_for_a_project_without_migrations(self):
        self.made_by_hand()
        self.project.drover("init", "--yes")
        entry = self.project.drover("--local", "status", "--json").json["environments"][0]
        self.assertEqual(entry["state"], "unversioned")
        self.assertIn("its schema can become the first", entry["why"])
        self.project.drover("--local", "drift", "--adopt", "--yes")
        entry = self.project.drover("--local", "status", "--json").json["environments"][0]
        self.assertEqual(entry["state"], "current")


if __name__ == "__main__":
    harness.main()
