#!/bin/sh
# Builds drover and runs its tests; ends with CTest's summary.
#
#   tests/run.sh                    the default suite (preset dev)
#   tests/run.sh -R acceptance      further arguments go to ctest
#   tests/run.sh --preset asan      another preset: dev, asan, tsan
#   tests/run.sh --full             the slow tests too
#   tests/run.sh --bench            the release build and its figures instead of the tests
#
# Installs missing Debian packages first; may be run again at any time, also offline.
set -eu
cd "$(dirname "$0")/.."

preset=dev
full=
bench=
while [ $# -gt 0 ]; do
  case $1 in
    --preset)
      [ $# -ge 2 ] || { echo "$0: --preset needs a name: dev, asan or tsan" >&2; exit 2; }
      preset=$2
      shift 2 ;;
    --preset=*) preset=${1#--preset=}; shift ;;
    --full) full=1; shift ;;
    --bench) bench=1; shift ;;
    -h | --help)
      sed -n '2,/^set/s/^# \{0,1\}//p' "$0"
      exit 0 ;;
    --) shift; break ;;
    *) break ;;
  esac
done
case $preset in
  dev | asan | tsan) ;;
  *) echo "$0: unknown preset '$preset': dev, asan or tsan" >&2; exit 2 ;;
esac

# The client acts as --local when CI is set, and DROVER_* would lead to the user's own daemon.
# The tests control all of these themselves.
unset CI DROVER_SOCKET DROVER_STATE_DIR DROVER_NO_SPAWN DROVERD

sh deploy/packages.sh

# As many jobs as cores, but no more than the memory bears: a compiler takes about 1 GiB.
cores=$(nproc)
memory=$(awk '/^MemAvailable:/ {print int($2 / 1048576)}' /proc/meminfo)
jobs=$cores
[ "${memory:-0}" -ge "$jobs" ] || jobs=$memory
[ "$jobs" -ge 1 ] || jobs=1

if [ -n "$bench" ]; then
  cmake --preset release
  cmake --build --preset release -j "$jobs"
  if [ ! -f tests/bench/run.py ]; then
    echo "$0: there is no tests/bench/run.py" >&2
    exit 1
  fi
  python=/usr/bin/python3
  [ -x "$python" ] || python=python3
  exec "$python" tests/bench/run.py --build build/release "$@"
fi

cmake --preset "$preset"
cmake --build --preset "$preset" -j "$jobs"
# Slow tests belong to CTest's configuration "slow", so that a plain ctest leaves them out too.
[ -z "$full" ] || set -- -C slow "$@"
exec ctest --preset "$preset" -j "$cores" "$@"
