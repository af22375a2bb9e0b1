// From the rows of a version table to a goal: which revisions run, in which order, and what the
// version table holds after each of them. Pure; the law is Alembic's: the rows are the maximal
// elements of the applied set, where "below" follows down_revision and depends_on.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/documents.h"
#include "migrations/graph.h"
#include "migrations/identifiers.h"

namespace drover::migrations {

struct Step {
  Revision revision;
  Direction direction = Direction::kUp;
  std::vector<RevisionId> rows_before;  // sorted
  std::vector<RevisionId> rows_after;   // sorted
  std::vector<Destruction> destructive;

  /// The SQL of this step.
  [[nodiscard]] const Script& script() const {
    return direction == Direction::kUp ? revision.up : *revision.down;
  }
};

struct Plan {
  std::vector<RevisionId> from;  // sorted
  std::vector<RevisionId> to;    // sorted
  std::vector<Step> steps;
  std::vector<std::string> warnings;
};

enum class Drafts : std::uint8_t {
  kStopBefore,       // a draft ends the plan
  kStopBeforeEmpty,  // so does a revision that does nothing yet: automatic apply
  kInclude,
};

/// Upwards only; what is already applied is left alone with a warning. Throws what ResolveTarget
/// throws; kDrift ("unknown_revision") when a row is not in the graph (an orphan); kConflict
/// ("overlapping_revisions") when one row is below another; kRefused ("draft") when the target
/// itself is a draft and drafts are not included.
[[nodiscard]] Plan PlanUpgrade(const Graph& graph, std::span<const RevisionId> rows,
                               std::string_view target, Drafts drafts);

/// Removes everything applied above `target`. Throws also kInvalid ("not_a_valid_downgrade_target")
/// and kRefused ("irreversible") for a revision without a down section.
[[nodiscard]] Plan PlanDowngrade(const Graph& graph, std::span<const RevisionId> rows,
                                 std::string_view target);

enum class Purge : std::uint8_t { kNo, kYes };

/// Only the rows change; there are no steps. With kYes the present rows need not be known.
[[nodiscard]] Plan PlanStamp(const Graph& graph, std::span<const RevisionId> rows,
                             std::string_view target, Purge purge);

/// Adds a warning for each step that runs without a transaction.
void WarnOfMissingTransactions(Plan& plan);

/// The revisions not yet applied for `heads` to be reached, in order; the first draft (or a
/// revision that does nothing yet) and all above it left out. Unknown rows count as nothing.
[[nodiscard]] std::vector<const Revision*> Pending(const Graph& graph,
                                                   std::span<const RevisionId> rows);

}  // namespace drover::migrations
