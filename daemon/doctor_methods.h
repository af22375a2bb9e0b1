// The methods of the protocol that doctor uses.
#pragma once

#include "daemon/service.h"

namespace drover::daemon {

void HandleDoctor(Service& service, const CallPtr& call);
void HandleDoctorFix(Service& service, const CallPtr& call);
void HandleExplain(Service& service, const CallPtr& call);

}  // namespace drover::daemon
