// Asking the user on a terminal before something is destroyed or a protected environment is
// touched.
#pragma once

#include <string>
#include <string_view>

namespace drover::client {

/// Can the user be asked: are stdin and stderr terminals?
[[nodiscard]] bool CanAsk();

/// Prints `question` on stderr and reads one line from stdin, trimmed; empty at the end of input.
/// Throws kCancelled ("interrupted") for Ctrl-C.
[[nodiscard]] std::string AskLine(std::string_view question);

/// Is `answer` a yes? An empty one is a no.
[[nodiscard]] bool IsYes(std::string_view answer);

}  // namespace drover::client
