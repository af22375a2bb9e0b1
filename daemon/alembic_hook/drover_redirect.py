"""Leads connections of SQLite to the database that Alembic is to work on.

An env.py may always open the environment's own database, whatever URL it is given: then that name
stands for the one to work on, a copy say. And while drover only tries out where env.py goes,
every other file stays as it is: what is opened is a copy.
"""

import os
import sqlite3

LARGEST_COPY = 64 << 20  # of a larger one only reading is possible
NAMES = {}  # of what was opened instead: by its path, the path that was to be opened


def uri_of(name):
    """The path of an SQLite URI (sqlite.org/uri.html), and what follows its "?"; no path: none."""
    from urllib.parse import parse_qs, unquote, urlsplit

    parts = urlsplit(name)
    path = unquote(parts.path)
    is_file = path and path != ":memory:" and "memory" not in parse_qs(parts.query).get("mode", ())
    return (path if is_file else None), parts.query


def is_uri(name, arguments, options):
    return name.startswith("file:") and bool(arguments[7] if len(arguments) > 7 else options.get("uri"))


def file_of(*arguments, **options):
    """The absolute path of what sqlite3.connect() with these arguments opens; None: no file."""
    try:
        name = os.fsdecode(arguments[0] if arguments else options.get("database", ""))
    except TypeError:
        return None  # sqlite3 itself says what is wrong
    if is_uri(name, arguments, options):
        name = uri_of(name)[0]
    return os.path.abspath(name) if name and name != ":memory:" else None


def with_file(path, arguments, options):
    """The arguments of sqlite3.connect() that open `path` in the same way."""
    from urllib.parse import quote

    name = os.fsdecode(arguments[0] if arguments else options["database"])
    if is_uri(name, arguments, options):
        query = uri_of(name)[1]
        path = "file:" + quote(path) + ("?" + query if query else "")
    if arguments:
        return (path, *arguments[1:]), options
    return arguments, {**options, "database": path}


class Aside:
    """Copies of the files that are not to be touched."""

    def __init__(self, folder):
        self.folder = folder
        self.copies = {}

    def of(self, path):
        """Where to go instead of `path`; None: it is too large."""
        import shutil

        if path in self.copies:
            return self.copies[path]
        copy = os.path.join(self.folder, "%d.db" % len(self.copies))
        if not os.path.isdir(os.path.dirname(path)):
            return path  # fails as it would
        if os.path.exists(path):
            files = [(path + end, copy + end) for end in ("", "-wal") if os.path.exists(path + end)]
            if sum(os.path.getsize(file) for file, _ in files) > LARGEST_COPY:
                copy = None
            else:
                for file, to in files:
                    shutil.copyfile(file, to)
        self.copies[path] = copy
        if copy:
            NAMES[os.path.realpath(copy)] = path
        return copy


def lead(own, work, aside):
    """Opens `work` whenever `own` is to be opened. With the name of a folder as `aside` whatever
    else is opened is a copy there."""
    own, work = os.path.realpath(own or work), os.path.realpath(work)
    others = Aside(aside) if aside else None
    connect = sqlite3.connect

    def led(*arguments, **options):
        path = file_of(*arguments, **options)
        if path is None:
            return connect(*arguments, **options)
        real = os.path.realpath(path)
        if real == own or (os.path.exists(own) and os.path.exists(real) and os.path.samefile(own, real)):
            arguments, options = with_file(work, arguments, options)
        elif others and real != work:
            copy = others.of(real)
            if copy is None:
                from urllib.parse import quote
                copy = "file:" + quote(real) + "?mode=ro&immutable=1"
                arguments, options = (copy, *arguments[1:7]), {**options, "uri": True}
                options.pop("database", None)
            else:
                arguments, options = with_file(copy, arguments, options)
        return connect(*arguments, **options)

    sqlite3.connect = sqlite3.dbapi2.connect = led
