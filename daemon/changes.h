// The checks before a change of a database: which environment, may it be touched, what would
// happen. Shared by plan, upgrade, downgrade and stamp. Pure but for the project's own view.
#pragma once

#include <optional>

#include "base/documents.h"
#include "base/protocol.h"
#include "daemon/jobs.h"
#include "daemon/project.h"
#include "daemon/view.h"

namespace drover::daemon {

struct ChangeRequest {
  JobRequest request;
  PlanDocument document;               // what is going to happen
  std::optional<PlanDocument> answer;  // set for a preview: plan, dry_run, sql
};

/// Makes the job and the plan. Throws kNotFound ("environment.unknown", "database.missing"),
/// kRefused
/// ("environment.protected", "plan.destructive", "database.unversioned", "history.unfinished"), the
/// target's own error when it is unresolved, and what planning throws.
[[nodiscard]] ChangeRequest PrepareChange(Project& project, const View& view, const Params& params,
                                          JobCommand command, bool carry_out);

/// The document for a job that has been carried out.
[[nodiscard]] PlanDocument ResultDocument(PlanDocument planned, const JobOutcome& outcome);

}  // namespace drover::daemon
