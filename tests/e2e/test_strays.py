"""Strays: what they are, and the remedies. Made by real processes; nothing is ever lost."""

import json
import os
import pathlib
import random
import shutil
import signal
import sqlite3
import subprocess
import time

import harness
from harness import wait_until

HOT = """
import sqlite3, time
database = sqlite3.connect("{path}", isolation_level=None)
database.execute("PRAGMA cache_size=1")
database.execute("BEGIN")
database.execute("INSERT INTO big SELECT zeroblob(2000) FROM big LIMIT 60")
print("ready", flush=True)
time.sleep(300)
"""


def make(path, sql):
    path.parent.mkdir(parents=True, exist_ok=True)
    with sqlite3.connect(path) as database:
        database.executescript(sql)
    database.close()


def rows(path, sql):
    database = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        return database.execute(sql).fetchall()
    finally:
        database.close()


def contents(directory):
    """Every file with what must not change: name, inode, mode, size, bytes."""
    return {p.name: (p.stat().st_ino, p.stat().st_mode, p.stat().st_size, p.read_bytes())
            for p in sorted(directory.iterdir()) if p.is_file()}


class StraysCase(harness.Case):
    def setUp(self):
        super().setUp()
        self.project.configure_dev("report")
        self.ids = self.project.chain(2)
        self.project.start()
        self.project.drover("upgrade")
        self.backend = self.project.root / "backend"
        self.path = self.backend / "application.db"

    def listed(self, *options):
        return self.project.drover("strays", "--json", *options).json

    def classes(self, *options):
        return {os.path.relpath(s["path"], self.project.root): s["class"]
                for s in self.listed(*options)["strays"]}

    def wal_stray(self):
        """A database in WAL mode whose last rows are only in the -wal, and that nobody has open."""
        make(self.path, "PRAGMA journal_mode=WAL; CREATE TABLE notes (body TEXT);"
                        "INSERT INTO notes VALUES ('old')")
        code = (f"import sqlite3, os; d = sqlite3.connect({str(self.path)!r});"
                "d.execute(\"INSERT INTO notes VALUES ('only in the wal')\"); d.commit();"
                "os._exit(0)")
        subprocess.run(["/usr/bin/python3", "-c", code], check=True)
        self.assertTrue((self.backend / "application.db-wal").stat().st_size > 0)


class Classes(StraysCase):
    def test_each_kind_of_file_has_its_class(self):
        root = self.project.root
        shutil.copy(self.project.database, root / "copy.db")
        make(root / "profile/places", "CREATE TABLE moz_places (u); CREATE TABLE moz_historyvisits (v)")
        shutil.copy(self.project.database, root / "application.db.bak")
        make(root / "tests/test_x.db", "CREATE TABLE x (y)")
        make(root / "other/thing.bin", "CREATE TABLE elephants (trunk)")
        make(root / "cut.sqlite", "CREATE TABLE a (b); CREATE TABLE c (d); CREATE TABLE e (f)")
        os.truncate(root / "cut.sqlite", 4096)
        (root / "secret.db").write_bytes(random.Random(7).randbytes(8192))
        (root / "zero").mkdir()
        (root / "zero/application.db").touch()
        (root / "mount/application.db").mkdir(parents=True)
        (root / "lost.db-wal").write_bytes(bytes.fromhex("377f0682") + bytes(4000))
        self.assertEqual(self.classes(), {
            "copy.db": "duplicate", "profile/places": "tool-db", "application.db.bak": "backup",
            "tests/test_x.db": "test", "other/thing.bin": "foreign",
            "cut.sqlite": "encrypted-or-corrupt", "secret.db": "encrypted-or-corrupt",
            "zero/application.db": "empty", "mount/application.db": "not-a-db",
            "lost.db-wal": "orphaned-sidecar"})
        shown = self.project.drover("strays").out
        for quiet in ("profile/places", "test_x.db", "thing.bin", ".bak"):
            self.assertNotIn(quiet, shown)
        self.assertIn("4 databases of other tools", shown)
        self.assertIn("profile/places", self.project.drover("strays", "--all").out)
        trouble = [s["class"] for s in self.listed()["strays"]][:6]
        self.assertEqual(trouble, ["orphaned-sidecar", "duplicate", "not-a-db", "empty",
                                   "encrypted-or-corrupt", "encrypted-or-corrupt"])

    def test_what_is_only_in_the_wal_is_seen_and_nothing_is_touched(self):
        self.wal_stray()
        before = contents(self.backend)
        stray = self.listed()["strays"][0]
        self.assertEqual(stray["rows"], [{"table": "notes", "rows": 2, "more": False}])
        self.assertEqual(contents(self.backend), before)

    def test_a_remedy_that_need_not_ask_takes_a_yes_all_the_same(self):
        make(self.path, "CREATE TABLE t (x)")
        self.project.drover("strays", "ignore", self.path, "--yes")
        self.project.drover("strays", "archive", self.path, "--yes")
        archive = self.listed()["archives"][0]["id"]
        self.project.drover("strays", "restore", archive, "--yes")
        self.assertTrue(self.path.exists())

    def test_a_fresh_status_shows_the_stray_of_a_moment_ago(self):
        self.project.status()
        for i in range(5):
            path = self.backend / f"s{i}.db"
            make(path, "CREATE TABLE t (x)")
            status = self.project.status("--fresh")
            self.assertIn(str(path), [s["path"] for s in status["strays"]])

    def test_a_scan_leaves_the_locks_of_a_writer_alone(self):
        make(self.path, "CREATE TABLE t (x)")
        child = self.project.python(
            "import sqlite3, time\nd = sqlite3.connect('backend/application.db', isolation_level=None)\n"
            "d.execute('BEGIN IMMEDIATE')\nprint('ready', flush=True)\ntime.sleep(300)\n")

        def locks():
            return sorted(line.split(None, 1)[1]
                          for line in pathlib.Path("/proc/locks").read_text().splitlines()
                          if f" {child.pid} " in line)

        before, files = locks(), sorted(os.listdir(self.backend))
        self.assertTrue(before)
        self.assertEqual(self.listed()["strays"][0]["holders"][0]["pid"], child.pid)
        self.project.drover("strays", "--refresh")
        self.assertEqual(locks(), before)
        self.assertEqual(sorted(os.listdir(self.backend)), files)

    def test_deep_looks_where_a_scan_does_not_by_default(self):
        make(self.project.root / "node_modules/p/data", "CREATE TABLE table_2 (id, note)")
        self.assertEqual(self.classes(), {})
        self.assertEqual(list(self.classes("--deep")), ["node_modules/p/data"])

    def test_droverignore_is_heeded_as_soon_as_it_is_saved(self):
        make(self.project.root / "fixtures/application.db", "CREATE TABLE t (x)")
        wait_until(lambda: self.project.status()["strays"], "the stray")
        self.project.write(".droverignore", "fixtures/\n")
        wait_until(lambda: not self.project.status()["strays"], "it is ignored")


class Remedies(StraysCase):
    def test_archive_and_restore_put_back_exactly_what_was_there(self):
        self.wal_stray()
        self.path.chmod(0o640)
        before = contents(self.backend)
        dry = self.project.drover("strays", "archive", "backend/application.db", "--dry-run", "--json")
        self.assertFalse(dry.json["done"])
        self.assertEqual(contents(self.backend), before)

        done = self.project.drover("strays", "archive", "application.db", "--json",
                                   cwd=self.backend).json
        self.assertTrue(done["done"])
        archive = done["archives"][0]
        self.assertEqual(contents(self.backend), {})
        self.assertEqual(self.classes(), {})
        directory = pathlib.Path(archive["directory"])
        self.assertTrue(directory.is_relative_to(self.project.state))
        manifest = json.loads((directory / "manifest.json").read_text())
        self.assertEqual((manifest["path"], manifest["mode"], manifest["owner"]),
                         (str(self.path), 0o640, os.getuid()))
        self.assertIn("-wal", [s["suffix"] for s in manifest["sidecars"]])

        listed = self.project.drover("strays", "restore").out
        self.assertIn(archive["id"], listed)
        self.project.drover("strays", "restore", archive["id"])
        self.assertEqual(contents(self.backend), before)
        self.assertEqual(rows(self.path, "SELECT body FROM notes"),
                         [("old",), ("only in the wal",)])
        self.assertFalse(directory.exists())

    def test_restore_overwrites_nothing(self):
        make(self.path, "CREATE TABLE t (x)")
        self.project.drover("strays", "archive", self.path)
        self.path.write_text("something new")
        refused = self.project.drover("strays", "restore", self.path, "--json", check=5)
        self.assertEqual(refused.error["kind"], "restore.exists")
        self.assertEqual(self.path.read_text(), "something new")
        self.path.unlink()
        self.project.drover("strays", "restore", "backend/application.db")
        self.assertTrue(self.path.exists())
        self.assertEqual(
            self.project.drover("strays", "restore", "abc", "--json", check=1).error["kind"],
            "archive.unknown")

    def test_archive_refuses_while_held_or_hot(self):
        make(self.path, "CREATE TABLE big (b); INSERT INTO big VALUES (zeroblob(100000))")
        child = self.project.python(
            "import sqlite3, time\nd = sqlite3.connect('backend/application.db')\n"
            "d.execute('SELECT * FROM big').fetchone()\nprint('ready', flush=True)\ntime.sleep(300)\n")
        held = self.project.drover("strays", "archive", self.path, "--json", check=8).error
        self.assertEqual(held["kind"], "stray.held")
        self.assertIn(str(child.pid), held["message"])
        child.kill()
        child.wait()
        with sqlite3.connect(self.path) as database:
            database.executemany("INSERT INTO big VALUES (?)", [(b"x" * 900,)] * 200)
        database.close()
        writer = self.project.python(HOT.format(path=self.path))
        writer.kill()
        writer.wait()
        self.assertTrue((self.backend / "application.db-journal").exists())
        before = contents(self.backend)
        hot = self.project.drover("strays", "archive", self.path, "--json", check=8).error
        self.assertEqual(hot["kind"], "stray.hot_journal")
        self.assertEqual(contents(self.backend), before)
        self.assertTrue(self.listed()["strays"][0]["hot"])
        # The hint is a command that works.
        subprocess.run(hot["hint"], shell=True, check=True, stdout=subprocess.DEVNULL)
        self.project.drover("strays", "archive", self.path)
        self.assertFalse(self.path.exists())

    def test_an_environments_own_database_is_no_stray(self):
        refused = self.project.drover("strays", "archive", self.project.database, "--json", check=8)
        self.assertEqual(refused.error["kind"], "stray.configured")
        self.assertEqual(self.project.drover("strays", "archive", "nothing.db", "--json",
                                             check=1).error["kind"], "stray.unknown")

    def test_diff_tells_schema_and_rows(self):
        shutil.copy(self.project.database, self.path)
        with sqlite3.connect(self.path) as database:
            database.execute("INSERT INTO table_1 (note) VALUES ('more')")
            database.execute("ALTER TABLE table_2 ADD COLUMN extra TEXT")
        database.close()
        diff = self.project.drover("strays", "diff", self.path, "--json").json
        self.assertEqual((diff["environment"], len(diff["differences"])), ("dev", 1))
        self.assertIn("extra", diff["differences"][0]["what"])
        self.assertEqual(diff["rows"][0],
                         {"table": "table_1", "stray": 1, "environment": 0, "more": False})
        self.assertIn("1 / 0", self.project.drover("strays", "diff", self.path).out)

    def test_ignore_holds_while_the_stray_is_what_it_was(self):
        make(self.path, "CREATE TABLE t (x)")
        self.project.drover("strays", "ignore", self.path)
        self.assertEqual(self.classes(), {})
        self.assertEqual(self.project.status()["strays"], [])
        self.assertTrue(self.listed("--all")["strays"][0]["ignored"])
        make(self.path, "INSERT INTO t VALUES (1)")
        self.assertEqual(self.classes(), {})
        make(self.path, "CREATE TABLE another (x)")
        self.assertEqual(self.classes(), {"backend/application.db": "unversioned"})
        self.project.drover("strays", "ignore", self.path)
        self.project.drover("strays", "ignore", self.path, "--undo")
        self.assertEqual(len(self.classes()), 1)

    def adoptable(self):
        shutil.copy(self.project.database, self.path)
        make(self.path, "INSERT INTO table_2 (note) VALUES ('precious')")
        make(self.project.database, "INSERT INTO table_2 (note) VALUES ('usual')")

    def test_adopt_swaps_the_content_and_keeps_the_file(self):
        self.adoptable()
        self.project.database.chmod(0o664)
        before = self.project.database.stat()
        asked = self.project.drover("strays", "adopt", self.path, "-e", "dev", "--json", check=8)
        self.assertEqual(asked.error["kind"], "stray.unconfirmed")
        done = self.project.drover("strays", "adopt", self.path, "-e", "dev", "--yes", "--json").json
        self.assertEqual([a["reason"] for a in done["archives"]], ["adopt", "replaced"])
        after = self.project.database.stat()
        self.assertEqual((after.st_ino, after.st_mode, after.st_uid),
                         (before.st_ino, before.st_mode, before.st_uid))
        query = "SELECT note FROM table_2"
        self.assertEqual(rows(self.project.database, query), [("precious",)])
        self.assertFalse(self.path.exists())
        self.assertEqual(self.classes(), {})

        # Both are there, and both ways lead back.
        stray, replaced = (pathlib.Path(a["directory"]) / "application.db" for a in done["archives"])
        self.assertEqual(rows(stray, query), [("precious",)])
        self.assertEqual(rows(replaced, query), [("usual",)])
        refused = self.project.drover("strays", "restore", done["archives"][1]["id"], "--json",
                                      check=8)
        self.assertEqual(refused.error["kind"], "restore.replaced")
        self.project.drover("strays", "adopt", done["archives"][1]["id"], "-e", "dev", "--yes")
        self.assertEqual(rows(self.project.database, query), [("usual",)])
        self.project.drover("strays", "restore", done["archives"][0]["id"])
        self.assertEqual(rows(self.path, query), [("precious",)])

    def test_an_adopt_that_fails_leaves_everything_as_it_was(self):
        self.adoptable()
        holder = self.project.python(
            "import sqlite3, time\nd = sqlite3.connect('application.db', isolation_level=None)\n"
            "d.execute('BEGIN IMMEDIATE')\nprint('ready', flush=True)\ntime.sleep(300)\n")
        before = contents(self.backend)
        failed = self.project.drover("strays", "adopt", self.path, "-e", "dev", "--yes", "--json",
                                     check=5)
        self.assertEqual(failed.error["code"], "busy")
        self.assertIn(str(holder.pid), failed.error["message"])
        self.assertEqual(contents(self.backend), before)
        holder.kill()
        holder.wait()
        self.assertEqual(rows(self.project.database, "SELECT note FROM table_2"), [("usual",)])
        self.assertEqual(self.listed()["archives"], [])

    def test_a_program_that_has_the_environment_open_goes_on_with_the_new_content(self):
        self.adoptable()
        reader = sqlite3.connect(self.project.database)
        self.assertEqual(reader.execute("SELECT note FROM table_2").fetchall(), [("usual",)])
        self.project.drover("strays", "adopt", self.path, "-e", "dev", "--yes")
        self.assertEqual(reader.execute("SELECT note FROM table_2").fetchall(), [("precious",)])
        reader.close()


class Killed(StraysCase):
    """A remedy killed at any moment leaves everything in one place or the other."""

    ROUNDS = int(os.environ.get("DROVER_STRAY_KILLS", "25"))

    def helper(self, request, delay):
        """Runs `droverd --remedy`, killed after `delay` seconds."""
        child = subprocess.Popen([harness.DROVERD, "--remedy"], stdin=subprocess.PIPE,
                                 stdout=subprocess.PIPE, env=self.project.environment())
        child.stdin.write(json.dumps(request).encode())
        child.stdin.close()
        time.sleep(delay)
        child.send_signal(signal.SIGKILL)
        child.wait()
        child.stdout.close()

    def request(self, **fields):
        return dict(project=str(self.project.root),
                    archives=[str(self.project.state / "archive")], **fields)

    def clear(self):
        for file in self.backend.iterdir():
            file.unlink()

    def archived(self):
        return [a for a in self.listed()["archives"] if a["reason"] != "replaced"]

    def test_archive(self):
        chance = random.Random(11)
        for number in range(self.ROUNDS):
            with self.subTest(number):
                self.clear()
                self.wal_stray()
                self.helper(self.request(action="archive", path=str(self.path)),
                            chance.uniform(0.002, 0.03))
                if not self.path.exists():
                    self.assertEqual(len(self.archived()), 1)
                    self.project.drover("strays", "restore", self.path)
                self.assertEqual(rows(self.path, "SELECT body FROM notes"),
                                 [("old",), ("only in the wal",)])
                self.project.drover("strays", "archive", self.path)
                self.project.drover("strays", "restore", self.path)
                self.assertEqual(self.archived(), [])
                self.clear()

    def test_adopt(self):
        chance = random.Random(12)
        for number in range(self.ROUNDS):
            with self.subTest(number):
                shutil.copy(self.project.database, self.path)
                make(self.path, f"DELETE FROM table_2; INSERT INTO table_2 (note) VALUES ('new {number}')")
                make(self.project.database,
                     f"DELETE FROM table_2; INSERT INTO table_2 (note) VALUES ('old {number}')")
                self.helper(self.request(action="adopt", path=str(self.path), environment="dev",
                                         target=str(self.project.database)),
                            chance.uniform(0.002, 0.04))
                # SQLite rolls back what broke off.
                with sqlite3.connect(self.project.database) as database:
                    content = database.execute("SELECT note FROM table_2").fetchall()
                database.close()
                self.assertIn(content, ([(f"old {number}",)], [(f"new {number}",)]))
                if not self.path.exists():
                    newest = self.archived()[-1]
                    self.project.drover("strays", "restore", newest["id"])
                self.assertEqual(rows(self.path, "SELECT note FROM table_2"), [(f"new {number}",)])
                self.clear()


if __name__ == "__main__":
    harness.main()
