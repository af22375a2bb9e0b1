// On which branches the migrations live whose files are not here: searched in git's objects,
// without a checkout.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/posix.h"
#include "migrations/revision.h"

namespace drover::daemon {

/// Where the file of one revision is.
struct RevisionOnBranches {
  std::vector<std::string> branches;  // as `git branch -a` calls them, the newest commit first
  std::string file;                   // relative to the top of the working tree
  std::string author;  // of the last commit that touched the file on the first branch
};

struct BranchSearchRequest {
  std::string root;                      // of the project
  std::vector<std::string> directories;  // of its migrations, absolute
  std::set<migrations::RevisionId> revisions;
  migrations::Format format = migrations::Format::kNative;
  bool operator==(const BranchSearchRequest&) const = default;
};

/// Looks through the 200 local and remote branches with the newest commits. Starts git; blocks for
/// three seconds at most.
/// Without git or a repository nothing is found. Throws what RunGit throws but for "git.missing".
[[nodiscard]] std::map<migrations::RevisionId, RevisionOnBranches> FindOnBranches(
    const BranchSearchRequest& request);

/// "on branch notes (migrations/x.sql, by ann)", "on branches a, b and 3 more (…)".
[[nodiscard]] std::string Describe(const RevisionOnBranches& found);

/// Remembers what was found as long as nothing is asked anew and git's references do not change.
/// Used by one thread at a time.
class BranchSearch final {
 public:
  /// Never throws Error: what goes wrong is as if nothing were found.
  [[nodiscard]] const std::map<migrations::RevisionId, RevisionOnBranches>& Find(
      const BranchSearchRequest& request);

 private:
  BranchSearchRequest asked_;
  std::vector<std::optional<FileStatus>> references_;  // whose change shows that of a branch
  std::map<migrations::RevisionId, RevisionOnBranches> found_;
};

}  // namespace drover::daemon
