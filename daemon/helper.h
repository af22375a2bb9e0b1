// Asks a process of our own program that may do what the daemon must not: read database files raw
// (`--scan`), or move them about (`--remedy`). Blocks; for workers.
#pragma once

#include <chrono>
#include <string>

namespace drover::daemon {

/// Runs `droverd MODE` with an encoded request on stdin; returns the document it prints. Throws the
/// error that the helper has ended with, kInternal ("helper.failed") when it died otherwise, and
/// what RunChild() throws.
[[nodiscard]] std::string RunHelper(const std::string& mode, const std::string& request,
                                    std::chrono::milliseconds limit);

}  // namespace drover::daemon
