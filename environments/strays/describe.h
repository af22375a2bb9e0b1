// What is in a database file that nobody asked drover to manage, seen in a private copy. For the
// scan process only (scan.h says why).
#pragma once

#include <string>
#include <vector>

#include "base/stray_documents.h"
#include "environments/strays/private_copy.h"

namespace drover::environments {

/// Fills in version table, revisions, tables, columns, rows and schema of `file`, a database by its
/// header. Never throws for a bad database: `file.problem` says what is wrong, and the kind becomes
/// "unreadable" when it cannot be copied, "damaged" when SQLite cannot make sense of it.
void DescribeDatabase(ScannedFile& file, const std::vector<std::string>& version_tables,
                      PrivateDirectory& directory);

/// The schema of the database at `path`, without its version table. Throws as CompareDatabases().
[[nodiscard]] ImageDocument ReadSchemaOf(const std::string& path,
                                         const std::vector<std::string>& version_tables,
                                         const std::vector<std::string>& roots);

/// What the database at `path` has otherwise than the one at `reference`: schema, revisions and
/// rows. Throws kNotFound when one of them is missing, kRefused ("stray.too_large"), kBusy when one
/// was written to all the time, kIo or kCorrupt.
[[nodiscard]] StrayDiffDocument CompareDatabases(const std::string& path,
                                                 const std::string& reference,
                                                 const std::vector<std::string>& version_tables,
                                                 const std::vector<std::string>& roots);

}  // namespace drover::environments
