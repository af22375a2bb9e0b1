"""A database beside the schema of its revisions: the report, its causes, --fix and --adopt."""

import sqlite3

import harness

BASE = "CREATE TABLE users (id INTEGER PRIMARY KEY, mail TEXT NOT NULL);"


class Drift(harness.Case):
    def setUp(self):
        super().setUp()
        project = self.project
        project.configure_dev("report")
        project.migration("a1", None, BASE, "DROP TABLE users;")
        project.migration("b2", "a1", "ALTER TABLE users ADD COLUMN age INTEGER;",
                          "ALTER TABLE users DROP COLUMN age;")
        project.drover("upgrade")

    def run_sql(self, sql, path=None):
        connection = sqlite3.connect(path or self.project.database)
        connection.executescript(sql)
        connection.close()

    def drift(self, check=4):
        return self.project.drover("drift", "--json", check=check).json["environments"][0]

    def findings(self):
        return [f for f in self.project.status()["findings"] if f["code"] == "schema-drift"]

    def test_none_then_some_then_none(self):
        project = self.project
        self.assertEqual(self.drift(check=0)["state"], "none")
        self.assertEqual(self.findings(), [])
        self.run_sql("ALTER TABLE users ADD COLUMN extra TEXT")
        seen = self.drift()
        self.assertEqual([c["line"] for c in seen["changes"]], ["+ users.extra text"])
        self.assertEqual((seen["state"], seen["cause"]), ("drift", "manual"))
        self.assertIn("+ users.extra text", self.findings()[0]["message"])
        doctor = project.drover("doctor", "--json").json
        self.assertIn("schema-drift", [f["code"] for f in doctor["findings"]])
        self.run_sql("ALTER TABLE users DROP COLUMN extra")
        self.assertEqual(self.drift(check=0)["state"], "none")
        self.assertEqual(self.findings(), [])

    def test_rows_are_no_drift_and_nothing_is_left_behind(self):
        project = self.project
        self.drift(check=0)
        self.run_sql("INSERT INTO users VALUES (1, 'a', 2)")
        before, data = project.listing(), project.database.read_bytes()
        self.assertEqual(self.drift(check=0)["state"], "none")
        self.assertEqual((project.listing(), project.database.read_bytes()), (before, data))

    def test_an_edited_migration_is_not_reported_as_drift(self):
        path = next((self.project.root / "migrations").glob("a1_*"))
        path.write_text(path.read_text().replace("mail TEXT NOT NULL", "mail TEXT"))
        self.assertEqual(self.drift(check=0)["state"], "none")
        self.assertEqual(self.project.env_status()["state"], "modified")

    def test_causes(self):
        project = self.project
        self.run_sql("ALTER TABLE users DROP COLUMN age")
        seen = self.drift()
        self.assertEqual((seen["cause"], seen["fix"]), ("revision", "drover stamp a1 -e dev"))
        self.run_sql("ALTER TABLE users ADD COLUMN age INTEGER;"
                     "CREATE TABLE _alembic_tmp_users (id INTEGER, mail TEXT)")
        seen = self.drift()
        self.assertEqual(seen["cause"], "interrupted")
        self.assertIn("by alembic", seen["explanation"])
        self.run_sql("DROP TABLE users")
        seen = self.drift()
        self.assertIn("its rows are there", seen["explanation"])
        self.assertIn('ALTER TABLE "_alembic_tmp_users" RENAME TO "users"', seen["fix"])

    def test_a_schema_that_was_pushed(self):
        project = self.project
        project.configure('dev: {url: "sqlite:///./application.db", on_pending: report}')
        text = (project.root / "drover.yaml").read_text()
        project.write("drover.yaml", text.replace("{directory: migrations,",
                                                  "{directory: migrations, schema: schema.sql,"))
        project.write("schema.sql", BASE.replace(");", ", age INTEGER, late TEXT);"))
        self.run_sql("ALTER TABLE users ADD COLUMN late TEXT")
        self.assertEqual(self.drift()["cause"], "desired")

    def test_what_is_ignored(self):
        project = self.project
        project.configure('dev: {url: "sqlite:///./application.db", on_pending: report}',
                          extra="drift: {ignore: [cache_*]}\n")
        self.run_sql("CREATE TABLE cache_pages (a); CREATE INDEX ix ON cache_pages (a)")
        seen = self.drift(check=0)
        self.assertEqual((seen["state"], sorted(seen["ignored"])), ("none", ["cache_pages", "ix"]))
        self.run_sql("ALTER TABLE users ADD COLUMN extra TEXT; INSERT INTO cache_pages VALUES (1)")
        project.drover("drift", "--fix", "--yes")
        self.assertEqual(project.query("SELECT a FROM cache_pages"), [(1,)])
        self.assertEqual(self.drift(check=0)["state"], "none")

    def test_a_wrong_key_is_named_with_its_place(self):
        self.project.configure('dev: {url: "sqlite:///./application.db"}',
                               extra="drift: {ignor: [x]}\n")
        error = self.project.drover("drift", "--json", "--local", check=1).error
        self.assertIn("did you mean \"ignore\"", error["message"])
        self.assertIn("drover.yaml:5:", error["where"])

    def test_fix_asks_keeps_rows_and_a_copy(self):
        project = self.project
        self.run_sql("INSERT INTO users VALUES (1, 'a', 2);"
                     "ALTER TABLE users ADD COLUMN extra TEXT DEFAULT 'e';")
        data = project.database.read_bytes()
        dry = project.drover("drift", "--fix", "--dry-run")
        self.assertIn("DROP COLUMN extra", dry.out)
        self.assertIn("--yes", project.drover("drift", "--fix", check=8).err)
        self.assertEqual(project.database.read_bytes(), data)
        done = project.drover("drift", "--fix", "--yes", "--json").json
        self.assertTrue(done["done"])
        self.assertEqual(project.query("SELECT * FROM users"), [(1, "a", 2)])
        self.assertEqual(project.query("SELECT extra FROM users", done["backup"]["path"]), [("e",)])
        self.assertEqual(self.drift(check=0)["state"], "none")
        self.assertEqual([b["id"] for b in project.drover("backups", "--json").json["backups"]],
                         [done["backup"]["id"]])
        self.assertEqual([e["backup"] for e in project.journal() if e["what"] == "done"
                          and e["command"] == "drift-fix"], [done["backup"]["id"]])
        self.assertEqual([e["what"] for e in project.journal() if e["command"] == "drift-fix"],
                         ["intent", "done"])
        self.assertIn("has not drifted", project.drover("drift", "--fix", "--yes", check=1).err)

    def test_rows_that_do_not_fit_are_said_and_nothing_changes(self):
        project = self.project
        self.run_sql("DROP TABLE users; CREATE TABLE users (id INTEGER PRIMARY KEY, mail TEXT, age INTEGER);"
                     "INSERT INTO users VALUES (1, NULL, 2);")
        data = project.database.read_bytes()
        self.assertIn("users.mail", project.drover("drift", "--fix", "--yes", check=8).err)
        self.assertEqual(project.database.read_bytes(), data)

    def test_adopt_writes_a_draft_and_stamps_it(self):
        project = self.project
        self.run_sql("CREATE INDEX by_age ON users (age)")
        self.assertIn("--yes", project.drover("drift", "--adopt", check=8).err)
        self.assertEqual(len(list((project.root / "migrations").iterdir())), 2)
        done = project.drover("drift", "--adopt", "--yes", "-m", "By age", "--json").json
        text = (project.root / done["file"]).read_text()
        self.assertIn("-- draft\n", text)
        self.assertIn("CREATE INDEX by_age ON users (age)", text)
        self.assertEqual(project.versions(), [done["revision"]])
        self.assertEqual(self.drift(check=0)["state"], "none")
        # Another database gets it as soon as it is no draft any more; this one is as it was.
        (project.root / done["file"]).write_text(text.replace("-- draft\n", ""))
        self.assertEqual(self.drift(check=0)["state"], "none")
        project.drover("downgrade", "b2")
        self.assertEqual(self.drift(check=0)["state"], "none")

    def test_an_old_database_cannot_be_adopted_in_between(self):
        project = self.project
        project.drover("downgrade", "a1")
        self.run_sql("CREATE INDEX by_mail ON users (mail)")
        self.assertIn("not a head", project.drover("drift", "--adopt", "--yes", check=1).err)

    def test_protected_environments_need_their_name(self):
        project = self.project
        project.configure('dev: {url: "sqlite:///./application.db", protected: true}')
        self.run_sql("CREATE INDEX by_age ON users (age)")
        self.assertIn("protected", project.drover("drift", "--fix", "--yes", check=8).err)
        project.drover("drift", "--fix", "--yes", "--confirm", "dev")
        self.assertEqual(self.drift(check=0)["state"], "none")

    def test_a_locked_database_is_not_compared(self):
        writer = self.project.python(
            "import sqlite3, time\n"
            "c = sqlite3.connect('application.db', isolation_level=None)\n"
            "c.execute('BEGIN EXCLUSIVE')\n"
            "c.execute('CREATE TABLE late (x)')\n"
            "print('ready', flush=True)\n"
            "time.sleep(600)\n")
        self.assertIn(self.drift(check=0)["state"], ("none", "unknown"))
        writer.kill()
        writer.wait()


if __name__ == "__main__":
    harness.main()
