#!/bin/sh
# The Debian packages drover is built and tested with: the one place that lists them.
#
#   deploy/packages.sh            install what is missing (root or sudo)
#   deploy/packages.sh --fuzz     the same, and the compiler of the fuzzers
#   deploy/packages.sh --list     print the packages, one a line
#   deploy/packages.sh --missing  print those that are not installed
#
# Says nothing, asks nothing and needs no network when everything is installed already.
set -eu

build='g++ cmake ninja-build pkg-config ccache libasio-dev libsqlite3-dev libyaml-cpp-dev
  libspdlog-dev libcli11-dev nlohmann-json3-dev libssl-dev'
tests='libgtest-dev libgmock-dev libbenchmark-dev sqlite3 python3 python3-sqlalchemy alembic
  python3-flask-migrate git clang-format'

fuzz='clang-19 libclang-rt-19-dev'
more=

missing() {
  for package in $build $tests $more; do
    state=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
    [ "$state" = installed ] || printf '%s\n' "$package"
  done
}

case ${1-} in
  --list)
    printf '%s\n' $build $tests
    exit 0 ;;
  --missing)
    missing
    exit 0 ;;
  --fuzz) more=$fuzz ;;
  '') ;;
  *)
    echo "usage: $0 [--fuzz | --list | --missing]" >&2
    exit 2 ;;
esac

wanted=$(missing)
[ -n "$wanted" ] || exit 0

as_root=
if [ "$(id -u)" -ne 0 ]; then
  if ! command -v sudo >/dev/null 2>&1; then
    echo "$0: these packages are missing, and there is neither root nor sudo to install them:" >&2
    echo "$wanted" >&2
    exit 1
  fi
  as_root='sudo env DEBIAN_FRONTEND=noninteractive'
fi

echo "installing:" $wanted >&2
DEBIAN_FRONTEND=noninteractive
export DEBIAN_FRONTEND
# Results belong to the caller of this script; apt's progress goes to stderr.
$as_root apt-get update -qq >&2
$as_root apt-get install -y -qq --no-install-recommends $wanted >&2
