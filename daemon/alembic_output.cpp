#include "daemon/alembic_output.h"

#include <algorithm>
#include <cstddef>

#include "base/posix.h"
#include "base/text.h"

namespace drover::daemon {
namespace {

constexpr std::size_t kOutputTold = 400;
constexpr std::size_t kOutputKept = 16 * 1024;

/// "FAILED: x" and "ERROR [alembic.util.messaging] x" are about x.
std::string_view WithoutLabel(std::string_view line) {
  if (line.starts_with("FAILED: ")) return line.substr(8);
  if (line.starts_with("ERROR ") && line.contains("] ")) return line.substr(line.find("] ") + 2);
  return line;
}

/// The line at which the reason begins: what follows the frames of the last traceback, or else the
/// last line with a label, or the last one with anything.
std::size_t FindLastWords(const std::vector<std::string_view>& lines) {
  std::size_t last = 0;
  std::size_t labelled = lines.size();
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (!Trim(lines[i]).empty()) last = i;
    if (WithoutLabel(lines[i]).size() != lines[i].size()) labelled = i;
  }
  for (std::size_t i = lines.size(); i-- > 0;) {
    if (!lines[i].starts_with("Traceback (most recent call last)")) continue;
    for (std::size_t after = i + 1; after < lines.size(); ++after) {
      if (!lines[after].empty() && !lines[after].starts_with(' ')) return after;
    }
    break;
  }
  return std::min(labelled, last);
}

}  // namespace

std::string LastWords(std::string_view output) {
  const std::vector<std::string_view> lines = SplitLines(output);
  std::string words;
  for (auto line = lines.begin() + static_cast<std::ptrdiff_t>(FindLastWords(lines));
       line != lines.end(); ++line) {
    const bool remark =
        line->starts_with("(Background on this error") || line->starts_with("[parameters:");
    if (Trim(*line).empty() || remark) continue;
    words += Concat(words.empty() ? "" : " ", OneLine(Trim(WithoutLabel(*line))));
  }
  return words.empty() ? "it said nothing" : Excerpt(words, kOutputTold);
}

std::string PlaceInFolders(std::string_view output, const std::vector<std::string>& folders) {
  std::string place;
  for (std::string_view line : SplitLines(output)) {
    line = Trim(line);
    constexpr std::string_view kFile = "File \"";
    const std::size_t end = line.find("\", line ");
    if (!line.starts_with(kFile) || end == std::string_view::npos) continue;
    const std::string file(line.substr(kFile.size(), end - kFile.size()));
    const std::string_view rest = line.substr(end + 8);
    const std::string_view number = rest.substr(0, rest.find(','));
    const bool is_revision =
        std::ranges::any_of(folders, [&](const auto& folder) { return IsBelow(file, folder); });
    if (is_revision && ParseInteger(number)) place = Concat(file, ":", number, ":1");
  }
  return place;
}

std::string LastLines(std::string_view output) {
  if (output.size() <= kOutputKept) return std::string(output);
  const std::string_view end = output.substr(output.size() - kOutputKept);
  return std::string(end.substr(std::min(end.find('\n'), end.size() - 1) + 1));
}

}  // namespace drover::daemon
