// The methods that only read what is known of a project.
#pragma once

#include "daemon/service.h"

namespace drover::daemon {

void HandleStatus(Service& service, const CallPtr& call);
void HandleCurrent(Service& service, const CallPtr& call);
void HandleHistory(Service& service, const CallPtr& call);
void HandleWhere(Service& service, const CallPtr& call);
void HandleExec(Service& service, const CallPtr& call);

}  // namespace drover::daemon
