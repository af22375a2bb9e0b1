"""What drover does with Alembic's revisions by itself, and what it leaves alone."""

import harness
from alembic_project import ADD_INDEX, ADD_NOTE, ENV_PY, LAST, MAKO, MERGE, ApplyingCase


class Policy(ApplyingCase):
    def test_the_policy_waits_for_trust(self):
        self.fastapi(policy="apply")
        dev = self.dev()
        self.assertEqual(dev["state"], "missing")
        self.assertIn("drover trust", dev["why"])
        self.drover("trust")
        self.project.wait_state("current")
        self.assertEqual(self.rows(), [MERGE])
        self.last_version('op.add_column("accounts", sa.Column("age", sa.Integer))')
        self.project.wait_versions(LAST)
        self.assertIn("age", self.columns("accounts"))

    def test_the_policy_does_not_undo_a_downgrade_by_hand(self):
        self.fastapi(policy="apply")
        self.drover("trust")
        self.project.wait_state("current")
        self.alembic("downgrade", ADD_NOTE)
        held = self.project.wait_state("held")
        self.assertIn("downgrade by another program", held["why"])
        self.drover("daemon", "reload")
        self.assertEqual((self.dev()["state"], self.rows()), ("held", [ADD_NOTE, ADD_INDEX]))
        self.alembic("upgrade", "head")
        self.project.wait_state("current")
        self.alembic("downgrade", "base")
        self.project.wait_state("held")
        self.last_version('op.add_column("accounts", sa.Column("age", sa.Integer))')
        self.project.wait_versions(LAST)

    def test_the_policy_applies_neither_what_is_empty_nor_what_was_just_written(self):
        self.fastapi(policy="apply")
        self.write("backend/alembic/script.py.mako", MAKO)
        self.drover("trust")
        self.project.wait_state("current")
        new = self.drover("revision", "-m", "-later", "--json").json
        self.assertIn("-later", (self.root / new["file"]).read_text())
        self.assertEqual((self.dev()["current"], self.rows()), ([MERGE], [MERGE]))
        path = self.root / new["file"]
        path.write_text(path.read_text().replace(
            "def upgrade():\n    pass",
            "def upgrade():\n    op.add_column('accounts', sa.Column('age', sa.Integer))"))
        self.project.wait_versions(new["revision"])
        self.assertIn("age", self.columns("accounts"))

        self.write("backend/alembic/env.py", ENV_PY.replace(
            "context.configure(connection=connection,",
            "from sqlalchemy import Column, Integer, MetaData, Table\n"
            "        metadata = MetaData()\n"
            "        Table('brand_new', metadata, Column('id', Integer, primary_key=True))\n"
            "        context.configure(connection=connection, target_metadata=metadata,"
            " include_object=lambda o, name, kind, reflected, other: name == 'brand_new',"))
        made = self.drover("revision", "--autogenerate", "-m", "New table", "--json").json
        self.assertEqual(self.project.wait_state("held")["pending"], 1)
        self.assertNotIn("brand_new", self.project.tables())
        self.drover("upgrade")
        self.project.wait_versions(made["revision"])
        self.assertIn("brand_new", self.project.tables())


if __name__ == "__main__":
    harness.main()
