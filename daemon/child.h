// Runs a child process to its end: input in, output out, within a time limit. Blocks; for workers.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <stop_token>
#include <string>
#include <vector>

namespace drover::daemon {

struct ChildCommand {
  enum class Errors : std::uint8_t { kInherited, kDiscarded, kWithOutput, kApart };

  std::vector<std::string> arguments;    // the first is the program, sought in PATH without a slash
  std::string input{};                   // on stdin
  std::string directory{};               // in which it runs; empty: ours
  std::vector<std::string> variables{};  // "NAME=value", the whole of its environment; empty: ours
  Errors errors = Errors::kInherited;    // where stderr goes
  std::chrono::milliseconds limit{20'000};
  std::stop_token stop{};  // asked to stop, the child is killed
  int inherited = -1;      // a descriptor that it keeps open as long as it lives; -1: none
  std::function<void(const std::string& output)> on_killed{};  // before the exception
};

struct ChildResult {
  int exit_code = -1;  // 128 + signal when killed
  std::string output;  // of more than 64 MiB the beginning and the end
  std::string errors;  // the same of stderr, when that is wanted apart
};

/// Runs a child in a process group of its own. Input and output are files in memory, so that a
/// child neither waits for us nor notices our end; what it leaves running in the background is not
/// waited for. Throws kIo when it cannot be started; kTimedOut ("child.timed_out") and kCancelled
/// ("child.stopped") after killing the group.
[[nodiscard]] ChildResult RunChild(const ChildCommand& command);

}  // namespace drover::daemon
