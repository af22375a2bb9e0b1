"""Loaded by the Python in which drover runs Alembic, before anything else.

Gives env.py the URL of the database where the ini would have told it another one, and writes down
which statements a revision executes. What it does is said in DROVER_ALEMBIC_* variables; without them
it does nothing.
"""

import os
import sys


def let_in_the_shadowed():
    """Whoever has a sitecustomize of his own still has it."""
    here = os.path.dirname(os.path.abspath(__file__))
    sys.path[:] = [folder for folder in sys.path if os.path.abspath(folder or ".") != here]
    mine = sys.modules.pop("sitecustomize", None)
    try:
        import sitecustomize  # noqa: F401, by now another one
    except ImportError:
        if mine is not None:
            sys.modules["sitecustomize"] = mine


def complete_configuration(module):
    """Sets what drover knows better than the ini on every alembic.config.Config."""
    init = module.Config.__init__

    def completed(self, *arguments, **options):
        init(self, *arguments, **options)
        url, scripts = (os.environ.get("DROVER_ALEMBIC_" + name) for name in ("URL", "SCRIPTS"))
        try:
            if url:
                # The driver is the ini's: the application's may be an asynchronous one.
                scheme = (self.get_main_option("sqlalchemy.url") or "").partition(":")[0]
                if scheme.startswith("sqlite"):
                    url = scheme + ":" + url.partition(":")[2]
                self.set_main_option("sqlalchemy.url", url.replace("%", "%%"))
            if scripts and self.get_main_option("script_location") is None:
                self.set_main_option("script_location", scripts.replace("%", "%%"))
        except Exception:
            pass  # Alembic itself says better what is wrong with its configuration

    module.Config.__init__ = completed


class OnImportOfConfig:
    """A finder of modules that changes alembic.config as soon as it is there."""

    def find_spec(self, name, path=None, target=None):
        if name != "alembic.config":
            return None
        import importlib.util
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        if spec is not None and hasattr(spec.loader, "exec_module"):
            run = spec.loader.exec_module

            def exec_module(module):
                run(module)
                complete_configuration(module)

            spec.loader.exec_module = exec_module
        return spec


def trace_statements(path):
    """Writes every statement that succeeds to the file at `path`, a line of JSON each: with the values
    of its parameters in their places, and the line of the revision that has it executed."""
    import json
    import sqlite3

    folders = tuple(os.path.join(os.path.realpath(folder), "")
                    for folder in os.environ.get("DROVER_ALEMBIC_FOLDERS", "").split(os.pathsep) if folder)
    out = open(path, "a", encoding="utf-8", errors="surrogateescape")

    def place():
        frame = sys._getframe(2)
        while frame is not None:
            file = frame.f_code.co_filename
            if file.endswith(".py") and os.path.realpath(file).startswith(folders):
                return file, frame.f_lineno
            frame = frame.f_back
        return "", 0

    def tell(kind, sql, exact=True):
        file, line = place()
        out.write(json.dumps({"kind": kind, "sql": sql, "exact": exact, "file": file, "line": line}) + "\n")
        out.flush()

    def is_exact(values):
        """Does SQLite write them with all their digits?"""
        if isinstance(values, dict):
            values = values.values()
        return not any(isinstance(value, float) and float("%.15g" % value) != value for value in values)

    class Cursor(sqlite3.Cursor):
        def execute(self, sql, parameters=()):
            return self.connection.drover_run(lambda: super(Cursor, self).execute(sql, parameters),
                                              exact=is_exact(parameters))

        def executemany(self, sql, rows):
            return self.connection.drover_run(
                lambda: super(Cursor, self).executemany(sql, self.connection.drover_rows(rows)))

        def executescript(self, script):
            return self.connection.drover_run(lambda: super(Cursor, self).executescript(script), script=True)

    class Connection(sqlite3.Connection):
        def __init__(self, *arguments, **options):
            self.drover_seen, self.drover_open, self.drover_script = [], False, False
            self.drover_exact, self.drover_theirs = True, None
            super().__init__(*arguments, **options)
            super().set_trace_callback(self.drover_see)

        def set_trace_callback(self, callback):
            self.drover_theirs = callback

        def drover_see(self, sql):
            if self.drover_theirs is not None:
                self.drover_theirs(sql)
            if not self.drover_open:
                return
            # The driver's own BEGIN comes first; and a trigger is traced as well, each time with the
            # text of the statement that fires it.
            if self.drover_script or not sql.upper().startswith("BEGIN"):
                self.drover_seen.append(sql)
                self.drover_open = self.drover_script

        def drover_rows(self, rows):
            for row in rows:
                self.drover_open = True
                self.drover_exact = self.drover_exact and is_exact(row)
                yield row

        def drover_run(self, run, exact=True, script=False):
            self.drover_seen, self.drover_open = [], True
            self.drover_exact, self.drover_script = exact, script
            try:
                result = run()
            finally:
                self.drover_open = False
            for sql in self.drover_seen:
                tell("statement", sql, self.drover_exact)
            return result

        def cursor(self, factory=Cursor):
            return super().cursor(factory)

        def execute(self, *arguments):
            return self.cursor().execute(*arguments)

        def executemany(self, *arguments):
            return self.cursor().executemany(*arguments)

        def executescript(self, *arguments):
            return self.cursor().executescript(*arguments)

        def rollback(self):
            if self.in_transaction:
                tell("rollback", "")
            super().rollback()

    connect = sqlite3.connect

    def traced_connect(*arguments, **options):
        database = os.fsdecode(arguments[0] if arguments else options.get("database", ""))
        is_path = database and not database.startswith(("file:", ":"))
        if is_path:
            database = os.path.abspath(database)
        tell("make" if is_path and not os.path.exists(database) else "open", database)
        if options.setdefault("factory", Connection) is not Connection:
            tell("untraced", "")
        return connect(*arguments, **options)

    sqlite3.connect = sqlite3.dbapi2.connect = traced_connect
    tell("begin", "")


let_in_the_shadowed()
if os.environ.get("DROVER_ALEMBIC_URL") or os.environ.get("DROVER_ALEMBIC_SCRIPTS"):
    sys.meta_path.insert(0, OnImportOfConfig())
if os.environ.get("DROVER_ALEMBIC_TRACE"):
    trace_statements(os.environ["DROVER_ALEMBIC_TRACE"])
