// Runs a child process to its end: input in, output out, within a time limit. Blocks; for workers.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace drover::daemon {

struct ChildCommand {
  enum class Errors : std::uint8_t { kInherited, kDiscarded, kWithOutput };

  std::vector<std::string> arguments;    // the first is the program, sought in PATH without a slash
  std::string input{};                   // on stdin
  std::string directory{};               // in which it runs; empty: ours
  std::vector<std::string> variables{};  // "NAME=value", the whole of its environment; empty: ours
  Errors errors = Errors::kInherited;    // where stderr goes
  std::chrono::milliseconds limit{20'000};
  std::stop_token stop{};                             // asked to stop, the child is killed
  std::function<void(std::string_view)> on_output{};  // each piece as it comes, on this thread
};

struct ChildResult {
  int exit_code = -1;  // 128 + signal when killed
  std::string output;  // at most 64 MiB
};

/// Runs a child in a process group of its own. SIGPIPE must be ignored, as Loop does: a child need
/// not read. Throws kIo when it cannot be started; kTimedOut ("child.timed_out") and kCancelled
/// ("child.stopped") after killing the group.
[[nodiscard]] ChildResult RunChild(const ChildCommand& command);

}  // namespace drover::daemon
