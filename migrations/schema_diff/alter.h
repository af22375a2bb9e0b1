// Can ALTER TABLE make a table what it should be? SQLite's rules are many and differ between
// versions (sqlite.org/lang_altertable.html), so nothing is assumed: it is tried.
#pragma once

#include <string>
#include <vector>

#include "migrations/schema_diff/scratch.h"
#include "migrations/schema_image.h"

namespace drover::migrations {

struct AlterAttempt {
  bool works = false;
  std::vector<std::string> statements;  // without semicolons, when it works
  std::string refusal;                  // SQLite's words, when it refused
};

/// Tries DROP COLUMN and ADD COLUMN, in several orders, on the rows that `scratch` has. Works only
/// when the table then equals `to` and PRAGMA integrity_check finds nothing new: a STRICT table
/// takes a column whose default has the wrong type. When it works the scratch is changed, else not.
/// Columns are told apart by name: renames come before.
[[nodiscard]] AlterAttempt TryAlter(Scratch& scratch, const SchemaObject& from,
                                    const SchemaObject& to);

}  // namespace drover::migrations
