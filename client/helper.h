// A one-shot droverd: a request on its stdin, the answer from its stdout. For what needs no project
// and no daemon, but libraries that this program does not link.
#pragma once

#include <string>
#include <string_view>

#include "client/interrupt.h"

namespace drover::client {

/// Runs `droverd MODE` ("--survey") with `request` and returns what it printed; its stderr is ours.
/// Throws the error that it answered with, kNotFound ("daemon.program"), kUnavailable
/// ("helper.failed"), kTimedOut ("helper.late") and kCancelled ("interrupted"), after ending it.
[[nodiscard]] std::string RunHelper(std::string_view mode, const std::string& request,
                                    const Deadline& deadline);

}  // namespace drover::client
