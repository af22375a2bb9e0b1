// Starting droverd: as the daemon, with a pipe on which it says whether it is ready, or as our own
// child on a socket pair (--local).
#pragma once

#include <string>

#include "client/connection.h"

namespace drover::client {

/// The droverd to start: $DROVERD, beside this program, in PATH. Throws kNotFound
/// ("daemon.program") when there is none.
[[nodiscard]] std::string FindDaemonProgram();

/// Starts droverd in the background and waits until it serves. A daemon that was started by
/// somebody else meanwhile is as good. Throws what droverd reports, kTimedOut
/// ("daemon.start_late"), kUnavailable ("daemon.start_failed").
void StartDaemon(const Deadline& deadline);

/// Runs `droverd --stdio` as a child of this process.
[[nodiscard]] Connection StartLocal();

}  // namespace drover::client
