"""The daemon as a process: one of it, its socket, signals, modes, and quiet when idle."""

import json
import os
import re
import signal
import socket
import stat
import time

import harness
from harness import DROVERD, wait_until


class Daemon(harness.Case):
    def setUp(self):
        super().setUp()
        self.project.configure_dev()
        self.ids = self.project.chain(2)

    def provision(self):
        child = self.project.start()
        self.project.drover("wait", "--timeout", "20")
        return child

    # One daemon, one socket

    def test_a_second_daemon_says_that_one_is_running(self):
        child = self.project.start()
        second = self.project.droverd(check=5)
        self.assertIn("already running", second.err)
        self.assertIn(str(child.pid), second.err)
        self.assertTrue(self.project.answers())

    def test_of_many_started_at_once_exactly_one_wins(self):
        children = [self.project.spawn([DROVERD], stderr=-3, stdout=-3) for _ in range(6)]
        wait_until(lambda: sum(c.poll() is None for c in children) == 1, "five give up", timeout=30)
        winner = next(c for c in children if c.poll() is None)
        self.assertEqual({c.returncode for c in children if c is not winner}, {5})
        wait_until(self.project.answers, "the winner answers")
        self.assertEqual(self.project.pid(), winner.pid)

    def test_the_socket_left_by_a_kill_is_replaced(self):
        self.project.start()
        self.project.kill()
        self.assertTrue(self.project.socket.exists())
        started = time.monotonic()
        self.project.start()
        self.assertLess(time.monotonic() - started, 2.0)

    def test_the_client_starts_a_new_daemon_after_a_kill(self):
        self.project.start()
        self.project.kill()
        self.project.drover("status")
        self.assertTrue(self.project.answers())

    def test_a_file_in_place_of_the_socket_is_never_removed(self):
        self.project.socket.write_text("precious")
        result = self.project.droverd(check=8)
        self.assertIn(str(self.project.socket), result.err)
        self.assertEqual(self.project.socket.read_text(), "precious")

    def test_socket_and_directories_are_private(self):
        self.project.start()
        mode = self.project.socket.stat().st_mode
        self.assertTrue(stat.S_ISSOCK(mode))
        self.assertEqual(stat.S_IMODE(mode), 0o600)
        self.project.drover("wait", "--timeout", "20")
        for name in ("journal.jsonl", "state.json"):
            mode = (self.project.state / name).stat().st_mode
            self.assertEqual(stat.S_IMODE(mode), 0o600, name)

    def test_a_loose_socket_directory_is_refused_with_the_remedy(self):
        for mode in (0o777, 0o770, 0o720):
            with self.subTest(mode=oct(mode)):
                self.project.socket.parent.chmod(mode)
                result = self.project.droverd(check=8)
                self.assertRegex(result.err, rf"chmod \S+ {self.project.socket.parent}")
                self.assertFalse(self.project.socket.exists())

    def test_a_missing_socket_directory_is_made_private(self):
        self.project.socket.parent.rmdir()
        self.project.start()
        self.assertEqual(stat.S_IMODE(self.project.socket.parent.stat().st_mode), 0o700)

    # Started by the client

    def test_a_started_daemon_keeps_nothing_of_its_client(self):
        read, write = os.pipe()
        self.addCleanup(os.close, read)
        child = self.project.spawn([harness.DROVER, "status"], stdout=-3, pass_fds=[write])
        os.close(write)
        self.assertEqual(child.wait(timeout=harness.PATIENCE), 0)
        pid = self.project.pid()
        self.assertEqual(os.readlink(f"/proc/{pid}/cwd"), "/")
        os.set_blocking(read, False)
        self.assertEqual(os.read(read, 1), b"", "the pipe has no writer left")
        for number in (0, 1, 2):
            self.assertFalse(os.readlink(f"/proc/{pid}/fd/{number}").startswith("/dev/pts"))
        self.assertNotEqual(os.getsid(pid), os.getsid(0), "it has a session of its own")
        self.assertIn(str(pid), self.project.log_text())

    def test_an_error_while_starting_reaches_the_user(self):
        self.project.socket.parent.chmod(0o777)
        result = self.project.drover("status", check=None)
        self.assertNotEqual(result.code, 0)
        self.assertIn(str(self.project.socket.parent), result.err)

    # Signals

    def test_sigterm_ends_it_cleanly(self):
        child = self.provision()
        child.send_signal(signal.SIGTERM)
        self.assertEqual(child.wait(timeout=10), 0)
        self.assertFalse(self.project.socket.exists())

    def test_sigterm_lets_a_running_migration_finish_or_roll_back(self):
        self.project.migration("b00000000000", self.ids[1],
                               "CREATE TABLE ballast (n INTEGER);", "DROP TABLE ballast;")
        child = self.provision()
        self.project.migration("b00000000001", "b00000000000",
                               harness.busy_sql(8) + "\nCREATE TABLE after_all (id INTEGER);")
        wait_until(lambda: any(e["what"] == "intent" and "b00000000001" in e["to"]
                               for e in self.project.journal()), "the job has begun")
        child.send_signal(signal.SIGTERM)
        self.assertEqual(child.wait(timeout=15), 0)
        self.assertFalse(self.project.socket.exists())
        rows = self.project.query("SELECT count(*) FROM ballast")[0][0]
        applied = self.project.versions() == ["b00000000001"]
        self.assertEqual(rows, 1 if applied else 0)
        self.assertEqual("after_all" in self.project.tables(), applied)

    def test_sighup_reloads_and_keeps_the_old_configuration_when_the_new_is_wrong(self):
        child = self.provision()
        config = self.project.root / "drover.yaml"
        config.write_text(config.read_text().replace("url:", "ulr:"))
        child.send_signal(signal.SIGHUP)
        wait_until(lambda: re.search(r"drover\.yaml:\d+:\d+", json.dumps(self.project.status())),
                   "the error is reported")
        self.assertEqual(self.project.env_status()["state"], "current")
        self.assertIsNone(child.poll())
        self.assertEqual(self.project.pid(), child.pid)
        error = self.project.drover("daemon", "reload", "--json", check=1).error
        self.assertEqual(error["kind"], "config.unknown_key")
        config.write_text(config.read_text().replace("ulr:", "url:"))
        self.project.drover("daemon", "reload")

    def test_daemon_stop_waits_until_it_may_be_started_again(self):
        self.provision()
        for _ in range(3):
            self.project.drover("daemon", "stop")
            self.project.drover("daemon", "start")
            self.assertTrue(self.project.answers())
        self.project.drover("daemon", "status")

    # Protocol

    def test_hello_and_describe(self):
        self.project.start()
        rpc = self.project.rpc()
        hello = rpc.call("hello", client="test", protocol=[1, 1], want=["events"])["result"]
        self.assertEqual(hello["protocol"], 1)
        self.assertEqual(hello["pid"], self.project.pid())
        self.assertEqual(hello["socket"], str(self.project.socket))
        described = json.dumps(rpc.call("describe")["result"])
        for method in ("hello", "ping", "describe", "status", "plan", "upgrade", "downgrade", "stamp",
                       "history", "where", "strays", "trust", "subscribe", "cancel", "register",
                       "unregister", "stop"):
            self.assertIn(f'"{method}"', described)

    def test_requests_are_answered_in_a_pipeline(self):
        self.provision()
        rpc = self.project.rpc()
        lines = [json.dumps({"jsonrpc": "2.0", "id": n, "method": "status",
                             "params": {"project": str(self.project.root)}}) for n in range(20)]
        rpc.send(("\n".join(lines) + "\n").encode())
        rpc.socket.shutdown(socket.SHUT_WR)
        self.assertEqual(sorted(rpc.read_line()["id"] for _ in range(20)), list(range(20)))
        self.assertIsNone(rpc.read_line())

    def test_a_project_is_remembered_and_forgotten(self):
        self.provision()
        self.project.stop()
        self.project.start()
        rpc = self.project.rpc()
        self.assertEqual(rpc.call("hello")["result"]["projects"], [str(self.project.root)])
        self.project.migration("b00000000001", self.ids[1], "CREATE TABLE later (id INTEGER);")
        self.project.wait_versions("b00000000001")
        self.assertIn("result", rpc.call("unregister", project=str(self.project.root)))
        self.assertEqual(rpc.call("hello")["result"]["projects"], [])

    # Other modes

    def test_stdio_answers_on_pipes_and_ends_with_its_input(self):
        request = {"jsonrpc": "2.0", "id": 1, "method": "status",
                   "params": {"project": str(self.project.root)}}
        result = self.project.droverd("--stdio", input=json.dumps(request) + "\n")
        reply = json.loads(result.out.splitlines()[0])
        self.assertEqual(reply["id"], 1)
        self.assertEqual(reply["result"]["environments"][0]["name"], "dev")
        self.assertIsNone(self.project.pid(), "no socket is served")
        self.assertEqual(self.project.droverd("--stdio", input="").out, "")

    def test_once_applies_and_tells_by_its_exit_code(self):
        project = self.project
        project.droverd("--once", check=0)
        self.assertEqual(project.versions(), [self.ids[1]])
        project.droverd("--once", "--project", str(project.root), cwd="/", check=0)
        document = project.droverd("--once", "--json", check=0).json
        self.assertEqual(document["environments"][0]["state"], "current")

        project.configure_dev("report")
        project.migration("b00000000001", self.ids[1], "CREATE TABLE b (id INTEGER);")
        project.droverd("--once", check=3)
        self.assertEqual(project.versions(), [self.ids[1]])

        project.migration("c00000000001", self.ids[1], "CREATE TABLE c (id INTEGER);")
        project.droverd("--once", check=5)

        project.configure_dev()
        (project.root / "migrations/c00000000001_step_c00000000001.sql").unlink()
        project.migration("b00000000001", self.ids[1], "INSERT INTO nowhere VALUES (1);")
        failed = project.droverd("--once", check=1)
        self.assertIn("b00000000001_step_b00000000001.sql:6", failed.out + failed.err)

        project.write("drover.yaml", "nonsense: true\n")
        broken = project.droverd("--once", check=1)
        self.assertIn("drover.yaml:1:1", broken.out + broken.err)

    def test_log_as_json(self):
        self.project.start("--log-format", "json")
        self.project.drover("wait", "--timeout", "20")
        lines = self.project.log_text().splitlines()
        self.assertTrue(lines)
        for line in lines:
            json.loads(line)

    def test_systemd_is_told(self):
        path = self.project.base / "notify"
        receiver = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(receiver.close)
        receiver.bind(str(path))
        receiver.settimeout(harness.PATIENCE)
        child = self.project.start(env={"NOTIFY_SOCKET": str(path)})
        self.assertIn(b"READY=1", receiver.recv(4096))
        child.send_signal(signal.SIGTERM)
        self.assertIn(b"STOPPING=1", receiver.recv(4096))
        child.wait(timeout=10)

    def test_a_listening_socket_is_adopted(self):
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.addCleanup(listener.close)
        listener.bind(str(self.project.socket))
        listener.listen(16)
        code = ("import os,sys; os.dup2(int(sys.argv[1]), 3); os.environ['LISTEN_FDS']='1'; "
                "os.environ['LISTEN_PID']=str(os.getpid()); os.execv(sys.argv[2], sys.argv[2:])")
        child = self.project.spawn(["/usr/bin/python3", "-c", code, listener.fileno(), DROVERD],
                                   pass_fds=[listener.fileno()], stderr=-3)
        wait_until(self.project.answers, "the adopted socket is served")
        child.send_signal(signal.SIGTERM)
        self.assertEqual(child.wait(timeout=10), 0)
        self.assertTrue(self.project.socket.exists(), "a socket of systemd's is not unlinked")

    def test_a_folder_that_is_mounted_over_is_watched_anew(self):
        # In a mount namespace of its own, where this user may mount.
        project = self.project
        own = ["unshare", "--mount", "--propagation", "private"]
        if project.run([*own, "true"], check=None).code != 0:
            self.skipTest("mounting is not allowed here")
        project.start(prefix=own)
        project.drover("wait", "--timeout", "20")
        other = project.base / "other"
        other.mkdir()
        inside = ["nsenter", "--mount", "--target", project.pid()]
        migrations = project.root / "migrations"
        for path in migrations.iterdir():
            (other / path.name).write_text(path.read_text())
        (other / "c1.sql").write_text("-- revision: c1\n-- down_revision: " + self.ids[1]
                                      + "\n-- message: c\n-- migrate:up\nCREATE TABLE c (id INTEGER);\n")
        project.run([*inside, "mount", "--bind", other, migrations])
        project.wait_versions("c1")
        project.run([*inside, "sh", "-c", f"sed 's/c1/d1/; s/{self.ids[1]}/c1/; s/TABLE c/TABLE d/' "
                     f"{other}/c1.sql > {migrations}/d1.sql"])
        project.wait_versions("d1")


if __name__ == "__main__":
    harness.main()
