#!/bin/sh
# Builds drover and runs its tests; ends with CTest's summary.
#
#   tests/run.sh                    the default suite (preset dev)
#   tests/run.sh -R acceptance      further arguments go to ctest
#   tests/run.sh --preset asan      another preset: dev, asan, tsan
#   tests/run.sh --full             everything: the slow tests too, then --sanitizers, then --fuzz
#   tests/run.sh --sanitizers       unit, e2e and fault tests with the presets asan and tsan
#   tests/run.sh --fuzz [SECONDS]   every fuzzer for so long, 60 s by default; needs clang 19
#   tests/run.sh --bench            the release build and its figures instead of the tests
#
# Installs missing Debian packages first; may be run again at any time, also offline.
set -eu
cd "$(dirname "$0")/.."

preset=dev
full=
sanitizers=
fuzz=
bench=
while [ $# -gt 0 ]; do
  case $1 in
    --preset)
      [ $# -ge 2 ] || { echo "$0: --preset needs a name: dev, asan or tsan" >&2; exit 2; }
      preset=$2
      shift 2 ;;
    --preset=*) preset=${1#--preset=}; shift ;;
    --full) full=1; sanitizers=1; fuzz=60; shift ;;
    --sanitizers) sanitizers=1; shift ;;
    --fuzz)
      fuzz=60
      shift
      case ${1-} in [0-9]*) fuzz=$1; shift ;; esac ;;
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

# Ends with the summary of every part; a part that fails does not keep the next one from running.
failed=
if [ -n "$sanitizers$fuzz" ]; then
  if [ -n "$full" ]; then
    cmake --preset "$preset"
    cmake --build --preset "$preset" -j "$jobs"
    # Slow tests belong to CTest's configuration "slow", so that a plain ctest leaves them out too.
    ctest --preset "$preset" -j "$cores" -C slow "$@" || failed="$failed tests"
  fi
  if [ -n "$sanitizers" ]; then
    # What a daemon reports ends it: a report in its log alone would be seen by nobody.
    UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
    TSAN_OPTIONS=halt_on_error=1
    export UBSAN_OPTIONS TSAN_OPTIONS
    for sanitizer in asan tsan; do
      cmake --preset "$sanitizer"
      cmake --build --preset "$sanitizer" -j "$jobs"
      ctest --preset "$sanitizer" -L 'unit|e2e|fault' "$@" || failed="$failed $sanitizer"
    done
  fi
  if [ -n "$fuzz" ]; then
    sh deploy/packages.sh --fuzz
    tests/fuzz/run.sh "$fuzz" || failed="$failed fuzz"
  fi
  [ -z "$failed" ] || { echo "$0: failed:$failed" >&2; exit 1; }
  echo "$0: everything passed"
  exit 0
fi

cmake --preset "$preset"
cmake --build --preset "$preset" -j "$jobs"
exec ctest --preset "$preset" -j "$cores" "$@"
