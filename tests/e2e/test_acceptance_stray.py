"""The second database that nobody meant to make: found, classed, traced to who made it."""

import os
import shutil
import time

import harness
from harness import wait_until

HOLD = """
import sqlite3, time
database = sqlite3.connect("./application.db")
database.execute("CREATE TABLE {table} (id INTEGER PRIMARY KEY, note TEXT)")
database.execute("INSERT INTO {table} (note) VALUES ('x')")
database.commit()
print("ready", flush=True)
time.sleep(300)
"""


class Stray(harness.Case):
    def setUp(self):
        super().setUp()
        project = self.project
        project.configure_dev()
        self.ids = project.chain(2)
        project.start()
        project.drover("wait", "--timeout", "20")
        self.backend = project.root / "backend"
        self.path = self.backend / "application.db"

    def strays(self):
        return self.project.status()["strays"]

    def test_4_a_new_stray_is_named_with_its_maker(self):
        project = self.project
        events = project.events()
        time.sleep(0.5)  # let what the first scan has to say be said before the clock starts
        child = project.python(HOLD.format(table="table_1"), cwd=self.backend)
        made = time.monotonic()
        at, event = events.wait("stray")
        self.assertLess(at - made, 2.0, "reported within 2 s, without a request")
        self.assertEqual(event["stray"]["path"], str(self.path))

        entry = wait_until(lambda: next((s for s in self.strays() if s["holders"]), None),
                           "status shows the stray with its holder")
        self.assertEqual(entry["path"], str(self.path))
        self.assertEqual(entry["size"], self.path.stat().st_size)
        self.assertEqual(entry["class"], "unversioned")
        self.assertEqual(entry["made_from"], str(self.backend))
        self.assertEqual(entry["revision"], [])
        self.assertEqual(entry["tables"], ["table_1"])
        self.assertEqual([(h["pid"], h["cwd"]) for h in entry["holders"]],
                         [(child.pid, str(self.backend))])
        self.assertIn("python3", entry["holders"][0]["command"])
        self.assertTrue(entry["fix"], "the next command")

        listed = project.drover("strays", "--json", cwd=self.backend).json
        self.assertEqual([s["path"] for s in listed["strays"]], [str(self.path)])
        for shown in (project.drover("strays").out, project.drover("status").out):
            self.assertIn("backend/application.db", shown)
            self.assertIn(str(child.pid), shown)

        child.kill()
        child.wait()
        listed = project.drover("strays", "--json").json
        self.assertEqual(listed["strays"][0]["holders"], [])
        self.assertEqual(listed["strays"][0]["made_from"], str(self.backend))
        self.assertTrue(self.path.exists(), "drover deletes nothing")

        self.path.unlink()
        wait_until(lambda: not self.strays(), "a stray that has gone is no longer shown")

    def test_4_a_table_of_its_own_under_the_configured_name_is_a_stray_too(self):
        project = self.project
        project.python(HOLD.format(table="something_else"), cwd=self.backend)
        entry = wait_until(lambda: next(iter(self.strays()), None), "the stray")
        self.assertEqual(entry["path"], str(self.path))
        self.assertEqual(entry["made_from"], str(self.backend))
        self.assertTrue(entry["fix"])

    def test_classes(self):
        project = self.project
        shutil.copy(project.database, self.path)
        self.assertEqual(self.listed()[0]["class"], "duplicate")
        self.path.unlink()

        self.path.touch()
        self.assertEqual(self.listed()[0]["class"], "empty")
        self.path.unlink()

        older = project.base / "older"
        shutil.copy(project.database, older)
        project.migration("b00000000001", self.ids[1], "CREATE TABLE newer (id INTEGER);")
        project.wait_versions("b00000000001")
        shutil.move(older, self.path)
        entry = self.listed()[0]
        self.assertEqual(entry["class"], "behind")
        self.assertEqual(entry["revision"], [self.ids[1]])
        self.path.unlink()

        os.link(project.database, self.path)
        self.assertEqual([e["class"] for e in self.listed()], ["alias"])

    def listed(self):
        return self.project.drover("strays", "--json").json["strays"]

    def test_pruned_and_ignored_directories_are_not_searched(self):
        project = self.project
        for name in ("node_modules/x", ".git/x", ".venv/lib"):
            (project.root / name).mkdir(parents=True)
            shutil.copy(project.database, project.root / name / "application.db")
        project.configure('dev: {url: "sqlite:///./application.db", on_pending: apply}',
                          extra='strays: {ignore: ["tests/**"]}\n')
        (project.root / "tests").mkdir()
        shutil.copy(project.database, project.root / "tests/application.db")
        time.sleep(0.5)
        self.assertEqual(self.listed(), [])


if __name__ == "__main__":
    harness.main()
