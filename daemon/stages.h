// The progress of a request that is carried out in stages.
#pragma once

#include "daemon/service.h"
#include "migrations/schema_diff/autogenerate.h"

namespace drover::daemon {

/// Tells the session of `call` about each stage, as notifications `progress`; nothing for a request
/// without a number. `service` must outlive it; it may be called on a worker.
[[nodiscard]] migrations::StageObserver TellStages(Service& service, const CallPtr& call);

}  // namespace drover::daemon
