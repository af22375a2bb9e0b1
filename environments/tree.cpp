#include "environments/tree.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <deque>
#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <memory>
#include <string_view>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <utility>
#include <vector>

#include "base/text.h"

namespace drover::environments {
namespace {

bool IsDirectory(int directory_fd, const dirent& entry) {
  if (entry.d_type != DT_UNKNOWN) return entry.d_type == DT_DIR;
  struct stat status {};
  return fstatat(directory_fd, entry.d_name, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
         S_ISDIR(status.st_mode);
}

struct TreeListing {
  std::vector<std::string> directories;  // sorted
  bool virtual_environment = false;
};

TreeListing List(DIR* directory) {
  TreeListing listing;
  while (const dirent* entry = readdir(directory)) {
    const std::string_view name = entry->d_name;
    if (name == "." || name == "..") continue;
    if (name == kVirtualEnvironmentMark) listing.virtual_environment = true;
    if (!IsPrunedDirectory(name) && IsDirectory(dirfd(directory), *entry)) {
      listing.directories.emplace_back(name);
    }
  }
  std::sort(listing.directories.begin(), listing.directories.end());
  return listing;
}

}  // namespace

UniqueFd OpenBelow(int root_fd, const std::string& relative) {
  constexpr int kFlags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK;
  open_how how{};
  how.flags = kFlags;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS;
  const long fd = syscall(SYS_openat2, root_fd, relative.c_str(), &how, sizeof how);
  if (fd >= 0) return UniqueFd(static_cast<int>(fd));
  // Old kernels do not know the call, and old container profiles answer EPERM to what they do not
  // know.
  if (errno != ENOSYS && errno != EPERM) return UniqueFd();
  return UniqueFd(openat(root_fd, relative.c_str(), kFlags));
}

Tree ListTree(const std::string& root, std::size_t limit) {
  Tree tree;
  const UniqueFd root_fd(open(root.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NONBLOCK));
  struct stat root_status {};
  if (!root_fd || fstat(root_fd.get(), &root_status) != 0) return tree;

  const std::string prefix = root == "/" ? std::string() : root;
  std::deque<std::string> queue{"."};
  while (!queue.empty()) {
    const std::string relative = std::move(queue.front());
    queue.pop_front();
    if (tree.directories.size() == limit) {
      tree.truncated = true;
      return tree;
    }
    const bool top = relative == ".";
    UniqueFd fd = OpenBelow(root_fd.get(), relative);
    struct stat status {};
    if (!fd || fstat(fd.get(), &status) != 0 || status.st_dev != root_status.st_dev) continue;
    const DirectoryStream directory(fdopendir(fd.get()));
    if (!directory) continue;
    static_cast<void>(fd.Release());
    const TreeListing listing = List(directory.get());
    if (listing.virtual_environment && !top) continue;
    tree.directories.push_back(top ? root : Concat(prefix, "/", relative));
    for (const std::string& name : listing.directories) {
      queue.push_back(top ? name : Concat(relative, "/", name));
    }
  }
  return tree;
}

bool IsOwnDirectory(std::string_view name) { return name.starts_with(".drover"); }

bool IsPrunedDirectory(std::string_view name) {
  static constexpr std::array kPruned = {
      std::string_view(".cache"),
      std::string_view(".dart_tool"),
      std::string_view(".direnv"),
      std::string_view(".eggs"),
      std::string_view(".git"),
      std::string_view(".gradle"),
      std::string_view(".hg"),
      std::string_view(".hypothesis"),
      std::string_view(".idea"),
      std::string_view(".mypy_cache"),
      std::string_view(".next"),
      std::string_view(".nox"),
      std::string_view(".nuxt"),
      std::string_view(".pytest_cache"),
      std::string_view(".ruff_cache"),
      std::string_view(".serverless"),
      std::string_view(".svn"),
      std::string_view(".terraform"),
      std::string_view(".tox"),
      std::string_view(".venv"),
      std::string_view(".vs"),
      std::string_view(".vscode"),
      std::string_view(".wrangler"),
      std::string_view("DerivedData"),
      std::string_view("Pods"),
      std::string_view("__pycache__"),
      std::string_view("bower_components"),
      std::string_view("build"),
      std::string_view("coverage"),
      std::string_view("dist"),
      std::string_view("htmlcov"),
      std::string_view("node_modules"),
      std::string_view("site-packages"),
      std::string_view("target"),
      std::string_view("vendor"),
      std::string_view("venv"),
  };
  return IsOwnDirectory(name) || std::binary_search(kPruned.begin(), kPruned.end(), name);
}

bool IsVirtualEnvironment(const std::string& directory) {
  const std::string mark = Concat(directory, "/", kVirtualEnvironmentMark);
  return access(mark.c_str(), F_OK) == 0;
}

}  // namespace drover::environments
