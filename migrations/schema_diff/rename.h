// What was called otherwise before. A rename is carried out only when a hint in the schema file, or
// the caller, says so; where a drop and an addition merely look like one, it is proposed. Pure.
#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "migrations/schema_diff/hints.h"
#include "migrations/schema_image.h"

namespace drover::migrations {

struct TableRename {
  std::string from;
  std::string to;
  bool operator==(const TableRename&) const = default;
};

struct ColumnRename {
  std::string table;  // its new name
  std::string from;
  std::string to;
  bool operator==(const ColumnRename&) const = default;
};

/// Renames in the order in which they can be carried out, tables first.
struct RenameMap {
  std::vector<TableRename> tables;
  std::vector<ColumnRename> columns;
  bool operator==(const RenameMap&) const = default;

  /// The old name of a table that is now called `table`; `table` itself when it was not renamed.
  [[nodiscard]] std::string OldTable(std::string_view table) const;
  /// The same for a column; `table` is the new name.
  [[nodiscard]] std::string OldColumn(std::string_view table, std::string_view column) const;
};

/// The way back.
[[nodiscard]] RenameMap Inverted(const RenameMap& renames);

/// The hints that still have something to do: the old name is there and the new one is not. Tables
/// may form a chain (b was a, c was b), but not a ring: a ring would turn again on every run.
[[nodiscard]] RenameMap ResolveRenames(const SchemaImage& current, const SchemaImage& desired,
                                       std::span<const RenameHint> hints);

/// A drop and an addition that may be one rename.
struct RenameProposal {
  std::string table;  // of a column: its table; else empty
  std::string from;
  std::string to;
  double score = 0;      // 0 to 1
  bool certain = false;  // alike in all but the name, and nothing else is
  std::string hint;      // the comment to put beside `to`
  bool operator==(const RenameProposal&) const = default;
};

/// What looks like a rename among what `renames` leaves: a table when most columns are the same, a
/// column when it is the same in the same place. Best first.
[[nodiscard]] std::vector<RenameProposal> ProposeRenames(const SchemaImage& current,
                                                         const SchemaImage& desired,
                                                         const RenameMap& renames);

}  // namespace drover::migrations
