"""drover doctor: what it says, how it ends, and that --fix mends what is safe and nothing else."""

import hashlib
import os
import pty
import shutil
import sqlite3
import subprocess
import threading
import time

import harness
from harness import wait_until

COMPOSE = 'services:\n  api: {image: x, working_dir: /app, volumes: ["%s"]}\n'
DOCKER = 'docker: {compose: {service: api}, url: "sqlite:////app/data/application.db"}'


class Doctor(harness.Case):
    def setUp(self):
        super().setUp()
        self.ids = self.project.chain(2)

    def git(self, *words):
        subprocess.run(["git", "-C", str(self.project.root), "-c", "user.name=a",
                        "-c", "user.email=a@b", *words], check=True, capture_output=True)

    def doctor(self, *words, **options):
        options.setdefault("check", None)
        return self.project.drover("doctor", *words, **options)

    def codes(self, *words):
        return [finding["code"] for finding in self.doctor("--json", *words).json["findings"]]

    def digest(self, *without):
        """Every file below the root with its content, without git's own and those named."""
        found = {}
        for path in sorted(self.project.root.rglob("*")):
            name = str(path.relative_to(self.project.root))
            if name.startswith(".git/") or name in without:
                continue
            content = path.read_bytes() if path.is_file() else b"directory"
            found[name] = hashlib.sha256(content).hexdigest()
        return found

    def test_a_healthy_project_is_told_so_with_what_was_checked(self):
        project = self.project
        project.configure_dev()
        project.start()
        project.wait_state("current")
        result = self.doctor(check=0)
        self.assertIn("Everything is well. Checked: drover.yaml, 2 migrations, "
                      "1 environment (dev), 1 database, git, strays.", result.out)
        self.assertNotIn("\x1b", result.out)
        document = self.doctor("--json", check=0).json
        self.assertEqual((document["v"], document["healthy"], document["findings"],
                          document["fixes"]), (1, True, [], []))

    def test_the_worst_comes_first_and_errors_end_with_1(self):
        project = self.project
        project.configure_dev()
        (project.root / "backend/application.db").touch()
        project.start()
        project.wait_state("current")
        project.write("migrations/broken.sql", "nonsense\n")
        document = self.doctor("--json", check=1).json
        ranks = ["fatal error warning info".split().index(f["severity"])
                 for f in document["findings"]]
        self.assertEqual(ranks, sorted(ranks))
        self.assertIn("migration-error", [f["code"] for f in document["findings"]])
        text = self.doctor(check=1).out
        self.assertIn("wrong-cwd-stray", text)
        self.assertRegex(text, r"\d errors?")

    def test_only_one_environment(self):
        project = self.project
        (project.root / "data").mkdir()
        project.write("compose.yaml", COMPOSE % "./application.db:/app/application.db")
        project.configure('dev: {url: "sqlite:///./application.db"}',
                          'docker: {compose: {service: api}, url: "sqlite:////app/application.db"}')
        project.start()
        self.assertIn("bind-single-file", self.codes("-e", "docker"))
        self.assertEqual(self.codes("-e", "dev"), [])
        self.assertEqual(self.doctor("-e", "dve").code, 1)

    def test_a_broken_configuration_is_a_finding_too(self):
        self.project.write("drover.yaml", "environments: [\n")
        result = self.doctor("--json", check=1)
        self.assertEqual([f["code"] for f in result.json["findings"]], ["config-error"])
        self.assertIn("drover.yaml:", result.json["findings"][0]["where"])

    def test_codes_are_explained(self):
        self.project.configure_dev("report")
        text = self.doctor("wal-across-single-file", check=0).out
        self.assertTrue(text.startswith("wal-across-single-file  fatal\n"), text)
        self.assertIn("What to do", text)
        self.assertEqual(self.doctor("--explain", "db-in-git", "--json", check=0).json["severity"],
                         "error")
        self.assertIn('did you mean "db-in-git"', self.doctor("db-in-gti", check=1).err)
        self.assertEqual(self.doctor("db-in-git", "--fix").code, 2)
        self.assertEqual(self.doctor("--yes").code, 2)

    def test_status_shows_a_few_lines_and_points_to_doctor(self):
        project = self.project
        project.write("compose.yaml", COMPOSE % "./application.db:/app/application.db")
        project.configure('docker: {compose: {service: api}, url: "sqlite:////app/application.db"}')
        self.git("init", "-q")
        project.drover("upgrade")
        with sqlite3.connect(project.database) as database:
            database.execute("PRAGMA journal_mode=WAL")
        os.link(project.database, project.base / "other.db")
        text = project.drover("status").out
        self.assertIn("[wal-across-single-file]", text)
        self.assertEqual(text.count("  ["), 3, text)
        self.assertIn("  and 1 more: drover doctor\n", text)
        self.assertTrue(text.endswith("Next: drover doctor\n"), text)

    # --fix

    def test_fix_wants_a_yes_and_dry_run_changes_nothing(self):
        project = self.project
        project.configure_dev("report")
        (project.root / "application.db").mkdir()
        before = self.digest()
        refused = self.doctor("--fix", check=8)
        self.assertIn("rmdir application.db", refused.err)
        self.assertIn("drover doctor --fix --yes", refused.err)
        shown = self.doctor("--fix", "--dry-run", check=1)
        self.assertIn("Would do:\n  - rmdir application.db", shown.out)
        self.assertEqual(self.doctor("--fix", "--json", check=8).error["kind"],
                         "doctor.unconfirmed")
        self.assertEqual(self.digest(), before)

    def test_on_a_terminal_fix_asks(self):
        project = self.project
        project.configure_dev("report")
        (project.root / "application.db").mkdir()
        for answer, code, there in ((b"n\n", 8, True), (b"y\n", 0, False)):
            terminal, other = pty.openpty()
            child = subprocess.Popen([harness.DROVER, "doctor", "--fix"], cwd=project.root,
                                     env=project.environment(), stdin=other, stderr=other,
                                     stdout=subprocess.DEVNULL)
            os.close(other)
            screen = b""
            while b"[y/N]" not in screen:
                screen += os.read(terminal, 4096)
            self.assertIn(b"- rmdir application.db", screen)
            os.write(terminal, answer)
            self.assertEqual(child.wait(harness.PATIENCE), code)
            os.close(terminal)
            self.assertEqual((project.root / "application.db").exists(), there)

    def test_fix_mends_everything_that_is_safe_and_changes_nothing_else(self):
        project = self.project
        project.write("compose.yaml", COMPOSE % "./data:/app/data")
        project.configure('dev: {url: "sqlite:///./application.db"}', DOCKER,
                          'third: {url: "sqlite:///./third.db"}')
        project.write(".gitignore", "__pycache__/\n*.db")
        self.git("init", "-q")
        project.drover("upgrade", "-e", "dev")
        (project.root / "third.db").mkdir()
        self.git("add", "-f", "application.db", "compose.yaml")
        self.git("commit", "-qm", "all")
        before = self.digest(".gitignore", "third.db", "data")
        codes = self.codes()
        for code in ("db-in-git", "bind-source-missing", "database-path-is-directory"):
            self.assertIn(code, codes)

        done = self.doctor("--fix", "--yes", "--json").json
        self.assertEqual([fix["state"] for fix in done["fixes"]], ["done"] * len(done["fixes"]))
        self.assertEqual(done["findings"], [])
        self.assertEqual(self.digest(".gitignore", "third.db", "data"), before)
        self.assertEqual((project.root / ".gitignore").read_text(),
                         "__pycache__/\n*.db\n*.db-wal\n*.db-shm\n*.db-journal\n")
        self.assertTrue((project.root / "data").is_dir())
        self.assertFalse((project.root / "third.db").exists())
        tracked = subprocess.run(["git", "-C", str(project.root), "ls-files"], text=True,
                                 capture_output=True, check=True).stdout.split()
        self.assertEqual(tracked, ["compose.yaml"])
        self.assertEqual(project.versions(), [self.ids[1]], "the database is where it was")

        after = self.digest()
        again = self.doctor("--fix", "--yes", check=0)
        self.assertIn("Nothing here can be fixed without a decision of yours.", again.out)
        self.assertEqual(self.digest(), after)

    def test_a_directory_with_something_in_it_is_not_touched(self):
        project = self.project
        project.configure_dev("report")
        project.write("application.db/keep", "me")
        before = self.digest()
        done = self.doctor("--fix", "--yes", "--json", check=1).json
        self.assertEqual(done["fixes"], [])
        self.assertTrue(done["findings"][0]["fix"].startswith("ls -lA "))
        self.assertEqual(self.digest(), before)

    def test_what_lies_outside_of_the_project_is_not_touched(self):
        project = self.project
        outside = project.base / "outside.db"
        outside.mkdir()
        project.write("compose.yaml", COMPOSE % f"{project.base}/away:/app/data")
        project.configure(f'dev: {{url: "sqlite:///{outside}"}}', DOCKER)
        self.assertEqual(self.doctor("--fix", "--yes", "--json", check=1).json["fixes"], [])
        self.assertTrue(outside.is_dir())
        self.assertFalse((project.base / "away").exists())

    def test_several_fixes_at_once_do_it_once(self):
        project = self.project
        project.configure_dev("report")
        project.write(".gitignore", "*.db\n")
        self.git("init", "-q")
        project.drover("upgrade")
        self.git("add", "-f", "application.db")
        results = []

        def fix(*words):
            results.append(self.doctor("--fix", "--yes", "--json", *words))

        # Through the daemon, and beside it.
        threads = [threading.Thread(target=fix, args=words)
                   for words in ([], [], [], ["--local"], ["--local"])]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual([result.code for result in results], [0] * 5, [str(r) for r in results])
        self.assertEqual((project.root / ".gitignore").read_text(),
                         "*.db\n*.db-wal\n*.db-shm\n*.db-journal\n")
        self.assertEqual(self.codes(), [])

    def test_a_failing_fix_says_why_and_the_others_are_done(self):
        project = self.project
        project.configure_dev("report")
        self.git("init", "-q")
        project.drover("upgrade")
        self.git("add", "-f", "application.db")
        (project.root / ".git/index.lock").touch()
        done = self.doctor("--fix", "--yes", "--json", check=1).json
        states = {fix["command"].split()[0]: fix["state"] for fix in done["fixes"]}
        self.assertEqual(states, {"git": "failed", "printf": "done"})
        self.assertIn("index.lock", done["fixes"][0]["message"])
        self.assertEqual([f["code"] for f in done["findings"]], ["db-in-git"])

    # The look

    def test_git_is_watched(self):
        project = self.project
        project.configure_dev()
        project.start()
        project.wait_state("current")
        codes = lambda: [f["code"] for f in project.status()["findings"]]
        self.assertEqual(codes(), [])
        self.git("init", "-q")
        self.assertEqual(wait_until(codes, "not ignored"), ["gitignore-gap"])
        project.write(".gitignore", "*.db*\n")
        wait_until(lambda: codes() == [], "ignored")
        self.git("add", "-f", "application.db")
        wait_until(lambda: codes() == ["db-in-git"], "added")
        self.git("rm", "-q", "--cached", "application.db")
        wait_until(lambda: codes() == [], "taken out")

    def test_a_work_tree_and_a_submodule_have_their_own_index(self):
        project = self.project
        project.configure_dev("report")
        project.drover("upgrade")
        main = project.base / "main"
        main.mkdir()
        git = ["git", "-c", "user.name=a", "-c", "user.email=a@b", "-C"]
        subprocess.run([*git, str(main), "init", "-q"], check=True)
        subprocess.run([*git, str(main), "commit", "-q", "--allow-empty", "-m", "x"], check=True)
        tree = project.base / "tree"
        subprocess.run([*git, str(main), "worktree", "add", "-q", str(tree)], check=True,
                       capture_output=True)
        shutil.copytree(project.root, tree, dirs_exist_ok=True)
        subprocess.run([*git, str(tree), "add", "-f", "application.db"], check=True)
        found = self.doctor("--json", cwd=tree, check=1).json["findings"]
        self.assertEqual(["db-in-git"], [f["code"] for f in found if f["severity"] == "error"])
        self.doctor("--fix", "--yes", cwd=tree, check=0)
        self.assertTrue((tree / "application.db").exists())

    def test_damage_across_a_single_file_is_fatal(self):
        project = self.project
        project.write("compose.yaml", COMPOSE % "./application.db:/app/application.db")
        project.configure('docker: {compose: {service: api}, url: "sqlite:////app/application.db"}')
        project.drover("upgrade")
        with sqlite3.connect(project.database) as database:
            database.execute("INSERT INTO table_1 (note) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL"
                             " SELECT i+1 FROM n WHERE i < 2000) SELECT hex(randomblob(200)) FROM n")
        database.close()
        document = self.doctor("--json", check=0).json
        severities = {f["code"]: f["severity"] for f in document["findings"]}
        self.assertEqual(severities["journal-across-single-file"], "warning")
        with open(project.database, "r+b") as file:  # as a killed container leaves it
            file.seek(40 * 4096)
            file.write(b"\xff" * 8 * 4096)
        document = self.doctor("--json", check=1).json
        severities = {f["code"]: f["severity"] for f in document["findings"]}
        self.assertEqual(severities["journal-across-single-file"], "fatal")

    def test_a_whole_copy_is_not_accused(self):
        project = self.project
        project.configure_dev("report")
        project.drover("upgrade")
        with sqlite3.connect(project.database) as database:
            database.execute("PRAGMA journal_mode=WAL")
        database.close()
        shutil.copy(project.database, project.root / "application.db.bak")
        time.sleep(0.05)  # a file system's clock ticks in milliseconds
        writer = sqlite3.connect(project.database)
        writer.executescript("PRAGMA user_version=7")
        self.assertEqual(self.codes(), [], "the copy was made before")
        time.sleep(0.05)
        shutil.copy(project.database, project.root / "application.db.bak2")
        os.rename(project.root / "application.db.bak2", project.root / "application.db.old")
        self.assertEqual(self.codes(), ["copied-without-wal"])
        writer.close()

    def test_colours_only_on_a_terminal(self):
        self.project.configure_dev("report")
        colour = self.doctor("--color", "always", env={"NO_COLOR": None}).out
        self.assertIn("\x1b[", colour)


if __name__ == "__main__":
    harness.main()
