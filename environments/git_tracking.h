// What git would do with a file: does it track it, would it ignore it? Read from git's own files:
// no git process is started, and a machine without git has the same answers.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/posix.h"
#include "environments/git.h"
#include "environments/strays/ignore_file.h"

namespace drover::environments {

struct GitFile {
  std::string path{};        // absolute
  bool tracked = false;      // in the index
  bool ignored = false;      // an ignore file keeps it out, were it not tracked
  std::string ignored_by{};  // "path:line:1" of the pattern that decides; empty: none
};

/// Answers about the files of one working tree.
struct GitAnswers {
  GitRepository repository;
  std::vector<GitFile> files;  // in the order they were asked for
};

/// Remembers what it has read as long as it does not change. Used by one thread at a time.
class GitTracking final {
 public:
  /// `home` is where the user's own git configuration is; empty: none.
  explicit GitTracking(std::string home);

  /// About `paths`, which lie in one directory. Nothing outside of a working tree, or when the
  /// index cannot be read (split over several files, of another's, beyond 64 MiB). Never throws.
  [[nodiscard]] std::optional<GitAnswers> Ask(const std::vector<std::string>& paths);

  /// Files of working trees and repositories that the answers since Forget() depend on, there or
  /// not.
  [[nodiscard]] const std::set<std::string>& inputs() const { return inputs_; }
  void ForgetInputs() { inputs_.clear(); }

 private:
  struct Index {
    FileStatus status;
    std::set<std::string> asked;
    std::optional<std::set<std::string>> tracked;
  };
  struct IgnoreFile {
    FileStatus status;
    IgnorePatterns patterns;
  };

  std::optional<std::set<std::string>> Tracked(const GitRepository& repository,
                                               const std::set<std::string>& wanted);
  void Decide(const GitRepository& repository, const std::string& for_user, GitFile& file);
  const IgnorePatterns& Patterns(const std::string& path);
  std::string UserIgnoreFile(const GitRepository& repository) const;

  std::string home_;
  std::set<std::string> inputs_;
  std::map<std::string, Index> indexes_;       // by path
  std::map<std::string, IgnoreFile> ignores_;  // by path
};

/// The value of `section.key` in the text of a git configuration file, the last one counts; nothing
/// without one. Names in lower case. Includes are not followed.
[[nodiscard]] std::optional<std::string> GitConfigValue(std::string_view text,
                                                        std::string_view section,
                                                        std::string_view key);

}  // namespace drover::environments
