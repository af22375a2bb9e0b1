// The values of a column as one number that does not depend on the order of the rows, to notice
// when a rebuilt table has got them into another column.
#pragma once

#include <cstdint>
#include <string_view>

#include "migrations/sqlite.h"

namespace drover::migrations {

/// What a column holds, whatever the order of its rows.
struct ColumnDigest {
  std::int64_t sum = 0;     // of the hashes of all values
  std::int64_t filled = 0;  // values that are not NULL
  bool telling = false;     // two values at least, so that it can be known again by its sum

  friend bool operator==(const ColumnDigest&, const ColumnDigest&) = default;
};

/// Reads what drover_digest() gives; "" (no row) is a column without values.
[[nodiscard]] ColumnDigest ReadColumnDigest(std::string_view text);

/// Registers the aggregate function drover_digest(x), a text for ReadColumnDigest(). 1, 1.0 and '1'
/// count as the same, since a rebuild may give a column another type.
void RegisterColumnDigest(Connection& connection);

}  // namespace drover::migrations
