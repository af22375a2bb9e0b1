// Ctrl-C: the first is noticed by whoever waits, the second ends the program with 130 at once.
// One per process, because signals are.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"

namespace drover::client {

using Deadline = std::optional<std::chrono::steady_clock::time_point>;  // nothing: wait for ever

enum class Ready : std::uint8_t { kReady, kTimedOut, kInterrupted };
enum class For : std::uint8_t { kReading, kWriting };

/// Installs the handler for SIGINT and SIGTERM. Call once, before the first WaitFor().
void CatchInterrupts();

/// How many times Ctrl-C may be pressed before it ends the program at once: once, unless told.
void AllowInterrupts(int count);

/// Waits until `fd` can be read or written (or has failed, which the next call on it tells), the
/// deadline passes, or Ctrl-C is pressed. Each Ctrl-C is reported once.
[[nodiscard]] Ready WaitFor(int fd, For what, const Deadline& deadline);

/// What comes from `fd` until its end, or until `enough` says so of what there is. Throws `late`
/// when the deadline passes, and kCancelled ("interrupted") at Ctrl-C.
[[nodiscard]] std::string ReadWithin(int fd, const Deadline& deadline, const Error& late,
                                     const std::function<bool(std::string_view)>& enough);

/// `seconds` from now.
[[nodiscard]] Deadline After(double seconds);

}  // namespace drover::client
