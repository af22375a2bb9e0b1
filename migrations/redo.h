// Taking an applied revision back and applying it again, with what its file says now. Pure.
#pragma once

#include <span>
#include <string_view>

#include "migrations/lineage.h"
#include "migrations/plan.h"

namespace drover::migrations {

/// The revision that `redo target` begins with; an empty target is the newest applied one. Throws
/// kInvalid ("nothing_to_redo", "not_applied"), kConflict ("ambiguous_relative") when there are
/// several newest ones, and what ResolveRevision throws.
[[nodiscard]] RevisionId ResolveRedo(const Graph& files, std::span<const RevisionId> rows,
                                     std::string_view target);

/// Takes `bottom` and everything applied above it down, with the SQL that was applied, and brings
/// exactly these revisions up again, with that of the files. When the archive has no way down and
/// the file does, the file's is taken, with a warning. Throws kDrift ("orphan") while an applied
/// revision has no file; kInvalid ("not_applied"); kRefused ("irreversible"), and ("redo.moved")
/// when a file now wants a parent that is not applied; and what Lineage::RequireGraph throws.
[[nodiscard]] Plan PlanRedo(const Graph& files, const Lineage& lineage,
                            std::span<const RevisionId> rows, const RevisionId& bottom);

}  // namespace drover::migrations
