"""A database behind a container path: override file, .env, named volumes, the service's own URL."""

import harness
from harness import wait_until

COMPOSE = """\
services:
  app:
    image: example
    working_dir: /app
    env_file: app.env
    volumes:
      - data:/app/data
      - cache:/cache
volumes:
  data:
  cache: {name: shared-cache}
"""
OVERRIDE = """\
services:
  app:
    volumes: ["./${DATA_DIR:-local}:/app/data"]
"""


class Compose(harness.Case):
    def setUp(self):
        super().setUp()
        project = self.project
        self.ids = project.chain(2)
        project.write("docker-compose.yml", COMPOSE)
        project.write("app.env", "NAME: app.db\nDB__DB_URL=sqlite+aiosqlite:///./data/$NAME\n")
        project.write(".env", "COMPOSE_PROJECT_NAME=shop\n")
        project.configure("docker: {compose: {service: app}, on_pending: apply}")

    def where(self):
        return self.project.drover("where", "--json").json["environments"][0]

    def local(self, directory="local"):
        return self.project.root / directory / "app.db"

    def use_override(self):
        self.project.write("docker-compose.override.yml", OVERRIDE)
        (self.project.root / "local").mkdir()

    def test_the_override_file_decides_and_the_url_is_the_services(self):
        project = self.project
        self.use_override()
        project.start()
        state = project.wait_state("current", "docker")
        self.assertEqual(state["path"], str(self.local()))
        self.assertEqual(project.versions(self.local()), [self.ids[1]])

        where = self.where()
        self.assertEqual(where["path"], str(self.local()))
        self.assertEqual(where["confidence"], "likely")
        self.assertEqual(where["provenance"][0],
                         {"value": "sqlite+aiosqlite:///./data/app.db",
                          "from": "app.env:2, DB__DB_URL of service app"})
        self.assertIn({"value": "./local:/app/data", "from": "docker-compose.override.yml:3:15"},
                      where["provenance"])
        self.assertEqual(where["mounts"], [
            {"target": "/app/data", "type": "bind", "host": str(project.root / "local"),
             "volume": None, "read_only": False},
            {"target": "/cache", "type": "volume", "host": None, "volume": "shared-cache",
             "read_only": False}])
        self.assertEqual(where["findings"], [])

        text = project.drover("where").out
        self.assertIn(f"/app/data is {project.root / 'local'} (bind)", text)
        self.assertIn("/cache is volume shared-cache (volume)", text)
        self.assertIn("likely", text)

    def test_a_changed_env_file_moves_the_target(self):
        project = self.project
        self.use_override()
        project.start()
        project.wait_state("current", "docker")
        (project.root / "other").mkdir()
        project.write(".env", "COMPOSE_PROJECT_NAME=shop\nDATA_DIR=other\n")
        wait_until(lambda: project.versions(self.local("other")) == [self.ids[1]],
                   "provisioned where .env says now")
        self.assertEqual(self.where()["path"], str(self.local("other")))

    def test_a_new_override_file_is_noticed(self):
        project = self.project
        project.start()
        state = project.wait_state("unresolved", "docker")
        self.assertIn("shop_data", state["error"]["message"])
        self.use_override()
        project.wait_state("current", "docker")
        self.assertEqual(project.versions(self.local()), [self.ids[1]])

    def test_a_named_volume_that_cannot_be_reached_is_named_with_its_path(self):
        project = self.project
        project.start(env={"HOME": str(project.base)})
        state = project.wait_state("unresolved", "docker")
        self.assertEqual(state["error"]["kind"], "compose.named_volume")
        where = self.where()
        self.assertEqual(where["confidence"], "unknown")
        self.assertFalse(where["exists"])
        self.assertTrue(where["path"].endswith("/volumes/shop_data/_data/app.db"), where["path"])
        self.assertEqual(where["findings"][0]["code"], "named-volume-needs-engine")
        self.assertRegex(where["findings"][0]["where"], r"docker-compose\.yml:7:9$")

    def test_a_named_volume_of_the_user_is_provisioned_when_told(self):
        project = self.project
        data = project.base / ".local/share/docker/volumes/shop_data/_data"
        data.mkdir(parents=True)
        project.start(env={"HOME": str(project.base)})
        self.assertEqual(self.where()["path"], str(data / "app.db"))
        self.assertEqual(self.where()["confidence"], "likely")
        self.assertFalse((data / "app.db").exists(), "outside the project: not without trust")
        project.drover("upgrade", "-e", "docker")
        self.assertEqual(project.versions(data / "app.db"), [self.ids[1]])
        self.assertEqual(project.env_status("docker")["state"], "current")

    def test_a_broken_compose_file_leaves_the_other_environments_alone(self):
        project = self.project
        project.configure("docker: {compose: {service: app}, on_pending: apply}",
                          'dev: {url: "sqlite:///./application.db", on_pending: apply}')
        project.write("docker-compose.yml", "services:\n  app: {image: x}\n  app: {image: y}\n")
        project.start()
        state = project.wait_state("unresolved", "docker")
        project.wait_versions(self.ids[1])
        self.assertEqual(state["error"]["kind"], "compose.duplicate_key")
        self.assertTrue(state["error"]["where"].endswith("docker-compose.yml:3:3"))
        self.assertIn("already defined at line 2", state["error"]["message"])


if __name__ == "__main__":
    harness.main()
