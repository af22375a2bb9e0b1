"""The client as a program: exit codes, JSON, terminals, deadlines, --local."""

import json
import os
import pty
import re
import select
import subprocess
import time

import harness
from harness import DROVER

ESCAPE = "\x1b["


class Client(harness.Case):
    def setUp(self):
        super().setUp()
        self.project.configure_dev()
        self.ids = self.project.chain(2)

    def provision(self):
        self.project.start()
        self.project.drover("wait", "--timeout", "20")

    # Exit codes and errors

    def test_exit_codes(self):
        project = self.project
        self.provision()
        for code, args in (
                (0, ["version"]), (0, ["--version"]), (0, ["ping"]), (0, ["status"]), (0, ["help"]), (0, ["status", "--help"]),
                (0, ["upgrade"]), (0, ["status", "--exit-code"]),
                (2, ["statsu"]), (2, ["status", "--nonsense"]), (2, ["downgrade"]),
                (1, ["upgrade", "feedfacefeed"]), (1, ["status", "-e", "nowhere"]),
                (1, ["-C", "/", "status"]), (1, ["show", "feedfacefeed"])):
            with self.subTest(args=args):
                project.drover(*args, check=code)

    def test_an_unknown_verb_is_answered_with_the_nearest(self):
        result = self.project.drover("statsu", check=2)
        self.assertIn("status", result.err)
        self.assertEqual(result.out, "")

    def test_errors_are_json_with_json(self):
        self.provision()
        result = self.project.drover("upgrade", "feedfacefeed", "--json", check=1)
        self.assertEqual(result.out, "")
        self.assertEqual(result.error["code"], "not_found")
        self.assertIn("feedfacefeed", result.error["message"])
        self.assertEqual(set(result.error), {"code", "kind", "message", "hint", "where"})

    def test_outside_a_project_the_hint_is_a_command(self):
        error = self.project.drover("status", "--json", cwd="/", check=1).error
        self.assertEqual(error["kind"], "project.not_found")
        self.assertNotEqual(error["hint"], "")

    def test_global_options_stand_before_or_after_the_verb(self):
        self.provision()
        root = str(self.project.root)
        for args in (["-C", root, "--json", "status"], ["status", "--json", "-C", root],
                     ["status", "-C", root, "-e", "dev", "--json"]):
            self.assertEqual(self.project.drover(*args, cwd="/").json["root"], root)

    def test_relative_targets_look_like_options_and_are_none(self):
        self.provision()
        self.assertEqual(self.project.drover("downgrade", "-1", "--json").json["to"], [self.ids[0]])
        self.assertEqual(self.project.drover("downgrade", "-e", "dev", "base", "--json").json["to"], [])
        self.assertEqual(self.project.drover("upgrade", "+1", "--json").json["to"], [self.ids[0]])

    def test_every_reading_verb_has_json(self):
        self.provision()
        for verb in ("status", "current", "heads", "branches", "history", "plan", "strays", "where",
                     "ping", "version"):
            with self.subTest(verb=verb):
                self.assertEqual(self.project.drover(verb, "--json").json["v"], 1)
        shown = self.project.drover("show", self.ids[0], "--json").json["revisions"]
        self.assertEqual([r["revision"] for r in shown], [self.ids[0]])
        self.assertIn("CREATE TABLE table_1", shown[0]["up_sql"])

    def test_history_lists_every_revision(self):
        self.provision()
        entries = self.project.drover("history", "--json").json["revisions"]
        self.assertEqual({e["revision"]: e["down_revision"] for e in entries},
                         {self.ids[0]: [], self.ids[1]: [self.ids[0]]})
        self.assertEqual({e["revision"]: e["environments"] for e in entries},
                         {self.ids[0]: [], self.ids[1]: ["dev"]})

    # The graph

    def fork(self):
        """A branch of one beside the second revision; nothing applies it. Returns its id."""
        self.project.configure_dev("report")
        self.project.start()
        self.project.drover("upgrade", self.ids[0])
        self.project.migration("b00000000002", self.ids[0], "SELECT 2;", message="The other way")
        return "b00000000002"

    def test_the_graph_shows_branches_and_environments(self):
        other = self.fork()
        first, second = self.ids
        graph = self.project.drover("history", "--graph").out
        self.assertEqual(graph, "\n".join([
            f"○   {other}  2026-03-01  (head) The other way",
            f"│ ○ {second}  2026-03-01  (head) Make table_2",
            "├─╯",
            f"●   {first}  2026-03-01  [dev] Make table_1",
            "",
            "● applied   ○ pending",
            ""]))
        self.project.drover("history", "--graph", "--ascii").out.encode("ascii")
        self.project.drover("history", "--graph", env={"LC_ALL": "C"}).out.encode("ascii")

    def test_a_part_of_the_graph(self):
        self.fork()
        graph = self.project.drover("history", "--graph", "-r", f"{self.ids[1]}:{self.ids[1]}").out
        self.assertEqual(graph.splitlines()[0],
                         f"○ {self.ids[1]}  2026-03-01  (head) Make table_2")
        self.assertIn(f"[dev] at {self.ids[0]}, which is not shown here", graph)

    def test_the_graph_leaves_json_alone(self):
        self.fork()
        self.assertEqual(self.project.drover("history", "--graph", "--json").out,
                         self.project.drover("history", "--json").out)

    def test_the_graph_fits_the_terminal(self):
        self.project.migration("b00000000003", self.ids[1], "SELECT 3;", message="long " * 40)
        self.provision()
        lines = self.on_terminal("history", "--graph", env={"NO_COLOR": "1"}).splitlines()
        self.assertIn("…", lines[0])
        self.assertLessEqual(max(map(len, lines)), 80)

    def test_ascii_alone_is_a_usage_error(self):
        self.assertIn("--graph", self.project.drover("history", "--ascii", check=2).err)

    def test_several_heads_are_answered_with_the_same_hint_everywhere(self):
        self.fork()
        hint = 'drover merge -m "Merge heads"'
        self.assertEqual(self.project.status()["next"], hint)
        for args in (["upgrade"], ["upgrade", "head"], ["revision", "-m", "x"]):
            error = self.project.drover(*args, "--json", check=5).error
            self.assertEqual((error["kind"], error["hint"]), ("multiple_heads", hint))
        heads = self.project.drover("heads")
        self.assertIn(hint, heads.err)
        self.assertNotIn("merge", heads.out)
        self.project.run(["sh", "-c", f"{DROVER} {hint.removeprefix('drover ')}"])
        self.assertEqual(self.project.drover("heads").err, "")

    # Writing revisions

    def editor(self, script):
        """A program that behaves as an editor, and the environment that names it."""
        path = self.project.base / "my editor"
        path.write_text("#!/bin/sh\n" + script)
        path.chmod(0o755)
        return {"VISUAL": None, "EDITOR": f"'{path}' --flag"}

    def written(self):
        return [p for p in (self.project.root / "migrations").iterdir() if "hello" in p.name]

    def test_edit_opens_the_written_file(self):
        self.provision()
        env = self.editor('[ "$1" = --flag ] && [ -t 0 ] && echo "-- edited" >> "$2"\n')
        self.on_terminal("revision", "-m", "Hello", "--edit", env=env)
        [file] = self.written()
        self.assertTrue(file.read_text().endswith("-- edited\n"))

    def test_edit_without_a_terminal_or_with_json_writes_nothing(self):
        self.provision()
        env = self.editor("exit 0\n")
        for args in (["--edit"], ["--edit", "--json"]):
            self.project.drover("revision", "-m", "Hello", *args, env=env, check=2)
        self.assertEqual(self.written(), [])

    def test_edit_opens_an_existing_file(self):
        self.provision()
        env = self.editor('echo "-- edited" >> "$2"\n')
        self.on_terminal("edit", self.ids[0], env=env)
        [file] = [p for p in (self.project.root / "migrations").iterdir() if self.ids[0] in p.name]
        self.assertTrue(file.read_text().endswith("-- edited\n"))
        self.project.drover("edit", self.ids[0], env=env, check=2)
        self.assertIn("there is no revision", self.on_terminal("edit", "zzzzzz", env=env, check=1))

    def test_an_editor_that_fails_leaves_the_file(self):
        self.provision()
        text = self.on_terminal("revision", "-m", "Hello", "--edit", env=self.editor("exit 3\n"), check=1)
        self.assertIn("exit code 3", text)
        self.assertEqual(len(self.written()), 1)

    def test_files_are_named_by_the_template(self):
        def configure(template):
            self.project.write("drover.yaml", f'migrations: {{file_template: "{template}"}}\n'
                               "environments: {dev: {url: a.db}}\n")

        configure("%(year)d-%(slug)s-%(rev)s")
        self.project.start()
        answer = self.project.drover("revision", "-m", "Hello", "--rev-id", "c1", "--json").json
        self.assertRegex(answer["file"], r"^migrations/20\d\d-hello-c1\.sql$")
        configure("%(rve)s")
        error = self.project.drover("daemon", "reload", "--json", check=1).error
        self.assertIn('did you mean "rev"', error["message"])
        self.assertTrue(error["where"].endswith("drover.yaml:1:29"), error["where"])

    # Without, with a deaf, with a local daemon

    def test_unreachable_without_a_daemon(self):
        for verb in ("ping", "status"):
            result = self.project.drover(verb, env={"DROVER_NO_SPAWN": "1"}, check=6)
            self.assertIn(str(self.project.socket), result.err)
        self.assertIsNone(self.project.pid())

    def test_ping_and_stop_never_start_a_daemon(self):
        self.project.drover("ping", check=6)
        self.project.drover("daemon", "stop", check=None)
        self.project.drover("daemon", "status", check=None)
        self.project.drover("version")
        self.assertIsNone(self.project.pid())

    def test_a_suspended_daemon_is_given_up_on(self):
        self.provision()
        self.project.suspend()
        result = self.project.drover("status", "--timeout", "1", check=7)
        self.assertLess(result.seconds, 4)
        self.project.resume()
        self.project.drover("status")

    def test_local_needs_no_daemon_and_starts_none(self):
        self.assertEqual(self.project.drover("--local", "upgrade", "--json").json["to"], [self.ids[1]])
        self.assertEqual(self.project.versions(), [self.ids[1]])
        self.assertEqual(self.project.drover("--local", "status", "--json").json
                         ["environments"][0]["state"], "current")
        self.assertIsNone(self.project.pid())
        self.assertEqual(self.project.processes(), [])

    def test_with_ci_set_the_client_is_local_unless_a_daemon_runs(self):
        self.project.drover("upgrade", env={"CI": "true"})
        self.assertEqual(self.project.versions(), [self.ids[1]])
        self.assertIsNone(self.project.pid())
        child = self.project.start()
        answer = self.project.drover("status", "--json", env={"CI": "true"}).json
        self.assertEqual(answer["daemon"]["pid"], child.pid)

    def test_wait(self):
        self.project.configure_dev("report")
        self.project.start()
        result = self.project.drover("wait", "--timeout", "1", check=7)
        self.assertLess(result.seconds, 4)
        waiting = self.project.spawn([DROVER, "wait", "--timeout", "20"])
        time.sleep(0.3)
        self.assertIsNone(waiting.poll())
        self.project.drover("upgrade")
        self.assertEqual(waiting.wait(timeout=harness.PATIENCE), 0)

    # SQL

    def test_the_planned_script_makes_what_upgrade_makes(self):
        project = self.project
        project.configure_dev("report")
        project.start()
        script = project.drover("plan", "--sql").out
        made = project.base / "made.db"
        subprocess.run(["sqlite3", "-bail", made], input=script.encode(), check=True)
        project.drover("upgrade")
        self.assertEqual(project.schema(made), project.schema())
        self.assertEqual(project.versions(made), project.versions())
        everything = "SELECT name FROM sqlite_master ORDER BY 1"
        self.assertEqual(project.query(everything, made), project.query(everything))
        self.assertEqual(project.query("SELECT revision, direction, state FROM drover_history", made),
                         project.query("SELECT revision, direction, state FROM drover_history"))

    def test_dry_run_changes_nothing(self):
        project = self.project
        project.configure_dev("report")
        project.start()
        plan = project.drover("upgrade", "--dry-run", "--json").json
        self.assertEqual([s["revision"] for s in plan["steps"]], self.ids)
        self.assertIsNone(plan["applied"])
        self.assertFalse(project.database.exists())

    # Terminals

    def on_terminal(self, *args, env=None, check=0):
        """What the client prints on a terminal of 80 columns."""
        parent, child = pty.openpty()
        os.set_inheritable(child, True)
        changes = {"NO_COLOR": None, "TERM": "xterm-256color", **(env or {})}
        process = self.project.spawn([DROVER, *args], env=changes, stdin=child, stdout=child,
                                     stderr=child)
        os.close(child)
        text = b""
        deadline = time.monotonic() + harness.PATIENCE
        while time.monotonic() < deadline:
            if select.select([parent], [], [], 0.1)[0]:
                try:
                    data = os.read(parent, 65536)
                except OSError:
                    break
                if not data:
                    break
                text += data
            elif process.poll() is not None:
                break
        os.close(parent)
        self.assertEqual(process.wait(timeout=harness.PATIENCE), check)
        return text.decode()

    def test_colour_follows_the_terminal(self):
        self.provision()
        self.assertIn(ESCAPE, self.on_terminal("status"))
        self.assertNotIn(ESCAPE, self.on_terminal("status", env={"NO_COLOR": "1"}))
        self.assertNotIn(ESCAPE, self.on_terminal("status", env={"TERM": "dumb"}))
        self.assertNotIn(ESCAPE, self.on_terminal("status", "--color", "never"))
        self.assertNotIn(ESCAPE, self.project.drover("status", env={"NO_COLOR": None}).out)
        self.assertIn(ESCAPE, self.project.drover("status", "--color", "always").out)
        self.assertNotIn(ESCAPE, self.on_terminal("status", "--json"))

    def test_the_text_is_the_same_with_and_without_colour(self):
        self.provision()
        plain = self.on_terminal("status", env={"NO_COLOR": "1"})
        coloured = self.on_terminal("status")
        self.assertEqual(re.sub(r"\x1b\[[0-9;]*m", "", coloured), plain)

    def test_ascii_without_a_utf8_locale(self):
        self.provision()
        for env in ({"LC_ALL": "C", "LANG": None}, {"LC_ALL": "POSIX", "LANG": None}):
            self.project.drover("status", env=env).out.encode("ascii")

    def test_output_cut_off_by_head_is_no_crash(self):
        self.provision()
        done = subprocess.run(f"{DROVER} history --json | head -c 1", shell=True, cwd=self.project.root,
                              env=self.project.environment(), capture_output=True, check=True)
        self.assertEqual(done.stdout, b"{")
        self.assertEqual(done.stderr, b"")
        full = self.project.run(["sh", "-c", f"{DROVER} status >/dev/full"], check=None)
        self.assertNotEqual(full.code, 0)
        json.loads(self.project.drover("status", "--json").out)


if __name__ == "__main__":
    harness.main()
