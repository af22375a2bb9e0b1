// Accepting one edit of an applied revision: the checks before it, the document that shows it, and
// the job that records it. How it is written is in migrations/repair.h.
#pragma once

#include <string>

#include "base/protocol.h"
#include "base/revision_documents.h"
#include "daemon/jobs.h"
#include "daemon/project.h"
#include "daemon/view.h"

namespace drover::daemon {

struct RepairPlan {
  JobRequest request;
  RepairDocument document;  // `diff` is still empty: it needs the database
};

/// Which edit of which database is meant. Throws what OneEnvironment, CheckTarget and
/// ResolveRevision throw; kNotFound ("database.missing"); kBusy ("job.running"); kInvalid
/// ("not_applied", "nothing_to_repair"); kDrift ("orphan") for a revision without a file; and,
/// unless dry_run, kRefused ("environment.protected").
[[nodiscard]] RepairPlan PlanRepair(const Project& project, const View& view, const Params& params);

/// Fills in the difference. Reads the database: for a worker. Throws like InspectArchive.
void AddDiff(RepairPlan& plan);

/// Throws kRefused ("repair.unconfirmed") unless the user has said yes.
void CheckConsent(const RepairPlan& plan, const Params& params);

}  // namespace drover::daemon
