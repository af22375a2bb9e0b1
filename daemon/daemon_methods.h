// The methods about the daemon itself: who it is, which projects it watches and trusts, who is
// told.
#pragma once

#include "daemon/service.h"

namespace drover::daemon {

void HandleHello(Service& service, const CallPtr& call);
void HandlePing(Service& service, const CallPtr& call);
void HandleDescribe(Service& service, const CallPtr& call);
void HandleTrust(Service& service, const CallPtr& call);
void HandleSubscribe(Service& service, const CallPtr& call);
void HandleCancel(Service& service, const CallPtr& call);
void HandleRegister(Service& service, const CallPtr& call);
void HandleUnregister(Service& service, const CallPtr& call);
void HandleReload(Service& service, const CallPtr& call);
void HandleStop(Service& service, const CallPtr& call);

}  // namespace drover::daemon
