"""A FastAPI-like project whose database Alembic manages, and the real Alembic beside it."""

import os
import re
import shutil
import sqlite3

import harness

INI = """\
# A generic, single database configuration.
[alembic]
script_location = %(here)s/alembic
prepend_sys_path = %(here)s
version_path_separator = os
# env.py takes the URL from the settings
sqlalchemy.url = driver://user:pass@localhost/dbname

[loggers]
keys = root
"""

# The application is async; Alembic takes the same URL with the plain driver.
ENV_PY = """\
import os
from alembic import context
from sqlalchemy import create_engine, pool

url = os.environ.get("DB__DB_URL")
if url is None:
    for line in open(".env"):
        name, _, value = line.partition("=")
        if name.strip() == "DB__DB_URL":
            url = value.strip()


def run_migrations_online():
    engine = create_engine(url.replace("+aiosqlite", ""), poolclass=pool.NullPool)
    with engine.connect() as connection:
        context.configure(connection=connection, render_as_batch=True)
        with context.begin_transaction():
            context.run_migrations()


if context.is_offline_mode():
    context.configure(url=url.replace("+aiosqlite", ""), literal_binds=True)
    with context.begin_transaction():
        context.run_migrations()
else:
    run_migrations_online()
"""

# The template of new revisions.
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

TABLES = ("accounts", "servers", "bindings", "transactions", "transaction_snapshots")

FIRST, ADD_NOTE, ADD_INDEX, MERGE, LAST = ("981cbaae32a1", "aaaa00000002", "aaaa00000003",
                                           "aaaa00000004", "aaaa00000005")


def available():
    """Is Alembic installed for the system's Python?"""
    return os.path.isdir("/usr/lib/python3/dist-packages/alembic") or shutil.which("alembic")


def version_text(revision, parents, message, up="pass", down="pass", created=None, **names):
    """A file as Alembic's template writes it."""
    parents = (parents,) if isinstance(parents, str) else tuple(parents or ())
    said = None if not parents else parents[0] if len(parents) == 1 else parents
    names = {"branch_labels": None, "depends_on": None, **names}
    revises = ", ".join(parents)
    lines = [f'"""{message}', "", f"Revision ID: {revision}", f"Revises: {revises}",
             f"Create Date: {created or '2026-02-12 23:20:18.123456'}", "", '"""',
             "from alembic import op", "import sqlalchemy as sa", "", "",
             "# revision identifiers, used by Alembic.", f"revision = {revision!r}",
             f"down_revision = {said!r}", *(f"{key} = {value!r}" for key, value in names.items()),
             "", "", "def upgrade():", *("    " + line for line in up.splitlines()),
             "", "", "def downgrade():", *("    " + line for line in down.splitlines()), ""]
    return "\n".join(lines)


class AlembicCase(harness.Case):
    """Case.project, whose root holds the project instead of drover's own migrations."""

    def setUp(self):
        super().setUp()
        self.root = self.project.root
        shutil.rmtree(self.root)
        self.root.mkdir()

    def write(self, path, text):
        return self.project.write(path, text)

    def version(self, revision, parents, message, **more):
        slug = re.sub(r"\W+", "_", message.lower())[:40].strip("_")
        return self.write(f"backend/alembic/versions/{revision}_{slug}.py",
                          version_text(revision, parents, message, **more))

    def first_version(self):
        up = "\n".join(f'op.create_table("{table}", sa.Column("id", sa.Integer, primary_key=True),\n'
                       f'                sa.Column("name", sa.String(40)))' for table in TABLES)
        down = "\n".join(f'op.drop_table("{table}")' for table in reversed(TABLES))
        return self.version(FIRST, None, "Initial migration creating all tables", up=up, down=down)

    def branch_and_merge(self):
        self.version(ADD_NOTE, FIRST, "Add a note to accounts",
                     up='op.add_column("accounts", sa.Column("note", sa.Text))',
                     down='with op.batch_alter_table("accounts") as batch:\n'
                          '    batch.drop_column("note")')
        self.version(ADD_INDEX, FIRST, "Index the names of servers",
                     up='op.create_index("ix_servers_name", "servers", ["name"])',
                     down='op.drop_index("ix_servers_name")')
        self.version(MERGE, (ADD_NOTE, ADD_INDEX), "Merge the two")

    def fastapi(self, ini=INI, migrations="{format: alembic, config: backend/alembic.ini}",
                policy="report"):
        """The whole project: one branch, one merge, and a drover.yaml."""
        self.write("pyproject.toml", '[project]\nname = "shop"\nversion = "1"\n')
        self.write(".env", "DB__DB_URL=sqlite+aiosqlite:///./application.db\n")
        self.write("backend/alembic.ini", ini)
        self.write("backend/alembic/env.py", ENV_PY)
        self.first_version()
        self.branch_and_merge()
        self.write("drover.yaml",
                   f"project: shop\nmigrations: {migrations}\nenvironments:\n  dev:\n"
                   "    url: ${DB__DB_URL}\n    env_file: .env\n"
                   f"    on_pending: {policy}\n").chmod(0o644)

    def alembic(self, *arguments, cwd=None, check=0, prefix=(), config="backend/alembic.ini"):
        """The real Alembic, as its console script runs it, from the root unless told otherwise."""
        if not available():
            self.skipTest("Alembic is not installed")
        code = "import sys; from alembic.config import main; main(sys.argv[1:], prog='alembic')"
        options = ("-c", config) if config else ()
        return self.project.run([*prefix, "/usr/bin/python3", "-c", code, *options, *arguments],
                                cwd=cwd or self.root, check=check,
                                env={"PYTHONDONTWRITEBYTECODE": "1"})

    def drover(self, *arguments, **options):
        return self.project.drover(*arguments, **options)

    def dev(self):
        """What status says of the one environment."""
        return self.drover("status", "--json").json["environments"][0]


class ApplyingCase(AlembicCase):
    """The whole project, to be upgraded by the real Alembic."""

    def setUp(self):
        if not available():
            self.skipTest("Alembic is not installed")
        super().setUp()
        self.fastapi()

    def rows(self):
        return sorted(self.project.versions())

    def execute(self, sql):
        self.execute_in(self.project.database, sql)

    def execute_in(self, file, sql):
        database = sqlite3.connect(file)
        with database:
            database.executescript(sql)
        database.close()

    def columns(self, table):
        return [row[1] for row in self.project.query(f"PRAGMA table_info({table})")]

    def last_version(self, up, down="pass"):
        return self.version(LAST, MERGE, "The last one", up=up, down=down)
