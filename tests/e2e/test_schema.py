"""A database's schema beside that of its migrations: after a stamp, and to find what to stamp."""

import sqlite3

import harness


class Schema(harness.Case):
    def setUp(self):
        super().setUp()
        project = self.project
        project.configure_dev("report")
        project.migration("a1", None, "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT);")
        project.migration("b2", "a1", "ALTER TABLE users ADD COLUMN age TEXT;")
        project.migration("c3", "b2", "CREATE INDEX users_age ON users (age);\n"
                          "UPDATE users SET age = (SELECT age FROM users WHERE id = 1);")

    def make(self, sql):
        connection = sqlite3.connect(self.project.database)
        connection.executescript(sql)
        connection.close()

    def test_a_schema_written_by_hand_is_verified(self):
        project = self.project
        self.make('create table "users"(id integer primary key, name text, -- who\n age text);'
                  "create index users_age on users(age asc);")
        status = project.status()
        self.assertEqual(status["next"], "drover stamp c3")
        self.assertIn("its schema is that of c3", status["environments"][0]["why"])
        before = project.listing()
        data = project.database.read_bytes()
        dry = project.drover("stamp", "c3", "--dry-run")
        self.assertIn("would stamp base → c3, schema verified", dry.out)
        self.assertEqual((project.listing(), project.database.read_bytes()), (before, data))
        self.assertIn("stamped, schema verified", project.drover("stamp", "c3").out)
        self.assertEqual(project.versions(), ["c3"])

    def test_differences_are_listed_and_no_error(self):
        project = self.project
        self.make("CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT, age INTEGER)")
        status = project.status()
        self.assertEqual(status["next"], "drover stamp b2 --dry-run")
        self.assertIn("nearest to that of b2, with 1 difference", status["environments"][0]["why"])
        stamped = project.drover("stamp", "b2")
        self.assertIn("stamped, schema differs in 1 point", stamped.out)
        self.assertIn("table users: column age: integer here, text in the migrations", stamped.out)
        again = project.drover("stamp", "a1", "--json").json["schema"]
        self.assertEqual(again, {"verified": False, "reason": None, "differences": [
            {"type": "table", "object": "users", "kind": "different",
             "what": "column age is not in the migrations"}]})

    def test_what_cannot_be_replayed_is_not_verified(self):
        project = self.project
        project.migration("d4", "c3", "ALTER TABLE elsewhere ADD COLUMN x;")
        self.make("CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT)")
        stamped = project.drover("stamp", "d4")
        self.assertIn("stamped, not verified", stamped.out)
        self.assertIn("revision d4: no such table: elsewhere", stamped.out)
        schema = project.drover("stamp", "d4", "--json").json["schema"]
        self.assertIsNone(schema["verified"])
        self.assertIn("d4_step_d4.sql:6:1", schema["reason"])

    def test_foreign_tables_get_no_proposal(self):
        self.make("CREATE TABLE other (x)")
        self.assertEqual(self.project.status()["next"], "drover stamp REVISION")


if __name__ == "__main__":
    harness.main()
