"""The same mixed migrations for drover, Alembic and dbmate.

A block of ten steps repeats: table, index, column, rows, trigger, child table, rows, backfill, view,
unique index. Literals and the trigger hold semicolons, so that nothing can split on them.
"""

import pathlib


def statements(number):
    """The statements of one step, without their semicolons."""
    block, kind = divmod(number, 10)
    goods, moves = f"goods_{block:04d}", f"moves_{block:04d}"
    return (
        [f"CREATE TABLE {goods} (\n  id INTEGER PRIMARY KEY,\n  title TEXT NOT NULL,\n"
         "  shelf TEXT NOT NULL DEFAULT 'none; yet',\n"
         "  stock INTEGER NOT NULL DEFAULT 0 CHECK (stock >= 0)\n)"],
        [f"CREATE INDEX {goods}_shelf ON {goods} (shelf, title)"],
        [f"ALTER TABLE {goods} ADD COLUMN code TEXT"],
        [f"INSERT INTO {goods} (title, shelf, stock) VALUES\n  " +
         ",\n  ".join(f"('title {row}', 'shelf; {row % 4}', {row * 3})" for row in range(20))],
        [f"CREATE TRIGGER {goods}_sold AFTER UPDATE OF stock ON {goods}\nWHEN NEW.stock = 0\n"
         f"BEGIN\n  UPDATE {goods} SET shelf = 'sold; out' WHERE id = NEW.id;\n"
         "  SELECT CASE WHEN OLD.stock < 0 THEN RAISE(ABORT, 'never; below zero') END;\nEND"],
        [f"CREATE TABLE {moves} (\n  id INTEGER PRIMARY KEY,\n"
         f"  goods_id INTEGER NOT NULL REFERENCES {goods}(id) ON DELETE CASCADE,\n"
         "  remark TEXT NOT NULL DEFAULT '',\n  moved_at INTEGER NOT NULL\n)"],
        [f"INSERT INTO {moves} (goods_id, remark, moved_at) VALUES\n  " +
         ",\n  ".join(f"({row + 1}, 'move {row}', {1_700_000_000 + row})" for row in range(20))],
        [f"UPDATE {goods} SET code = upper(replace(title, ' ', '_')) WHERE code IS NULL",
         f"UPDATE {moves} SET remark = remark || '; ' || "
         f"(SELECT title FROM {goods} WHERE {goods}.id = {moves}.goods_id)"],
        [f"CREATE VIEW {goods}_moved AS SELECT g.id, g.code, count(m.id) AS times\n"
         f"FROM {goods} g LEFT JOIN {moves} m ON m.goods_id = g.id GROUP BY g.id"],
        [f"CREATE UNIQUE INDEX {goods}_code ON {goods} (code)",
         f"CREATE INDEX {moves}_goods ON {moves} (goods_id, moved_at)"],
    )[kind]


def revision(number):
    return f"be{number:010x}"


def save(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def sql(parts):
    return "".join(part + ";\n" for part in parts)


def write_native(directory, count, body=statements):
    directory = pathlib.Path(directory)
    for number in range(count):
        save(directory / f"{revision(number)}_step_{number}.sql",
             f"-- revision: {revision(number)}\n"
             f"-- down_revision: {revision(number - 1) if number else 'none'}\n"
             f"-- message: Step {number}\n-- created: 2026-01-01T00:00:00Z\n"
             f"-- migrate:up\n{sql(body(number))}")


def write_alembic(directory, count, database, body=statements):
    """One transaction for each revision, as drover has it."""
    directory = pathlib.Path(directory)
    save(directory / "alembic.ini", "[alembic]\nscript_location = %(here)s/scripts\n")
    save(directory / "scripts/script.py.mako", "")
    save(directory / "scripts/env.py",
         "from alembic import context\nfrom sqlalchemy import create_engine, pool\n"
         "def run(**options):\n"
         "    context.configure(transaction_per_migration=True, **options)\n"
         "    with context.begin_transaction():\n        context.run_migrations()\n"
         "if context.is_offline_mode():\n    run(dialect_name='sqlite')\n"
         "else:\n"
         f"    engine = create_engine('sqlite:///{database}', poolclass=pool.NullPool)\n"
         "    with engine.connect() as connection:\n        run(connection=connection)\n")
    for number in range(count):
        calls = "".join(f"    op.execute(text({part.replace(':', chr(92) + ':')!r}))\n"
                        for part in body(number))
        save(directory / f"scripts/versions/{revision(number)}_step_{number}.py",
             f'"""Step {number}"""\nfrom alembic import op\nfrom sqlalchemy import text\n'
             f"revision = {revision(number)!r}\n"
             f"down_revision = {revision(number - 1) if number else None!r}\n"
             f"branch_labels = None\ndepends_on = None\n\n\ndef upgrade():\n{calls}\n\n"
             "def downgrade():\n    pass\n")


def write_dbmate(directory, count, body=statements):
    directory = pathlib.Path(directory)
    for number in range(count):
        save(directory / f"db/migrations/{20260101000000 + number}_step_{number}.sql",
             f"-- migrate:up\n{sql(body(number))}\n-- migrate:down\n")
