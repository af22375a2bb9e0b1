// How many rows a database's tables have, counted within a bound.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/stray_documents.h"
#include "migrations/sqlite.h"

namespace drover::migrations {

struct CensusLimits {
  std::size_t tables = 50;      // the first by name
  std::int64_t rows = 100'000;  // of each: counting ends there
};

/// The rows of the user's tables, by table name: not SQLite's own, not drover's, not virtual ones
/// and what they keep their content in, not `version_table`. Throws
/// like Connection::Execute. Reads whole tables: for private copies.
[[nodiscard]] std::vector<TableRows> CountRows(Connection& connection,
                                               std::string_view version_table,
                                               const CensusLimits& limits = {});

}  // namespace drover::migrations
