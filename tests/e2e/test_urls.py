"""What a URL names: drover's answer beside that of SQLAlchemy, which opens the file; dialects of the
configuration; and a shell whose variable would lead the application elsewhere."""

import json
import subprocess
import unittest

import harness

# What SQLAlchemy opens, from the directory it is run in; null: memory; "refused: …": an error.
ASK_SQLALCHEMY = """\
import json, sys
import sqlalchemy
answers = []
for url in json.load(sys.stdin):
    try:
        with sqlalchemy.create_engine(url.replace("+aiosqlite", "")).connect() as connection:
            rows = connection.exec_driver_sql("PRAGMA database_list").fetchall()
        answers.append(rows[0][2] or None)
    except Exception as error:
        answers.append("refused: " + type(error).__name__)
print(json.dumps(answers))
"""

URLS = (
    "sqlite:///app.db", "sqlite:///./app.db", "sqlite:///data/../app.db", "sqlite:///../up.db",
    "sqlite:///data//app.db", "sqlite+pysqlite:///app.db", "sqlite+aiosqlite:///./app.db",
    "sqlite:///{root}/abs.db", "sqlite:////{root}/abs.db", "sqlite://///{root}/abs.db",
    "sqlite:///a%20b.db", "sqlite:///a b.db", "sqlite:///a#b.db", "sqlite:///~app.db",
    "sqlite:///D:/app.db", "sqlite:///C:\\app.db", "sqlite:///app.db?timeout=5",
    "sqlite:///app.db?check_same_thread=false&isolation_level=IMMEDIATE",
    "sqlite:///file:uri.db?uri=true", "sqlite:///file:data/uri.db?mode=rwc&uri=true",
    "sqlite:///file:{root}/abs.db?uri=true&cache=private", "sqlite:///file:a%20b.db?uri=yes",
    "sqlite:///file:///{root}/abs.db?uri=1", "sqlite:///file://localhost{root}/abs.db?uri=true",
    "sqlite:///plain.db?uri=true", "sqlite:///plain.db?uri=false",
    "sqlite://", "sqlite:///", "sqlite:///:memory:", "sqlite:///file::memory:?uri=true",
    "sqlite:///file:x?mode=memory&uri=true",
    "sqlite:app.db", "sqlite:/app.db", "sqlite://app.db", "sqlite://host/app.db",
    "sqlite://:memory:", "sqlite:///file://host/app.db?uri=true",
    "sqlite:///file:app.db?mode=wrong&uri=true", "app.db", "file:app.db",
)


def has_sqlalchemy():
    return subprocess.run(["/usr/bin/python3", "-c", "import sqlalchemy"],
                          capture_output=True, check=False).returncode == 0


class Urls(harness.Case):
    def where(self, **options):
        document = self.project.drover("where", "--local", "--json", **options).json
        return {entry["name"]: entry for entry in document["environments"]}

    @unittest.skipUnless(has_sqlalchemy(), "python3-sqlalchemy is not installed")
    def test_each_url_is_the_file_that_sqlalchemy_opens(self):
        project = self.project
        for directory in ("data", "D:"):
            (project.root / directory).mkdir()
        urls = [url.format(root=project.root) for url in URLS]
        environments = [f"u{n}: {{url: {json.dumps(url)}}}" for n, url in enumerate(urls)]
        project.configure(*environments, extra="url_dialect: sqlalchemy\n")
        answers = self.where()
        done = subprocess.run(["/usr/bin/python3", "-c", ASK_SQLALCHEMY], cwd=project.root,
                              input=json.dumps(urls).encode(), capture_output=True, check=True)
        for number, (url, real) in enumerate(zip(urls, json.loads(done.stdout))):
            with self.subTest(url=url):
                entry = answers[f"u{number}"]
                codes = [finding["code"] for finding in entry["findings"]]
                if real is None:
                    self.assertIsNone(entry["path"])
                    self.assertIn("memory-database", codes)
                elif real.startswith("refused"):
                    self.assertIsNone(entry["path"], real)
                    self.assertTrue([c for c in codes if c.startswith("url.")], codes)
                else:
                    self.assertEqual(entry["path"], real)

    def test_the_dialect_is_printed_with_its_reason(self):
        project = self.project
        project.write("requirements.txt", "flask\nFlask-SQLAlchemy==3.1\n")
        project.configure('web: {url: "sqlite:///app.db"}', "go: {url: sqlite:data/app.db}",
                          'cli: {url: "sqlite:///app.db", url_dialect: sqlalchemy, relative_to: backend}')
        answers = self.where()
        paths = {name: entry["path"] for name, entry in answers.items()}
        self.assertEqual(paths, {"web": str(project.root / "instance/app.db"),
                                 "go": str(project.root / "data/app.db"),
                                 "cli": str(project.root / "backend/app.db")})
        self.assertEqual([entry["url_dialect"] for entry in answers.values()],
                         ["flask", "dbmate", "sqlalchemy"])
        text = project.drover("where", "--local").out
        self.assertRegex(text, r"as flask reads it +guessed: requirements.txt:2 names Flask-SQLAlchemy")
        self.assertRegex(text, r"as dbmate reads it +guessed: there is no // after sqlite:")
        self.assertRegex(text, r"as sqlalchemy reads it +drover.yaml:\d+:\d+")

    def test_only_the_directory_that_the_url_begins_at_is_right(self):
        project = self.project
        project.configure('cli: {url: "sqlite:///app.db", relative_to: backend}')
        project.start()
        codes = [f["code"] for f in project.status(cwd=project.root / "backend")["findings"]]
        self.assertNotIn("wrong-cwd", codes)
        wrong = [f for f in project.status()["findings"] if f["code"] == "wrong-cwd"]
        self.assertEqual([f["fix"] for f in wrong], [f"cd {project.root / 'backend'}"])

    def test_a_variable_of_the_shell_that_would_win_is_a_finding(self):
        project = self.project
        project.write(".env", "DB__DB_URL=sqlite:///./application.db\n")
        project.configure("dev: {url: '${DB__DB_URL}', env_file: .env}")
        project.start(env={"DB__DB_URL": "sqlite:///daemon.db"})

        def dev(**env):
            return project.drover("where", "--json", env=env).json["environments"][0]

        plain = dev(DB__DB_URL=None)
        self.assertEqual(plain["path"], str(project.database), "not the daemon's own environment")
        self.assertEqual((plain["variables"], plain["shell"]), (["DB", "DB__DB_URL"], None))

        other = dev(DB__DB_URL="sqlite:///other.db", SECRET="hush")
        self.assertEqual(other["path"], str(project.database))
        self.assertEqual(other["shell"], {"variables": ["DB__DB_URL"], "same": False,
                                          "path": str(project.root / "other.db")})
        finding = other["findings"][-1]
        self.assertEqual((finding["code"], finding["severity"], finding["fix"]),
                         ("shell-variable-wins", "warning", "unset DB__DB_URL"))
        self.assertIn("would use other.db", finding["message"])

        same = dev(db__db_url=f"sqlite:///{project.database}")
        self.assertTrue(same["shell"]["same"])
        self.assertEqual(same["findings"], [])

        text = project.drover("where", env={"DB__DB_URL": "postgres://me:hush@db/x"}).out
        self.assertIn("this shell sets DB__DB_URL, which leads to another database", text)
        self.assertNotIn("hush", text + project.log_text())
        self.assertEqual(project.status()["findings"], [], "a status sends no variables")


if __name__ == "__main__":
    harness.main()
