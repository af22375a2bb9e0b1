// Drift: an environment's database beside the schema of its recorded revisions. The report with its
// likely cause, and the plans that bring the two together. Blocks; for workers, but for the parts
// that say otherwise.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/protocol.h"
#include "base/schema_documents.h"
#include "daemon/project.h"
#include "daemon/schema_check.h"
#include "daemon/view.h"
#include "migrations/schema_diff/drift.h"

namespace drover::daemon {

/// What to ask about the environment at `index`; nothing when it cannot have drifted: no database,
/// no version table, no graph, or revisions that no file and no archive has. Pure.
[[nodiscard]] std::optional<DriftQuestion> DriftQuestionFor(const Observation& seen,
                                                            std::size_t index);

/// The report of one environment. Never throws for what the database or the migrations hold: that
/// is the state "unknown" with its reason.
[[nodiscard]] EnvironmentDrift ReportDrift(const View& view, SchemaChecker& schemas,
                                           std::size_t index);

/// Adds the findings of the environments for which comparing was too much work for a look. Never
/// throws for what a database holds.
void AddDriftFindings(View& view, SchemaChecker& schemas);

/// The finding "schema-drift". Pure.
[[nodiscard]] Finding DriftFinding(const Observation& seen, const std::string& environment,
                                   const DriftFacts& facts);

/// A repair that has been planned.
struct DriftFix {
  migrations::HealPlan plan;
  DriftRemedyDocument document;
};

/// Plans `drift --fix`. Throws what OneEnvironment and CheckTarget throw, kInvalid ("drift.none"),
/// kRefused ("drift.blocked", "drift.too_large"), and as Drift() and PlanHeal().
[[nodiscard]] DriftFix PlanDriftFix(const View& view, const Params& params);

/// Carries it out, after a backup. Throws like TakeBackup() and Heal().
void CarryOutDriftFix(DriftFix& fix, const View& view, const StateStore& store);

/// Plans `drift --adopt`: the migration, without a file yet. Throws as PlanDriftFix(), and what
/// ResolveParents throws when the database is not at a head.
[[nodiscard]] DriftRemedyDocument PlanDriftAdopt(const View& view, const Params& params);

/// Writes the migration of PlanDriftAdopt() as a draft.
void WriteDriftAdopt(DriftRemedyDocument& document, const View& view, const Params& params);

/// Throws kRefused ("drift.unconfirmed") unless the user has said yes, and kRefused
/// ("environment.protected") unless a protected environment was named. Pure.
void CheckDriftConsent(const View& view, const Params& params, std::string_view action);

}  // namespace drover::daemon
