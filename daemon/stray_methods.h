// The methods of the protocol that are about strays.
#pragma once

#include "daemon/service.h"

namespace drover::daemon {

void HandleStrays(Service& service, const CallPtr& call);
void HandleStraysDiff(Service& service, const CallPtr& call);
void HandleStraysArchive(Service& service, const CallPtr& call);
void HandleStraysRestore(Service& service, const CallPtr& call);
void HandleStraysAdopt(Service& service, const CallPtr& call);
void HandleStraysIgnore(Service& service, const CallPtr& call);

}  // namespace drover::daemon
