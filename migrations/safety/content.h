// What is in a database, in numbers that a plan can be judged by: rows, references, the values of
// columns, what hangs on the tables.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "migrations/foreign_keys.h"
#include "migrations/safety/column_digest.h"
#include "migrations/sqlite.h"

namespace drover::migrations {

struct TableContent {
  std::string name;  // as written
  std::int64_t rows = 0;
  /// By lower-case name; only of tables that were asked for.
  std::map<std::string, ColumnDigest> columns;
};

struct Attachment {
  std::string type;   // index | trigger | view
  std::string name;   // as written
  std::string table;  // lower-case
};

struct DatabaseContent {
  std::map<std::string, TableContent> tables;     // by lower-case name
  std::map<std::string, Attachment> attachments;  // by type and lower-case name; none of SQLite's
  ForeignKeyGaps gaps;
};

/// Reads the whole of a private copy: every table for its rows, those of `digested` (lower-case
/// names) for their values. drover's own tables and `version_table` do not count. Throws like
/// Connection::Execute.
[[nodiscard]] DatabaseContent ReadContent(Connection& connection, std::string_view version_table,
                                          const std::set<std::string>& digested);

/// Is there a row in any table but drover's own and `version_table`? Stops at the first. Throws
/// like Connection::Execute.
[[nodiscard]] bool HoldsRows(Connection& connection, std::string_view version_table);

}  // namespace drover::migrations
