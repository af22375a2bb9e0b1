#include "base/clock.h"

#include <cstdio>
#include <ctime>

namespace drover {
namespace {

std::tm Broken(WallTime time) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(time);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  return parts;
}

}  // namespace

WallTime WallNow() { return std::chrono::system_clock::now(); }

std::string FormatUtc(WallTime time) {
  const std::tm parts = Broken(std::chrono::floor<std::chrono::seconds>(time));
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

}  // namespace drover
