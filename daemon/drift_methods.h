// The methods about drift: the report, and the two ways out of it.
#pragma once

#include "daemon/service.h"

namespace drover::daemon {

/// Answers with a DriftDocument of the environments named, or of all.
void HandleDrift(Service& service, const CallPtr& call);

/// Brings one environment's database back to the schema of its revisions, in the queue of that
/// database: the journal has the intent before and the outcome after it.
void HandleDriftFix(Service& service, const CallPtr& call);

/// Writes what one environment's database has otherwise as a draft, and stamps it there.
void HandleDriftAdopt(Service& service, const CallPtr& call);

}  // namespace drover::daemon
