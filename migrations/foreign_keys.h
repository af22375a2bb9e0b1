// References that lead nowhere: what a change must not make more of.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "migrations/sqlite.h"

namespace drover::migrations {

/// How many rows of a table (first) lack their parent in another (second); names in lower case.
using ForeignKeyGaps = std::map<std::pair<std::string, std::string>, std::int64_t>;

/// What PRAGMA foreign_key_check finds in a database. A key that is declared wrongly ("foreign key
/// mismatch") counts as no gap. Throws like Connection::Execute.
[[nodiscard]] ForeignKeyGaps FindForeignKeyGaps(Connection& database);

/// What there is more of than before.
[[nodiscard]] ForeignKeyGaps FindMoreGaps(const ForeignKeyGaps& before,
                                          const ForeignKeyGaps& after);

}  // namespace drover::migrations
