// What one file is, judged by its name, its size and its first bytes. Opens files raw, so it
// belongs to the scan process (scan.h says why). Files other than regular ones are never opened.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/stray_documents.h"

namespace drover::environments {

/// "*.db", "*.sqlite" and the like, whatever the case.
[[nodiscard]] bool HasDatabaseSuffix(std::string_view name);

/// "application.db" for "application.db-wal", "-shm", "-journal" and a super-journal
/// ("-mj" and nine digits); the name itself otherwise.
[[nodiscard]] std::string_view WithoutSidecarSuffix(std::string_view name);

/// Could the file be a SQLite database, judging by name and size alone? Used by the daemon, which
/// must not read it: zero bytes only under a known name, else a positive multiple of 512.
[[nodiscard]] bool MayBeDatabase(std::string_view name, std::uint64_t size,
                                 const std::vector<std::string>& known_names);

/// The file `name` of an open directory, as far as it concerns a search for databases; nothing when
/// it does not. `path` is only copied.
///
/// - a database by its header, whatever its name
/// - no bytes: only under one of `known_names`
/// - a sidecar (-wal, -journal) whose database is gone, by its magic
/// - what cannot be read, begins like no database, or is cut off: only under a database's name;
///   text and other formats only under one of `known_names`
[[nodiscard]] std::optional<ScannedFile> Sniff(int directory, const char* name,
                                               std::string_view path,
                                               const std::vector<std::string>& known_names);

/// A directory where a database should be: what a container engine makes of a missing file.
[[nodiscard]] std::optional<ScannedFile> DescribeDirectory(int directory, const std::string& path);

}  // namespace drover::environments
