"""Projects that Alembic manages: drover reads them as they are, and says what Alembic says."""

import ast
import hashlib
import os
import random
import re
import sqlite3

import harness
from alembic_project import ADD_INDEX, ADD_NOTE, FIRST, INI, LAST, MERGE, AlembicCase
from harness import wait_until


def fingerprint(root):
    """Every file below the root with its content; the database too."""
    return {str(p.relative_to(root)): hashlib.sha256(p.read_bytes()).hexdigest() if p.is_file() else ""
            for p in sorted(root.rglob("*"))}


class Reading(AlembicCase):
    def setUp(self):
        super().setUp()
        self.fastapi()

    def test_it_says_what_alembic_says_and_changes_nothing(self):
        self.alembic("upgrade", "head")
        self.version(LAST, MERGE, "Add a column", up='op.add_column("servers", sa.Column("x", sa.Text))')
        before = fingerprint(self.root)
        self.assertEqual(self.drover("status").code, 0)
        dev = self.dev()
        self.assertEqual((dev["state"], dev["current"], dev["heads"], dev["pending"]),
                         ("pending", [MERGE], [LAST], 1))

        current = self.drover("current", "--json").json["environments"][0]["current"]
        self.assertEqual([c["revision"] for c in current], self.words(self.alembic("current")))
        heads = self.drover("heads", "--json").json["revisions"]
        self.assertEqual([h["revision"] for h in heads], self.words(self.alembic("heads")))
        branches = self.drover("branches", "--json").json["revisions"]
        self.assertEqual([b["revision"] for b in branches],
                         re.findall(r"(\w+) \(branchpoint\)", self.alembic("branches").out))
        self.same_history()
        shown = self.drover("show", "--json", ADD_NOTE).json["revisions"][0]
        path = self.root / shown["file"]
        self.assertEqual(shown["source"], path.read_text())
        self.assertIn("Create Date: " + shown["created"], self.alembic("show", ADD_NOTE).out)
        self.assertIn("op.add_column", self.drover("show", ADD_NOTE).out)

        plan = self.drover("plan", "--json").json
        self.assertEqual([(s["revision"], s["direction"]) for s in plan["steps"]], [(LAST, "up")])
        self.assertEqual((plan["from"], plan["to"]), ([MERGE], [LAST]))
        down = self.drover("downgrade", "--dry-run", "--json", "base").json
        self.assertEqual([s["revision"] for s in down["steps"]][-1], FIRST)
        self.assertEqual(len(down["steps"]), 4)
        doctor = self.drover("doctor", "--json", check=None).json
        self.assertTrue(doctor["healthy"], doctor["findings"])
        self.drover("history", "--graph")
        self.drover("where")
        self.drover("strays")
        self.assertEqual(fingerprint(self.root), before)

    def words(self, result):
        """The first word of every line, as Alembic prints revisions."""
        return [line.split()[0] for line in result.out.splitlines() if line.strip()]

    def same_history(self):
        """Alembic: "parents -> revision (marks), message", the newest first."""
        theirs = {}
        for line in self.alembic("history").out.splitlines():
            match = re.match(r"(.+?) -> (\w+)((?: \([\w ]+\))*), (.*)", line)
            parents = match[1].split(" (")[0]
            theirs[match[2]] = (sorted(parents.split(", ")) if parents != "<base>" else [],
                                "(head)" in match[3], "(branchpoint)" in match[3],
                                "(mergepoint)" in match[3], match[4])
        ours = {e["revision"]: (sorted(e["down_revision"]), e["head"], e["branchpoint"],
                                e["mergepoint"], e["message"])
                for e in self.drover("history", "--json").json["revisions"]}
        self.assertEqual(ours, theirs)
        self.assertEqual(len(ours), 5)

    def test_every_state_of_a_database(self):
        self.assertEqual(self.dev()["state"], "missing")
        self.assertEqual(self.project.listing().count("application.db"), 0)
        database = self.root / "application.db"
        database.touch()
        self.assertEqual((self.dev()["state"], self.dev()["pending"]), ("pending", 4))
        self.alembic("upgrade", "head")
        self.assertEqual(self.dev()["state"], "current")
        self.alembic("downgrade", FIRST)
        self.assertEqual((self.dev()["state"], self.dev()["pending"]), ("pending", 3))
        self.alembic("upgrade", "head")
        with sqlite3.connect(database) as connection:
            connection.execute("UPDATE alembic_version SET version_num = 'feedfeedfeed'")
        self.assertEqual(self.dev()["state"], "orphan")
        with sqlite3.connect(database) as connection:
            connection.execute("DROP TABLE alembic_version")
        self.assertEqual(self.dev()["state"], "unversioned")
        database.unlink()
        self.alembic("stamp", "base")  # a version table and nothing else
        self.assertEqual((self.dev()["state"], self.dev()["pending"]), ("pending", 4))

    def test_rows_above_one_another_are_a_conflict(self):
        self.alembic("upgrade", "head")
        with sqlite3.connect(self.root / "application.db") as connection:
            connection.execute("INSERT INTO alembic_version VALUES (?)", (FIRST,))
        dev = self.dev()
        self.assertEqual((dev["state"], dev["error"]["kind"]), ("conflict", "overlapping_revisions"))

    def test_two_heads_are_a_conflict(self):
        self.version("aaaa00000009", MERGE, "One")
        self.version("aaaa0000000a", MERGE, "Other")
        self.assertEqual((self.dev()["state"], self.dev()["error"]["kind"]),
                         ("conflict", "multiple_heads"))

    def test_bases_that_stay_apart_are_no_conflict(self):
        """Two folders, two labels, linked by depends_on only."""
        ini = self.root / "backend/alembic.ini"
        ini.write_text(ini.read_text().replace(
            "version_path_separator = os\n",
            "version_path_separator = os\n"
            "version_locations = %(here)s/alembic/versions:%(here)s/alembic/plugins\n"))
        plugin = self.version("bbbb00000001", None, "Plugins", branch_labels=("plugins",),
                              depends_on=FIRST, up='op.create_table("plugins", sa.Column("id", sa.Integer))')
        folder = self.root / "backend/alembic/plugins"
        folder.mkdir()
        plugin.rename(folder / plugin.name)
        dev = self.dev()
        self.assertEqual((dev["state"], dev["pending"], dev["error"]), ("missing", 5, None))
        self.assertEqual(self.drover("status", "--json").json["next"], "drover upgrade")
        heads = self.drover("heads")
        self.assertEqual((len(heads.out.splitlines()), heads.err), (2, ""))
        self.assertEqual(len(self.drover("plan", "--json").json["steps"]), 5)
        self.drover("upgrade")
        self.assertEqual((sorted(self.project.versions()), self.dev()["state"]),
                         ([MERGE, "bbbb00000001"], "current"))
        self.version("aaaa00000006", MERGE, "More", up='op.create_table("more", sa.Column("id", sa.Integer))')
        self.assertEqual((self.dev()["state"], self.dev()["pending"]), ("pending", 1))
        self.assertNotEqual(self.drover("check", "--json", check=None).error["kind"], "multiple_heads")
        error = self.drover("upgrade", "head", "--json", check=5).error
        self.assertEqual((error["kind"], error["hint"]),
                         ("multiple_heads", "name one of them; drover upgrade alone goes to all"))
        self.drover("upgrade")
        self.assertEqual(self.dev()["state"], "current")

    def test_an_edit_of_an_applied_file_is_seen_and_can_be_accepted(self):
        self.alembic("upgrade", "head")
        self.assertEqual(self.dev()["state"], "current")
        file = next((self.root / "backend/alembic/versions").glob(f"{FIRST}*"))
        file.write_text(file.read_text().replace("sa.String(40)", "sa.String(60)"))
        dev = self.dev()
        self.assertEqual((dev["state"], dev["error"]["kind"]), ("modified", "modified"))
        self.assertIn(f"revision {FIRST} was edited", dev["why"])
        self.drover("repair", FIRST, check=8)
        self.assertIn("its file is another", self.drover("repair", "--dry-run", FIRST).out)
        self.drover("repair", "--yes", FIRST)
        self.assertEqual(self.dev()["state"], "current")
        self.assertEqual(self.project.query(
            "SELECT count(*) FROM sqlite_schema WHERE name LIKE 'drover%'"), [(0,)])

    def test_what_was_reverted_may_change(self):
        self.alembic("upgrade", "head")
        self.assertEqual(self.dev()["state"], "current")
        self.alembic("downgrade", FIRST)
        self.assertEqual(self.dev()["state"], "pending")
        file = next((self.root / "backend/alembic/versions").glob(f"{ADD_NOTE}*"))
        file.write_text(file.read_text() + "# edited\n")
        self.alembic("upgrade", "head")
        self.assertEqual(self.dev()["state"], "current")

    def test_what_only_python_can_tell_is_refused_with_what_to_type(self):
        self.alembic("upgrade", FIRST)
        for words in (("check",), ("drift", "--fix", "--yes"),
                      ("drift", "--adopt", "--yes", "-m", "x")):
            error = self.drover(*words, "--json", check=8).error
            self.assertEqual(error["kind"], "alembic.unsupported", words)
        self.assertEqual(self.project.versions(), [FIRST])

    def test_the_command_of_the_hint_works(self):
        self.alembic("upgrade", FIRST)
        error = self.drover("check", "--json", check=8).error
        self.assertEqual(error["hint"], "drover exec -- alembic -c backend/alembic.ini check")
        arguments = error["hint"].split(" alembic ")[1].split()[:-1]
        printed = self.alembic(*arguments, "current", config=None,
                               prefix=(harness.DROVER, "exec", "--")).out
        self.assertIn(FIRST, printed)

    def test_a_relative_location_is_run_where_it_works(self):
        self.write("backend/alembic.ini", INI.replace("%(here)s/alembic", "alembic"))
        self.assertEqual(self.drover("check", "--json", check=8).error["hint"],
                         "drover exec -- sh -c 'cd backend && alembic check'")

    def test_the_daemon_sees_files_and_configuration_change(self):
        self.alembic("upgrade", "head")
        self.project.start()
        self.assertEqual(self.dev()["state"], "current")
        self.version(LAST, MERGE, "Later",
                     up='op.add_column("servers", sa.Column("x", sa.Text))')
        wait_until(lambda: self.dev()["pending"] == 1, "the new revision is pending")
        (self.root / "backend/db").mkdir()
        os.rename(self.root / "backend/alembic/versions", self.root / "backend/db/versions")
        wait_until(lambda: self.dev()["state"] != "pending", "the folder is gone")
        self.write("backend/alembic.ini", INI + "\n[alembic:x]\n")
        self.write("backend/alembic.ini", INI.replace("%(here)s/alembic", "%(here)s/db"))
        wait_until(lambda: self.dev()["pending"] == 1, "the configuration names the new folder")
        self.version_file = self.root / "backend/db/versions/__init__.py"
        self.version_file.write_text("")
        self.assertEqual(self.dev()["pending"], 1)


class Trouble(AlembicCase):
    """Where Alembic dies with a traceback or goes on in silence, drover says file and line."""

    def setUp(self):
        super().setUp()
        self.fastapi()

    def findings(self):
        return self.drover("doctor", "--json", check=None).json["findings"]

    def finding(self, code):
        found = [f for f in self.findings() if f["code"] == code]
        self.assertEqual(len(found), 1, (code, self.findings()))
        return found[0]

    def test_broken_graphs_name_file_and_line(self):
        versions = self.root / "backend/alembic/versions"
        for parent, said in (("ffffffffffff", "no migration file has that revision"),
                             (LAST, "names itself")):
            file = self.version(LAST, parent, "Broken")
            dev = self.dev()
            self.assertEqual(dev["state"], "failed")
            self.assertIn(said, dev["why"])
            self.assertEqual(dev["error"]["where"], f"{file}:13:1")
            self.assertNotEqual(self.alembic("heads", check=None).code, 0)
            file.unlink()
        copy = versions / "copy.py"
        copy.write_text(next(versions.glob(f"{ADD_NOTE}*")).read_text())
        self.assertIn("is defined twice", self.dev()["why"])
        copy.write_text("def helper():\n    pass\n")
        self.assertIn("copy.py sets no revision: it is no migration", self.dev()["why"])
        self.assertEqual(self.alembic("heads", check=None).code, 255)
        copy.write_text(f"revision = {LAST!r}\ndown_revision = parent_of(revision)\n")
        self.assertEqual(self.dev()["error"]["where"], f"{copy}:2:1")

    def test_what_is_odd_is_found(self):
        file = self.version(LAST, MERGE, "Later")
        file.write_text(file.read_text().replace(f"Revises: {MERGE}", f"Revises: {FIRST}"))
        found = self.finding("alembic-docstring-parent")
        self.assertEqual((found["severity"], found["where"]), ("info", f"{file}:14:1"))
        self.version("b" * 33, LAST, "Long")
        self.assertEqual(self.finding("alembic-long-id")["severity"], "info")
        self.version("aaaa0000000b", (ADD_INDEX, ADD_NOTE), "Again")
        self.assertIn(f"{MERGE} and aaaa0000000b both merge",
                      self.finding("alembic-twin-merges")["message"])

    def test_a_database_that_was_only_stamped_is_found(self):
        self.alembic("stamp", "head")
        found = self.finding("alembic-stamped-empty")
        self.assertEqual((found["severity"], found["environment"]), ("error", "dev"))
        self.drover("stamp", "base")
        self.drover("upgrade")
        self.assertNotIn("alembic-stamped-empty", [f["code"] for f in self.findings()])

    def test_a_version_table_of_another_name_is_told(self):
        self.alembic("upgrade", "head")
        with sqlite3.connect(self.root / "application.db") as connection:
            connection.execute("ALTER TABLE alembic_version RENAME TO core_version")
        dev = self.dev()
        self.assertEqual(dev["state"], "unversioned")
        self.assertIn("core_version looks like one", dev["why"])
        error = self.drover("upgrade", "--json", check=8).error
        self.assertIn("version_table: core_version", error["hint"])

    def test_a_leftover_of_a_batch_migration_is_found(self):
        self.alembic("upgrade", "head")
        with sqlite3.connect(self.root / "application.db") as connection:
            connection.execute("CREATE TABLE _alembic_tmp_accounts (id INTEGER)")
        found = self.finding("alembic-leftover-table")
        self.assertEqual((found["severity"], found["environment"]), ("warning", "dev"))
        self.project.run(["sh", "-c", found["fix"]])
        self.assertNotIn("alembic-leftover-table", [f["code"] for f in self.findings()])

    def test_a_stray_is_told_with_its_revision(self):
        self.alembic("upgrade", FIRST)
        self.alembic("upgrade", "head", cwd=self.root / "backend", config="alembic.ini",
                     prefix=("/usr/bin/env", "DB__DB_URL=sqlite+aiosqlite:///./application.db"))
        stray = self.drover("strays", "--json").json["strays"][0]
        self.assertEqual((stray["path"], stray["revision"]),
                         (str(self.root / "backend/application.db"), [MERGE]))

    def test_an_orphan_is_found_on_its_branch(self):
        git = ("git", "-c", "user.name=ann", "-c", "user.email=a@b", "-c", "init.defaultBranch=main")
        self.write(".gitignore", "*.db*\n")
        for words in (("init", "-q"), ("add", "."), ("commit", "-qm", "one"), ("checkout", "-qb", "notes")):
            self.project.run([*git, *words])
        self.version(LAST, MERGE, "Later")
        self.project.run([*git, "add", "."])
        self.project.run([*git, "commit", "-qm", "two"])
        self.alembic("upgrade", "head")
        self.project.run([*git, "checkout", "-q", "main"])
        dev = self.dev()
        self.assertEqual((dev["state"], dev["error"]["hint"]), ("orphan", "git checkout notes"))
        self.assertIn("its file is on branch notes (backend/alembic/versions/", dev["why"])
        error = self.drover("align", "--json", check=4).error
        self.assertEqual(error["kind"], "orphan")
        self.assertEqual(error["hint"], "git checkout notes, or drover backups, then drover restore")

    def test_a_missing_configuration_is_told(self):
        (self.root / "backend/alembic.ini").unlink()
        dev = self.dev()
        self.assertEqual((dev["state"], dev["error"]["kind"]), ("failed", "alembic.no_config"))
        self.write("backend/alembic.ini", INI)
        self.assertEqual(self.dev()["state"], "missing")


class Init(AlembicCase):
    def test_init_writes_a_working_configuration(self):
        self.fastapi()
        (self.root / "drover.yaml").unlink()
        self.write("docker-compose.yml", "services: {}\n")
        self.alembic("upgrade", FIRST)
        self.drover("init", cwd=self.root / "backend")
        text = (self.root / "drover.yaml").read_text()
        for line in ("format: alembic", "config: backend/alembic.ini", "url_variable: DB__DB_URL"):
            self.assertIn("  " + line + "\n", text)
        self.assertNotIn("version_table", text)
        self.assertNotIn("\n  directory:", text)
        dev = self.dev()
        self.assertEqual((dev["state"], dev["current"], dev["pending"]), ("pending", [FIRST], 3))


# The corpus: spellings put together at random, and what Python's own parser makes of them.

TEXTS = ("'{0}'", '"{0}"', "'''{0}'''", '"""{0}"""', "r'{0}'", "u'{0}'", "R\"{0}\"", "('{0}')", "'{1}' '{2}'",
         "(\n    # why\n    '{0}'  # pragma: allowlist secret\n)", "'' \\\n    '{0}'", "'\\x{3:02x}{2}'",
         "'\\{3:03o}{2}'", "'\\u{3:04x}' \"{2}\"", "'\\U{3:08x}{2}'", "'''{1}\\\n{2}'''")
ANNOTATIONS = ("", ": str", ": Union[str, None]", ": 'str | Sequence[str] | None'", " ")


class Corpus(harness.Case):
    def test_the_scanner_agrees_with_pythons_parser(self):
        random.seed(7)
        versions = self.project.root / "versions"
        versions.mkdir()
        expected = {}
        parent = None
        for number in range(400):
            source = self.module(f"{number:03}abc", parent)
            name = f"{number:03}.py"
            (versions / name).write_bytes(self.disguise(source).encode())
            values = self.values(source)
            revision = values["revision"]
            expected[revision] = values
            parent = revision
        self.project.write("alembic.ini", "[alembic]\nscript_location = .\n")
        self.project.write("drover.yaml", "migrations: {format: alembic}\n"
                                          "environments: {dev: {url: 'sqlite:///./x.db'}}\n")
        got = {e["revision"]: e for e in self.project.drover("history", "--json").json["revisions"]}
        self.assertEqual(set(got), set(expected))
        for revision, values in expected.items():
            for key in ("down_revision", "depends_on", "branch_labels"):
                self.assertEqual(sorted(got[revision][key]), values[key], (revision, key))

    def module(self, revision, parent):
        """One file; every name is set in a spelling of its own, some of them twice."""
        def text(value):
            return random.choice(TEXTS).format(value, value[0], value[1:], ord(value[0]))

        def parents():
            if parent is None:
                return random.choice(("None", "()", "[]", "(\n    None\n)"))
            return random.choice(("{}", "({},)", "[{}]", "{{{}}}", "{},", "(\n    {},\n)")).format(text(parent))

        label = f"label_{revision}"
        lines = ['"""A message\n\nRevises: nobody\n"""', "from alembic import op", "revision = 'early'",
                 "def upgrade():\n    revision = 'inner'\n    down_revision = 'x'"]
        style = random.randrange(4)
        if style == 0:
            lines.append(f"revision, down_revision = {text(revision)}, ({parents()})")
            lines.append("branch_labels = depends_on = None")
        elif style == 1:
            lines.append(f"revision = {text(revision)}; x = 1; down_revision = ({parents()})")
            lines.append(f"branch_labels: tuple = ({text(label)},)")
        else:
            lines.append(f"revision{random.choice(ANNOTATIONS)} = {text(revision)}")
            lines.append(f"down_revision{random.choice(ANNOTATIONS)} = {parents()}")
            lines.append(f"depends_on = {random.choice(('None', '()', repr(None)))}  # none")
        lines.append("class Table:\n    revision = 'no'\n")
        lines.append("def downgrade():\n    pass")
        return "\n".join(lines) + "\n"

    def disguise(self, source):
        return random.choice((lambda s: s, lambda s: s.replace("\n", "\r\n"), lambda s: "\ufeff" + s))(source)

    def values(self, source):
        """By Python's grammar: the last assignment of the module to each name."""
        found = {"revision": None, "down_revision": None, "depends_on": None, "branch_labels": None}
        for node in ast.parse(source).body:
            targets = node.targets if isinstance(node, ast.Assign) else \
                [node.target] if isinstance(node, ast.AnnAssign) and node.value else []
            for target in targets:
                if isinstance(target, ast.Tuple):
                    for name, value in zip(target.elts, node.value.elts):
                        found[name.id] = ast.literal_eval(value)
                elif target.id in found:
                    found[target.id] = ast.literal_eval(node.value)
        lists = {key: [value] if isinstance(value, str) else sorted(value or ())
                 for key, value in found.items()}
        return {**lists, "revision": found["revision"]}


if __name__ == "__main__":
    harness.main()
