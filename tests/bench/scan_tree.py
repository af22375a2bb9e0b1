"""A developer's home for the figure `scan`: projects with dependencies, version control and sources;
a few SQLite files in the sources, half of them under names that say nothing."""

import os
import random
import sqlite3

SIZES = [0, 41, 190, 512, 720, 1000, 1500, 3100, 4096, 8800]
NAMED = ["application.db", "app.sqlite3", "dev.sqlite", "data.db3", "test.db"]
UNNAMED = ["cache", "state.dat", "store.bin", "History", "index.idx"]


def fill(directory, count, suffixes, chance):
    os.makedirs(directory)
    for number in range(count):
        with open(f"{directory}/f{number}.{chance.choice(suffixes)}", "wb") as file:
            file.write(b"x" * chance.choice(SIZES))


def make_tree(root, files, databases=50, projects=40):
    """About `files` files, ten to a directory, three quarters of them below node_modules."""
    chance = random.Random(7)
    directories = files // 10 // projects
    sources = []
    for project in range(projects):
        base = f"{root}/project{project:02d}"
        packages = max(1, int(directories * 0.75) // 3)
        for package in range(packages):
            for part in ("", "/lib", "/dist"):
                fill(f"{base}/node_modules/package{package}{part}", 10, ["js", "ts", "json"], chance)
        for number in range(directories // 10):
            fill(f"{base}/.git/objects/{number:02x}", 10, ["pack"], chance)
        for number in range(max(1, directories - packages * 3 - directories // 10)):
            sources.append(f"{base}/src/module{number}")
            fill(sources[-1], 10, ["py", "sql", "txt"], chance)
    made = set()
    while len(made) < databases:
        names = NAMED if len(made) % 2 == 0 else UNNAMED
        path = f"{chance.choice(sources)}/{names[len(made) // 2 % 5]}"
        if path in made:
            continue
        with sqlite3.connect(path) as database:
            database.execute("CREATE TABLE t (x)")
        database.close()
        made.add(path)


def directories_of(root):
    found = [root]
    for base, names, _ in os.walk(root):
        found += [f"{base}/{name}" for name in names]
    return found
