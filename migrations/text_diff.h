// The difference between two texts, line by line, in the unified form that `diff -u` prints. Pure.
#pragma once

#include <string>
#include <string_view>

namespace drover::migrations {

struct NamedText {
  std::string_view name;
  std::string_view text;
};

/// "--- before", "+++ after" and hunks with three lines of context; empty when the lines are equal.
/// Line ends do not count. The shortest difference (Myers), unless that has more than 1,000
/// lines: then everything between the first and the last difference is replaced.
[[nodiscard]] std::string UnifiedDiff(const NamedText& before, const NamedText& after);

}  // namespace drover::migrations
