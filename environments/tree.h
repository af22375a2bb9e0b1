// Walking a project's directories, widest first: pruned, bounded, on one file system, and without
// following symbolic links. Reads directories only, never files.
#pragma once

#include <cstddef>
#include <functional>
#include <limits>
#include <string>

namespace drover::environments {

inline constexpr std::size_t kNoLimit = std::numeric_limits<std::size_t>::max();

/// What to do on the way. Empty functions are not called; all paths are absolute.
struct TreeWalk {
  std::size_t max_depth = kNoLimit;        // directory levels below the root that are still read
  std::size_t max_entries = kNoLimit;      // directory entries of any type
  std::size_t max_directories = kNoLimit;  // directories read, the root included

  /// More directories to leave out, beside the pruned ones.
  std::function<bool(const std::string& path)> skip;
  /// A directory that was read.
  std::function<void(const std::string& path)> directory;
  /// A regular file: `name` in the open directory `directory_fd`, and its path.
  std::function<void(int directory_fd, const std::string& name, const std::string& path)> file;
};

/// Walks `root`, which may itself have any name or be a symbolic link. Directories that cannot be
/// read are skipped. Returns true when a limit on entries or directories cut the walk short; the
/// limit on depth does not count, it is only what "below" means.
[[nodiscard]] bool WalkTree(const std::string& root, const TreeWalk& walk);

}  // namespace drover::environments
