// The methods that write a revision for somebody to fill in, or a merge; schema_methods.h has those
// that find out themselves what to write.
#pragma once

#include "daemon/service.h"

namespace drover::daemon {

void HandleRevision(Service& service, const CallPtr& call);
void HandleMerge(Service& service, const CallPtr& call);

}  // namespace drover::daemon
