"""Loaded by the Python in which drover runs Alembic, before anything else.

Gives env.py the URL of the database where the ini would have told it another one, and Flask's
application where it asks for that; leads connections (drover_redirect) and writes down which
statements a revision executes (drover_trace). What it does is said in DROVER_ALEMBIC_* variables;
without them it does nothing.
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


def tell_version_table(module):
    """Tells in which table a MigrationContext keeps the version; while drover tries out where env.py
    goes, in which file, too."""
    init = module.MigrationContext.__init__

    def telling(self, *arguments, **options):
        init(self, *arguments, **options)
        TELL("version_table", self.version_table)
        if os.environ.get("DROVER_ALEMBIC_ASIDE") and self.connection is not None:
            try:
                TELL("works_on", main_file(self.connection))
            except Exception:
                pass  # no SQLite: whether the file is there tells as much

    module.MigrationContext.__init__ = telling


def main_file(connection):
    """The file that a connection of SQLAlchemy's is to, by the name with which it was opened; empty:
    none."""
    import drover_redirect

    cursor = connection.connection.cursor()
    cursor.execute("PRAGMA database_list")
    file = cursor.fetchone()[2] or ""
    cursor.close()
    return drover_redirect.NAMES.get(os.path.realpath(file), file)


def run_within_flask(module):
    """An env.py that asks Flask for the current application gets it as from `flask db`."""
    run_env = module.ScriptDirectory.run_env

    def run_within(self):
        with flask_context(os.path.join(self.dir, "env.py")):
            run_env(self)

    module.ScriptDirectory.run_env = run_within


def flask_context(env_py):
    import contextlib

    try:
        with open(env_py, encoding="utf-8") as source:
            if "current_app" not in source.read():
                return contextlib.nullcontext()
        from flask import has_app_context
        from flask.cli import ScriptInfo, load_dotenv
    except (OSError, ValueError, ImportError):
        return contextlib.nullcontext()  # Alembic itself says what is wrong
    if has_app_context():
        return contextlib.nullcontext()
    load_dotenv()
    return ScriptInfo(app_import_path=os.environ.get("FLASK_APP")).load_app().app_context()


class OnImport:
    """A finder of modules that changes some as soon as they are there."""

    def __init__(self, changes):
        self.changes = changes  # by the module's name: what is called with it

    def find_spec(self, name, path=None, target=None):
        change = self.changes.pop(name, None)
        if change is None:
            return None
        import importlib.util
        spec = importlib.util.find_spec(name)
        if spec is not None and hasattr(spec.loader, "exec_module"):
            run = spec.loader.exec_module

            def exec_module(module):
                run(module)
                change(module)

            spec.loader.exec_module = exec_module
        return spec


TELL = None


def begin():
    said = {name: os.environ.get("DROVER_ALEMBIC_" + name)
            for name in ("URL", "SCRIPTS", "TRACE", "OWN", "DATABASE", "ASIDE")}
    if not said["DATABASE"]:
        return
    changes = {"alembic.config": complete_configuration, "alembic.script.base": run_within_flask}
    if said["OWN"] != said["DATABASE"] or said["ASIDE"]:
        import drover_redirect
        drover_redirect.lead(said["OWN"], said["DATABASE"], said["ASIDE"])
    if said["TRACE"]:
        import drover_trace
        global TELL
        TELL = drover_trace.trace_statements(said["TRACE"])
        changes["alembic.runtime.migration"] = tell_version_table
    sys.meta_path.insert(0, OnImport(changes))


begin()
let_in_the_shadowed()
