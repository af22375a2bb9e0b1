// The stray scanner: finds SQLite files below some directories by their magic bytes and describes
// them. It reads database files raw and opens them through SQLite only as private copies, so it
// must run in a process that never opens a real database through SQLite: a raw close() would drop
// that process's POSIX locks (docs/ARCHITECTURE.md, "one rule"). `droverd --scan` is that process.
#pragma once

#include "base/stray_documents.h"

namespace drover::environments {

/// Searches `request.roots` (search.h) and looks at `request.paths` (also in pruned directories,
/// not at ignored ones); describes each SQLite file and who has it open, sorted by path. What
/// `request.ignore` or the .droverignore of the project names is left out. A file that cannot be
/// read is described with its problem; the scan itself throws only for a bad request.
///
/// With `request.compare_with` it compares the one database that `request.paths` names with that
/// one instead, and throws like CompareDatabases() (describe.h); with `request.schema_of` it reads
/// the schema of that database, and throws like ReadSchemaOf().
[[nodiscard]] ScanResult Scan(const ScanRequest& request);

}  // namespace drover::environments
