#include "migrations/text_diff.h"

#include <algorithm>
#include <cstddef>
#include <span>
#include <vector>

#include "base/text.h"

namespace drover::migrations {
namespace {

using Lines = std::span<const std::string_view>;

constexpr std::size_t kContext = 3;
constexpr std::ptrdiff_t kMostEdits = 1000;

/// One line of the result: ' ' in both, '-' only before, '+' only after.
struct Line {
  char mark;
  std::string_view text;
};

/// E. Myers, "An O(ND) Difference Algorithm": `reach[k]` is how far along diagonal k, that is
/// before minus after, one comes with d edits. The reaches of every d lead back from the end.
class Shortest {
 public:
  Shortest(Lines before, Lines after) : before_(before), after_(after) {}

  /// False when it takes more than kMostEdits.
  bool Find() {
    const auto n = std::ssize(before_);
    const auto m = std::ssize(after_);
    const std::ptrdiff_t most = std::min(n + m, kMostEdits);
    std::vector<std::ptrdiff_t> reach(static_cast<std::size_t>(2 * most + 3), 0);
    for (std::ptrdiff_t d = 0; d <= most; ++d) {
      for (std::ptrdiff_t k = -d; k <= d; k += 2) {
        const bool down = StepsDown(reach, most, k, d);
        std::ptrdiff_t x = At(reach, most, down ? k + 1 : k - 1) + (down ? 0 : 1);
        while (x < n && x - k < m && Same(x, x - k)) ++x;
        At(reach, most, k) = x;
        if (x >= n && x - k >= m) {
          trace_.push_back(Window(reach, most, d));
          return true;
        }
      }
      trace_.push_back(Window(reach, most, d));
    }
    return false;
  }

  /// Call after Find() has returned true.
  [[nodiscard]] std::vector<Line> Script() const {
    std::vector<Line> script;
    std::ptrdiff_t x = std::ssize(before_);
    std::ptrdiff_t y = std::ssize(after_);
    for (auto d = std::ssize(trace_) - 1; d > 0; --d) {
      std::vector<std::ptrdiff_t> reach = trace_[static_cast<std::size_t>(d - 1)];
      const std::ptrdiff_t k = x - y;
      const bool down = StepsDown(reach, d, k, d);
      const std::ptrdiff_t from_x = At(reach, d, down ? k + 1 : k - 1);
      const std::ptrdiff_t from_y = from_x - (down ? k + 1 : k - 1);
      for (; x > from_x + (down ? 0 : 1); --y) script.push_back({' ', Before(--x)});
      if (down) {
        script.push_back({'+', after_[static_cast<std::size_t>(--y)]});
      } else {
        script.push_back({'-', Before(--x)});
      }
      x = from_x;
      y = from_y;
    }
    while (x > 0) script.push_back({' ', Before(--x)});
    std::ranges::reverse(script);
    return script;
  }

 private:
  static std::ptrdiff_t& At(std::vector<std::ptrdiff_t>& reach, std::ptrdiff_t middle,
                            std::ptrdiff_t k) {
    return reach[static_cast<std::size_t>(middle + 1 + k)];
  }

  /// Does the way to diagonal k with d edits come from above (a line added)?
  static bool StepsDown(std::vector<std::ptrdiff_t>& reach, std::ptrdiff_t middle, std::ptrdiff_t k,
                        std::ptrdiff_t d) {
    return k == -d || (k != d && At(reach, middle, k - 1) < At(reach, middle, k + 1));
  }

  /// The diagonals that d+1 edits look at, with d+1 in the middle.
  static std::vector<std::ptrdiff_t> Window(const std::vector<std::ptrdiff_t>& reach,
                                            std::ptrdiff_t middle, std::ptrdiff_t d) {
    std::vector<std::ptrdiff_t> window(static_cast<std::size_t>(2 * (d + 1) + 3), 0);
    for (std::ptrdiff_t k = -d; k <= d; ++k) {
      window[static_cast<std::size_t>(d + 2 + k)] = reach[static_cast<std::size_t>(middle + 1 + k)];
    }
    return window;
  }

  [[nodiscard]] bool Same(std::ptrdiff_t x, std::ptrdiff_t y) const {
    return Before(x) == after_[static_cast<std::size_t>(y)];
  }

  [[nodiscard]] std::string_view Before(std::ptrdiff_t x) const {
    return before_[static_cast<std::size_t>(x)];
  }

  Lines before_;
  Lines after_;
  std::vector<std::vector<std::ptrdiff_t>> trace_;
};

std::vector<Line> Compare(Lines before, Lines after) {
  std::vector<Line> lines;
  std::size_t head = 0;
  while (head < before.size() && head < after.size() && before[head] == after[head]) ++head;
  std::size_t tail = 0;
  while (tail < before.size() - head && tail < after.size() - head &&
         before[before.size() - 1 - tail] == after[after.size() - 1 - tail]) {
    ++tail;
  }
  for (const std::string_view line : before.first(head)) lines.push_back({' ', line});
  const Lines old_middle = before.subspan(head, before.size() - head - tail);
  const Lines new_middle = after.subspan(head, after.size() - head - tail);
  Shortest shortest(old_middle, new_middle);
  if (shortest.Find()) {
    for (const Line& line : shortest.Script()) lines.push_back(line);
  } else {
    for (const std::string_view line : old_middle) lines.push_back({'-', line});
    for (const std::string_view line : new_middle) lines.push_back({'+', line});
  }
  for (const std::string_view line : before.last(tail)) lines.push_back({' ', line});
  return lines;
}

/// "@@ -1,3 +1,4 @@"; an empty range is said to begin after the line before it.
std::string Range(std::size_t begin, std::size_t count) {
  return Concat(count == 0 ? begin : begin + 1, count == 1 ? "" : Concat(",", count));
}

}  // namespace

std::string UnifiedDiff(const NamedText& before, const NamedText& after) {
  const std::vector<std::string_view> old_lines = SplitLines(before.text);
  const std::vector<std::string_view> new_lines = SplitLines(after.text);
  const std::vector<Line> lines = Compare(old_lines, new_lines);
  std::string out;
  std::size_t old_at = 0;
  std::size_t new_at = 0;
  std::size_t next = 0;
  const auto changed = [](const Line& line) { return line.mark != ' '; };
  const auto first = [&](std::size_t from) {
    const auto found =
        std::find_if(lines.begin() + static_cast<std::ptrdiff_t>(from), lines.end(), changed);
    return static_cast<std::size_t>(found - lines.begin());
  };
  for (std::size_t change = first(0); change < lines.size(); change = first(next)) {
    const std::size_t begin = std::max(next, change < kContext ? 0 : change - kContext);
    std::size_t end = change + 1;
    // Changes whose contexts touch share a hunk.
    for (std::size_t more = first(end); more < lines.size() && more <= end + 2 * kContext;
         more = first(end)) {
      end = more + 1;
    }
    end = std::min(end + kContext, lines.size());
    old_at += begin - next;  // what lies between two hunks is in both
    new_at += begin - next;
    std::string body;
    std::size_t old_count = 0;
    std::size_t new_count = 0;
    for (std::size_t i = begin; i < end; ++i) {
      old_count += lines[i].mark != '+' ? 1 : 0;
      new_count += lines[i].mark != '-' ? 1 : 0;
      body += Concat(lines[i].mark, lines[i].text, "\n");
    }
    if (out.empty()) out = Concat("--- ", before.name, "\n+++ ", after.name, "\n");
    out += Concat("@@ -", Range(old_at, old_count), " +", Range(new_at, new_count), " @@\n", body);
    old_at += old_count;
    new_at += new_count;
    next = end;
  }
  return out;
}

}  // namespace drover::migrations
