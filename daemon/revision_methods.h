// The methods that write a new revision by hand's orders; schema_methods.h has those that find out
// themselves what to write.
#pragma once

#include "daemon/service.h"

namespace drover::daemon {

void HandleRevision(Service& service, const CallPtr& call);
void HandleMerge(Service& service, const CallPtr& call);

}  // namespace drover::daemon
