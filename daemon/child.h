// Runs a child process to its end: input in, output out, within a time limit. Blocks; for workers.
#pragma once

#include <chrono>
#include <string>
#include <vector>

namespace drover::daemon {

struct ChildResult {
  int exit_code = -1;  // 128 + signal when killed
  std::string output;  // stdout, at most 64 MiB
};

/// Runs `arguments` (the first is the program's path) with `input` on stdin; stderr is inherited.
/// SIGPIPE must be ignored, as Loop does: a child need not read. Throws kIo when it cannot be
/// started and kTimedOut, after killing it, when the limit passes.
[[nodiscard]] ChildResult RunChild(const std::vector<std::string>& arguments,
                                   const std::string& input, std::chrono::milliseconds limit);

}  // namespace drover::daemon
