// Patterns in the syntax of .gitignore, as .droverignore holds them: which paths the stray scan
// leaves out. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace drover::environments {

inline constexpr std::string_view kIgnoreFile = ".droverignore";

enum class EntryKind : std::uint8_t { kFile, kDirectory };

/// Immutable once made; may be shared between threads.
class IgnorePatterns final {
 public:
  IgnorePatterns() = default;

  /// One pattern a line: `#` begins a comment, `!` takes back what a line above ignores, a `/` in
  /// the middle or in front binds to the file's own directory, one at the end means directories
  /// only; `*`, `?`, `[a-z]` stay within one name, `**` does not; `\` takes the next as it is.
  /// What makes no sense matches nothing, as with git.
  explicit IgnorePatterns(std::string_view text);

  struct Decision {
    bool ignored = false;  // false: taken back by a `!`
    std::size_t line = 1;  // of the pattern
  };
  /// What the last pattern that matches `path` says; nothing when none does.
  [[nodiscard]] std::optional<Decision> Decide(std::string_view path, EntryKind kind) const;

  /// Does the last pattern that matches `path`, which is relative to the file's directory, ignore
  /// it? What lies in an ignored directory is not asked about by a walk that does not enter it.
  [[nodiscard]] bool Ignores(std::string_view path, EntryKind kind) const;

  /// The same, and whether a directory above `path` is ignored.
  [[nodiscard]] bool IgnoresBranch(std::string_view path, EntryKind kind) const;

  [[nodiscard]] bool empty() const { return patterns_.empty(); }

 private:
  struct Pattern {
    std::string glob;
    bool negated = false;
    bool directories = false;  // only
    bool anchored = false;     // to the file's directory; else any base name
    std::size_t line = 1;
  };
  std::vector<Pattern> patterns_;
};

}  // namespace drover::environments
