// What git says about a working tree, read from its files: no git process is started.
#pragma once

#include <string>

namespace drover::environments {

struct GitHead {
  std::string directory;  // the git directory itself (of a worktree: its own); empty: no repository
  std::string branch;     // empty when detached
  std::string commit;     // empty before the first commit
};

/// Looks at `root` and above. Never throws: without a readable repository everything is empty.
[[nodiscard]] GitHead ReadGitHead(const std::string& root);

}  // namespace drover::environments
