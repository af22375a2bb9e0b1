#!/bin/sh
# entrypoint.sh: the database first, then the application (docs/containers.md).
set -eu
droverd --once --project "${DROVER_PROJECT:-/app}"
exec "$@"
