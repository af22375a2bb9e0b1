// Decisions about backups and what is put back: where backups lie, which one is meant, may it be
// done, what would happen. Reads manifests; carrying it out is the business of a job.
#pragma once

#include "base/protocol.h"
#include "base/safety_documents.h"
#include "daemon/jobs.h"
#include "daemon/view.h"

namespace drover::daemon {

/// The project's policy, with the state directory for backups that have no place of their own.
[[nodiscard]] migrations::SafetyPolicy SafetyOf(const environments::Config& config,
                                                const StateStore& store);

/// A restore or a reset: the job's request, and what the user is told.
struct ReplacementPlan {
  JobRequest request;
  RestoreDocument document;
};

/// The backup `params.target` (default: the latest) into the environment's database. Throws what
/// FindBackup, OneEnvironment and CheckTarget throw; kRefused ("environment.protected";
/// "restore.unconfirmed" without a yes), unless dry_run. For a worker.
[[nodiscard]] ReplacementPlan PlanRestoreBackup(JobRequest request, const View& view,
                                                const Params& params);

/// The same backup into the new file `params.to`; there is no job to be carried out. Throws what
/// FindBackup throws, kConflict ("io.exists") when there is such a file, kRefused
/// ("restore.configured") for the path of an environment.
[[nodiscard]] RestoreDocument RestoreToFile(const JobRequest& request, const View& view,
                                            const Params& params);

/// A new database at head, with no rows but those of its migrations, in place of the environment's.
/// Throws kRefused
/// ("reset.not_development") for a protected environment or one outside of the project;
/// "reset.unconfirmed" without a yes, unless dry_run; "database.unversioned" for a database that
/// drover did not make.
[[nodiscard]] ReplacementPlan PlanReset(JobRequest request, const View& view, const Params& params);

/// The backups of the environments named, of all when there are none; newest first.
[[nodiscard]] BackupsDocument ListBackups(const View& view, const StateStore& store,
                                          const std::vector<std::string>& environments);

/// The jobs of a project, newest first: of the environments named, of all when there are none.
/// Throws kIo.
[[nodiscard]] LogDocument ReadLog(const Journal& journal, const std::string& project,
                                  const std::vector<std::string>& environments, std::size_t limit);

}  // namespace drover::daemon
