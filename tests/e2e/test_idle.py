"""A daemon with nothing to do does nothing: it must not be woken by its own reading."""

import os
import time

import harness
from harness import cpu_ticks

QUIET = 4.0


class Idle(harness.Case):
    def setUp(self):
        super().setUp()
        self.project.configure_dev()
        self.project.chain(3)
        self.daemon = self.project.start()
        self.project.drover("wait", "--timeout", "20")

    def test_no_events_and_no_cpu_after_reading(self):
        project = self.project
        events = project.events()
        for verb in ("status", "current", "plan", "strays", "where", "history"):
            project.drover(verb)
        project.query("SELECT count(*) FROM alembic_version")
        time.sleep(1.5)  # the scan and whatever the reading set off
        before, seen = cpu_ticks(self.daemon.pid), len(events.all())
        time.sleep(QUIET)
        self.assertEqual(cpu_ticks(self.daemon.pid), before)
        self.assertEqual(len(events.all()), seen, events.all())

    def test_no_database_is_kept_open(self):
        time.sleep(0.5)
        held = [os.readlink(f"/proc/{self.daemon.pid}/fd/{fd}")
                for fd in os.listdir(f"/proc/{self.daemon.pid}/fd")]
        self.assertEqual([path for path in held if path.startswith(str(self.project.root))
                          and "application.db" in path], [])


if __name__ == "__main__":
    harness.main()
