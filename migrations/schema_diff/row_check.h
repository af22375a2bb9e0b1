// Are the rows still there? Compares two databases by what their tables have in common.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "migrations/schema_diff/rename.h"
#include "migrations/sqlite.h"

namespace drover::migrations {

/// What may be otherwise after a change.
struct RowExpectation {
  RenameMap renames{};
  std::set<std::string>
      columns{};                   // whose values may differ: "table.column", new names, lower case
  std::set<std::string> tables{};  // whose rows may be others: new names, lower case
  std::string version_table = "alembic_version";
};

/// The tables of `after` that do not have the rows of `before`: as many, with the same values of
/// the same types in the columns that are plain on both sides, and with the same rowids unless the
/// rowid became, or was, another column. Dropped tables and columns are nobody's loss here. Throws
/// like Connection::Execute.
[[nodiscard]] std::vector<std::string> FindChangedRows(Connection& before, Connection& after,
                                                       const RowExpectation& expected);

}  // namespace drover::migrations
