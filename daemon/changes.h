// The checks before a change of a database: which environment, may it be touched, what would
// happen. Shared by plan, upgrade, downgrade, stamp and redo; repair.h uses the checks. Pure but
// for the project's own view.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/plan_documents.h"
#include "base/protocol.h"
#include "daemon/jobs.h"
#include "daemon/project.h"
#include "daemon/view.h"

namespace drover::daemon {

/// A change on its way through PlanChange(), JudgeChange() and FinishChange().
struct ChangeRequest {
  JobRequest request;
  migrations::Plan plan;
  bool judged = true;                  // false: has steps whose destruction the look has not judged
  PlanDocument document;               // what is going to happen
  std::optional<PlanDocument> answer;  // set for a preview: plan, dry_run, sql
};

/// The one environment a change is about: the one named, else the default. Throws kInvalid
/// ("protocol.params") when several are named and kNotFound ("environment.unknown").
[[nodiscard]] std::size_t OneEnvironment(const View& view, const Params& params);

/// Throws kRefused ("database.memory"), or the target's own error, unless it is a file.
void CheckTarget(const environments::Target& target);

/// Throws kRefused ("environment.protected") unless the request carries the name of every protected
/// environment on this file; `command` is what to type with it.
void CheckProtected(const View& view, const Verdict& verdict, const Params& params,
                    const std::string& command);

/// The same for the command of a job. An upgrade may always.
void CheckProtection(const View& view, const Verdict& verdict, const Params& params,
                     JobCommand command);

/// One warning while the drover.yaml on disk is not the one in force.
[[nodiscard]] std::vector<std::string> WarnOfBrokenConfig(const View& view);

/// Makes the job and the plan. Throws kNotFound ("environment.unknown", "database.missing"),
/// kRefused ("database.unversioned", "history.unfinished"), the target's own error when it is
/// unresolved, kDrift ("orphan") for an upgrade or a redo while an applied revision has no file,
/// and what planning throws.
[[nodiscard]] ChangeRequest PlanChange(const Project& project, const View& view,
                                       const Params& params, JobCommand command, bool carry_out);

/// Finds out on a copy of the database's schema what the plan destroys. Reads the database, so it
/// belongs on a worker; needed only when `judged` is false.
void JudgeChange(ChangeRequest& change);

/// Makes the document, and the answer to a preview; the SQL of Alembic's revisions only Alembic can
/// write (alembic_script.h). A change that is to be carried out is checked
/// for consent: throws kRefused ("environment.protected", "plan.destructive",
/// "plan.destructive_refused").
void FinishChange(ChangeRequest& change, const View& view, const Params& params, bool carry_out);

/// The document for a job that has been carried out.
[[nodiscard]] PlanDocument ResultDocument(PlanDocument planned, const JobOutcome& outcome);

}  // namespace drover::daemon
