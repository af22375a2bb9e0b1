"""Ten commands that make a second, silent database with other tools when they are run in the wrong
directory, as drover's own: none makes a file, and each answer is about the right one."""

import os
import shutil

import harness

READS = (
    # what other tools do there                          drover's own command
    ("a current that leaves a database of no bytes",     ("current",)),
    ("a status that creates the database",               ("status",)),
    ("a version that creates a table of its own",        ("history",)),
    ("a deploy that registers itself in the directory",  ("plan",)),
    ("a list of what there is",                          ("heads",)),
    ("a dry run",                                        ("upgrade", "--dry-run")),
    ("an offline script",                                ("upgrade", "--sql")),
    ("a question where the database is",                 ("where",)),
    ("a search for other databases",                     ("strays",)),
    ("a check for scripts",                              ("status", "--exit-code")),
)


class WrongDirectory(harness.Case):
    def setUp(self):
        super().setUp()
        self.project.configure_dev("report")
        self.ids = self.project.chain(2)
        self.backend = self.project.root / "backend"

    def everything(self):
        return {path: (self.project.root / path).stat().st_size
                for path in self.project.listing() if (self.project.root / path).is_file()}

    def each_way(self):
        """Through the daemon, and without one."""
        self.project.start()
        yield ()
        self.project.stop()
        yield ("--local",)

    def test_reading_makes_no_file_while_the_database_is_missing(self):
        before = self.everything()
        for how in self.each_way():
            for accident, command in READS:
                with self.subTest(accident, how=how):
                    codes = (0, 3)
                    result = self.project.drover(*how, *command, cwd=self.backend, check=None)
                    self.assertIn(result.code, codes, result)
                    self.assertEqual(self.everything(), before)

    def test_reading_a_database_answers_about_the_one_that_is_configured(self):
        self.project.drover("--local", "upgrade", self.ids[0])
        before = self.everything()
        self.assertEqual(sorted(p for p in before if p.endswith(".db")), ["application.db"])
        for how in self.each_way():
            for accident, command in READS:
                with self.subTest(accident, how=how):
                    result = self.project.drover(*how, *command, cwd=self.backend, check=None)
                    self.assertIn(result.code, (0, 3), result)
                    self.assertEqual(self.everything(), before)
            current = self.project.drover(*how, "current", "--json", cwd=self.backend).json
            self.assertEqual([r["revision"] for r in current["environments"][0]["current"]],
                             [self.ids[0]])
            where = self.project.drover(*how, "where", "--json", cwd=self.backend).json
            self.assertEqual(where["environments"][0]["path"], str(self.project.database))
            status = self.project.drover(*how, "status", cwd=self.backend).out
            self.assertIn("../application.db", status, "the path as seen from here")
            self.assertIn("from backend/ the URL ./application.db would be backend/application.db, "
                          "not dev's application.db", status)

    def test_upgrading_from_the_wrong_directory_upgrades_the_right_database(self):
        for how in self.each_way():
            with self.subTest(how=how):
                self.project.database.unlink(missing_ok=True)
                self.project.drover(*how, "upgrade", cwd=self.backend)
                self.assertEqual(self.project.versions(), [self.ids[-1]])
                self.assertEqual(os.listdir(self.backend), [])

    def test_without_its_migrations_folder_nothing_is_made(self):
        shutil.rmtree(self.project.root / "migrations")
        before = self.everything()
        for how in self.each_way():
            for command, code in (("upgrade", 1), ("plan", 1), ("status", 0)):
                with self.subTest(command, how=how):
                    result = self.project.drover(*how, command, cwd=self.backend, check=code)
                    self.assertIn(f"no migrations folder {self.project.root}/migrations",
                                  result.out + result.err)
                    self.assertIn("mkdir", result.out + result.err)
                    self.assertEqual(self.everything(), before)

    def test_a_directory_that_is_named_decides_not_the_one_the_shell_is_in(self):
        elsewhere = self.project.base / "elsewhere"
        elsewhere.mkdir()
        for how in self.each_way():
            self.project.drover(*how, "-C", self.project.root, "upgrade", cwd=elsewhere)
            self.assertEqual(os.listdir(elsewhere), [])
            lost = self.project.drover(*how, "status", cwd=elsewhere, check=1)
            self.assertIn("project.not_found", self.project.drover(
                *how, "--json", "status", cwd=elsewhere, check=1).err)
            self.assertIn("drover.yaml", lost.err)
            self.assertEqual(os.listdir(elsewhere), [])


if __name__ == "__main__":
    harness.main()
