#include "environments/git.h"

#include "base/error.h"
#include "base/posix.h"
#include "base/text.h"

namespace drover::environments {
namespace {

constexpr std::size_t kLimit = std::size_t{4} << 20;

std::string PackedReference(const std::string& common, std::string_view name) {
  if (!StatFile(common + "/packed-refs")) return "";
  const std::string text = ReadFile(common + "/packed-refs", kLimit);
  for (const std::string_view line : SplitLines(text)) {
    if (line.size() > 41 && line.substr(41) == name) return std::string(line.substr(0, 40));
  }
  return "";
}

}  // namespace

std::optional<GitRepository> FindGitRepository(const std::string& directory) {
  for (std::string top = directory;; top = DirectoryName(top)) {
    GitRepository found{.top = top, .directory = AbsolutePath(".git", top), .common = {}};
    if (const auto status = StatFile(found.directory)) {
      if (status->type != FileType::kDirectory) {
        const std::string text = ReadFile(found.directory, kLimit);  // a worktree: "gitdir: PATH"
        if (!text.starts_with("gitdir:")) return std::nullopt;
        found.directory = AbsolutePath(Trim(std::string_view(text).substr(7)), top);
      }
      found.common = found.directory;
      if (StatFile(found.directory + "/commondir")) {
        const std::string relative = ReadFile(found.directory + "/commondir", kLimit);
        found.common = AbsolutePath(Trim(relative), found.directory);
      }
      return found;
    }
    if (top == "/" || top.empty()) return std::nullopt;
  }
}

GitHead ReadGitHead(const std::string& root) {
  GitHead head;
  try {
    const std::optional<GitRepository> repository = FindGitRepository(root);
    if (!repository) return head;
    head.directory = repository->directory;
    const std::string text = ReadFile(head.directory + "/HEAD", kLimit);
    const std::string_view line = Trim(text);
    if (!line.starts_with("ref: ")) {
      head.commit = line;
      return head;
    }
    const std::string_view name = Trim(line.substr(5));
    head.branch = name.starts_with("refs/heads/") ? name.substr(11) : name;
    const std::string loose = Concat(repository->common, "/", name);
    head.commit = StatFile(loose) ? std::string(Trim(ReadFile(loose, kLimit)))
                                  : PackedReference(repository->common, name);
  } catch (const Error&) {
    // A repository we may not read is as good as none: git is only named in the history.
  }
  return head;
}

}  // namespace drover::environments
