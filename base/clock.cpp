#include "base/clock.h"

#include <cstdio>
#include <ctime>
#include <random>

namespace drover {
namespace {

std::tm Broken(WallTime time, TimeZone zone) {
  const auto whole = std::chrono::floor<std::chrono::seconds>(time);
  const std::time_t seconds = std::chrono::system_clock::to_time_t(whole);
  std::tm parts{};
  if (zone == TimeZone::kLocal) {
    localtime_r(&seconds, &parts);
  } else {
    gmtime_r(&seconds, &parts);
  }
  return parts;
}

}  // namespace

WallTime WallNow() { return std::chrono::system_clock::now(); }

std::string FormatUtc(WallTime time) {
  const std::tm parts = Broken(time, TimeZone::kUtc);
  char text[40];
  const std::size_t length = std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
  return {text, length};
}

std::string FormatUtcMilliseconds(WallTime time) {
  const auto whole = std::chrono::floor<std::chrono::seconds>(time);
  const auto rest = std::chrono::duration_cast<std::chrono::milliseconds>(time - whole).count();
  std::string text = FormatUtc(whole);
  char fraction[16];
  const int length = std::snprintf(fraction, sizeof fraction, ".%03dZ", static_cast<int>(rest));
  text.pop_back();
  text.append(fraction, static_cast<std::size_t>(length));
  return text;
}

std::string TimestampId() {
  const std::tm parts = Broken(WallNow(), TimeZone::kUtc);
  char time[24];
  const std::size_t length = std::strftime(time, sizeof time, "%Y%m%d-%H%M%S", &parts);
  std::random_device device;
  char digits[12];
  const int more = std::snprintf(digits, sizeof digits, "-%06x", device() & 0xffffffU);
  return std::string(time, length).append(digits, static_cast<std::size_t>(more));
}

CalendarTime ToCalendar(WallTime time, TimeZone zone) {
  const std::tm parts = Broken(time, zone);
  return {.year = parts.tm_year + 1900,
          .month = parts.tm_mon + 1,
          .day = parts.tm_mday,
          .hour = parts.tm_hour,
          .minute = parts.tm_min,
          .second = parts.tm_sec};
}

}  // namespace drover
