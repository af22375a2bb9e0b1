// How the rows of a table come into its new form, and the statements that do it: SQLite's procedure
// of create, copy, drop, rename (sqlite.org/lang_altertable.html, 7). Pure.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "migrations/schema_image.h"

namespace drover::migrations {

/// Where a column of the new table gets its values from.
struct CopiedColumn {
  enum class How : std::uint8_t {
    kKept,        // from a column of the same type
    kConverted,   // from a column of another type
    kBackfilled,  // an expression; over an old column, only where that is NULL
    kRowid,       // the old rowid
    kDefault,     // left out of the copy: its default, or NULL
    kGenerated,   // computed by the table
  };
  How how = How::kDefault;
  std::string to;
  std::string from;        // the old column; empty: none
  std::string expression;  // over the old row
};

/// Which of the two tables has another name meanwhile.
enum class CopyRoute : std::uint8_t {
  kNewAside,  // create the new one aside, drop the old one, rename: what SQLite's manual advises
  kOldAside,  // rename the old one away first: for definitions that name their own table, as in
              // CHECK (t.a > 0), and so can only be made under their own name
};

/// The copy of one table into its new form.
struct TableCopy {
  std::string table;      // its name, before and after
  std::string temporary;  // the name that is used aside
  CopyRoute route = CopyRoute::kNewAside;
  std::vector<CopiedColumn> columns;
  std::string old_rowid;  // names under which rowids are copied; empty: they are not
  std::string new_rowid;
  bool keeps_sequence = false;             // of AUTOINCREMENT
  std::vector<std::string> missing;        // new columns that need a value and have none
  std::vector<std::string> must_not_null;  // old columns that may hold NULL and new ones must not
  std::vector<std::string> overwritten;    // old columns whose values the new table computes
  bool loses_rows = false;                 // nothing at all can be copied

  [[nodiscard]] bool CopiesAnything() const;
};

struct CopyRequest {
  const SchemaObject& from;  // must outlive nothing: both are only read
  const SchemaObject& to;
  std::string temporary;
  CopyRoute route = CopyRoute::kNewAside;
  std::map<std::string, std::string> sources;    // lower-case new column -> old column
  std::map<std::string, std::string> backfills;  // lower-case new column -> expression
};

/// Does the backfill of `column` count? For a new column, and for one that becomes NOT NULL; left
/// in the schema file afterwards it is inert.
[[nodiscard]] bool TakesBackfill(const ColumnFacts* old, const ColumnFacts& column);

/// Never throws: what stands in the way is in the answer.
[[nodiscard]] TableCopy PlanCopy(const CopyRequest& request);

/// The statements of the rebuild, one each, without semicolons. `create_table` is the author's own
/// text. Foreign keys must be off: DROP TABLE would delete the rows of children otherwise.
[[nodiscard]] std::vector<std::string> RebuildStatements(const TableCopy& copy,
                                                         const std::string& create_table);

}  // namespace drover::migrations
