#include "client/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include "base/posix.h"
#include "base/text.h"

namespace drover::client {
namespace {

constexpr std::size_t kUsualWidth = 80;
constexpr std::size_t kSmallestWidth = 40;

bool LocaleIsUtf8() {
  // The order of setlocale(3), which a static program does not call.
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    if (const auto value = EnvironmentVariable(name)) {
      const std::string lower = ToLower(*value);
      return lower.find("utf-8") != std::string::npos || lower.find("utf8") != std::string::npos;
    }
  }
  return false;
}

std::size_t WidthOf(int fd) {
  winsize size{};
  if (ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
    return size.ws_col < kSmallestWidth ? kSmallestWidth : size.ws_col;
  }
  const auto columns = ParseInteger(EnvironmentVariable("COLUMNS").value_or(""));
  return columns && *columns >= static_cast<std::int64_t>(kSmallestWidth)
             ? static_cast<std::size_t>(*columns)
             : kUsualWidth;
}

}  // namespace

Style DetectStyle(int fd, ColorMode mode) {
  const bool terminal = isatty(fd) == 1;
  Style style;
  style.unicode = LocaleIsUtf8();
  style.width = terminal ? WidthOf(fd) : 0;
  switch (mode) {
    case ColorMode::kAlways:
      style.color = true;
      break;
    case ColorMode::kNever:
      style.color = false;
      break;
    case ColorMode::kAuto:
      style.color = terminal && !EnvironmentVariable("NO_COLOR") &&
                    EnvironmentVariable("TERM").value_or("dumb") != "dumb";
      break;
  }
  return style;
}

}  // namespace drover::client
