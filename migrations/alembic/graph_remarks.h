// What Alembic accepts in a graph of revisions and what will cost somebody an evening. Pure.
#pragma once

#include <vector>

#include "migrations/graph.h"

namespace drover::migrations {

/// "alembic-twin-merges": two merges of the same parents, which make two heads again.
/// "alembic-long-id": longer than the column of the version table, VARCHAR(32), which SQLite does
/// not enforce and other databases do. In load order.
[[nodiscard]] std::vector<Remark> CheckVersionGraph(const Graph& graph);

}  // namespace drover::migrations
