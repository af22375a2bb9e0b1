#!/bin/bash
# Builds drover and shows what it does, on a fresh copy of the demo project: provisioning from the
# wrong folder, a migration applied as it is saved, going down and up, a stray named.
#
#   deploy/quickstart.sh
#
# Needs Debian 12 and root or sudo for missing packages. Uses its own socket and state, so that a
# daemon of yours is not touched, and removes everything it made except the build. Exits non-zero
# when something is not as promised.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD

unset CI DROVER_NO_SPAWN
sh deploy/packages.sh

echo "Building drover (release) ..."
memory=$(awk '/^MemAvailable:/ {print int($2 / 1048576)}' /proc/meminfo)
jobs=$(nproc)
((memory >= jobs)) || jobs=$((memory > 0 ? memory : 1))
cmake --preset release >/dev/null
cmake --build --preset release -j "$jobs" --target drover droverd

work=$(mktemp -d /tmp/drover-demo.XXXXXX)
export DROVER_SOCKET=$work/run/droverd.sock
export DROVER_STATE_DIR=$work/state
export DROVERD=$root/build/release/daemon/droverd
export PATH=$root/build/release/client:$PATH
project=$work/idv
holder=

clean_up() {
  status=$?
  trap - EXIT INT TERM
  [ -z "$holder" ] || kill "$holder" 2>/dev/null || true
  drover daemon stop >/dev/null 2>&1 || true
  if [ "$status" -ne 0 ]; then
    echo
    echo "quickstart: failed (exit code $status)" >&2
    if [ -f "$DROVER_STATE_DIR/droverd.log" ]; then
      echo "--- the daemon's log:" >&2
      tail -n 40 "$DROVER_STATE_DIR/droverd.log" >&2
    fi
  fi
  rm -rf "$work"
  exit "$status"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

if [ -t 1 ] && [ -z "${NO_COLOR-}" ]; then
  bold=$'\e[1m' plain=$'\e[0m'
else
  bold='' plain=''
fi

say() { printf '\n%s# %s%s\n' "$bold" "$*" "$plain"; }

# Shows a command line and runs it in this shell, so that `cd` counts.
run() {
  printf '%s$ %s%s\n' "$bold" "$*" "$plain"
  eval "$*"
}

fail() {
  echo "quickstart: $*" >&2
  exit 1
}

version() { sqlite3 -readonly "$project/application.db" 'SELECT version_num FROM alembic_version'; }

# expect_version ID: the version row becomes ID within five seconds.
expect_version() {
  local found=
  for _ in $(seq 100); do
    found=$(version 2>/dev/null || true)
    [ "$found" != "$1" ] || return 0
    sleep 0.05
  done
  fail "the database is at '$found', expected '$1'"
}

mkdir -m 0700 "$work/run" "$work/state"
cp -R deploy/demo "$project"
rm -f "$project"/application.db*
mkdir -p "$project/backend"

say 'A small project with two migrations and no database, seen from the wrong folder.'
run "cd $project/backend"
run 'ls ../migrations'
[ ! -e ../application.db ] || fail 'the demo already has a database'

say 'The first command starts the daemon. It creates the database where it belongs and upgrades it.'
say 'The docker environment is the same file, mounted into a container.'
run 'drover wait --timeout 20'
run 'drover status'
head=$(drover heads --json | sed -n 's/.*"revision":"\([0-9a-f]*\)".*/\1/p')
[ -n "$head" ] || fail 'drover heads named no head'
run 'sqlite3 ../application.db "SELECT version_num FROM alembic_version"'
expect_version "$head"
strays=$(find . -name '*.db*')
[ -z "$strays" ] || fail "something appeared in backend/: $strays"

say 'A saved migration is applied without any command.'
cat >../migrations/5a1e00000001_add_regions.sql <<SQL
-- revision: 5a1e00000001
-- down_revision: $head
-- message: Add regions
-- migrate:up
CREATE TABLE regions (id INTEGER PRIMARY KEY, name VARCHAR NOT NULL UNIQUE);
-- migrate:down
DROP TABLE regions;
SQL
run 'cat ../migrations/5a1e00000001_add_regions.sql'
expect_version 5a1e00000001
run 'drover history'

say 'An explicit downgrade is respected: the environment is held, although its policy is to apply.'
run 'drover downgrade -1'
expect_version "$head"
run 'drover status'
drover status --json | grep -q '"state":"held"' || fail 'the environment is not held'
run 'drover upgrade'
expect_version 5a1e00000001

say 'A program started in backend/ makes a second database. drover names it, and who did it.'
cat >"$work/wrong.py" <<'PY'
import sqlite3
import time

database = sqlite3.connect("./application.db")
database.execute("CREATE TABLE accounts (id INTEGER PRIMARY KEY)")
database.execute("BEGIN IMMEDIATE")
time.sleep(120)
PY
run "python3 $work/wrong.py >/dev/null &"
holder=$!
found=
for _ in $(seq 100); do
  if drover strays --json | grep -q '"/[^"]*/backend/application.db"'; then
    found=yes
    break
  fi
  sleep 0.05
done
[ -n "$found" ] || fail 'the stray was not found within five seconds'
run 'drover strays'
kill "$holder"
wait "$holder" 2>/dev/null || true
holder=

say 'That is all. The daemon stops; the copy of the demo is removed.'
run 'drover daemon stop'
cd "$root"
cat <<EOT

The programs are in build/release; install them with:

    cmake --install build/release --prefix ~/.local
EOT
