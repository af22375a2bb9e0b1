// What git says about a working tree, read from its files: no git process is started.
#pragma once

#include <optional>
#include <string>

namespace drover::environments {

struct GitHead {
  std::string directory;  // the git directory itself (of a worktree: its own); empty: no repository
  std::string branch;     // empty when detached
  std::string commit;     // empty before the first commit
};

struct GitRepository {
  std::string top;        // of the working tree
  std::string directory;  // the git directory itself, which has the index (of a worktree: its own)
  std::string common;     // where configuration and references are
};

/// The repository whose working tree holds `directory`, which need not exist. Throws kIo.
[[nodiscard]] std::optional<GitRepository> FindGitRepository(const std::string& directory);

/// Looks at `root` and above. Never throws: without a readable repository everything is empty.
[[nodiscard]] GitHead ReadGitHead(const std::string& root);

}  // namespace drover::environments
