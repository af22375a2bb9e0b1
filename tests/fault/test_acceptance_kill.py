"""SIGKILL at random points of a long migration: the database is entirely before or after."""

import os
import pathlib
import random
import sqlite3
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))

import harness  # noqa: E402  the path above must be set first

KILLS = int(os.environ.get("DROVER_KILLS", "50"))
UPDATES = 198
ROWS = 400


class Kill(harness.Case):
    def save(self, number):
        """Revision `number`: 200 statements that each leave a trace."""
        revision = f"{number + 1:012x}"
        up = ([f"CREATE TABLE step_{number} (id INTEGER PRIMARY KEY);"]
              + ["UPDATE ballast SET n = n + 1;"] * UPDATES
              + [f"INSERT INTO step_{number} VALUES ({number});"])
        self.project.migration(revision, f"{number:012x}", "\n".join(up))
        return revision

    def applied_so_far(self):
        """How many steps the database holds, after checking that it is whole."""
        connection = sqlite3.connect(self.project.database, timeout=10)
        try:
            self.assertEqual(connection.execute("PRAGMA integrity_check").fetchall(), [("ok",)])
            versions = connection.execute("SELECT version_num FROM alembic_version").fetchall()
            self.assertEqual(len(versions), 1)
            number = int(versions[0][0], 16) - 1
            tables = [row[0] for row in connection.execute(
                "SELECT name FROM sqlite_master WHERE name LIKE 'step_%' ORDER BY 1")]
            self.assertEqual(tables, sorted(f"step_{n}" for n in range(1, number + 1)))
            self.assertEqual(connection.execute("SELECT min(n), max(n), count(*) FROM ballast")
                             .fetchall(), [(number * UPDATES, number * UPDATES, ROWS)])
            done = connection.execute("SELECT revision, count(*) FROM drover_history "
                                      "WHERE state = 'done' GROUP BY revision").fetchall()
            self.assertEqual(sorted(done), [(f"{n + 1:012x}", 1) for n in range(number + 1)])
            return number
        finally:
            connection.close()

    def recovered(self):
        return {e["job"] for e in self.project.journal() if e["what"] == "recovered"}

    def test_9_every_kill_leaves_before_or_after(self):
        seed = int(os.environ.get("DROVER_SEED", str(random.randrange(1 << 32))))
        print(f"seed {seed}: repeat with DROVER_SEED={seed}")
        chance = random.Random(seed)
        project = self.project
        project.configure_dev()
        project.migration(f"{1:012x}", None,
                          "CREATE TABLE ballast (id INTEGER PRIMARY KEY, n INTEGER, pad TEXT);\n"
                          "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c "
                          f"WHERE x < {ROWS}) INSERT INTO ballast SELECT x, 0, "
                          "hex(zeroblob(40)) FROM c;")
        project.start()
        project.drover("wait", "--timeout", "20")

        # How long one takes from save to commit, undisturbed: the kills fall into that time.
        started = time.monotonic()
        project.wait_versions(self.save(1))
        whole = time.monotonic() - started

        middle = 0
        number = 2
        for kill in range(KILLS):
            with self.subTest(kill=kill, step=number):
                revision = self.save(number)
                time.sleep(chance.uniform(0, 1.2 * whole))
                project.kill()
                hot = pathlib.Path(f"{project.database}-journal").exists()
                entries = project.journal()
                ended = {e["job"] for e in entries if e["what"] != "intent"}
                open_jobs = [e["job"] for e in entries if e["what"] == "intent"
                             and e["job"] not in ended]
                middle += hot or bool(open_jobs)

                self.assertIn(self.applied_so_far(), (number - 1, number))

                project.start()
                project.wait_versions(revision)
                if open_jobs:
                    harness.wait_until(lambda: set(open_jobs) <= self.recovered(),
                                       "the new daemon says what it found")
                    self.assertIn(open_jobs[0], project.log_text())
                number += 1
        print(f"{KILLS} kills, {middle} in the middle of a job, {whole:.2f} s each")
        self.assertGreater(middle, KILLS // 10, "the kills must fall into the migration")
        self.assertEqual(self.applied_so_far(), number - 1)


if __name__ == "__main__":
    harness.main()
