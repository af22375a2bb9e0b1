// Running git on somebody's repository without running what the repository says.
#pragma once

#include <string>
#include <vector>

#include "daemon/child.h"

namespace drover::daemon {

/// `git -C directory arguments…`, with `input` on stdin; the output holds stderr, too, unless
/// `errors` says otherwise. Nothing of the daemon's own environment decides which repository it is,
/// no hook, monitor, pager or signature checker that its configuration names is started, no
/// question is asked, nothing is fetched and no index is written on the way. Throws kUnavailable
/// ("git.missing"), and what RunChild throws.
[[nodiscard]] ChildResult RunGit(const std::string& directory, std::vector<std::string> arguments,
                                 std::string input = {},
                                 ChildCommand::Errors errors = ChildCommand::Errors::kWithOutput,
                                 std::chrono::milliseconds limit = std::chrono::seconds(20));

}  // namespace drover::daemon
