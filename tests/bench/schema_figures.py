"""The figures about schemas: a migration generated and proven, and a look for drift."""

import json
import sqlite3
import statistics

import migration_set
from workbench import Case, Unusable, at_most, number, ratio, spread, table

STATUSES = "'open', 'closed'"


def create(number, changed):
    """A table and an index; every twentieth table has changed in one of two ways."""
    name = f"goods_{number:03d}"
    widened = changed and number % 20 == 0
    longer = changed and number % 20 == 10
    statuses = STATUSES + (", 'held'" if widened else "")
    return [f"CREATE TABLE {name} (\n  id INTEGER PRIMARY KEY,\n  title VARCHAR(80) NOT NULL,\n"
            f"  status VARCHAR(10) NOT NULL CHECK (status IN ({statuses})),\n"
            "  owner_id INTEGER REFERENCES goods_000 (id) ON DELETE CASCADE,\n"
            f"  made_at DATETIME{',' if longer else ''}\n" +
            ("  remark VARCHAR(200)\n" if longer else "") + ")",
            f"CREATE INDEX {name}_title ON {name} (title)"]


def write_project(root, count):
    """`count` tables in 20 migrations, and a schema file in which some have changed."""
    steps = 20
    parent = "none"
    for step in range(steps):
        revision = migration_set.revision(step)
        body = "".join(part + ";\n" for n in range(step, count, steps) for part in create(n, False))
        migration_set.save(root / "migrations" / f"{revision}_step.sql",
                           f"-- revision: {revision}\n-- down_revision: {parent}\n"
                           f"-- message: Step {step}\n-- migrate:up\n{body}")
        parent = revision
    (root / "schema.sql").write_text(
        "".join(part + ";\n" for n in range(count) for part in create(n, True)))
    config = root / "drover.yaml"
    config.write_text(config.read_text().replace("{directory: migrations}",
                                                 "{directory: migrations, schema: schema.sql}"))


ALEMBIC_ENV = '''
from alembic import context
from sqlalchemy import CheckConstraint, Column, DateTime, ForeignKey, Index, Integer, MetaData, String, Table, create_engine
metadata = MetaData()
for n in range({count}):
    name = f"goods_{{n:03d}}"
    statuses = "{statuses}" + (", 'held'" if n % 20 == 0 else "")
    columns = [Column("id", Integer, primary_key=True), Column("title", String(80), nullable=False),
               Column("status", String(10), CheckConstraint(f"status IN ({{statuses}})"), nullable=False),
               Column("owner_id", Integer, ForeignKey("goods_000.id", ondelete="CASCADE")),
               Column("made_at", DateTime)]
    if n % 20 == 10:
        columns.append(Column("remark", String(200)))
    Table(name, metadata, *columns)
    Index(f"{{name}}_title", metadata.tables[name].c.title)
with create_engine("sqlite:///{database}").connect() as connection:
    context.configure(connection=connection, target_metadata=metadata, render_as_batch=True)
    with context.begin_transaction():
        context.run_migrations()
'''


def write_alembic(folder, count, database):
    """The same tables as models; the database is at head and has the old schema."""
    (folder / "alembic/versions").mkdir(parents=True)
    (folder / "alembic.ini").write_text("[alembic]\nscript_location = alembic\n")
    (folder / "alembic/env.py").write_text(
        ALEMBIC_ENV.format(count=count, statuses=STATUSES, database=database))
    (folder / "alembic/script.py.mako").write_text(
        '"""${message}"""\nfrom alembic import op\nimport sqlalchemy as sa\n'
        "revision = ${repr(up_revision)}\ndown_revision = ${repr(down_revision)}\n"
        "def upgrade():\n    ${upgrades if upgrades else 'pass'}\n"
        "def downgrade():\n    ${downgrades if downgrades else 'pass'}\n")
    connection = sqlite3.connect(database)
    for n in range(count):
        for statement in create(n, False):
            connection.execute(statement)
    connection.commit()
    connection.close()


def autogenerate(bench, quick, alembic):
    """A migration for 20 changed tables of 200, planned both ways and proven."""
    count = 200
    root = bench.project("autogenerate", {"dev": "report"})
    write_project(root, count)
    bench.start("autogenerate")
    bench.run([bench.drover, "status"], root)
    generate = [bench.drover, "revision", "--autogenerate", "--dry-run", "-m", "Change"]
    cases = [Case("generate", generate, root), Case("check", ["sh", "-c", f'"{bench.drover}" check || [ $? = 4 ]'], root)]
    if alembic:
        folder = bench.base / "alembic-autogenerate"
        write_alembic(folder, count, folder / "dev.db")

        def forget():
            for path in (folder / "alembic/versions").glob("*.py"):
                path.unlink()

        cases.append(Case("alembic", [alembic, "revision", "--autogenerate", "-m", "Change"],
                          folder, forget))
    times = bench.rounds(cases, 3 if quick else 7)
    document = json.loads(bench.run([*generate, "--json"], root))
    if document["outcome"] != "ok":
        raise Unusable(f"the outcome is {document['outcome']}: {document['message']}")
    rows = [["drover revision --autogenerate, proven", spread(times["generate"]), ""],
            ["drover check", spread(times["check"]), ""]]
    if alembic:
        rows += [["alembic revision --autogenerate, nothing proven", spread(times["alembic"]), ""],
                 ["… drover / alembic", "", number(ratio(times, "generate", "alembic"))]]
    table(f"Autogenerate: {count} tables, {len(document['changes'])} changes, "
          f"{len(document['rebuild'])} rebuilds, warm daemon, whole process", ["", "ms", "ratio"], rows)
    total = sum(stage["us"] for stage in document["stages"])
    table("Autogenerate: where the time goes", ["stage", "ms", "share"],
          [[stage["stage"], number(stage["us"] / 1000), f"{100 * stage['us'] / total:.0f} %"]
           for stage in document["stages"]])


def drift(bench, quick):
    """A look for drift at a database of 700 objects, beside opening it and reading one row."""
    count = 350
    root = bench.project("drift", {"dev": "report"})
    write_project(root, count)
    bench.start("drift")
    bench.run([bench.drover, "upgrade"], root)
    bench.run([bench.drover, "drift"], root)
    database = root / "dev.db"

    def write_row():
        connection = sqlite3.connect(database)
        connection.execute("INSERT INTO goods_000 (title, status) VALUES ('x', 'open')")
        connection.commit()
        connection.close()

    write_row()
    cases = [Case("open", ["sqlite3", "-readonly", database, "SELECT title FROM goods_000 LIMIT 1"], root),
             Case("unchanged", [bench.drover, "drift"], root),
             Case("row", [bench.drover, "drift"], root, write_row),
             Case("local", [bench.drover, "drift", "--local"], root)]
    times = bench.rounds(cases, 5 if quick else 21)
    table("Drift: a database of 700 objects, whole process", ["", "ms", "/ floor", "goal", "met"],
          [["sqlite3: open, read one row (floor)", spread(times["open"]), "1", "", ""],
           ["drover drift, nothing changed", spread(times["unchanged"]),
            *at_most(ratio(times, "unchanged", "open"), 1.2)],
           ["drover drift, rows changed", spread(times["row"]), number(ratio(times, "row", "open")), "", ""],
           ["drover drift --local: everything anew", spread(times["local"]),
            number(ratio(times, "local", "open")), "", ""]])
