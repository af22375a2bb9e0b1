"""The main story: provisioned from the wrong folder, applied on save, held after a downgrade."""

import json
import subprocess
import time

import harness
from harness import DEMO_BASE, DROVER, wait_until

EXTRA = "5a1e00000001"


class Provision(harness.Case):
    demo = True

    def backend(self):
        return self.project.root / "backend"

    def wait_provisioned(self):
        project = self.project
        project.drover("status", cwd=self.backend())
        head = project.heads()
        self.assertEqual(len(head), 1)
        project.wait_versions(*head)
        project.wait_state("current")
        return head[0]

    def save_extra(self, head):
        return self.project.migration(EXTRA, head, "CREATE TABLE regions (id INTEGER PRIMARY KEY);",
                                      "DROP TABLE regions;", message="Add regions")

    def test_1_first_status_creates_and_upgrades_where_it_belongs(self):
        project = self.project
        before = sorted(p.name for p in self.backend().iterdir())
        first = project.drover("status", cwd=self.backend())
        self.assertIn("dev", first.out)
        self.assertIsNotNone(project.pid(), "status starts the daemon")

        heads = project.heads()
        self.assertEqual(len(heads), 1)
        self.assertNotEqual(heads[0], DEMO_BASE)
        project.wait_versions(heads[0])
        printed = subprocess.run(
            ["sqlite3", "../application.db", "SELECT version_num FROM alembic_version"],
            cwd=self.backend(), capture_output=True, text=True, check=True)
        self.assertEqual(printed.stdout, heads[0] + "\n")

        project.wait_state("current")
        document = project.drover("status", "--json", cwd=self.backend()).json
        self.assertEqual(document["v"], 1)
        self.assertEqual(document["root"], str(project.root))
        environments = {e["name"]: e for e in document["environments"]}
        self.assertEqual(sorted(environments), ["dev", "docker"])
        for name, other in (("dev", "docker"), ("docker", "dev")):
            entry = environments[name]
            self.assertEqual(entry["state"], "current")
            self.assertEqual(entry["current"], heads)
            self.assertEqual(entry["heads"], heads)
            self.assertEqual(entry["pending"], 0)
            self.assertEqual(entry["path"], str(project.database))
            self.assertEqual(entry["same_as"], [other])
            self.assertEqual(entry["policy"], "apply")
            self.assertIsNone(entry["error"])
        self.assertEqual(document["strays"], [])
        self.assertEqual(document["daemon"]["pid"], project.pid())

        self.assertEqual(sorted(p.name for p in self.backend().iterdir()), before,
                         "nothing appeared in backend/")
        self.assertLessEqual({"accounts", "bindings", "servers", "transaction_snapshots",
                              "transactions"}, set(project.tables()))
        self.assertEqual(project.database.stat().st_mode & 0o777, 0o644,
                         "a container must be able to read it")
        self.assertEqual(project.query("PRAGMA foreign_key_check"), [])

    def test_1_status_from_the_wrong_folder_says_so_in_one_line(self):
        self.wait_provisioned()
        findings = self.project.drover("status", "--json", cwd=self.backend()).json["findings"]
        wrong = [f for f in findings if f["code"] == "wrong-cwd"]
        self.assertEqual(len(wrong), 1, findings)
        self.assertIn("backend", wrong[0]["message"])
        at_root = self.project.status()["findings"]
        self.assertEqual([f for f in at_root if f["code"] == "wrong-cwd"], [])

    def test_1_schema_file_and_migrations_agree(self):
        self.wait_provisioned()
        wanted = self.project.base / "wanted.db"
        subprocess.run(["sqlite3", wanted], input=(self.project.root / "schema.sql").read_bytes(),
                       check=True)
        self.assertEqual([row[:3] for row in self.project.schema()],
                         [row[:3] for row in self.project.schema(wanted)])

    def test_1_where_explains_every_step(self):
        self.wait_provisioned()
        document = self.project.drover("where", "--json", cwd=self.backend()).json
        inode = self.project.database.stat().st_ino
        for entry in document["environments"]:
            self.assertEqual(entry["path"], str(self.project.database))
            self.assertTrue(entry["exists"])
            self.assertEqual(entry["inode"], inode)
            self.assertEqual(entry["confidence"], "certain")
            self.assertGreaterEqual(len(entry["provenance"]), 2)
        sources = json.dumps(document["environments"][0]["provenance"])
        self.assertRegex(sources, r"drover\.yaml:\d+:\d+")
        self.assertRegex(sources, r"\.env:1\b")
        docker = document["environments"][1]
        self.assertEqual([m["target"] for m in docker["mounts"]], ["/app/application.db"])
        self.assertEqual(docker["mounts"][0]["host"], str(self.project.database))

    def test_2_a_saved_migration_is_applied_and_watch_shows_it(self):
        head = self.wait_provisioned()
        project = self.project
        clients = project.drover("ping", "--json").json["clients"]
        with open(project.base / "watch.out", "wb") as out:
            project.spawn([DROVER, "watch", "--json"], stdout=out)
        wait_until(lambda: project.drover("ping", "--json").json["clients"] > clients,
                   "drover watch is connected")
        events = project.events()
        self.save_extra(head)
        project.wait_versions(EXTRA)

        _, applied = events.wait("applied", revision=EXTRA)
        self.assertEqual(applied["v"], 1)
        self.assertEqual(applied["direction"], "up")
        self.assertIn(applied["environment"], ("dev", "docker"))

        def watched():
            text = (project.base / "watch.out").read_text()
            return [e for e in map(json.loads, text.splitlines())
                    if e["event"] == "applied" and e["revision"] == EXTRA]

        wait_until(watched, "drover watch prints the applied event")
        self.assertIn("regions", project.tables())
        project.wait_state("current")

    def test_2_a_migration_moved_into_place_is_applied(self):
        head = self.wait_provisioned()
        path = self.save_extra(head)
        self.project.wait_versions(EXTRA)
        text = path.read_text().replace(EXTRA, "5a1e00000002").replace(
            f"down_revision: {head}", f"down_revision: {EXTRA}").replace("regions", "zones")
        outside = self.project.base / "next.sql"
        outside.write_text(text)
        outside.rename(self.project.root / "migrations/5a1e00000002_zones.sql")
        self.project.wait_versions("5a1e00000002")

    def test_2_report_only_reports_until_upgrade(self):
        head = self.wait_provisioned()
        project = self.project
        config = project.root / "drover.yaml"
        config.write_text(config.read_text().replace("on_pending: apply", "on_pending: report"))
        wait_until(lambda: project.env_status()["policy"] == "report", "the policy is reloaded")
        events = project.events()
        self.save_extra(head)
        events.wait("pending")
        entry = project.wait_state("pending")
        self.assertEqual(entry["pending"], 1)
        self.assertEqual([n["revision"] for n in entry["pending_names"]], [EXTRA])
        project.drover("status")
        project.drover("status", "--exit-code", check=3)
        time.sleep(0.5)
        self.assertEqual(project.versions(), [head])
        self.assertIn("upgrade", project.status()["next"])

        result = project.drover("upgrade", "--json").json
        self.assertEqual(result["from"], [head])
        self.assertEqual(result["to"], [EXTRA])
        self.assertEqual(result["applied"], 1)
        self.assertEqual(project.versions(), [EXTRA])
        project.drover("status", "--exit-code", check=0)

    def test_2_a_new_revision_is_a_draft_until_its_line_goes(self):
        head = self.wait_provisioned()
        project = self.project
        written = project.drover("revision", "-m", "x", "--json", cwd=self.backend()).json
        path = project.root / written["file"]
        self.assertTrue(path.is_file())
        self.assertEqual(written["down_revision"], [head])
        self.assertTrue(written["draft"])
        self.assertIn("-- draft\n", path.read_text())

        text = path.read_text().replace("-- migrate:up\n", "-- migrate:up\nCREATE TABLE x (id INTEGER);\n")
        path.write_text(text)
        time.sleep(1)
        project.drover("status")
        self.assertEqual(project.versions(), [head])
        path.write_text(text.replace("-- draft\n", ""))
        project.wait_versions(written["revision"])
        self.assertIn("x", project.tables())

    def test_3_down_to_base_and_up_again(self):
        head = self.wait_provisioned()
        project = self.project
        self.save_extra(head)
        project.wait_versions(EXTRA)
        full = project.schema()
        subprocess.run(["sqlite3", project.database],
                       input=b"CREATE TABLE scratch (n); INSERT INTO scratch VALUES (1), (2);"
                             b"INSERT INTO servers (port, base_url, timeout, retries, "
                             b"wait_between_retries, max_requests_queued, is_active, created_at, "
                             b"updated_at) VALUES (1, 'http://a', 1, 1, 1, 1, 1, '2026-01-01', "
                             b"'2026-01-01');", check=True)

        down = project.drover("downgrade", "-1", "--json", cwd=self.backend()).json
        self.assertEqual(down["to"], [head])
        self.assertEqual([s["direction"] for s in down["steps"]], ["down"])
        self.assertEqual(project.versions(), [head])
        self.assertNotIn("regions", project.tables())
        self.assertEqual(project.query("SELECT port FROM servers"), [(1,)])
        entry = project.wait_state("held")
        self.assertEqual(entry["pending"], 1)
        time.sleep(1)
        self.assertEqual(project.versions(), [head], "it stays down although the policy is apply")

        project.stop()
        project.drover("status")
        self.assertEqual(project.wait_state("held")["current"], [head])
        self.assertEqual(project.versions(), [head], "also across a restart")

        project.drover("downgrade", "base")
        self.assertEqual(project.versions(), [])
        self.assertEqual(project.tables(), ["scratch"])
        self.assertEqual(project.query("SELECT n FROM scratch"), [(1,), (2,)])
        project.wait_state("held")

        up = project.drover("upgrade", "--json").json
        self.assertEqual(up["from"], [])
        self.assertEqual(up["to"], [EXTRA])
        self.assertEqual(project.versions(), [EXTRA])
        self.assertEqual([row for row in project.schema() if row[1] != "scratch"], full)
        self.assertEqual(project.query("SELECT n FROM scratch"), [(1,), (2,)])
        self.assertEqual(project.query("SELECT count(*) FROM servers"), [(0,)])
        project.wait_state("current")

    def test_3_a_changed_migration_ends_the_hold(self):
        head = self.wait_provisioned()
        path = self.save_extra(head)
        self.project.wait_versions(EXTRA)
        self.project.drover("downgrade", "-1")
        self.project.wait_state("held")
        path.write_text(path.read_text().replace("(id INTEGER PRIMARY KEY)",
                                                 "(id INTEGER PRIMARY KEY, name TEXT)"))
        self.project.wait_versions(EXTRA)
        self.project.wait_state("current")


if __name__ == "__main__":
    harness.main()
