// The rehearsal: a plan is carried out on a private copy of the real data first, and what it does
// there is compared with what its statements say. What passes on an empty table and fails on a
// filled one, loses rows on the way, or leaves a trigger behind shows before the database itself is
// touched.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>

#include "base/error.h"
#include "base/safety_documents.h"
#include "migrations/apply.h"
#include "migrations/graph.h"
#include "migrations/snapshots/snapshots.h"
#include "migrations/stubs.h"

namespace drover::migrations {

/// Carries the plan out on the database at `path` by other means than Apply().
using CarryOutPlan = std::function<ApplyResult(
    const std::string& path, const ApplyObserver& observer, const std::stop_token& stop)>;

/// What is known of the losses of a plan that is carried out by other means: its steps have no SQL
/// that could say it.
enum class Losses : std::uint8_t {
  kUnknown,  // a table, a column or rows that go are problems
  kWayDown,  // tables and columns go with what they hold: it is what a downgrade is for
  kWanted,   // so are rows of tables that stay
};

struct RehearsalRequest {
  std::string database;  // whose copy it is, for messages
  std::string copy;      // a private file, changed by the rehearsal
  std::string version_table;
  AppliedBy by;
  Stubs stubs;
  Snapshots snapshots{};
  std::shared_ptr<const Graph> graph;  // what the schema is compared with; null: with nothing
  std::function<Plan(std::span<const RevisionId> rows)> plan;
  CarryOutPlan carry_out{};  // empty: Apply()
  Losses losses = Losses::kUnknown;
};

struct Rehearsal {
  RehearsalReport report;
  std::optional<Error> error;  // why the plan must not be carried out; nothing: it may
};

/// Carries the plan out on the copy with everything that Apply does, and reports: "failed" when a
/// statement fails, with that statement's error; "refused" when the plan would lose rows of tables
/// that no statement deletes from, drop a trigger together with its table without making it anew,
/// put the values of one column into another, leave foreign keys that refer to nothing, damage the
/// file, or end in another schema than its revisions say. A plan with `carry_out` says nothing of
/// itself, so that what it loses is a problem, unless it is wanted; when it goes down and up again,
/// so is what is lost where it turns. What was so before the plan does not count. Throws
/// kCancelled, and what goes wrong with the copy itself.
[[nodiscard]] Rehearsal Rehearse(const RehearsalRequest& request, const ApplyObserver& observer,
                                 const std::stop_token& stop);

}  // namespace drover::migrations
