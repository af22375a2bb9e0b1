// Wall-clock time as drover writes it: UTC, RFC 3339. The only place that reads the wall clock and
// the time zone.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace drover {

using WallTime = std::chrono::system_clock::time_point;

/// The time now.
[[nodiscard]] WallTime WallNow();

/// "2026-02-12T23:20:18Z".
[[nodiscard]] std::string FormatUtc(WallTime time);

/// "2026-02-12T23:20:18.042Z": for logs, events and the journal.
[[nodiscard]] std::string FormatUtcMilliseconds(WallTime time);

/// "20260212-232018-4f0c1a": sorts by time, and no two of one second are equal.
[[nodiscard]] std::string TimestampId();

enum class TimeZone : std::uint8_t { kUtc, kLocal };

/// A time as people write it.
struct CalendarTime {
  int year = 0;
  int month = 0;  // from 1
  int day = 0;    // from 1
  int hour = 0;
  int minute = 0;
  int second = 0;
  bool operator==(const CalendarTime&) const = default;
};

/// `time` in UTC, or in the zone of this process ($TZ, else the machine's).
[[nodiscard]] CalendarTime ToCalendar(WallTime time, TimeZone zone);

}  // namespace drover
