// Bringing a database to what the migration files say after a branch was switched. Pure.
#pragma once

#include <span>
#include <string_view>

#include "migrations/lineage.h"
#include "migrations/plan.h"

namespace drover::migrations {

/// Takes down what no file has, and what was applied above it, with the SQL that was applied; then
/// upgrades to `target` by the files. Without orphans it is an upgrade. Throws kRefused
/// ("align.no_way_back") when an orphan cannot be taken down; what Lineage::RequireGraph throws;
/// and what PlanUpgrade throws.
[[nodiscard]] Plan PlanAlign(const Graph& files, const Lineage& lineage,
                             std::span<const RevisionId> rows, std::string_view target,
                             Drafts drafts);

}  // namespace drover::migrations
