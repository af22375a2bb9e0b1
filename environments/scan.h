// The stray scanner: finds SQLite files below some directories by their magic bytes and describes
// them. It reads database files raw and opens them through SQLite only as private copies, so it
// must run in a process that never opens a real database through SQLite: a raw close() would drop
// that process's POSIX locks (docs/ARCHITECTURE.md, "one rule"). `droverd --scan` is that process.
#pragma once

#include "base/documents.h"

namespace drover::environments {

/// Walks `request.roots` (pruned, depth and entry limits, one file system, symbolic links not
/// followed) and looks at `request.paths` (also in pruned directories, not at ignored ones);
/// describes each SQLite file and who has it open. A file that cannot be read is described with its
/// problem; the scan itself throws only for a bad request.
[[nodiscard]] ScanResult Scan(const ScanRequest& request);

/// Directories that are never walked: dependencies, caches, version control.
[[nodiscard]] bool IsPrunedDirectory(std::string_view name);

/// For a directory called "env" or the like: does it hold a Python virtual environment?
[[nodiscard]] bool IsVirtualEnvironment(const std::string& directory);

/// Could the file be a SQLite database, judging by name and size alone? Used by the daemon, which
/// must not read it: zero bytes only under a known name, else a positive multiple of 512.
[[nodiscard]] bool MayBeDatabase(std::string_view name, std::uint64_t size,
                                 const std::vector<std::string>& known_names);

/// "application.db" for "application.db-wal", "-shm" and "-journal"; the name itself otherwise.
[[nodiscard]] std::string_view WithoutSidecarSuffix(std::string_view name);

}  // namespace drover::environments
