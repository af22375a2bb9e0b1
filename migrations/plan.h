// From the rows of a version table to a goal: which revisions run, in which order, and what the
// version table holds after each of them. Pure; the law is Alembic's: the rows are the maximal
// elements of the applied set, where "below" follows down_revision and depends_on.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/plan_documents.h"
#include "migrations/graph.h"
#include "migrations/identifiers.h"

namespace drover::migrations {

struct Step {
  Revision revision;
  Direction direction = Direction::kUp;
  std::vector<RevisionId> rows_before;   // sorted
  std::vector<RevisionId> rows_after;    // sorted
  std::vector<Destruction> destructive;  // once somebody has judged it: planning does not

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
/// throws; kDrift ("unknown_revision", "unknown_revision_short_id") when a row is not in the graph
/// (an orphan); kConflict ("overlapping_revisions") when one row is below another; kRefused
/// ("draft") when the target itself is a draft and drafts are not included; kInvalid
/// ("range_not_allowed") for "a:b", which only PlanOffline takes.
[[nodiscard]] Plan PlanUpgrade(const Graph& graph, std::span<const RevisionId> rows,
                               std::string_view target, Drafts drafts);

/// Removes everything applied that follows the children of `target`, by down_revision or
/// depends_on; with "label@", only children on the way to that label, if there are several. Throws
/// also kInvalid ("not_a_valid_downgrade_target") when nothing is applied there and the database is
/// not at `target` either, and kRefused ("irreversible") for a revision without a down section.
[[nodiscard]] Plan PlanDowngrade(const Graph& graph, std::span<const RevisionId> rows,
                                 std::string_view target);

enum class Purge : std::uint8_t { kNo, kYes };

/// "a:b", from the rows that `a` stands for: what `--sql` prints without a database. Upwards `a`
/// may be left out together with the colon (then it is base); downwards it may not (kInvalid
/// "sql_downgrade_needs_range").
[[nodiscard]] Plan PlanOffline(const Graph& graph, std::string_view range, Direction direction,
                               Drafts drafts);

/// Only the rows change; there are no steps. `targets` are separated by blanks: each replaces the
/// rows above and below it, the others stay. With kYes the present rows need not be known. Throws
/// what ResolveSymbol throws, and kConflict ("overlapping_revisions") when one of the targets lies
/// below another.
[[nodiscard]] Plan PlanStamp(const Graph& graph, std::span<const RevisionId> rows,
                             std::string_view targets, Purge purge);

/// The revisions that a plan of PlanStamp() newly records, for their rows in the history.
[[nodiscard]] std::vector<const Revision*> StampedRevisions(const Plan& plan, const Graph& graph);

/// Adds a warning for each step that runs without a transaction.
void WarnOfMissingTransactions(Plan& plan);

/// The revisions not yet applied for `heads` to be reached, in order; the first draft (or a
/// revision that does nothing yet) and all above it left out. Unknown rows count as nothing.
[[nodiscard]] std::vector<const Revision*> Pending(const Graph& graph,
                                                   std::span<const RevisionId> rows);

}  // namespace drover::migrations
