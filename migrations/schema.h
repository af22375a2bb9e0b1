// What tables a database has, in the coarse form that tells databases apart: for the similarity of
// strays and for "has tables but no version table".
#pragma once

#include <string>
#include <vector>

#include "migrations/sqlite.h"

namespace drover::migrations {

struct SchemaOutline {
  std::vector<std::string> tables;   // user tables, sorted; version and history tables left out
  std::vector<std::string> columns;  // "table.column type", sorted, types folded to lower case
  std::string digest;  // SchemaImage::Digest() of the whole schema; only from InspectOutline()
};

/// Reads the outline. `version_table` and drover_history do not count as user tables; neither do
/// SQLite's own. Throws like Connection::Execute.
[[nodiscard]] SchemaOutline ReadOutline(Connection& connection, std::string_view version_table);

/// The first of `candidates` that exists and looks like a version table (a text column
/// version_num); empty when none does.
[[nodiscard]] std::string FindVersionTable(Connection& connection,
                                           const std::vector<std::string>& candidates);

/// Throws kConflict ("version_table.other") when `version_table` is the name of something that is
/// none: a table without version_num, or a view.
void CheckVersionTableName(Connection& connection, std::string_view version_table);

/// Is there a table of this name?
[[nodiscard]] bool HasTable(Connection& connection, std::string_view name);

/// The rows of a version table, sorted. Throws like Connection::Execute.
[[nodiscard]] std::vector<std::string> ReadVersionRows(Connection& connection,
                                                       std::string_view version_table);

}  // namespace drover::migrations
