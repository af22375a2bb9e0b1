#include "environments/git.h"

#include "base/error.h"
#include "base/posix.h"
#include "base/text.h"

namespace drover::environments {
namespace {

constexpr std::size_t kLimit = std::size_t{4} << 20;

std::string FindGitDirectory(const std::string& root) {
  for (std::string directory = root;; directory = DirectoryName(directory)) {
    const std::string candidate = directory + "/.git";
    if (const auto status = StatFile(candidate)) {
      if (status->type == FileType::kDirectory) return candidate;
      const std::string text = ReadFile(candidate, kLimit);  // a worktree: "gitdir: PATH"
      if (text.starts_with("gitdir:")) {
        return AbsolutePath(Trim(std::string_view(text).substr(7)), directory);
      }
      return "";
    }
    if (directory == "/" || directory.empty()) return "";
  }
}

std::string PackedReference(const std::string& common, std::string_view name) {
  if (!StatFile(common + "/packed-refs")) return "";
  const std::string text = ReadFile(common + "/packed-refs", kLimit);
  for (const std::string_view line : SplitLines(text)) {
    if (line.size() > 41 && line.substr(41) == name) return std::string(line.substr(0, 40));
  }
  return "";
}

}  // namespace

GitHead ReadGitHead(const std::string& root) {
  GitHead head;
  try {
    head.directory = FindGitDirectory(root);
    if (head.directory.empty()) return head;
    const std::string text = ReadFile(head.directory + "/HEAD", kLimit);
    const std::string_view line = Trim(text);
    if (!line.starts_with("ref: ")) {
      head.commit = line;
      return head;
    }
    const std::string_view name = Trim(line.substr(5));
    head.branch = name.starts_with("refs/heads/") ? name.substr(11) : name;
    std::string common = head.directory;
    if (StatFile(common + "/commondir")) {
      const std::string relative = ReadFile(common + "/commondir", kLimit);
      common = AbsolutePath(Trim(relative), head.directory);
    }
    const std::string loose = Concat(common, "/", name);
    head.commit = StatFile(loose) ? std::string(Trim(ReadFile(loose, kLimit)))
                                  : PackedReference(common, name);
  } catch (const Error&) {
    // A repository we may not read is as good as none: git is only named in the history.
  }
  return head;
}

}  // namespace drover::environments
