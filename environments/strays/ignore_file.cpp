#include "environments/strays/ignore_file.h"

#include <optional>

#include "base/posix.h"
#include "base/text.h"

namespace drover::environments {
namespace {

/// What a `[…]` at the start of `glob` says about `c`, and how long it is; nothing when it does not
/// end, so that the bracket stands for itself.
struct Class {
  bool matches = false;
  std::size_t length = 0;
};
std::optional<Class> MatchClass(std::string_view glob, char c) {
  std::size_t at = 1;
  const bool negated = at < glob.size() && (glob[at] == '!' || glob[at] == '^');
  if (negated) ++at;
  bool found = false;
  for (bool first = true; at < glob.size(); first = false) {
    if (glob[at] == ']' && !first) {
      return Class{.matches = found != negated && c != '/', .length = at + 1};
    }
    if (glob[at] == '\\' && at + 1 < glob.size()) ++at;
    const char low = glob[at++];
    char high = low;
    if (at + 1 < glob.size() && glob[at] == '-' && glob[at + 1] != ']') {
      high = glob[at + 1];
      at += 2;
    }
    if (low <= c && c <= high) found = true;
  }
  return std::nullopt;
}

/// `glob` against all of `name`. A star remembers one place to come back to, so that a pattern with
/// many of them cannot take exponential time; "**" tries every rest, which is bounded by the depth.
bool Matches(std::string_view glob, std::string_view name) {
  std::size_t g = 0;
  std::size_t n = 0;
  std::size_t star = std::string_view::npos;
  std::size_t resume = 0;
  while (n < name.size() || g < glob.size()) {
    if (glob.substr(g).starts_with("**")) {
      std::string_view rest = glob.substr(g + 2);
      if (rest.empty()) return true;
      // "**/x" is x here or in any directory below.
      if (rest.front() == '/') rest.remove_prefix(1);
      for (std::size_t at = n; at <= name.size(); ++at) {
        const bool boundary = at == n || name[at - 1] == '/';
        if (boundary && Matches(rest, name.substr(at))) return true;
      }
    } else if (g < glob.size() && glob[g] == '*') {
      star = g++;
      resume = n;
      continue;
    } else if (g < glob.size() && n < name.size()) {
      std::size_t length = 1;
      bool same = false;
      if (glob[g] == '?') {
        same = name[n] != '/';
      } else if (const auto set = glob[g] == '[' ? MatchClass(glob.substr(g), name[n])
                                                 : std::optional<Class>()) {
        same = set->matches;
        length = set->length;
      } else {
        const bool escaped = glob[g] == '\\' && g + 1 < glob.size();
        same = glob[g + (escaped ? 1 : 0)] == name[n];
        length = escaped ? 2 : 1;
      }
      if (same) {
        g += length;
        ++n;
        continue;
      }
    }
    if (star == std::string_view::npos || resume >= name.size() || name[resume] == '/') {
      return false;
    }
    g = star + 1;
    n = ++resume;
  }
  return true;
}

/// Without the spaces at the end that no backslash protects.
std::string_view TrimEnd(std::string_view line) {
  while (line.ends_with(' ') && !line.ends_with("\\ ")) line.remove_suffix(1);
  return line;
}

}  // namespace

IgnorePatterns::IgnorePatterns(std::string_view text) {
  std::size_t number = 0;
  for (std::string_view line : SplitLines(text)) {
    ++number;
    line = TrimEnd(line);
    if (line.empty() || line.front() == '#') continue;
    Pattern pattern;
    pattern.line = number;
    if (line.front() == '!') {
      pattern.negated = true;
      line.remove_prefix(1);
    }
    if (line.ends_with('/')) {
      pattern.directories = true;
      line.remove_suffix(1);
    }
    pattern.anchored = line.find('/') != std::string_view::npos;
    if (line.starts_with('/')) line.remove_prefix(1);
    if (line.empty()) continue;
    pattern.glob = line;
    patterns_.push_back(std::move(pattern));
  }
}

std::optional<IgnorePatterns::Decision> IgnorePatterns::Decide(std::string_view path,
                                                               EntryKind kind) const {
  for (auto pattern = patterns_.rbegin(); pattern != patterns_.rend(); ++pattern) {
    if (pattern->directories && kind != EntryKind::kDirectory) continue;
    const std::string_view name =
        pattern->anchored ? path : path.substr(path.rfind('/') + 1);  // npos + 1 is 0
    if (Matches(pattern->glob, name)) {
      return Decision{.ignored = !pattern->negated, .line = pattern->line};
    }
  }
  return std::nullopt;
}

bool IgnorePatterns::Ignores(std::string_view path, EntryKind kind) const {
  const std::optional<Decision> decision = Decide(path, kind);
  return decision && decision->ignored;
}

bool IgnorePatterns::IgnoresBranch(std::string_view path, EntryKind kind) const {
  if (empty()) return false;
  for (std::size_t at = path.find('/'); at != std::string_view::npos; at = path.find('/', at + 1)) {
    if (Ignores(path.substr(0, at), EntryKind::kDirectory)) return true;
  }
  return Ignores(path, kind);
}

}  // namespace drover::environments
