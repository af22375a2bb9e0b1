// The values of a column as one number that does not depend on the order of the rows, to notice
// when a rebuilt table has got them into another column.
#pragma once

#include "migrations/sqlite.h"

namespace drover::migrations {

/// Registers the aggregate function drover_digest(x): a 64-bit sum of the hashes of all values. 1,
/// 1.0 and '1' count as the same, since a rebuild may give a column another type.
void RegisterColumnDigest(Connection& connection);

}  // namespace drover::migrations
