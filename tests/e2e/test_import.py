"""`drover import`: an Alembic history becomes native migrations that do the same."""

import shutil
import signal
import sqlite3
import subprocess

import alembic_project
import harness
from alembic_project import ADD_INDEX, ADD_NOTE, FIRST, LAST, MERGE, AlembicCase

SEED, BATCH, DATA = LAST, "aaaa00000006", "aaaa00000007"


def content(path):
    """Schema and rows of a database, without what drover and Alembic write for themselves."""
    with sqlite3.connect(path) as connection:
        tables = [name for (name,) in connection.execute(
            "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")
            if not name.startswith(("drover_", "alembic_", "sqlite_"))]
        columns = {t: connection.execute(f"PRAGMA table_info({t})").fetchall() for t in tables}
        rows = {t: sorted(map(repr, connection.execute(f"SELECT * FROM {t}"))) for t in tables}
        indexes = connection.execute("SELECT name, tbl_name FROM sqlite_schema WHERE type = 'index' "
                                     "AND sql IS NOT NULL ORDER BY name").fetchall()
    return columns, rows, indexes


class ImportCase(AlembicCase):
    def setUp(self):
        super().setUp()
        if not alembic_project.available():
            self.skipTest("Alembic is not installed")

    def without_downgrade(self, path):
        text = path.read_text()
        path.write_text(text[:text.index("\n\ndef downgrade")] + "\n")

    def said(self, *options, check=0):
        return self.drover("import", "--json", *options, check=check).json

    def texts(self, folder="migrations"):
        return {p.name.split("_")[0].removesuffix(".sql"): p.read_text()
                for p in (self.root / folder).glob("*.sql")}

    def leftovers(self):
        return [n for n in self.project.listing() if ".import-" in n]


class Whole(ImportCase):
    """The FastAPI project: a branch and a merge, a batch, a seed, data code, one without a way back."""

    def setUp(self):
        super().setUp()
        self.fastapi()
        self.version(SEED, MERGE, "Seed", up="op.execute(\"INSERT INTO accounts (name) VALUES ('a;b')\")",
                     down='op.execute("DELETE FROM accounts")')
        self.version(BATCH, SEED, "Names are texts",
                     up='with op.batch_alter_table("servers") as batch:\n'
                        '    batch.alter_column("name", new_column_name="title", type_=sa.Text())',
                     down='with op.batch_alter_table("servers") as batch:\n'
                          '    batch.alter_column("title", new_column_name="name",'
                          ' type_=sa.String(40))')
        self.without_downgrade(self.version(
            DATA, BATCH, "Names in capitals",
            up='connection = op.get_bind()\n'
               'for row in connection.execute(sa.text("SELECT id, name FROM accounts")).fetchall():\n'
               '    connection.execute(sa.text("UPDATE accounts SET name = :n WHERE id = :i"),\n'
               '                       {"n": row[1].upper(), "i": row[0]})'))

    def test_it_is_imported_and_everything_stays_where_it_was(self):
        self.alembic("upgrade", "head")
        versions = self.root / "backend/alembic/versions"
        python = {p.name: p.read_bytes() for p in versions.iterdir()}
        before = self.drover("current", "--json").json
        history = self.drover("history", "--json").json["revisions"]

        said = self.said("--yes")
        self.assertTrue(said["written"] and said["equal"])
        self.assertIsNone(said["error"])
        origins = {r["revision"]: (r["up"], r["down"]) for r in said["revisions"]}
        self.assertEqual(origins, {
            FIRST: ("sql", "sql"), ADD_NOTE: ("sql", "sql"), ADD_INDEX: ("sql", "sql"),
            MERGE: ("nothing", "nothing"), SEED: ("sql", "sql"), BATCH: ("sql", "sql"),
            DATA: ("partial", "none")})
        code = {r["revision"]: [c["where"] for c in r["data_code"] if c["rows"]]
                for r in said["revisions"] if r["data_code"]}
        file = f"backend/alembic/versions/{DATA}_names_in_capitals.py"
        self.assertEqual(code, {DATA: [f"{file}:21", f"{file}:22"]})
        self.assertTrue(said["config"]["changed"])
        self.assertIn("format: native", (self.root / "drover.yaml").read_text())

        self.assertEqual({p.name: p.read_bytes() for p in versions.iterdir()}, python)
        self.assertEqual(self.drover("current", "--json").json, before)
        self.assertEqual(self.dev()["state"], "current")
        self.assertEqual(self.drover("drift").code, 0)
        keys = ("revision", "down_revision", "depends_on", "branch_labels", "message", "created")
        now = self.drover("history", "--json").json["revisions"]
        self.assertEqual(sorted([e[k] for k in keys] for e in now),
                         sorted([e[k] for k in keys] for e in history))
        self.fresh_databases_are_equal(versions)
        self.later_revisions_go_on_top()

    def fresh_databases_are_equal(self, versions):
        """A new database by drover is Alembic's, but for what no SQL can stand for."""
        database = self.root / "application.db"
        kept = database.rename(self.root / "alembics.sqlite")
        self.drover("upgrade")
        (ours, our_rows, our_indexes), (theirs, their_rows, their_indexes) = content(database), content(kept)
        self.assertEqual((ours, our_indexes), (theirs, their_indexes))
        self.assertEqual(our_rows["accounts"], [repr((1, "a;b", None))])
        self.assertEqual(their_rows["accounts"], [repr((1, "A;B", None))])
        del our_rows["accounts"], their_rows["accounts"]
        self.assertEqual(our_rows, their_rows)
        database.unlink()
        kept.rename(database)

    def later_revisions_go_on_top(self):
        self.drover("revision", "-m", "On top", "--no-draft")
        path = next((self.root / "migrations").glob("*_on_top.sql"))
        path.write_text(path.read_text().replace("-- migrate:up\n", "-- migrate:up\nCREATE TABLE top (x);\n"))
        self.drover("upgrade")
        self.assertIn("top", self.project.tables())
        self.drover("downgrade", DATA)
        error = self.drover("downgrade", "-1", "--json", check=None).error
        self.assertEqual(error["kind"], "irreversible")

    def test_what_is_written_and_that_a_rename_is_one(self):
        self.drover("import", "--to", "db/native")
        texts = self.texts("db/native")
        self.assertEqual(len(texts), 7)
        for revision, text in texts.items():
            self.assertNotIn("alembic_version", text)
            self.assertNotIn("Running", text)
            self.assertIn(f"-- revision: {revision}\n", text)
        self.assertIn("-- down_revision: aaaa00000002, aaaa00000003\n", texts[MERGE])
        self.assertIn("-- created: 2026-02-12 23:20:18.123456\n", texts[FIRST])
        self.assertIn("INSERT INTO accounts (name) VALUES ('a;b');\n", texts[SEED])
        self.assertIn("NOT TRANSLATED", texts[DATA])
        self.assertNotIn("-- migrate:down", texts[DATA])
        self.assertIn("format: alembic", (self.root / "drover.yaml").read_text())
        self.assertEqual(self.leftovers(), [])
        text = (self.root / "drover.yaml").read_text()
        self.write("drover.yaml", text.replace(
            "{format: alembic, config: backend/alembic.ini}",
            "{directory: db/native, version_table: alembic_version}"))
        self.drover("upgrade", SEED)
        with sqlite3.connect(self.root / "application.db") as connection:
            connection.execute("INSERT INTO servers (name) VALUES ('kept')")
        self.drover("upgrade")  # a rename, and no column that is lost
        self.assertEqual(self.project.query("SELECT title FROM servers"), [("kept",)])


HELPER = """\
import sqlalchemy as sa


def rename_all(connection, name):
    connection.execute(sa.text("UPDATE servers SET name = :n WHERE name IS NULL"), {"n": name})


def copy_names(connection):
    for row in connection.execute(sa.text("SELECT id, name FROM accounts")).fetchall():
        connection.execute(sa.text("UPDATE accounts SET note = :n WHERE id = :i"), {"n": row[1], "i": row[0]})
"""


class Rows(ImportCase):
    """Row statements in every way that Python knows, carried out on a database that has rows."""

    def setUp(self):
        super().setUp()
        self.fastapi()
        self.write("backend/helper.py", HELPER)
        env = self.root / "backend/alembic/env.py"
        env.write_text(env.read_text().replace("import os\n", "import os, sys\nsys.path.insert(0, os.getcwd())\n"
                                               "print('env.py is there')\n"))
        self.parent = MERGE

    def then(self, name, up, down="pass"):
        self.version(name, self.parent, f"Step {name}",
                     up="from backend.helper import rename_all, copy_names\nfrom alembic import context\n" + up,
                     down=down)
        self.parent = name

    def same_as_alembic(self, statements, count):
        """A database at MERGE with these rows ends by drover as by Alembic, up and down again."""
        self.alembic("upgrade", MERGE)
        database = self.root / "application.db"
        with sqlite3.connect(database) as connection:
            connection.executescript(statements)
        kept = shutil.copy(database, self.root / "kept.sqlite")
        said = self.said("--yes")
        self.assertTrue(said["equal"], said)
        self.assertEqual([r["data_code"] for r in said["revisions"]], [[]] * (4 + count))
        self.alembic("upgrade", "head")
        theirs_up = content(database)
        self.alembic("downgrade", MERGE)
        theirs_down = content(database)
        database.unlink()
        shutil.copy(kept, database)
        self.drover("trust")
        self.drover("upgrade", "--yes")
        self.assertEqual(content(database), theirs_up)
        self.drover("downgrade", MERGE, "--yes")
        self.assertEqual(content(database), theirs_down)
        return said, theirs_up

    def test_an_existing_database_ends_as_by_alembic(self):
        self.then("c1", 'rename_all(op.get_bind(), "from the helper")\n'
                        'print("a revision that prints")\n'
                        'op.execute("UPDATE accounts SET note = \'x\' WHERE id = 1 -- trailing")\n'
                        'op.execute("UPDATE accounts SET note = \'a\\r\\nb\\tc\' WHERE id = 2")\n'
                        'op.get_bind().execute(sa.text("INSERT INTO accounts (name, note) VALUES (:a, :b)"),\n'
                        '                      [{"a": "p\\rq", "b": 0.5}, {"a": None, "b": "\\n-- migrate:down\\n"}])',
                  down='op.execute("DELETE FROM accounts WHERE name IS NULL")')
        self.then("c2", 'with op.batch_alter_table("servers") as batch:\n'
                        '    batch.alter_column("name", type_=sa.Integer(), nullable=False)\n'
                        'op.execute("UPDATE servers SET name = name + 1")',
                  down='with op.batch_alter_table("servers") as batch:\n'
                       '    batch.alter_column("name", type_=sa.String(40), nullable=True)\n'
                       'op.execute("UPDATE servers SET name = \'was \' || name")')
        rename = 'op.execute("ALTER TABLE accounts RENAME COLUMN {} TO {}")\n'
        swap = rename.format("name", "other") + rename.format("note", "name") + rename.format("other", "note")
        self.then("c3", swap, down=swap)
        self.then("c4", 'op.get_bind().connection.executescript(\n'
                        '    "CREATE TABLE extra (x); INSERT INTO extra SELECT name FROM servers; '
                        'CREATE VIRTUAL TABLE words USING fts5(w); '
                        'CREATE TRIGGER t AFTER INSERT ON extra BEGIN UPDATE servers SET name = 0; END; '
                        'INSERT INTO extra VALUES (8); INSERT INTO extra VALUES (8)")\n'
                        'op.bulk_insert(sa.table("extra", sa.column("x")), [{"x": 1}, {"x": b"\\0\\1"}, {"x": 0.1 + 0.2}, {"x": "a\\0b"}])',
                  down='op.drop_table("extra")\nop.drop_table("words")')
        self.then("c5", 'op.execute("INSERT INTO words VALUES (\'seen by fts\')")\n'
                        'if context.is_offline_mode(): return\n'
                        'op.execute("UPDATE accounts SET note = \'offline is not asked\' WHERE note = \'1\'")')
        said, up = self.same_as_alembic(
            "INSERT INTO accounts (name, note) VALUES ('1', 'n1'), ('2', NULL);"
            "INSERT INTO servers (name) VALUES ('12'), (NULL), ('x');", 5)
        self.assertTrue("(0.30000000000000004,)" in up[1]["extra"], up[1])
        self.assertEqual({r["up"] for r in said["revisions"][4:]}, {"sql"})
        self.assertIn("char(13)", self.texts()["c1"])
        self.assertIn("-- trailing", self.texts()["c1"])
        self.assertIn("CAST(servers.name AS INTEGER)", self.texts()["c2"])


class DataCode(ImportCase):
    """Python that knows rows: named, and nothing that depends on it is invented."""

    def setUp(self):
        super().setUp()
        self.fastapi()

    def code(self, said):
        return {r["revision"]: [(c["where"].rsplit(":", 1)[-1], c["text"]) for c in r["data_code"]]
                for r in said["revisions"] if r["data_code"]}

    def test_other_databases_counts_of_rows_and_an_end_of_the_program(self):
        other = self.root / "side.sqlite"
        self.version("e1", MERGE, "Elsewhere", up=(
            'import sqlite3\n'
            f'side = sqlite3.connect({str(other)!r})\n'
            'side.execute("CREATE TABLE IF NOT EXISTS accounts (id)")\n'
            'side.execute("DELETE FROM accounts")\nside.commit()\n'
            'op.execute("UPDATE accounts SET note = \'2\'")'))
        counts = self.version("e2", "e1", "Counts", up=(
            'changed = op.get_bind().execute(sa.text("UPDATE accounts SET note = \'3\'")).rowcount\n'
            'if changed == 0:\n'
            '    op.execute("INSERT INTO accounts (name) VALUES (\'none\')")'))
        said = self.said()
        texts = self.texts()
        self.assertNotIn("DELETE FROM accounts", texts["e1"])
        self.assertIn("UPDATE accounts SET note = '2';", texts["e1"])
        self.assertIn("UPDATE accounts SET note = '3';", texts["e2"])
        self.assertNotIn("\nINSERT", texts["e2"])
        self.assertEqual([line for line, _ in self.code(said)["e2"]],
                         [str(self.line_of(counts, "if changed")), str(self.line_of(counts, "INSERT"))])
        notes = next(r["notes"] for r in said["revisions"] if r["revision"] == "e1")
        self.assertTrue(any("another database" in note for note in notes), notes)

        self.version("e3", "e2", "Ends", up="import sys\nsys.exit(0)")
        error = self.drover("import", "--to", "again", "--json", check=5).error
        self.assertEqual(error["kind"], "alembic.unexpected_rows")
        self.assertFalse((self.root / "again").exists())

    def line_of(self, file, text):
        return next(i for i, line in enumerate(file.read_text().splitlines(), 1) if text in line)

    def test_what_depends_on_rows_is_named_and_left_out(self):
        fill = self.version("d1", MERGE, "Fill", up=(
            'op.create_table("roles", sa.Column("id", sa.Integer, primary_key=True), sa.Column("name", sa.Text))\n'
            'op.create_table("members", sa.Column("role", sa.Integer))\n'
            'connection = op.get_bind()\n'
            'op.execute("INSERT INTO accounts (name) VALUES (\'kept\')")\n'
            'for row in connection.execute(sa.text("SELECT name FROM accounts")).fetchall():\n'
            '    connection.execute(sa.text("INSERT INTO roles (name) VALUES (:n)"), {"n": row[0].upper()})\n'
            'with op.batch_alter_table("roles") as batch:\n'
            '    batch.alter_column("name", nullable=False)'), down=(
            'if op.get_bind().execute(sa.text("SELECT count(*) FROM servers")).scalar():\n'
            '    op.get_bind().execute(sa.text("DELETE FROM servers"))\n'
            'op.drop_table("members")\nop.drop_table("roles")'))
        self.version("d2", "d1", "Rename and copy", up=(
            'op.rename_table("roles", "groups")\n'
            'op.execute("INSERT INTO members SELECT id FROM groups")'),
            down='op.execute("DELETE FROM members")\nop.rename_table("groups", "roles")')
        self.version("d3", "d2", "Child of a new row", up=(
            'groups = sa.table("groups", sa.column("id", sa.Integer), sa.column("name"))\n'
            'groups = sa.Table("groups", sa.MetaData(), sa.Column("id", sa.Integer, primary_key=True),\n'
            '                  sa.Column("name", sa.Text))\n'
            'made = op.get_bind().execute(groups.insert().values(name="new"))\n'
            'op.get_bind().execute(sa.text("INSERT INTO members VALUES (:i)"),\n'
            '                      {"i": made.inserted_primary_key[0]})'))
        self.version("d4", "d3", "Another dialect", up=(
            'if op.get_bind().dialect.name == "postgresql":\n'
            '    op.get_bind().execute(sa.text("UPDATE accounts SET name = 1"))\n'
            'try:\n    op.execute("DROP TABLE nowhere")\nexcept Exception:\n    pass'))
        said = self.said("--yes")
        self.assertTrue(said["equal"], said)
        code = self.code(said)
        self.assertEqual({k: [line for line, _ in v] for k, v in code.items()},
                         {"d1": ["24", "25", "31", "32"], "d3": ["24"]})
        self.assertIn("INSERT INTO roles (name) VALUES ('KEPT')", code["d1"][1][1])
        self.assertIn("INSERT INTO members VALUES (", code["d3"][0][1])
        revisions = {r["revision"]: r for r in said["revisions"]}
        self.assertEqual((revisions["d1"]["up"], revisions["d1"]["down"]), ("partial", "partial"))
        self.assertIn("not translated: table roles: 0 rows instead of 1", revisions["d1"]["notes"])
        self.assertIn("sql", revisions["d2"]["up"])
        self.assertTrue(any("did nothing to a new database" in n for n in revisions["d4"]["notes"]))
        self.assertTrue(any("failed, and the revision went on" in n for n in revisions["d4"]["notes"]))
        texts = self.texts()
        self.assertIn("NOT TRANSLATED", texts["d1"])
        self.assertIn("INSERT INTO accounts (name) VALUES ('kept');", texts["d1"])
        self.assertIn("INSERT INTO _alembic_tmp_roles", texts["d1"])
        self.assertIn(f"{fill.relative_to(self.root)}:25", texts["d1"])
        self.assertIn("INSERT INTO members SELECT id FROM groups;", texts["d2"])
        self.assertIn("VALUES ('new');", texts["d3"])
        self.drover("upgrade")
        self.assertEqual(self.project.query("SELECT name FROM groups"), [("new",)])
        out = self.drover("downgrade", MERGE, "--yes").out
        self.assertIn("d1", out)

    def test_what_is_rolled_back_is_not_in_the_script(self):
        self.version("d1", MERGE, "Rolled back", up=(
            'transaction = op.get_bind().begin_nested()\n'
            'op.execute("INSERT INTO accounts (name) VALUES (\'never\')")\n'
            'transaction.rollback()\n'
            'with op.get_bind().connection.driver_connection as raw:\n'
            '    raw.execute("INSERT INTO servers (name) VALUES (\'too late\')")\n'
            'op.execute("UPDATE accounts SET name = \'a\'")'))
        self.version("d2", "d1", "A way back that fails", up='op.execute("CREATE TABLE u (x)")',
                     down='raise RuntimeError("there is no way")')
        said = self.said()
        self.assertTrue(said["equal"], said)
        self.assertEqual([line for line, _ in self.code(said)["d1"]], ["22", "24", "25"])
        self.assertNotIn("never", "".join(line for line in self.texts()["d1"].splitlines()
                                          if not line.startswith("--")))
        last = said["revisions"][-1]
        self.assertEqual(last["down"], "none")
        self.assertTrue(any("there is no way" in n for n in last["notes"]), last["notes"])


# As much of aiosqlite as SQLAlchemy uses: the statements run in a thread of their own.
AIOSQLITE = """\
import asyncio
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from sqlite3 import (DatabaseError, Error, IntegrityError, NotSupportedError, OperationalError,
                     ProgrammingError, sqlite_version, sqlite_version_info)


class Cursor:
    def __init__(self, run, raw):
        self.run, self.raw = run, raw

    def __getattr__(self, name):
        value = getattr(self.raw, name)
        return (lambda *a: self.run(value, *a)) if callable(value) else value


class Connection:
    def __init__(self, *arguments, **options):
        self.pool, self.arguments, self.options = ThreadPoolExecutor(1), arguments, options

    async def run(self, function, *arguments):
        return await asyncio.get_running_loop().run_in_executor(self.pool, function, *arguments)

    async def start(self):
        self.raw = await self.run(lambda: sqlite3.connect(*self.arguments, **self.options))
        return self

    def __await__(self):
        return self.start().__await__()

    async def cursor(self):
        return Cursor(self.run, await self.run(self.raw.cursor))

    async def create_function(self, *arguments, **options):
        return await self.run(lambda: self.raw.create_function(*arguments, **options))

    async def commit(self):
        await self.run(self.raw.commit)

    async def rollback(self):
        await self.run(self.raw.rollback)

    async def close(self):
        await self.run(self.raw.close)


connect = Connection
"""

ASYNC_ENV_PY = """\
import asyncio
import os
from alembic import context
from sqlalchemy import pool
from sqlalchemy.ext.asyncio import create_async_engine


def migrate(connection):
    context.configure(connection=connection, render_as_batch=True)
    with context.begin_transaction():
        context.run_migrations()


async def run():
    engine = create_async_engine(os.environ["DB__DB_URL"], poolclass=pool.NullPool)
    async with engine.begin() as connection:
        await connection.run_sync(migrate)
    await engine.dispose()


asyncio.run(run())
"""


class Asynchronous(ImportCase):
    def test_the_lines_of_a_revision_are_known_with_an_asynchronous_engine(self):
        """Its statements are executed in another thread than the revision is."""
        self.fastapi()
        self.write("backend/aiosqlite.py", AIOSQLITE)
        self.write("backend/alembic/env.py", ASYNC_ENV_PY)
        self.version("d1", MERGE, "Reads", up='op.execute("UPDATE accounts SET name = 1")\n'
                     'rows = op.get_bind().execute(sa.text("SELECT * FROM accounts")).fetchall()\n'
                     'op.execute("UPDATE accounts SET name = \'never\'")')
        said = self.said()
        self.assertTrue(said["equal"], said)
        self.assertEqual([c["where"].rsplit(":", 1)[-1] for c in said["revisions"][-1]["data_code"]], ["21", "22"])
        self.assertEqual({r["up"] for r in said["revisions"][:3]}, {"sql"})


class Parts(ImportCase):
    def setUp(self):
        super().setUp()
        self.fastapi()

    def test_a_preview_writes_nothing(self):
        before = self.project.listing()
        said = self.said("--dry-run")
        self.assertEqual((said["written"], said["equal"], said["config"]["changed"]),
                         (False, True, False))
        self.assertIn("directory: migrations", said["config"]["after"])
        self.assertEqual(self.project.listing(), before)
        out = self.drover("import", "--dry-run").out
        self.assertIn("up: what Alembic executes; down: what Alembic executes", out)
        self.assertIn("4 files would be written to migrations", out)

    def test_the_folder_must_be_new(self):
        self.write("migrations/README", "mine\n")
        error = self.drover("import", "--json", check=5).error
        self.assertEqual((error["code"], error["kind"], error["hint"]),
                         ("conflict", "import.not_empty", "drover import --to DIR"))
        (self.root / "migrations/README").unlink()
        (self.root / "elsewhere").mkdir()
        (self.root / "migrations").rmdir()
        (self.root / "migrations").symlink_to("elsewhere")
        (self.root / ".elsewhere.import-20260101-000000-abcdef-999999999").mkdir()
        self.drover("import")
        self.assertEqual(len(self.texts("elsewhere")), 4)
        self.assertTrue((self.root / "migrations").is_symlink())
        self.assertEqual(self.leftovers(), [])
        # The folder that it would write is there: only drover.yaml is left to be changed.
        self.assertEqual(self.drover("import", "--json", check=5).error["kind"], "import.not_empty")
        written = {p.name: p.stat().st_mtime_ns for p in (self.root / "elsewhere").iterdir()}
        said = self.said("--yes")
        self.assertEqual((said["written"], said["config"]["changed"]), (True, True))
        self.assertEqual({p.name: p.stat().st_mtime_ns for p in (self.root / "elsewhere").iterdir()}, written)

    def test_files_of_the_same_names_and_other_content_stay(self):
        self.drover("import")
        file = next((self.root / "migrations").glob(f"{FIRST}*"))
        file.write_text(file.read_text() + "-- mine\n")
        error = self.drover("import", "--yes", "--json", check=5).error
        self.assertEqual(error["kind"], "import.not_empty")
        self.assertIn("other content", error["message"])
        self.assertIn("format: alembic", (self.root / "drover.yaml").read_text())

    def test_an_alembic_that_cannot_be_followed_is_refused(self):
        (self.root / "drover.yaml").write_text((self.root / "drover.yaml").read_text().replace(
            "{format: alembic", "{command: [/usr/bin/python3, -E, -m, alembic], format: alembic"))
        error = self.drover("import", "--json", check=8).error
        self.assertEqual(error["kind"], "import.untraced")
        self.assertIn("/usr/bin/python3 -E -m alembic does not load drover's hook", error["message"])
        self.assertFalse((self.root / "migrations").exists())

    def test_a_change_while_it_imports_is_noticed(self):
        """Revisions that are edited, or that come, behind drover's back."""
        for change in ('open(__file__, "a").write("# later\\n")',
                       'open(__file__ + "_more.py", "w").write(open(__file__).read()'
                       '.replace("revision = \'bbbb", "revision = \'cccc"))'):
            path = self.version("bbbb00000001", MERGE, "Changes", up=change)
            error = self.drover("import", "--json", check=5).error
            self.assertEqual(error["kind"], "import.changed")
            self.assertFalse((self.root / "migrations").exists())
            for file in path.parent.glob("bbbb*"):
                file.unlink()

    def test_ids_are_no_paths(self):
        file = self.version("yy", MERGE, "Slash", up='op.execute("CREATE TABLE slash (x)")')
        file.write_text(file.read_text().replace("revision = 'yy'", "revision = 'x/../y'"))
        said = self.said("--yes")
        self.assertTrue(said["equal"], said)
        self.assertEqual(said["revisions"][-1]["file"], "x_.._y_slash.sql")
        self.assertIn("-- revision: x/../y\n", (self.root / "migrations/x_.._y_slash.sql").read_text())
        self.drover("upgrade")
        self.assertIn("slash", self.project.tables())

    def test_the_version_table_must_be_known(self):
        env = self.root / "backend/alembic/env.py"
        env.write_text(env.read_text().replace("render_as_batch=True",
                                               "render_as_batch=True, version_table='shop_version'"))
        error = self.drover("import", "--json", check=8).error
        self.assertEqual(error["kind"], "alembic.version_table")
        self.assertIn("version_table: shop_version", error["hint"])

    def test_siblings_do_not_get_into_each_others_scripts(self):
        """Branches that rebuild tables; one depends on another, and two heads are left."""
        def batch(table, column):
            return (f'with op.batch_alter_table("{table}") as batch:\n'
                    '    batch.alter_column("name", type_=sa.Text())\n'
                    f'    batch.add_column(sa.Column("{column}", sa.Text))')

        def undo(table, column):
            return (f'with op.batch_alter_table("{table}") as batch:\n'
                    f'    batch.drop_column("{column}")\n'
                    '    batch.alter_column("name", type_=sa.String(40))')

        self.version("b1", MERGE, "Left", up=batch("accounts", "west"), down=undo("accounts", "west"),
                     branch_labels=("left",))
        self.version("b2", MERGE, "Right", up=batch("bindings", "east"), down=undo("bindings", "east"))
        self.version("b3", "b2", "Later", up='op.drop_index("ix_servers_name")',
                     down='op.create_index("ix_servers_name", "servers", ["name"])',
                     depends_on=("left",))
        self.version("b4", MERGE, "Beside", up=batch("accounts", "south"), down=undo("accounts", "south"))
        # Depends on b1, and says so nowhere; its way back is right in a new database alone.
        self.version("b5", MERGE, "Undeclared", up='op.add_column("accounts", sa.Column("seen", sa.Text))\n'
                     'op.execute("UPDATE accounts SET west = \'x\'")', down=undo("accounts", "seen"))
        said = self.said()
        self.assertTrue(said["equal"], said)
        texts = self.texts()
        self.assertNotIn("west", texts["b2"])
        self.assertIn("seen", texts["b5"])
        self.assertEqual({r["down"] for r in said["revisions"]}, {"sql", "nothing"}, said)
        self.assertIn("-- depends_on: left\n", texts["b3"])
        self.assertIn("-- branch_labels: left\n", texts["b1"])
        notes = {r["revision"]: [n for n in r["notes"] if "another branch" in n]
                 for r in said["revisions"]}
        self.assertEqual([r for r, found in notes.items() if found], [ADD_NOTE, "b1", "b2", "b4", "b5"])
        self.assertIn("west", texts["b4"])

    def test_transactions_and_another_version_table_stay_out(self):
        env = self.root / "backend/alembic/env.py"
        env.write_text(env.read_text().replace(
            "render_as_batch=True", "render_as_batch=True, version_table='shop_version', "
            "transactional_ddl=True, transaction_per_migration=True"))
        self.write("drover.yaml", (self.root / "drover.yaml").read_text().replace(
            "{format", "{version_table: shop_version, format"))
        self.assertTrue(self.said("--yes")["equal"])
        for text in self.texts().values():
            for word in ("BEGIN", "COMMIT", "shop_version"):
                self.assertNotIn(word, text)
        self.assertIn("version_table: shop_version", (self.root / "drover.yaml").read_text())
        self.drover("upgrade")
        self.assertEqual(self.project.query("SELECT * FROM shop_version"), [(MERGE,)])

    def test_what_does_not_come_out_equal_is_named_and_only_written_on_demand(self):
        self.version(LAST, MERGE, "Random",
                     up="op.execute(\"INSERT INTO accounts (name) VALUES (hex(randomblob(8)))\")")
        result = self.drover("import", check=8)
        self.assertIn(f"1 revision could not be proven equal: {LAST}", result.err)
        self.assertIn("differs: table accounts: a row is", result.out)
        self.assertFalse((self.root / "migrations").exists())
        said = self.said("--partial")
        self.assertTrue(said["written"])
        self.assertFalse(said["equal"])
        self.assertIn("-- draft\n", self.texts()[LAST])
        self.assertIn("NOT PROVEN EQUAL", self.texts()[LAST])
        self.assertEqual([r for r, t in self.texts().items() if "-- draft\n" in t], [LAST])

    def test_the_time_of_a_seed_is_no_difference(self):
        self.version(LAST, MERGE, "Seed",
                     up="op.execute(\"INSERT INTO accounts (name) VALUES (CURRENT_TIMESTAMP)\")",
                     down='op.execute("DELETE FROM accounts")')
        self.assertTrue(self.said("--dry-run")["equal"])

    def test_what_alembic_itself_cannot_do_is_said(self):
        self.version(LAST, MERGE, "Broken", up='op.drop_table("nowhere")')
        error = self.drover("import", "--json", check=None).error
        self.assertEqual(error["kind"], "alembic.failed")
        self.assertIn(f"Alembic itself cannot apply revision {LAST} to a new database", error["message"])
        self.assertFalse((self.root / "migrations").exists())

    def test_a_configuration_that_is_unusual_is_only_shown(self):
        text = (self.root / "drover.yaml").read_text()
        unusual = text.replace("{format: alembic, config", "{format: 'alembic', config")
        self.write("drover.yaml", unusual)
        said = self.said("--yes")
        self.assertEqual((said["written"], said["config"]["changed"]), (True, False))
        self.assertIn("unusual", said["config"]["problem"])
        self.assertIn("format: native", said["config"]["after"])
        self.assertEqual((self.root / "drover.yaml").read_text(), unusual)

    def test_a_configuration_that_cannot_be_written_takes_nothing_back(self):
        """A file next to it cannot be made, since its name would be too long."""
        config = self.root / "drover.yaml"
        config.rename(self.root / ("x" * 252))
        config.symlink_to("x" * 252)
        said = self.said("--yes")
        self.assertEqual((said["written"], said["config"]["changed"], len(said["revisions"])),
                         (True, False, 4))
        self.assertIn("File name too long", said["config"]["problem"])
        self.assertEqual(len(self.texts()), 4)

    def test_native_projects_have_nothing_to_import(self):
        self.write("drover.yaml", "environments:\n  dev: {url: 'sqlite:///application.db'}\n")
        self.assertEqual(self.drover("import", "--json", check=1).error["kind"], "import.not_alembic")

    def test_an_interrupt_leaves_nothing(self):
        before = self.project.listing()
        self.project.start()
        child = self.project.spawn([harness.DROVER, "import"], stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE)
        harness.wait_until(self.works, "a private database is there")
        child.send_signal(signal.SIGINT)
        errors = child.communicate(timeout=harness.PATIENCE)[1]
        self.assertNotEqual(child.returncode, 0)
        self.assertIn(b"cancelled: nothing was written", errors)
        harness.wait_until(lambda: not self.works(), "the private databases are gone")
        self.assertEqual(self.project.listing(), before)

    def works(self):
        return [p for p in self.project.state.rglob("scratch-*")]


if __name__ == "__main__":
    harness.main()
