"""Clients that misbehave on the socket: everybody else is served within a second."""

import json
import pathlib
import socket
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))

import harness  # noqa: E402  the path above must be set first


class Abuse(harness.Case):
    def setUp(self):
        super().setUp()
        self.project.configure_dev()
        self.project.chain(2)
        self.daemon = self.project.start()
        self.project.drover("wait", "--timeout", "20")

    def assert_served(self):
        result = self.project.drover("status", "--json")
        self.assertLess(result.seconds, 1.0)
        self.assertEqual(result.json["environments"][0]["state"], "current")
        self.assertIsNone(self.daemon.poll(), "the same daemon as before")
        self.assertEqual(result.json["daemon"]["pid"], self.daemon.pid)

    def test_10_all_at_once(self):
        idle = [self.project.rpc() for _ in range(64)]
        half_open = self.project.rpc()
        half_open.send(b'{"jsonrpc":"2.0","id":1,')
        half_open.socket.shutdown(socket.SHUT_WR)
        flood = self.project.rpc()

        def pour():
            try:
                flood.send(b"x" * (2 << 20))
            except OSError:
                pass  # cut off, as it should be

        pouring = threading.Thread(target=pour)
        pouring.start()
        self.assert_served()
        pouring.join(harness.PATIENCE)
        self.assertFalse(pouring.is_alive())
        self.assert_served()
        self.assertIn("result", idle[0].call("ping"), "an idle client is still welcome")
        self.assertIn("result", idle[63].call("ping"))

    def test_an_endless_line_is_answered_and_cut_off(self):
        rpc = self.project.rpc()
        try:
            rpc.send(b"x" * (2 << 20))
        except OSError:
            pass
        reply = rpc.read_line()
        if reply is not None:
            self.assertEqual(reply["error"]["data"]["kind"], "protocol.too_large")
            self.assertIsNone(rpc.read_line(), "then the connection is closed")
        self.assert_served()

    def test_a_request_of_almost_a_mebibyte_is_read(self):
        rpc = self.project.rpc()
        request = {"jsonrpc": "2.0", "id": 7, "method": "ping", "params": {}}
        line = json.dumps(request).encode()
        rpc.send(line + b" " * ((1 << 20) - len(line) - 2) + b"\n")
        self.assertEqual(rpc.read_line()["id"], 7)

    def test_deep_nesting_is_an_error_and_the_connection_lives(self):
        rpc = self.project.rpc()
        rpc.send(b"[" * 100000 + b"]" * 100000 + b"\n")
        self.assertIn("error", rpc.read_line())
        self.assertIn("result", rpc.call("ping"))

    def test_garbage_is_answered_line_by_line(self):
        rpc = self.project.rpc()
        lines = [b"", b"\x00\xff\xfe", b"null", b"[]", b"{}", b'{"jsonrpc":"2.0","id":1}',
                 b'{"jsonrpc":"2.0","id":1e999,"method":"ping"}',
                 b'{"jsonrpc":"2.0","id":2,"method":"nonsense"}',
                 b'{"jsonrpc":"2.0","id":3,"method":"status","params":{"project":7}}',
                 b'{"jsonrpc":"2.0","id":4,"method":"status","params":{"nonsense":true}}',
                 b'{"jsonrpc":"2.0","id":5,"method":"status","params":{"project":"/nowhere"}}']
        for line in lines:
            rpc.send(line + b"\n")
        answers = {}
        rpc.send(b'{"jsonrpc":"2.0","id":99,"method":"ping"}\n')
        while 99 not in answers:
            reply = rpc.read_line()
            self.assertIsNotNone(reply, "the connection lives")
            answers[reply.get("id")] = reply
        self.assertIn("result", answers[99])
        for number in (1, 2, 3, 4, 5):
            self.assertIn("error", answers[number], number)

    def test_a_subscriber_that_never_reads_disturbs_nobody(self):
        deaf = self.project.rpc()
        self.assertIn("result", deaf.call("subscribe", project=str(self.project.root)))
        asking = self.project.rpc()
        for _ in range(50):
            asking.call("status", project=str(self.project.root))
        self.assert_served()

    def test_replies_that_nobody_reads_disturb_nobody(self):
        deaf = self.project.rpc()
        deaf.socket.setblocking(False)
        line = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "status",
                           "params": {"project": str(self.project.root)}}).encode() + b"\n"
        try:
            for _ in range(2000):
                deaf.send(line)
        except BlockingIOError:
            pass  # the daemon has stopped reading from it: quite right
        time.sleep(0.2)
        self.assert_served()

    def test_connections_beyond_the_limit_are_refused_and_the_rest_served(self):
        crowd = [self.project.rpc() for _ in range(255)]
        for rpc in crowd[:3]:
            self.assertIn("result", rpc.call("ping"))
        over = [harness.Rpc(self.project.socket) for _ in range(10)]
        for rpc in over[2:]:
            reply = rpc.read_line()
            self.assertTrue(reply is None or "error" in reply)
        for rpc in over + crowd:
            rpc.close()
        harness.wait_until(self.project.answers, "an answer after the crowd has gone")
        self.assert_served()


if __name__ == "__main__":
    harness.main()
