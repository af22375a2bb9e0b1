"""drover exec: a command with an environment's database, from wherever it is started."""

import json
import signal
import subprocess
import sys

import harness
from harness import DROVER

PRINT = "import json, os; print(json.dumps([os.getcwd(), dict(os.environ)]))"


class Exec(harness.Case):
    def setUp(self):
        super().setUp()
        self.project.configure(
            'dev: {url: "${DB__DB_URL:-sqlite+aiosqlite:///./application.db}", env_file: .env}',
            'plain: {url: "sqlite:///plain.db?timeout=5"}',
            'memory: {url: "sqlite://"}',
            'docker: {compose: {service: app}, url: "sqlite:////app/x.db"}')
        self.project.write(".env", "DB__DB_URL=sqlite+aiosqlite:///./application.db\n")
        self.project.write("docker-compose.yml", "services: {app: {image: x}}\n")
        self.backend = self.project.root / "backend"

    def run_exec(self, *words, **options):
        options.setdefault("cwd", self.backend)
        return self.project.drover("exec", *words, **options)

    def seen(self, *words, **options):
        done = self.run_exec(*words, "--", sys.executable, "-c", PRINT, **options)
        return json.loads(done.out)

    def test_the_command_runs_at_the_root_with_absolute_urls(self):
        cwd, variables = self.seen("-e", "dev")
        root = str(self.project.root)
        self.assertEqual(cwd, root)
        self.assertEqual(variables["DB__DB_URL"], f"sqlite+aiosqlite:///{root}/application.db")
        self.assertEqual(variables["DROVER_ENVIRONMENT"], "dev")
        self.assertEqual(variables["DROVER_PROJECT_ROOT"], root)
        self.assertEqual(variables["DROVER_DATABASE_PATH"], f"{root}/application.db")
        self.assertEqual(variables["PWD"], root)
        self.assertNotIn("DATABASE_URL", variables)
        # The first environment is the default one; what the shell had set is replaced.
        _, variables = self.seen(env={"DB__DB_URL": "sqlite:///wrong.db"})
        self.assertEqual(variables["DB__DB_URL"], f"sqlite+aiosqlite:///{root}/application.db")

    def test_without_a_variable_it_is_the_usual_one_or_your_own(self):
        url = f"sqlite:///{self.project.root}/plain.db?timeout=5"
        _, variables = self.seen("-e", "plain")
        self.assertEqual(variables["DATABASE_URL"], url)
        _, variables = self.seen("-e", "plain", "--var", "MY_DB", "--var", "DROVER_DATABASE_PATH")
        self.assertEqual((variables["MY_DB"], variables["DROVER_DATABASE_PATH"]), (url, url))

    def test_it_reaches_the_right_file_and_makes_no_other(self):
        code = ("import os, sqlite3; d = sqlite3.connect(os.environ['DB__DB_URL'].split(':///')[1]);"
                "d.execute('CREATE TABLE t (id)'); d.commit()")
        self.run_exec("-e", "dev", "--", sys.executable, "-c", code)
        self.assertEqual(self.project.tables(), ["t"])
        self.assertEqual(list(self.backend.iterdir()), [])

    def test_exit_codes_are_the_commands_or_a_shells(self):
        self.run_exec("--", "sh", "-c", "exit 7", check=7)
        missing = self.run_exec("--", "no-such-command", check=127)
        self.assertEqual(missing.err, "drover: no-such-command: command not found\n")
        self.run_exec("--", "./no-such", check=127)
        self.run_exec("--", "/etc/passwd", check=126)
        self.run_exec("--", "/", check=126)
        self.run_exec("--", "sh", "-c", "kill -TERM $$", check=-signal.SIGTERM)
        self.run_exec("--", "", check=2)

    def test_arguments_stay_as_they_are(self):
        done = self.run_exec("--", sys.executable, "-c", "import sys; print(sys.argv[1:])", "",
                             "a b", "--json", "-e", "x", "--", "$HOME")
        self.assertEqual(done.out, "['', 'a b', '--json', '-e', 'x', '--', '$HOME']\n")

    def test_the_command_replaces_the_client(self):
        child = self.project.spawn([DROVER, "exec", "--", "sh", "-c", "echo $$; exec sleep 60"],
                                   stdout=subprocess.PIPE)
        self.assertEqual(int(child.stdout.readline()), child.pid)
        child.send_signal(signal.SIGINT)
        self.assertEqual(child.wait(10), -signal.SIGINT)

    def test_signals_are_as_they_were(self):
        done = self.run_exec("--", "grep", "^Sig[BIC]", "/proc/self/status")
        plain = self.project.run(["grep", "^Sig[BIC]", "/proc/self/status"])
        self.assertEqual(done.out, plain.out)

    def test_without_a_command_it_prints_lines_for_eval(self):
        done = self.run_exec("-e", "dev")
        shown = self.project.run(["sh", "-c", 'eval "$1"; echo "$DB__DB_URL $DROVER_ENVIRONMENT"',
                                  "sh", done.out])
        self.assertEqual(shown.out,
                         f"sqlite+aiosqlite:///{self.project.root}/application.db dev\n")

    def test_dry_run_and_verbose_speak_on_stderr(self):
        done = self.run_exec("-n", "--", "touch", "made here")
        self.assertEqual(done.out, "")
        self.assertIn("DB__DB_URL=sqlite+aiosqlite:", done.err)
        self.assertIn(f"cd {self.project.root}\ntouch 'made here'\n", done.err)
        self.assertFalse((self.project.root / "made here").exists())
        done = self.run_exec("-v", "--", "echo", "out")
        self.assertEqual(done.out, "out\n")
        self.assertIn("# the url of dev", done.err)
        self.assertEqual(self.run_exec("--", "true").err, "")
        document = self.run_exec("-n", "--json", "--", "true").json
        self.assertEqual(document["environment"], "dev")
        self.assertFalse(document["exists"])

    def test_what_cannot_be_reached_is_refused(self):
        error = self.run_exec("-e", "docker", "--json", "--", "true", check=8).error
        self.assertEqual(error["kind"], "exec.unreachable")
        self.assertIn("docker", error["message"])
        self.assertEqual(self.run_exec("-e", "memory", "--json", "--", "true", check=8)
                         .error["kind"], "exec.memory")
        self.run_exec("-e", "dev", "-e", "plain", "--", "true", check=2)
        self.run_exec("--var", "A-B", "--", "true", check=2)
        self.run_exec("-e", "nope", "--", "true", check=1)

    def test_it_works_without_a_daemon(self):
        cwd, variables = self.seen("--local", "-e", "dev")
        self.assertEqual(variables["DROVER_ENVIRONMENT"], "dev")
        self.assertFalse(self.project.socket.exists())
        self.seen(env={"CI": "1"})
        self.assertFalse(self.project.socket.exists())

    def test_a_broken_configuration_runs_nothing(self):
        self.project.start()
        self.run_exec("--", "true")
        self.project.write("drover.yaml", "environments: [\n")
        error = self.run_exec("--json", "--", "touch", "made", check=1).error
        self.assertTrue(error["kind"].startswith("config."))
        self.assertFalse((self.project.root / "made").exists())


if __name__ == "__main__":
    harness.main()
