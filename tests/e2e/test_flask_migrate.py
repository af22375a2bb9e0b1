"""Flask-Migrate: Alembic whose env.py asks Flask for the application, and for the URL."""

import os
import shutil
import sqlite3

import harness
from alembic_project import AlembicCase, version_text

APP = """\
import os
from flask import Flask
from flask_migrate import Migrate
from flask_sqlalchemy import SQLAlchemy

db = SQLAlchemy()


class Note(db.Model):
    id = db.Column(db.Integer, primary_key=True)
    text = db.Column(db.String(40))


def create_app():
    app = Flask(__name__)
    app.config["SQLALCHEMY_DATABASE_URI"] = (
        os.environ.get("NOTES_URL") or "sqlite:///" + os.path.join(app.root_path, "notes.db"))
    db.init_app(app)
    Migrate(app, db)
    return app
"""


class FlaskMigrate(AlembicCase):
    """The environment's file is the one that the application opens without any variable."""

    def setUp(self):
        package = "/usr/lib/python3/dist-packages/flask_migrate"
        if not os.path.isdir(package):
            self.skipTest("Flask-Migrate is not installed for the system's Python")
        super().setUp()
        templates = os.path.join(package, "templates", "flask")
        (self.root / "migrations" / "versions").mkdir(parents=True)
        for name in ("env.py", "script.py.mako"):
            shutil.copy(os.path.join(templates, name), self.root / "migrations" / name)
        shutil.copy(os.path.join(templates, "alembic.ini.mako"),
                    self.root / "migrations" / "alembic.ini")
        self.write("notes.py", APP)
        self.write(".flaskenv", "FLASK_APP=notes\n")
        self.write("drover.yaml", "migrations: {format: alembic, config: migrations/alembic.ini, "
                   "command: [/usr/bin/python3, -m, alembic]}\n"
                   "environments:\n  dev: {url: 'sqlite:///./notes.db', env_file: .flaskenv}\n")
        self.save("aaaa00000001", None, up='op.create_table("note", sa.Column("id", sa.Integer))')

    def save(self, revision, parent, **more):
        self.write(f"migrations/versions/{revision}.py", version_text(revision, parent, "x", **more))

    def test_it_works_as_it_is(self):
        database = self.root / "notes.db"
        self.drover("upgrade")
        self.assertEqual(self.project.versions(database), ["aaaa00000001"])
        connection = sqlite3.connect(database)
        with connection:
            connection.execute("INSERT INTO note VALUES (1)")
        connection.close()
        self.save("aaaa00000002", "aaaa00000001", up='op.execute("DELETE FROM note")')
        error = self.drover("upgrade", "--json", check=8).error
        self.assertEqual(error["kind"], "rehearsal.rows_lost")
        self.save("aaaa00000002", "aaaa00000001",
                  up='op.add_column("note", sa.Column("text", sa.String(40)))')
        self.drover("upgrade")
        self.assertEqual(self.project.versions(database), ["aaaa00000002"])
        self.assertEqual([path.name for path in self.root.rglob("*.db")], ["notes.db"])
        written = self.drover("revision", "--autogenerate", "-m", "Nothing", "--json").json
        self.assertTrue((self.root / written["file"]).is_file())

    def test_an_application_that_is_not_found(self):
        self.write(".flaskenv", "FLASK_APP=nowhere\n")
        error = self.drover("upgrade", "--json", check=1).error
        self.assertEqual(error["kind"], "alembic.failed")
        self.assertIn("FLASK_APP", error["hint"])


if __name__ == "__main__":
    harness.main()
