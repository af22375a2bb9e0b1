"""Writes down which statements a revision executes."""

import os
import sys

from drover_redirect import file_of


class Told(int):
    """What a cursor tells of the rows: how many were changed, or the id of the one that was inserted.
    Whoever looks at it, or gives it to another statement, has read it from the database."""

    asked = staticmethod(lambda: None)  # is called when somebody looks


def watch(name):
    """Lets the operation of that name tell that somebody looks at the number."""
    plain = getattr(int, name)

    def watched(self, *others):
        Told.asked()
        return plain(self, *others)

    setattr(Told, name, watched)


for operation in ("eq", "ne", "lt", "le", "gt", "ge", "bool", "int", "index", "str", "repr", "format",
                  "add", "radd", "sub", "rsub", "mul", "rmul", "mod", "floordiv", "neg", "float"):
    if hasattr(int, "__%s__" % operation):
        watch("__%s__" % operation)
Told.__hash__ = int.__hash__


def is_exact(value):
    """Does SQLite write it as it is? It leaves out digits of a float, and what follows a NUL."""
    if isinstance(value, float):
        return value - value == 0 and float("%.15g" % value) == value
    return not (isinstance(value, str) and "\0" in value)


def literal(value):
    """The value as SQL. None: it is of a kind that only the driver knows."""
    if value is None or value != value:
        return "NULL"
    if isinstance(value, float):
        return repr(float(value)) if value - value == 0 else "9e999" if value > 0 else "-9e999"
    if isinstance(value, int):
        return int.__repr__(value)
    if isinstance(value, (bytes, bytearray, memoryview)):
        return "x'%s'" % bytes(value).hex()
    if isinstance(value, str):
        return ("CAST(x'%s' AS TEXT)" % value.encode().hex() if "\0" in value
                else "'%s'" % value.replace("'", "''"))
    return None


def with_values(sql, parameters):
    """`sql` with every value in its place; None: that cannot be told."""
    import re

    named = isinstance(parameters, dict)
    count = 0

    def place(match):
        nonlocal count
        number, name = match.group(1, 2)
        if number is None and name is None:
            return match.group()  # a text, a quoted name or a comment
        if number is not None:
            count = int(number) if number else count + 1
        text = literal(parameters[name] if named else parameters[count - 1])
        if text is None:
            raise TypeError
        return text

    pieces = r"""'(?:[^']|'')*'|"(?:[^"]|"")*"|`[^`]*`|\[[^]]*\]|--[^\n]*|/\*.*?(?:\*/|\Z)|\?(\d*)|[:@$](\w+)"""
    try:
        return re.sub(pieces, place, sql, flags=re.DOTALL)
    except (LookupError, TypeError):
        return None


def is_blank(sql):
    """Is there nothing but white space, comments and semicolons?"""
    import re

    return re.fullmatch(r"(?:[\s;]|--[^\n]*(?:\n|\Z)|/\*.*?(?:\*/|\Z))*", sql, re.DOTALL) is not None


class Places:
    """Tells which line of a revision has a statement executed."""

    def __init__(self, folders):
        self.folders = tuple(os.path.join(os.path.realpath(folder), "") for folder in folders if folder)
        self.known = {}
        self.waiting = None

    def revision(self, file):
        """The real path of a revision's file; None for any other."""
        if file not in self.known:
            path = os.path.realpath(file)
            self.known[file] = path if file.endswith(".py") and path.startswith(self.folders) else None
        return self.known[file]

    def above(self, frame):
        while frame is not None:
            file = self.revision(frame.f_code.co_filename)
            if file:
                return file, frame.f_lineno
            frame = frame.f_back
        return None

    def now(self):
        return self.above(sys._getframe(1)) or self.of_greenlet() or self.of_main_thread() or ("", 0)

    def of_main_thread(self):
        """Another thread works for whatever the main one is waiting in."""
        import threading

        main = threading.main_thread()
        if threading.current_thread() is main:
            return None
        return self.above(sys._current_frames().get(main.ident))

    def of_greenlet(self):
        """With an asynchronous engine a thread works for SQLAlchemy's greenlet, which waits."""
        import gc
        import threading

        greenlet = sys.modules.get("greenlet")
        if greenlet is None or threading.current_thread() is threading.main_thread():
            return None
        if self.waiting is not None and self.waiting.gr_frame is not None:
            return self.above(self.waiting.gr_frame)
        for each in gc.get_objects():
            if isinstance(each, greenlet.greenlet) and each.gr_frame is not None:
                self.waiting = each
                found = self.above(each.gr_frame)
                if found:
                    return found
        return None


def trace_statements(path):
    """Writes every statement that succeeds to the file at `path`, a line of JSON each: with the values
    of its parameters in their places, and the line of the revision that has it executed. What else
    happens is told as another kind: "rollback" (connection.rollback() with something to undo), "failed"
    (the statement did, and whoever executed it may have gone on), "elsewhere" (a statement on another
    database), "asked" (Python has looked at a number of rows, or an id), "open" (a file), "untraced".
    Returns the function that tells, for others."""
    import json
    import sqlite3

    places = Places(os.environ.get("DROVER_ALEMBIC_FOLDERS", "").split(os.pathsep))
    ours = os.path.realpath(os.environ["DROVER_ALEMBIC_DATABASE"])
    out = open(path, "a", encoding="utf-8", errors="surrogateescape")

    def tell(kind, sql="", connection=0, **more):
        file, line = places.now()
        out.write(json.dumps({"kind": kind, "sql": sql, "connection": connection, "file": file,
                              "line": line, **more}) + "\n")
        out.flush()

    plain_cursor = sqlite3.Cursor

    class Cursor(sqlite3.Cursor):
        @property
        def lastrowid(self):
            value = super().lastrowid
            return value if value is None else Told(value)

        @property
        def rowcount(self):
            return Told(super().rowcount)

        def execute(self, sql, parameters=()):
            return self.connection.drover_run(lambda: super(Cursor, self).execute(sql, parameters),
                                              sql, parameters)

        def executemany(self, sql, rows):
            return self.connection.drover_run(
                lambda: super(Cursor, self).executemany(sql, self.connection.drover_rows(rows)), sql,
                many=True)

        def executescript(self, script):
            return self.connection.drover_run(lambda: super(Cursor, self).executescript(script), script,
                                              script=True)

    class Connection(sqlite3.Connection):
        drover_connections = 0

        def __init__(self, *arguments, **options):
            Connection.drover_connections += 1
            self.drover_number = Connection.drover_connections
            self.drover_seen, self.drover_open, self.drover_script = [], False, False
            self.drover_sql, self.drover_at, self.drover_values = "", 0, ()
            self.drover_theirs = None
            super().__init__(*arguments, **options)
            self.drover_kind = "statement" if self.drover_is_ours() else "elsewhere"
            super().set_trace_callback(self.drover_see)

        def drover_is_ours(self):
            """Is it to the database that Alembic was told to work on?"""
            file = plain_cursor(self).execute("PRAGMA database_list").fetchone()[2]
            return bool(file) and os.path.realpath(file) == ours

        def set_trace_callback(self, callback):
            self.drover_theirs = callback

        def drover_see(self, sql):
            if self.drover_theirs is not None:
                self.drover_theirs(sql)
            if self.drover_open and self.drover_is_next(sql):
                self.drover_seen.append(self.drover_complete(sql))

        def drover_is_next(self, sql):
            """Is it what we were told to run? The driver begins transactions; a virtual table asks its
            own tables, when the statement is prepared, too; and a trigger is told of by the text of the
            statement that fires it."""
            if self.drover_script:
                at = self.drover_sql.find(sql, self.drover_at)
                if at < 0 or not is_blank(self.drover_sql[self.drover_at:at]):
                    return False
                self.drover_at = at + len(sql)
                return True
            begin = self.drover_sql.lstrip()
            for mark in "?:@$":
                begin = begin.partition(mark)[0]
            self.drover_open = not (self.drover_sql.lstrip().startswith(sql.lstrip())
                                    or sql.lstrip().startswith(begin))
            return not self.drover_open

        def drover_complete(self, sql):
            """What is told of a statement whose text SQLite gives."""
            values = self.drover_values
            values = values.values() if isinstance(values, dict) else values
            exact = all(map(is_exact, values))
            if not exact:
                better = with_values(self.drover_sql, self.drover_values)
                sql, exact = (better, True) if better else (sql, False)
            return {"sql": sql, "exact": exact, "derived": any(isinstance(each, Told) for each in values)}

        def drover_rows(self, rows):
            for row in rows:
                self.drover_open = True
                self.drover_values = row
                yield row

        def drover_run(self, run, sql, values=(), script=False, many=False):
            self.drover_seen, self.drover_open, self.drover_script = [], True, script
            self.drover_sql, self.drover_values, self.drover_at = sql, values, 0
            try:
                result = run()
            except Exception:
                # Of several some may have been done, and nobody knows which.
                half = (many or script) and self.drover_seen
                tell("untraced" if half else "failed", sql, self.drover_number)
                raise
            finally:
                self.drover_open = False
            if not is_blank(sql[self.drover_at:] if script else "" if self.drover_seen or many else sql):
                tell("untraced", sql, self.drover_number)
            for seen in self.drover_seen:
                tell(self.drover_kind, connection=self.drover_number, pending=self.in_transaction, **seen)
            return result

        def cursor(self, factory=Cursor):
            made = super().cursor(factory)
            if not isinstance(made, Cursor):
                tell("untraced", connection=self.drover_number)
            return made

        def __exit__(self, kind, value, traceback):
            self.commit() if kind is None else self.rollback()
            return False

        def execute(self, *arguments):
            return self.cursor().execute(*arguments)

        def executemany(self, *arguments):
            return self.cursor().executemany(*arguments)

        def executescript(self, *arguments):
            return self.cursor().executescript(*arguments)

        def rollback(self):
            if self.in_transaction:
                tell("rollback", connection=self.drover_number)
            super().rollback()

        def commit(self):
            super().commit()
            tell("commit", connection=self.drover_number)

    def asked():
        """SQLAlchemy itself looks at these numbers, too."""
        frame = sys._getframe(2)
        if places.revision(frame.f_code.co_filename) or not any(
                "/%s/" % library in frame.f_code.co_filename for library in ("sqlalchemy", "alembic")):
            tell("asked")

    Told.asked = staticmethod(asked)
    connect = sqlite3.connect

    def traced_connect(*arguments, **options):
        tell("open", file_of(*arguments, **options) or "")
        if len(arguments) > 5 or options.setdefault("factory", Connection) is not Connection:
            tell("untraced")
        return connect(*arguments, **options)

    def on_event(event, arguments):
        # Another program may read the database, or write to it.
        if event in ("subprocess.Popen", "os.system", "os.posix_spawn", "os.exec") and places.now()[0]:
            tell("asked", "starts another program")

    sys.addaudithook(on_event)
    sqlite3.connect = sqlite3.dbapi2.connect = traced_connect
    sqlite3.Connection = sqlite3.dbapi2.Connection = Connection
    tell("begin")
    return tell
