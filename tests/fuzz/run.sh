#!/bin/sh
# Builds the fuzzers with clang 19 and runs each for a while.
#
#   tests/fuzz/run.sh                60 seconds each
#   tests/fuzz/run.sh 600 url        so many seconds, only these
#
# New inputs go to build/fuzz/found, what fails to build/fuzz/failed: put such an input into
# tests/fuzz/corpus beside its fix. Needs clang-19 and libclang-rt-19-dev.
set -eu
cd "$(dirname "$0")/../.."

seconds=60
case ${1-} in
  -h | --help)
    sed -n '2,/^set/s/^# \{0,1\}//p' "$0" | sed '$d'
    exit 0 ;;
  [0-9]*)
    seconds=$1
    shift ;;
esac
[ $# -gt 0 ] || set -- config compose dotenv url migration version alembic statements protocol

cmake --preset fuzz
cmake --build --preset fuzz --target fuzzers
failed=
for name in "$@"; do
  found=build/fuzz/found/$name
  mkdir -p "$found" build/fuzz/failed
  echo "fuzzing $name for $seconds s"
  build/fuzz/tests/fuzz/fuzz_"$name" -max_total_time="$seconds" -max_len=4096 -timeout=10 \
    -rss_limit_mb=2048 -print_final_stats=1 -verbosity=0 \
    -artifact_prefix="build/fuzz/failed/$name-" "$found" "tests/fuzz/corpus/$name" ||
    failed="$failed $name"
done
[ -z "$failed" ] || { echo "$0: found something:$failed; see build/fuzz/failed" >&2; exit 1; }
