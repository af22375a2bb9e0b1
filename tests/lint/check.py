#!/usr/bin/env python3
"""The rules of the repository that a compiler does not check.

    tests/lint/check.py [RULE ...]     all rules, or the named ones; exit code 1 on a violation

Each rule is a generator of problems, given a Tree: a Tree is a directory, or a dict in tests.
"""

import os
import pathlib
import re
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]

LAYERS = ("base", "migrations", "environments", "daemon", "client")

# Which folders a folder may include. Never upward, never between client and daemon.
ALLOWED = {
    "base": {"base"},
    "migrations": {"base", "migrations"},
    "environments": {"base", "migrations", "environments"},
    "daemon": {"base", "migrations", "environments", "daemon"},
    "client": {"base", "client"},
}

# Third-party headers, and the folders in which they may be included.
THIRD_PARTY = (
    (re.compile(r"sqlite3(ext)?\.h$"), ("migrations/",)),
    (re.compile(r"yaml-cpp/"), ("environments/",)),
    (re.compile(r"asio(/|\.hpp$)"), ("daemon/net/",)),
    (re.compile(r"(spdlog|fmt)/"), ("daemon/",)),
    (re.compile(r"CLI/"), ("daemon/", "client/")),
    (re.compile(r"openssl/"), ("base/", "migrations/", "environments/")),
)

# Headers that cost seconds in every file that includes them, or that the standard library has
# better answers to.
NEVER = {
    "asio.hpp": "it costs 14 s a file; include the parts that are used",
    "asio/experimental/awaitable_operators.hpp": "it costs 14 s a file",
    "iostream": "write with base/posix.h or std::string",
    "regex": "it costs 2 s a file and backtracks without bound",
}

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')

# In `co_await f(ARG)` an inline capturing lambda or aggregate is destroyed twice by g++ 12.
COROUTINE = re.compile(r"co_await\b[^;]*(\[|\{)")

# In two halves, so that this file does not find itself.
UNFINISHED = re.compile(r"\b(TO" r"DO|FIX" r"ME|XX" r"X)\b")
PLACEHOLDER = re.compile(r"[A-Z][A-Z_]{4,}$")  # a line of a document by itself
MACHINE_PATH = re.compile(r"(?<![\w.<$}])/(wo" r"rk|ro" r"ot)/[\w.]|/ho" r"me/(?!you\b|user\b|u\b|me\b|\.\.\.|…)\w")

MARKDOWN_LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)|!\[[^\]]*\]\(([^)\s]+)\)")
CPP = (".h", ".cpp")
SKIPPED_DIRECTORIES = {".git", "build", "__pycache__", ".cache"}


class Tree:
    """The text files of the repository by relative path."""

    def __init__(self, files=None, root=ROOT):
        self.root = pathlib.Path(root)
        self._files = files
        self._paths = sorted(files) if files is not None else self._find()

    def _find(self):
        if (self.root / ".git").exists() and shutil.which("git"):
            listed = subprocess.run(
                ["git", "-C", str(self.root), "ls-files", "-z", "--cached", "--others",
                 "--exclude-standard"], capture_output=True, check=False)
            if listed.returncode == 0:
                paths = listed.stdout.decode("utf-8", "surrogateescape").split("\0")
                return sorted(p for p in paths if p and (self.root / p).is_file())
        found = []
        for directory, names, files in os.walk(self.root):
            names[:] = [n for n in names if n not in SKIPPED_DIRECTORIES]
            for file in files:
                found.append(str((pathlib.Path(directory) / file).relative_to(self.root)))
        return sorted(found)

    def paths(self, *suffixes):
        return [p for p in self._paths if not suffixes or p.endswith(suffixes)]

    def read(self, path):
        if self._files is not None:
            return self._files[path]
        return (self.root / path).read_text(encoding="utf-8", errors="replace")

    def exists(self, path):
        if self._files is not None:
            return path in self._files or any(p.startswith(path + "/") for p in self._files)
        return (self.root / path).exists()


def layer_of(path):
    """The folder whose rules hold for a file: a unit test obeys those of the folder it mirrors."""
    parts = pathlib.PurePosixPath(path).parts
    if parts[:2] == ("tests", "unit") and len(parts) > 3:
        parts = parts[2:]
    return parts[0] if parts[0] in LAYERS else None


def without_comments(text):
    """The text with comments and string literals blanked, line for line."""
    pattern = re.compile(r'R"(\w*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])+\'|//[^\n]*|/\*.*?\*/',
                         re.DOTALL)

    def blank(match):
        found = match.group(0)
        lines = "\n" * found.count("\n")
        return lines if found.startswith("/") else '""' + lines

    return pattern.sub(blank, text)


def includes(tree):
    """Who may include whom."""
    for path in tree.paths(*CPP):
        layer = layer_of(path)
        product = not path.startswith("tests/")
        for number, line in enumerate(tree.read(path).splitlines(), 1):
            match = INCLUDE.match(line)
            if not match:
                continue
            quoted, header = match.group(1) == '"', match.group(2)
            where = f"{path}:{number}"
            if header in NEVER:
                yield f"{where}: never include {header}: {NEVER[header]}"
            target = header.split("/")[0]
            if quoted and layer and target in LAYERS and target not in ALLOWED[layer]:
                yield f"{where}: {layer}/ must not include {header}"
            if quoted and product and target == "tests":
                yield f"{where}: the product must not include {header}"
            if quoted and product and "/" not in header:
                yield f"{where}: write the full path of {header} from the repository's root"
            if not product:
                continue
            for pattern, homes in THIRD_PARTY:
                if pattern.match(header) and not path.startswith(homes):
                    yield f"{where}: <{header}> belongs in {' or '.join(homes)} only"


def coroutines(tree):
    """No inline lambda or aggregate inside a co_await expression (daemon/net/)."""
    for path in tree.paths(*CPP):
        if not path.startswith("daemon/"):
            continue
        text = without_comments(tree.read(path))
        if not path.startswith("daemon/net/"):
            if "co_await" in text:
                yield f"{path}: coroutines belong in daemon/net/ only"
            continue
        for match in re.finditer(r"co_await\b[^;]*", text):
            if COROUTINE.match(match.group(0)):
                number = text.count("\n", 0, match.start()) + 1
                yield (f"{path}:{number}: an argument inside a co_await expression must be a name, "
                       "a literal or std::move(name)")


def headers(tree):
    """Every header says what it is for, and has #pragma once."""
    for path in tree.paths(".h"):
        lines = tree.read(path).splitlines()
        if not lines or not lines[0].startswith("// "):
            yield f"{path}:1: a header starts with a comment that says what it is for"
        if "#pragma once" not in lines:
            yield f"{path}:1: no #pragma once"


def views(tree):
    """No view of a string that is gone at the end of the line: `std::string_view v = BaseName(path);`."""
    returns = re.compile(r"\bstd::(string|string_view|optional<std::string>) (\w+)\(")
    strings, others = set(), set()
    for path in tree.paths(".h"):
        for kind, name in returns.findall(without_comments(tree.read(path))):
            (strings if kind == "string" else others).add(name)
    view = re.compile(r"\bstd::string_view \w+ = (?:\w+::)*(\w+)\(")
    for path in tree.paths(*CPP):
        for number, line in enumerate(without_comments(tree.read(path)).splitlines(), 1):
            for name in view.findall(line):
                if name in strings - others:
                    yield f"{path}:{number}: {name}() returns a string, which ends before the view of it"


def leftovers(tree):
    """Nothing unfinished, and no path of one machine."""
    for path in tree.paths():
        if path.endswith((".png", ".db", ".gz")):
            continue
        for number, line in enumerate(tree.read(path).splitlines(), 1):
            if UNFINISHED.search(line):
                yield f"{path}:{number}: unfinished: {line.strip()[:80]}"
            if path.endswith(".md") and PLACEHOLDER.match(line):
                yield f"{path}:{number}: a word that stands for what is to come: {line}"
            if MACHINE_PATH.search(line):
                yield f"{path}:{number}: a path of one machine: {line.strip()[:80]}"


def format_(tree):
    """clang-format agrees with every source."""
    program = next((p for p in map(shutil.which, ("clang-format-14", "clang-format")) if p), None)
    if program is None:
        print("format: skipped, clang-format is not installed", file=sys.stderr)
        return
    paths = tree.paths(*CPP)
    for start in range(0, len(paths), 50):
        result = subprocess.run([program, "--dry-run", "--ferror-limit=1", *paths[start:start + 50]],
                                cwd=tree.root, capture_output=True, text=True, check=False)
        for line in result.stderr.splitlines():
            match = re.match(r"(.+?:\d+):\d+: (warning|error): code should be clang-formatted", line)
            if match:
                yield f"{match.group(1)}: clang-format -i would change this file"
        if result.returncode != 0 and not result.stderr:
            yield f"{program} exited with {result.returncode}"


def scripts(tree):
    """Shell scripts and Python programs are at least well formed."""
    for path in tree.paths():
        text = None
        if path.endswith((".sh", ".py")) or "." not in pathlib.PurePosixPath(path).name:
            text = tree.read(path)
        if text is None:
            continue
        first = text.split("\n", 1)[0]
        shell = re.match(r"#!\s*(?:/usr)?/bin/(?:env )?(sh|bash)\b", first)
        if path.endswith(".sh") and not shell:
            yield f"{path}:1: a script starts with #!/bin/sh or #!/bin/bash"
        if shell:
            result = subprocess.run([shell.group(1), "-n"], input=text, capture_output=True,
                                    text=True, check=False)
            if result.returncode != 0:
                yield f"{path}: {result.stderr.strip()}"
        if path.endswith(".py"):
            try:
                compile(text, path, "exec")
            except SyntaxError as error:
                yield f"{path}:{error.lineno}: {error.msg}"


def links(tree):
    """Relative links of the documents lead somewhere."""
    for path in tree.paths(".md"):
        folder = pathlib.PurePosixPath(path).parent
        fenced = False
        for number, line in enumerate(tree.read(path).splitlines(), 1):
            if line.lstrip().startswith("```"):
                fenced = not fenced
            if fenced:
                continue
            for match in MARKDOWN_LINK.finditer(line):
                link = (match.group(1) or match.group(2)).split("#")[0]
                if not link or re.match(r"[a-z]+:", link):
                    continue
                target = os.path.normpath(str(folder / link))
                if target.startswith("..") or not tree.exists(target):
                    yield f"{path}:{number}: {link} does not exist"


HAZARD = re.compile(r'\{\.code = "([a-z-]+)",\s+\.severity = "(\w+)"')
HAZARD_SECTION = re.compile(r"^### ([a-z-]+)\n\n\*([\w* ]+)\*,", re.MULTILINE)
HAZARD_ROW = re.compile(r"^\| \[`([a-z-]+)`\]\(#([a-z-]+)\) \| (\w+) \|$", re.MULTILINE)


def hazards(tree):
    """docs/hazards.md has every code of the table, with its severity, and no other."""
    table, page = "environments/hazard_table.cpp", "docs/hazards.md"
    if not tree.exists(table) or not tree.exists(page):
        return
    known = dict(HAZARD.findall(tree.read(table)))
    text = tree.read(page)
    found = {"section": {}, "row": {}}
    for code, severity in HAZARD_SECTION.findall(text):
        found["section"][code] = re.split(r"\W+", severity)[-1]  # "warning* to *fatal"
    for code, anchor, severity in HAZARD_ROW.findall(text):
        found["row"][code] = severity if anchor == code else f"a link to {anchor}"
    for what, codes in found.items():
        for code in sorted(known.keys() | codes.keys()):
            if code not in codes:
                yield f"{page}: no {what} for {code}"
            elif code not in known:
                yield f"{page}: a {what} for {code}, which is not in {table}"
            elif codes[code] != known[code]:
                yield f"{page}: {code} is {known[code]} in {table}, its {what} says {codes[code]}"


RULES = {
    "includes": includes,
    "coroutines": coroutines,
    "headers": headers,
    "views": views,
    "leftovers": leftovers,
    "format": format_,
    "scripts": scripts,
    "links": links,
    "hazards": hazards,
}


def main(names):
    unknown = [n for n in names if n not in RULES]
    if unknown:
        print(f"unknown rule {unknown[0]}; the rules: {' '.join(RULES)}", file=sys.stderr)
        return 2
    tree = Tree()
    failed = False
    for name in names or RULES:
        problems = list(RULES[name](tree))
        for problem in problems:
            print(problem)
        print(f"{name}: {'ok' if not problems else f'{len(problems)} problem(s)'}", file=sys.stderr)
        failed |= bool(problems)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
