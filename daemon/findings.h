// What a project's user should know beside the states of its environments. Pure: an observation
// in, findings out.
#pragma once

#include <span>
#include <vector>

#include "base/error_documents.h"
#include "base/stray_documents.h"
#include "daemon/observe.h"

namespace drover::daemon {

/// For sorting: the worst first.
[[nodiscard]] int RankOf(const Finding& finding);

/// Findings of the project as a whole and of its targets, the worst first: configuration, migration
/// files, hazards.
[[nodiscard]] std::vector<Finding> CollectFindings(const Observation& observation);

/// The error that a migrations folder is not there.
[[nodiscard]] Error MissingFolder(const environments::Config& config, const std::string& folder);

/// What the processes that go on with a deleted database put at risk.
[[nodiscard]] std::vector<Finding> DetachedFindings(const Observation& observation,
                                                    std::span<const DetachedUse> uses);

}  // namespace drover::daemon
