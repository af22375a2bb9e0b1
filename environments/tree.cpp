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

#include "base/posix.h"
#include "base/text.h"
#include "environments/scan.h"
#include "environments/watch.h"

namespace drover::environments {
namespace {

constexpr std::string_view kVirtualEnvironmentMark = "pyvenv.cfg";

struct CloseDirectory {
  void operator()(DIR* directory) const { closedir(directory); }
};
using Directory = std::unique_ptr<DIR, CloseDirectory>;

/// Opens a directory below `root_fd`. A directory that was swapped for a symbolic link after it
/// had been listed must not lead out of the tree, on any component of the path.
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

unsigned char TypeOf(int directory_fd, const dirent& entry) {
  if (entry.d_type != DT_UNKNOWN) return entry.d_type;
  struct stat status {};
  if (fstatat(directory_fd, entry.d_name, &status, AT_SYMLINK_NOFOLLOW) != 0) return DT_UNKNOWN;
  if (S_ISDIR(status.st_mode)) return DT_DIR;
  return S_ISREG(status.st_mode) ? DT_REG : DT_UNKNOWN;
}

struct Listing {
  std::vector<std::string> directories;
  std::vector<std::string> files;
  bool virtual_environment = false;
  bool truncated = false;
};

enum class Want : std::uint8_t { kDirectories, kFilesToo };

Listing List(DIR* directory, Want want, std::size_t& entries_left) {
  Listing listing;
  while (const dirent* entry = readdir(directory)) {
    const std::string_view name = entry->d_name;
    if (name == "." || name == "..") continue;
    if (entries_left == 0) {
      listing.truncated = true;
      break;
    }
    --entries_left;
    if (name == kVirtualEnvironmentMark) listing.virtual_environment = true;
    const unsigned char type = TypeOf(dirfd(directory), *entry);
    if (type == DT_DIR && !IsPrunedDirectory(name)) listing.directories.emplace_back(name);
    if (type == DT_REG && want == Want::kFilesToo) listing.files.emplace_back(name);
  }
  std::sort(listing.directories.begin(), listing.directories.end());
  return listing;
}

struct Place {
  std::string relative;
  std::size_t depth = 0;
};

}  // namespace

bool WalkTree(const std::string& root, const TreeWalk& walk) {
  const UniqueFd root_fd(open(root.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NONBLOCK));
  struct stat root_status {};
  if (!root_fd || fstat(root_fd.get(), &root_status) != 0) return false;

  const std::string prefix = root == "/" ? std::string() : root;
  std::size_t entries_left = walk.max_entries;
  std::size_t directories_left = walk.max_directories;
  std::deque<Place> queue{Place{.relative = ".", .depth = 0}};
  while (!queue.empty()) {
    const Place place = std::move(queue.front());
    queue.pop_front();
    if (directories_left == 0) return true;
    UniqueFd fd = OpenBelow(root_fd.get(), place.relative);
    struct stat status {};
    if (!fd || fstat(fd.get(), &status) != 0 || status.st_dev != root_status.st_dev) continue;
    const Directory directory(fdopendir(fd.get()));
    if (!directory) continue;
    static_cast<void>(fd.Release());

    const Listing listing =
        List(directory.get(), walk.file ? Want::kFilesToo : Want::kDirectories, entries_left);
    if (listing.virtual_environment && place.depth > 0) continue;
    --directories_left;
    const std::string path = place.depth == 0 ? prefix : Concat(prefix, "/", place.relative);
    if (walk.directory) walk.directory(path.empty() ? "/" : path);
    for (const std::string& name : listing.files) {
      walk.file(dirfd(directory.get()), name, Concat(path, "/", name));
    }
    if (listing.truncated) return true;
    if (place.depth >= walk.max_depth) continue;
    for (const std::string& name : listing.directories) {
      if (walk.skip && walk.skip(Concat(path, "/", name))) continue;
      queue.push_back({.relative = place.depth == 0 ? name : Concat(place.relative, "/", name),
                       .depth = place.depth + 1});
    }
  }
  return false;
}

Tree ListTree(const std::string& root, std::size_t limit) {
  Tree tree;
  TreeWalk walk;
  walk.max_directories = limit;
  walk.directory = [&tree](const std::string& path) { tree.directories.push_back(path); };
  tree.truncated = WalkTree(root, walk);
  return tree;
}

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
  return name.starts_with(".drover") || std::binary_search(kPruned.begin(), kPruned.end(), name);
}

bool IsVirtualEnvironment(const std::string& directory) {
  const std::string mark = Concat(directory, "/", kVirtualEnvironmentMark);
  return access(mark.c_str(), F_OK) == 0;
}

}  // namespace drover::environments
