// Rows that nobody wrote: what a table could hold, for trying out statements that SQLite takes on
// an empty table and refuses on a filled one, and for proving that a script keeps rows.
#pragma once

#include <string>
#include <vector>

#include "migrations/schema_image.h"
#include "migrations/sqlite.h"

namespace drover::migrations {

enum class CheckRule { kObey, kIgnoreAtLast };

/// Fills every empty table of `image` with a handful of rows of awkward values (NULL, -1, 2^53+1,
/// '', '007', a blob), taken from CHECK clauses where there are some, fitting foreign keys, with
/// gaps between rowids and AUTOINCREMENT ahead of the last row. Always the same rows for the same
/// schema. Triggers do not fire. Returns the tables that stayed empty because no row could be
/// found; with kIgnoreAtLast such a table gets one row that breaks its CHECKs instead, and is still
/// named.
std::vector<std::string> FillTables(Connection& database, const SchemaImage& image, CheckRule rule);

/// Literals to try on values, as SQL.
[[nodiscard]] std::vector<std::string> AwkwardLiterals();

}  // namespace drover::migrations
