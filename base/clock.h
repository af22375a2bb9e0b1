// Wall-clock time as drover writes it: UTC, RFC 3339. The only place that reads the wall clock.
#pragma once

#include <chrono>
#include <string>

namespace drover {

using WallTime = std::chrono::system_clock::time_point;

/// The time now.
[[nodiscard]] WallTime WallNow();

/// "2026-02-12T23:20:18Z".
[[nodiscard]] std::string FormatUtc(WallTime time);

/// "2026-02-12T23:20:18.042Z": for logs, events and the journal.
[[nodiscard]] std::string FormatUtcMilliseconds(WallTime time);

}  // namespace drover
