// The decisions before a remedy for a stray: which one is meant, may it be touched, what would
// happen. Pure but for the manifests of archives. Carrying it out is the business of a process of
// its own (environments/strays/remedies.h).
#pragma once

#include <string>

#include "base/protocol.h"
#include "base/stray_documents.h"
#include "daemon/view.h"

namespace drover::daemon {

/// A request for the helper, and what the user is told.
struct RemedyPlan {
  RemedyRequest request;
  RemedyDocument document;
};

/// The stray at `params.target`, an absolute path. Throws kInvalid ("protocol.params"), kRefused
/// ("stray.configured") for an environment's own database, kNotFound ("stray.unknown").
[[nodiscard]] const StrayEntry& FindStray(const View& view, const Params& params);

/// Comparing a stray with the environment named, else the one it resembles, else the default.
/// Throws what FindStray, SelectEnvironments and CheckTarget throw.
[[nodiscard]] ScanRequest PlanDiff(const View& view, const Params& params,
                                   StrayDiffDocument& document);

/// Throws what FindStray throws; kRefused ("stray.held", "stray.hot_journal", "stray.not_a_file").
[[nodiscard]] RemedyPlan PlanArchive(const View& view, const Params& params,
                                     const std::string& state_directory);

/// Throws what environments::FindArchive throws. Reads manifests: for a worker.
[[nodiscard]] RemedyPlan PlanRestore(const View& view, const Params& params,
                                     const std::string& state_directory);

/// `params.target` is a stray's path or an archive's id. Throws what PlanArchive, OneEnvironment,
/// CheckTarget and CheckProtection throw; kRefused ("stray.alias"; "stray.unadoptable" for what is
/// no readable database; "stray.unconfirmed" without a yes, unless dry_run). Reads manifests: for a
/// worker.
[[nodiscard]] RemedyPlan PlanAdopt(const View& view, const Params& params,
                                   const std::string& state_directory);

}  // namespace drover::daemon
