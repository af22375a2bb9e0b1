// Does a column's new type change values so that the old ones cannot be had back?
#pragma once

#include <string>

#include "migrations/schema_diff/scratch.h"
#include "migrations/schema_image.h"

namespace drover::migrations {

/// A column whose type changes, with the tables it is in.
struct TypeChange {
  const TableFacts& from_table;
  const TableFacts& to_table;
  const ColumnFacts& from;
  const ColumnFacts& to;
  std::string table;  // where the rows are
};

/// Stores the column's values (with kUnknown: awkward ones) under the new type's affinity and back
/// under the old one's (sqlite.org/datatype3.html, 3.1), and looks whether any is not what it was:
/// '007' becomes 7, 2^53+1 loses its last digit. Leaves the scratch as it was.
[[nodiscard]] bool LosesValues(Scratch& scratch, RowKnowledge rows, const TypeChange& change);

}  // namespace drover::migrations
