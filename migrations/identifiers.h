// What a user may write where a revision is expected, and what it stands for. The grammar is
// Alembic's (docs/migrations.md): [label@]symbol, where the symbol is an id, a unique prefix of
// one, a branch label, "head", "heads" or "base"; upgrade, downgrade and history also take "+N" and
// "-N", alone or after a symbol. "label@" limits the symbol to the lineage of the labelled
// revision; an id may stand as the label. Pure.
//
// Errors, all naming candidates with their messages: kNotFound "unknown_revision",
// "unknown_revision_short_id" (too short to be an abbreviation), "not_in_branch"; kConflict
// "multiple_heads", "ambiguous_partial_id", "ambiguous_relative"; kInvalid "empty_identifier",
// "relative_out_of_range", "branch_not_in_current".
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
  std::vector<RevisionId> revisions{};  // empty: base
  std::optional<RevisionId> branch{};   // the revision that "label@" named
  [[nodiscard]] bool is_base() const { return revisions.empty(); }
};

/// The target of an upgrade or a downgrade. Relative forms without a symbol start at the single
/// current row ("+N": base when there is none); with a label, at what is applied of its lineage.
[[nodiscard]] ResolvedTarget ResolveTarget(const Graph& graph, std::string_view target,
                                           std::span<const RevisionId> rows, Direction direction);

/// What "everything" is as the target of an upgrade: "heads" where every line has a base of its
/// own, else "head", which several heads that want a merge make an error.
[[nodiscard]] std::string_view TargetOfAll(const Graph& graph);

/// What stamp, revision and merge take: no relative forms. The hint of the error for one names what
/// it would mean to an upgrade.
[[nodiscard]] ResolvedTarget ResolveSymbol(const Graph& graph, std::string_view text);

/// The same for looking at revisions: "-N" stands for what lies N below each head.
[[nodiscard]] std::vector<RevisionId> ResolveToShow(const Graph& graph, std::string_view text);

/// One revision by anything ResolveSymbol takes; kConflict "multiple_heads" when it means several.
[[nodiscard]] RevisionId ResolveRevision(const Graph& graph, std::string_view text);

/// The two sides of "a:b"; nothing when there is no colon. The sides may be empty.
struct RangeText {
  std::string_view from;
  std::string_view to;
};
[[nodiscard]] std::optional<RangeText> CutRange(std::string_view text);

/// The revisions of `history -r a:b`, both ends included; an empty side is the end of the history
/// on that side. A relative start counts from the end and the other way round; a start below the
/// base is the base. "current" stands for `rows`. One bool per revision. Throws also kInvalid
/// "range" without a colon and "range_not_ancestor".
[[nodiscard]] std::vector<bool> ResolveRange(const Graph& graph, std::string_view range,
                                             std::span<const RevisionId> rows);

/// The kind of the error for a name that nothing has: "unknown_revision", or
/// "unknown_revision_short_id" when it could not have been an abbreviation either.
[[nodiscard]] std::string UnknownKind(std::string_view id);

/// "981cbaae32a1 (Initial migration), 4b1c… (Add notes)": for messages that list candidates.
[[nodiscard]] std::string NameRevisions(const Graph& graph, std::span<const RevisionId> ids);

}  // namespace drover::migrations
