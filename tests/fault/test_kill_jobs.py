"""SIGKILL at random points of every kind of job: the database is at a revision boundary, every backup
is whole, the journal agrees, and the next daemon serves within a second."""

import json
import os
import pathlib
import random
import sqlite3
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))

import harness  # noqa: E402  the path above must be set first
from harness import DROVER, wait_until  # noqa: E402

KILLS = int(os.environ.get("DROVER_KILLS", "24"))
UPDATES = 250
ROWS = 400
IDS = [f"{number:012x}" for number in range(1, 4)]


class KillJobs(harness.Case):
    def save(self, number, comment=""):
        """Revision `number` from 1: it adds UPDATES to every row of `ballast`, and takes them away."""
        name = f"step_{number}"
        up = [f"CREATE TABLE {name} (id INTEGER PRIMARY KEY);"]
        down = [f"DROP TABLE {name};"]
        if number == 1:
            up += ["CREATE TABLE ballast (id INTEGER PRIMARY KEY, n INTEGER, pad TEXT);",
                   "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c "
                   f"WHERE x < {ROWS}) INSERT INTO ballast SELECT x, 0, hex(zeroblob(40)) FROM c;"]
            down += ["DROP TABLE ballast;"]
        else:
            up += ["UPDATE ballast SET n = n + 1;"] * UPDATES
            down += ["UPDATE ballast SET n = n - 1;"] * UPDATES
        if comment:
            up.append(comment)
        self.project.migration(IDS[number - 1], IDS[number - 2] if number > 1 else None,
                               "\n".join(up), "\n".join(down), message=f"Step {number}")

    def look(self, path=None):
        """(revision number, what the content says, rows of the history), after checking the file."""
        connection = sqlite3.connect(path or self.project.database, timeout=10)
        try:
            self.assertEqual(connection.execute("PRAGMA integrity_check").fetchall(), [("ok",)])
            versions = connection.execute("SELECT version_num FROM alembic_version").fetchall()
            self.assertEqual(len(versions), 1)
            tables = {row[0] for row in connection.execute(
                "SELECT name FROM sqlite_master WHERE name LIKE 'step_%'")}
            content = len(tables)
            self.assertEqual(tables, {f"step_{n}" for n in range(1, content + 1)})
            n = (content - 1) * UPDATES
            self.assertEqual(connection.execute("SELECT min(n), max(n), count(*) FROM ballast")
                             .fetchall(), [(n, n, ROWS)], "no revision is half there")
            history = connection.execute("SELECT direction || ' ' || revision || ' ' || state "
                                         "FROM drover_history ORDER BY id").fetchall()
            return IDS.index(versions[0][0]) + 1, content, [row[0] for row in history]
        finally:
            connection.close()

    def entries(self, *whats):
        return [e for e in self.project.journal() if e["what"] in whats]

    def setUp(self):
        super().setUp()
        self.restarts = []
        self.project.configure_dev("report")
        for number in (1, 2, 3):
            self.save(number)
        self.edits = 0
        self.start()
        self.project.drover("upgrade")

    def start(self):
        """A daemon; remembers how long it took until it answered."""
        began = time.monotonic()
        self.project.start()
        self.project.drover("status", "--json")
        self.restarts.append(time.monotonic() - began)

    # Each: what to do before, the command, and where the database may be afterwards.

    def upgrade(self):
        self.project.drover("downgrade", IDS[0], "--yes")
        return ["upgrade"], {1, 2, 3}

    def downgrade(self):
        self.project.drover("upgrade")
        return ["downgrade", IDS[0], "--yes"], {1, 2, 3}

    def redo(self):
        self.project.drover("upgrade")
        return ["redo", IDS[1], "--yes"], {1, 2, 3}

    def align(self):
        """A branch is left: the file of the newest revision goes with it."""
        self.project.drover("upgrade")
        next((self.project.root / "migrations").glob(f"{IDS[2]}_*")).unlink()
        return ["align", "--yes"], {2, 3}

    def come_back(self):
        self.save(3, f"SELECT {self.edits};" if self.edits else "")

    def stamp(self):
        self.project.drover("upgrade")
        return ["stamp", IDS[0], "--yes"], {1, 3}

    def repair(self):
        self.project.drover("upgrade")
        self.edits += 1
        self.save(3, f"SELECT {self.edits};")
        return ["repair", IDS[2], "--yes"], {3}

    def restore(self):
        self.project.drover("upgrade")
        self.kept = self.project.drover("backup", "--json").json["backup"]
        self.kept_history = self.look(self.kept["path"])[2]
        self.project.drover("downgrade", IDS[0], "--yes")
        return ["restore", self.kept["id"], "--yes"], {1, 3}

    def reset(self):
        self.project.drover("upgrade")
        return ["reset", "--yes"], {3}

    def check_backups(self, history):
        """Every backup that is listed is whole; when the content was replaced, one has the old one."""
        kept = [self.look(backup["path"])[2] for backup in
                self.project.drover("backups", "--json").json["backups"]]
        if history is not None:
            self.assertIn(history, kept, "what was there before is kept")

    def check(self, kind, before, allowed):
        revision, content, history = self.look()
        self.assertIn(revision, allowed)
        if kind in ("restore", "reset"):
            new = self.kept_history if kind == "restore" else [f"up {r} done" for r in IDS]
            self.assertIn(history, (before, new))
            self.assertEqual(content, revision, "the rows say what is there")
            self.check_backups(before if history != before else None)
            return revision
        self.check_backups(None)
        new = history[len(before):]
        self.assertEqual(history[:len(before)], before, "no history is lost")
        if kind == "stamp":
            self.assertEqual(content, 3, "a stamp changes no schema")
            self.assertEqual(bool(new), revision == 1, "rows and history change together")
        elif kind == "repair":
            self.assertLessEqual(len(new), 1)
        else:
            self.assertEqual(content, revision, "the rows say what is there")
            self.assertTrue(all(row.endswith(" done") for row in new), new)
        return revision

    def run_one(self, kind, chance, typical):
        project = self.project
        command, allowed = getattr(self, kind)()
        before = self.look()[2]
        began = time.monotonic()
        child = project.spawn([DROVER, *command, "--json"], stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL)
        if chance is None:
            self.assertEqual(child.wait(timeout=harness.PATIENCE), 0)
            self.come_back()
            return time.monotonic() - began, False
        time.sleep(chance.uniform(0, 1.1 * typical))
        project.kill()
        child.wait(timeout=harness.PATIENCE)
        ended = {e["job"] for e in self.entries("done", "failed", "recovered")}
        unfinished = [e for e in self.entries("intent") if e["job"] not in ended]
        self.assertLessEqual(len(unfinished), 1)
        hot = pathlib.Path(f"{project.database}-journal").exists()

        # The next daemon looks first: what it says must be what is there.
        self.start()
        for intent in unfinished:
            self.assertEqual(intent["command"], kind)
            recovered = wait_until(
                lambda: [e for e in self.entries("recovered") if e["job"] == intent["job"]],
                "the new daemon records what it found")
            self.assertEqual(recovered[0]["to"], project.versions())
        revision = self.check(kind, before, allowed)
        shown = project.env_status()
        self.assertEqual(shown["current"], [IDS[revision - 1]])
        json.loads((project.state / "state.json").read_text())
        if kind == "stamp" and revision == 1:
            project.drover("stamp", IDS[2], "--yes")
        if kind == "repair":
            project.drover("repair", IDS[2], "--yes", check=None)
        self.come_back()
        return None, hot or bool(unfinished)

    def test_9_every_kind_of_job(self):
        seed = int(os.environ.get("DROVER_SEED", str(random.randrange(1 << 32))))
        print(f"seed {seed}: repeat with DROVER_SEED={seed}")
        chance = random.Random(seed)
        kinds = ("upgrade", "downgrade", "redo", "align", "stamp", "repair", "restore", "reset")
        typical = {}
        for kind in kinds:
            typical[kind], _ = self.run_one(kind, None, 0)
            if kind == "stamp":
                self.project.drover("stamp", IDS[2], "--yes")
        middle = dict.fromkeys(kinds, 0)
        for kill in range(KILLS):
            kind = kinds[kill % len(kinds)]
            with self.subTest(kill=kill, kind=kind):
                _, hit = self.run_one(kind, chance, typical[kind])
                middle[kind] += hit
        print(f"{KILLS} kills; in the middle of a job: {middle}; "
              f"the slowest restart took {max(self.restarts):.2f} s")
        self.assertGreater(sum(middle.values()), KILLS // 10, "the kills must fall into the jobs")
        self.assertLess(sorted(self.restarts)[len(self.restarts) // 2], 1.0)
        self.project.drover("upgrade")
        self.assertEqual(self.look()[:2], (3, 3))


if __name__ == "__main__":
    harness.main()
