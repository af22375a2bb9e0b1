// The methods about backups, what is put back, and the log.
#pragma once

#include "daemon/service.h"

namespace drover::daemon {

void HandleBackup(Service& service, const CallPtr& call);
void HandleBackups(Service& service, const CallPtr& call);
void HandleRestore(Service& service, const CallPtr& call);
void HandleReset(Service& service, const CallPtr& call);
void HandleVerify(Service& service, const CallPtr& call);
void HandleLog(Service& service, const CallPtr& call);

/// Answers a preview with a rehearsal of it on a copy of the database.
void AnswerRehearsed(Service& service, const CallPtr& call, JobRequest request,
                     PlanDocument document);

}  // namespace drover::daemon
