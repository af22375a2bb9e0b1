// What a user may write where a revision is expected: id, unique prefix, "head", "heads", "base",
// "+2", "-1", "ae10+1", "head-1". Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "migrations/graph.h"

namespace drover::migrations {

enum class Direction : std::uint8_t { kUp, kDown };

/// What a target means: a set of revisions, or the empty database.
struct ResolvedTarget {
  std::vector<RevisionId> revisions;  // empty: base
  [[nodiscard]] bool is_base() const { return revisions.empty(); }
};

/// Resolves `target` against the graph and the rows of a version table. Relative forms without a
/// revision start at the single current row ("+N": base when there is none). Errors, all naming
/// candidates with their messages: kNotFound "unknown_revision", "unknown_revision_short_id";
/// kConflict "multiple_heads", "ambiguous_partial_id", "ambiguous_relative"; kInvalid
/// "relative_out_of_range".
[[nodiscard]] ResolvedTarget ResolveTarget(const Graph& graph, std::string_view target,
                                           std::span<const RevisionId> rows, Direction direction);

/// One revision by id, unique prefix, or "head". Throws like ResolveTarget.
[[nodiscard]] RevisionId ResolveRevision(const Graph& graph, std::string_view target);

/// "981cbaae32a1 (Initial migration), 4b1c… (Add notes)": for messages that list candidates.
[[nodiscard]] std::string NameRevisions(const Graph& graph, std::span<const RevisionId> ids);

}  // namespace drover::migrations
