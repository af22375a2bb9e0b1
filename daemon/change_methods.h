// The methods that carry one change to one environment out, or show it: from the request through
// PlanChange() to the job.
#pragma once

#include "daemon/service.h"

namespace drover::daemon {

void HandlePlan(Service& service, const CallPtr& call);
void HandleUpgrade(Service& service, const CallPtr& call);
void HandleDowngrade(Service& service, const CallPtr& call);
void HandleStamp(Service& service, const CallPtr& call);
void HandleRedo(Service& service, const CallPtr& call);
void HandleAlign(Service& service, const CallPtr& call);
void HandleRepair(Service& service, const CallPtr& call);

}  // namespace drover::daemon
