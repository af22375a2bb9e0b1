"""Schemas as verbs: schema, diff, check and revision --autogenerate, against the real programs."""

import os
import pty
import select
import signal
import sqlite3
import subprocess

import harness

BEFORE = """
CREATE TABLE users (
  id INTEGER PRIMARY KEY,
  mail TEXT,
  status TEXT NOT NULL CHECK (status IN ('OPEN', 'CLOSED'))
);
CREATE INDEX users_mail ON users (mail);
CREATE TABLE notes (id INTEGER PRIMARY KEY, user_id INTEGER REFERENCES users (id) ON DELETE CASCADE, body TEXT);
"""
HELD = BEFORE.replace("'OPEN', 'CLOSED'", "'OPEN', 'HELD', 'CLOSED'")


class WithSchema(harness.Case):
    def setUp(self):
        super().setUp()
        project = self.project
        project.write("drover.yaml",
                      "project: small\n"
                      "migrations: {directory: migrations, schema: schema.sql, version_table: alembic_version}\n"
                      "environments:\n"
                      '  dev: {url: "sqlite:///./application.db", on_pending: report}\n'
                      '  other: {url: "sqlite:///./other.db", on_pending: report}\n')
        (project.root / "drover.yaml").chmod(0o644)
        project.migration("a1", None, BEFORE, "DROP TABLE notes; DROP TABLE users;")
        self.want(BEFORE)

    def want(self, sql):
        self.project.write("schema.sql", sql)

    def generate(self, *args, check=0, **options):
        return self.project.drover("revision", "--autogenerate", "-m", "Change", *args, check=check,
                                   **options)

    def migrations(self):
        return sorted(p.name for p in (self.project.root / "migrations").iterdir())


class Autogenerate(WithSchema):
    def test_nothing_to_do_writes_nothing(self):
        before = self.migrations()
        done = self.generate()
        self.assertIn("nothing to do", done.out)
        self.assertEqual(self.migrations(), before)
        self.assertEqual(self.generate("--json").json["outcome"], "noop")

    def test_a_rebuild_keeps_every_row_up_and_down(self):
        project = self.project
        project.drover("upgrade")
        rows = "INSERT INTO users VALUES (7, 'a', 'OPEN'); INSERT INTO notes VALUES (1, 7, 'b');"
        connection = sqlite3.connect(project.database)
        connection.executescript(rows)
        connection.close()
        self.want(HELD)
        done = self.generate("--json").json
        self.assertEqual((done["outcome"], done["rebuild"], done["destructive"], done["possible_renames"]),
                         ("ok", ["users"], [], []))
        self.assertEqual([c["line"] for c in done["changes"]], ["users.status: + HELD"])
        text = (project.root / done["file"]).read_text()
        self.assertIn("\n-- draft\n-- migrate:up\n" + done["up"], text)
        self.assertTrue(text.endswith("-- migrate:down\n" + done["down"]))
        project.drover("check")
        project.drover("upgrade", "--draft")
        self.assertEqual(project.query("SELECT * FROM users"), [(7, "a", "OPEN")])
        self.assertEqual(project.query("SELECT * FROM notes"), [(1, 7, "b")])
        project.drover("downgrade", "a1")
        self.assertEqual(project.query("SELECT * FROM users, notes"), [(7, "a", "OPEN", 1, 7, "b")])
        project.drover("diff", "dev", "a1", "--exit-code")

    def test_the_scripts_are_always_the_same_bytes(self):
        self.want(HELD + "CREATE VIEW v AS SELECT mail FROM users;")
        first, second = (self.generate("--dry-run", "--json", *extra).json
                         for extra in ([], ["--local"]))
        for key in ("up", "down", "rebuild", "notes", "changes", "message"):
            self.assertEqual(first[key], second[key])
        self.assertEqual(self.migrations(), ["a1_step_a1.sql"])

    def test_a_rename_is_proposed_and_a_hint_makes_it_one(self):
        project = self.project
        renamed = BEFORE.replace("mail TEXT", "email TEXT").replace("(mail)", "(email)")
        self.want(renamed)
        refused = self.generate(check=8)
        self.assertIn("users.email may be the old users.mail", refused.err)
        self.assertIn("-- @renamed from=mail", refused.err)
        self.assertIn("--allow-data-loss", refused.err)
        self.assertEqual(self.migrations(), ["a1_step_a1.sql"])
        document = self.generate("--json", check=8)
        self.assertEqual(document.json["outcome"], "blocked")
        self.assertEqual(document.json["possible_renames"][0]["hint"], "-- @renamed from=mail")
        self.assertEqual(document.error["kind"], "schema.data_loss")
        self.want(renamed.replace("email TEXT,", "email TEXT, -- @renamed from=mail"))
        done = self.generate("--json", "--no-draft").json
        self.assertEqual((done["outcome"], done["destructive"]), ("ok", []))
        project.drover("upgrade")  # a rename is no loss: it needs no --yes

    def test_what_is_lost_must_be_wanted_and_the_way_back_says_so(self):
        self.want(BEFORE.replace(", body TEXT", ""))
        self.generate(check=8)
        done = self.generate("--allow-data-loss", "--json").json
        self.assertEqual(done["destructive"], [{"class": "drop column", "object": "notes.body"}])
        self.assertIn("-- drover: irreversible-data: drop column notes.body\n", done["down"])

    def test_a_missing_value_blocks_until_it_is_given(self):
        self.want(BEFORE.replace("body TEXT", "body TEXT, rank INTEGER NOT NULL"))
        blocked = self.generate(check=8)
        self.assertIn("notes.rank", blocked.err)
        self.assertIn("--backfill notes.rank=EXPRESSION", blocked.err)
        self.assertIn("is no backfill", self.generate("--backfill", "rank", check=1).err)
        done = self.generate("--backfill", "notes.rank=length(body)", "--json").json
        self.assertEqual(done["outcome"], "ok")
        self.assertIn("length(body)", done["up"])

    def test_a_backfill_in_the_schema_file(self):
        self.want(BEFORE.replace("body TEXT)",
                                 "body TEXT,\n rank INTEGER NOT NULL -- @backfill 7\n)"))
        self.assertEqual(self.generate("--json").json["outcome"], "ok")

    def test_a_schema_that_cannot_work_is_named_with_its_line(self):
        self.want(BEFORE + "\nCREATE VIEW v AS SELECT nope FROM users;\n")
        wrong = self.generate("--json", check=1)
        self.assertEqual(wrong.json["outcome"], "invalid_desired")
        self.assertIn("schema.sql:10:1", wrong.error["where"])
        self.assertIn("schema.sql:10:1", self.project.drover("check", check=1).err)

    def test_a_line_that_would_begin_a_section_is_refused(self):
        self.want(BEFORE + "CREATE TABLE t (a -- x\n-- migrate:down\n);\n")
        self.assertIn("begins a section", self.generate(check=1).err)
        self.assertEqual(self.migrations(), ["a1_step_a1.sql"])

    def test_ugly_schema_files(self):
        for ugly in (b"", b"\xff\xfe\x00", b"CREATE TABLE", b"CREATE TABLE t (a); /* never closed",
                     b"SELECT 1;", b"\x7fELF" + bytes(range(256)) * 40, b"CREATE TABLE t (" + b"(" * 5000):
            (self.project.root / "schema.sql").write_bytes(ugly)
            done = self.generate("--json", "--allow-data-loss", "--dry-run", check=None)
            self.assertIn(done.code, (0, 1), done)
            self.assertIn(done.json["outcome"], ("ok", "invalid_desired"), ugly[:20])
        self.assertTrue(self.project.answers())

    def test_several_files_and_places_in_them(self):
        project = self.project
        text = (project.root / "drover.yaml").read_text()
        project.write("drover.yaml", text.replace("schema: schema.sql", "schema: [schema.sql, more.sql]"))
        project.write("more.sql", "\n\nCREATE INDEX more ON users (status);\n")
        self.assertEqual([c["line"] for c in self.generate("--json", "--dry-run").json["changes"]],
                         ["+ index more"])
        project.write("more.sql", "\n\nCREATE INDEX more ON nobody (status);\n")
        self.assertIn("more.sql:3:", self.generate("--json", "--dry-run", check=1).error["where"])
        (project.root / "more.sql").unlink()
        self.assertIn("more.sql", self.generate("--dry-run", check=1).err)

    def test_without_a_schema_it_says_what_to_write(self):
        self.project.configure_dev("report")
        self.assertIn("names no schema file", self.generate(check=1).err)

    def test_options_without_autogenerate_are_a_usage_error(self):
        self.project.drover("revision", "-m", "x", "--dry-run", check=2)

    def test_several_heads_are_a_conflict(self):
        self.project.migration("b2", "a1", "CREATE TABLE b (x);")
        self.project.migration("c3", "a1", "CREATE TABLE c (x);")
        self.generate(check=5)
        self.project.drover("check", check=5)

    def test_on_a_terminal_the_rename_is_asked_about(self):
        self.want(BEFORE.replace("mail TEXT", "email TEXT").replace("(mail)", "(email)"))
        for answer, code in ((b"n\nn\n", 8), (b"y\n", 0)):
            terminal, other = pty.openpty()
            child = self.project.spawn([harness.DROVER, "revision", "--autogenerate", "-m", "Email"],
                                       stdin=other, stdout=subprocess.DEVNULL, stderr=other)
            os.close(other)
            self.read_until(terminal, b"was it renamed? [y/N]")
            os.write(terminal, answer)
            # Read on: a terminal whose other end nobody reads blocks the program.
            self.drain(terminal)
            self.assertEqual(child.wait(timeout=harness.PATIENCE), code)
            os.close(terminal)
        written = [n for n in self.migrations() if n.endswith("_email.sql")]
        self.assertEqual(len(written), 1)
        self.assertIn("RENAME COLUMN mail TO email",
                      (self.project.root / "migrations" / written[0]).read_text())

    @staticmethod
    def drain(terminal):
        while True:
            try:
                if not os.read(terminal, 65536):
                    return
            except OSError:
                return

    @staticmethod
    def read_until(terminal, mark):
        seen = b""

        def found():
            nonlocal seen
            if select.select([terminal], [], [], 0.1)[0]:
                seen += os.read(terminal, 65536)
            return mark in seen

        harness.wait_until(found, f"the terminal shows {mark!r}")
        return seen

    def test_who_leaves_before_the_answer_gets_no_file(self):
        tables = "\n".join(f"CREATE TABLE t{n} (a INTEGER PRIMARY KEY, b TEXT, c TEXT);"
                           for n in range(150))
        self.want(BEFORE + tables)
        project = self.project
        project.start()
        child = project.spawn([harness.DROVER, "revision", "--autogenerate", "-m", "Many"],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        child.send_signal(signal.SIGINT)
        code = child.wait(timeout=harness.PATIENCE * 3)
        names = self.migrations()
        if code == 0:  # the signal came before its handler, or after the file
            self.assertEqual(len(names), 2)
        else:
            self.assertEqual(names, ["a1_step_a1.sql"])
        self.assertFalse([n for n in names if n.startswith(".")])
        for stream in (child.stdout, child.stderr):
            stream.close()


class Compare(WithSchema):
    def test_check_exits_4_for_a_difference_and_writes_nothing(self):
        project = self.project
        self.assertIn("the migrations make the wanted schema", project.drover("check", "--local").out)
        self.want(HELD)
        before = project.listing()
        different = project.drover("check", "--json", "--local", check=4).json
        self.assertEqual((different["ok"], different["heads"]), (False, ["a1"]))
        self.assertEqual(different["changes"][0]["line"], "users.status: + HELD")
        self.assertEqual(project.listing(), before)

    def test_every_kind_of_side(self):
        project = self.project
        project.drover("upgrade")
        project.migration("b2", "a1", "CREATE TABLE late (x);", "DROP TABLE late;")
        stray = project.root / "stray.db"
        connection = sqlite3.connect(stray)
        connection.executescript(BEFORE + "CREATE TABLE extra (x);")
        connection.close()
        before, data = project.listing(), stray.read_bytes()

        def lines(*sides, check=None):
            return [c["line"] for c in project.drover("diff", *sides, "--json", check=check).json["changes"]]

        self.assertEqual(lines(), ["- table late"])
        self.assertEqual(lines("dev"), ["- table late"])
        self.assertEqual(lines("a1"), [])
        self.assertEqual(lines("base", "a1"), ["+ table notes", "+ table users", "+ index users_mail"])
        self.assertEqual(lines("dev", "stray.db"), ["+ table extra"])
        self.assertEqual(lines("stray.db", "rev:b2"), ["- table extra", "+ table late"])
        self.assertEqual(lines("file:./application.db", "env:dev"), [])
        self.assertEqual(lines("schema", "schema.sql"), [])
        self.assertEqual(lines("dev", "head", check=0), ["+ table late"])
        project.drover("diff", "dev", "head", "--exit-code", check=4)
        self.assertEqual((project.listing(), stray.read_bytes()), (before, data))

    def test_sides_that_are_none(self):
        project = self.project
        self.assertIn("there is no database", project.drover("diff", "dev", "head", check=1).err)
        self.assertIn("did you mean \"dev\"", project.drover("diff", "dve", "head", check=1).err)
        project.write("text.db", "this is no database, however long it goes on and on and on")
        self.assertIn("text.db", project.drover("diff", "text.db", check=1).err)
        self.assertIn("there is no file", project.drover("diff", "./nowhere.db", check=1).err)
        self.assertIn("is not a file", project.drover("diff", "./migrations", check=1).err)

    def test_a_stray_with_a_writer_is_read_from_a_copy(self):
        project = self.project
        stray = project.root / "busy.db"
        connection = sqlite3.connect(stray)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.executescript("CREATE TABLE t (a);")
        try:
            self.assertIn("CREATE TABLE t (\n  a\n);", project.drover("schema", "busy.db").out)
        finally:
            connection.close()

    def test_the_schema_can_be_read_back(self):
        project = self.project
        project.migration("b2", "a1", "ALTER TABLE notes ADD COLUMN kind TEXT DEFAULT 'x,y';\n"
                          "CREATE VIEW v AS SELECT 1 AS one;\n"
                          "CREATE TRIGGER tr INSTEAD OF INSERT ON v BEGIN SELECT 1; END;\n"
                          "CREATE VIRTUAL TABLE f USING fts5(body);")
        project.drover("upgrade")
        text = project.drover("schema").out
        self.assertEqual(text, project.drover("schema", "head").out)
        self.assertIn("  kind TEXT DEFAULT 'x,y'\n);\n", text)
        self.assertNotIn("alembic_version", text)
        self.assertNotIn("f_data", text)
        self.want(text)
        project.drover("check")
        self.assertEqual(text, project.drover("schema", "schema").out)


if __name__ == "__main__":
    harness.main()
