"""`drover import`: an Alembic history becomes native migrations that do the same."""

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
            FIRST: ("sql", "sql"), ADD_NOTE: ("sql", "recorded"), ADD_INDEX: ("sql", "sql"),
            MERGE: ("nothing", "nothing"), SEED: ("sql", "sql"), BATCH: ("recorded", "recorded"),
            DATA: ("nothing", "none")})
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
        self.drover("upgrade")  # a rename, and no column that is lost
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
        self.drover("upgrade")
        self.assertEqual(self.project.query("SELECT title FROM servers"), [("kept",)])


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
        self.assertIn("up: Alembic's SQL; down: recorded", out)
        self.assertIn("4 files would be written to migrations", out)

    def test_the_folder_must_be_new(self):
        self.write("migrations/README", "mine\n")
        error = self.drover("import", "--json", check=5).error
        self.assertEqual((error["code"], error["kind"], error["hint"]),
                         ("conflict", "import.not_empty", "drover import --to DIR"))
        (self.root / "migrations/README").unlink()
        self.drover("import")
        self.assertEqual(len(self.texts()), 4)

    def test_a_project_without_an_offline_mode_is_recorded(self):
        env = self.root / "backend/alembic/env.py"
        env.write_text(env.read_text().replace(
            "if context.is_offline_mode():", "if context.is_offline_mode():\n    raise SystemExit(3)\nif False:"))
        said = self.said()
        self.assertTrue(said["equal"])
        self.assertEqual({r["up"] for r in said["revisions"]}, {"recorded", "nothing"})
        self.alembic("upgrade", "head")
        kept = (self.root / "application.db").rename(self.root / "alembics.sqlite")
        text = (self.root / "drover.yaml").read_text()
        self.write("drover.yaml", text.replace(
            "{format: alembic, config: backend/alembic.ini}",
            "{format: native, version_table: alembic_version}"))
        self.drover("upgrade")
        self.assertEqual(content(self.root / "application.db"), content(kept))

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
        said = self.said()
        self.assertTrue(said["equal"], said)
        texts = self.texts()
        self.assertNotIn("west", texts["b2"])
        self.assertIn("-- depends_on: left\n", texts["b3"])
        self.assertIn("-- branch_labels: left\n", texts["b1"])
        notes = {r["revision"]: [n for n in r["notes"] if "another branch" in n]
                 for r in said["revisions"]}
        self.assertEqual([r for r, found in notes.items() if found], ["b4"])
        self.assertIn("west", texts["b4"])

    def test_transactions_and_another_version_table_stay_out(self):
        env = self.root / "backend/alembic/env.py"
        env.write_text(env.read_text().replace("literal_binds=True", "literal_binds=True, "
                       "transactional_ddl=True, transaction_per_migration=True, version_table='shop_version'")
                       .replace("render_as_batch=True", "render_as_batch=True, version_table='shop_version'"))
        self.write("drover.yaml", (self.root / "drover.yaml").read_text().replace(
            "{format", "{version_table: shop_version, format"))
        self.assertTrue(self.said("--yes")["equal"])
        for text in self.texts().values():
            for word in ("BEGIN", "COMMIT", "shop_version"):
                self.assertNotIn(word, text)
        self.assertIn("version_table: shop_version", (self.root / "drover.yaml").read_text())
        self.drover("upgrade")
        self.assertEqual(self.project.query("SELECT * FROM shop_version"), [(MERGE,)])

    def test_what_is_written_before_alembic_gives_up_is_kept(self):
        """The usual way to NOT NULL: fill, then rebuild. What comes after that is only named."""
        file = self.version(
            LAST, MERGE, "Names are there",
            up='op.execute("UPDATE accounts SET name = \'unnamed\' WHERE name IS NULL")\n'
               'with op.batch_alter_table("accounts") as batch:\n'
               '    batch.alter_column("name", nullable=False)\n'
               'op.execute("UPDATE accounts SET note = name")')
        said = self.said("--yes")
        self.assertTrue(said["equal"], said)
        last = said["revisions"][-1]
        self.assertEqual([c["where"] for c in last["data_code"]],
                         [f"{file.relative_to(self.root)}:23"])
        self.drover("upgrade", MERGE)
        with sqlite3.connect(self.root / "application.db") as connection:
            connection.execute("INSERT INTO accounts (name) VALUES (NULL), ('a')")
        self.drover("upgrade")
        self.assertEqual(self.project.query("SELECT name, note FROM accounts ORDER BY id"),
                         [("unnamed", None), ("a", None)])

    def test_values_that_alembic_does_not_print_are_not_taken_for_null(self):
        self.version(LAST, MERGE, "Everybody is x",
                     up='op.get_bind().execute(sa.text("UPDATE accounts SET name = :n"), {"n": "x"})')
        said = self.said()
        self.assertTrue(said["equal"], said)
        last = said["revisions"][-1]
        self.assertEqual((last["up"], [c["rows"] for c in last["data_code"]]), ("nothing", [True]))
        self.assertNotIn("UPDATE", "".join(
            line for line in self.texts()[LAST].splitlines() if not line.startswith("--")))

    def test_a_column_that_may_be_lost_is_no_proof(self):
        """Alembic refuses every made-up row, so nobody can see whether it keeps a column."""
        self.version(LAST, MERGE, "Replace",
                     up='if op.get_bind().exec_driver_sql("SELECT 1 FROM servers").first():\n'
                        '    raise Exception("not with rows")\n'
                        'with op.batch_alter_table("servers") as batch:\n'
                        '    batch.drop_index("ix_servers_name")\n'
                        '    batch.drop_column("name")')
        said = self.said("--dry-run")
        self.assertTrue(said["revisions"][-1]["data_code"])
        file = next((self.root / "backend/alembic/versions").glob(f"{LAST}*"))
        self.write("backend/alembic/helper.py",
                   "def check(bind):\n    if bind.exec_driver_sql('SELECT 1 FROM servers').first():\n"
                   "        raise Exception('not with rows')\n")
        text = file.read_text()
        file.write_text(text.replace('if op.get_bind().exec_driver_sql("SELECT 1 FROM servers").first():\n'
                                     '        raise Exception("not with rows")',
                                     "exec(open('backend/alembic/helper.py').read(), globals())\n"
                                     "    check(op.get_bind())"))
        result = self.drover("import", "--json", check=8)
        self.assertIn("Alembic takes no made-up rows here", result.json["revisions"][-1]["differences"][0])

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
        child.communicate(timeout=harness.PATIENCE)
        self.assertNotEqual(child.returncode, 0)
        harness.wait_until(lambda: not self.works(), "the private databases are gone")
        self.assertEqual(self.project.listing(), before)

    def works(self):
        return [p for p in self.project.state.rglob("scratch-*")]


if __name__ == "__main__":
    harness.main()
