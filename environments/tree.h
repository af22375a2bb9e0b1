// A project's directories: which of them are the project's own, and how they are listed without
// being led out of it. Reads directories only, never files.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/posix.h"

namespace drover::environments {

/// The file that marks a directory as a Python virtual environment.
inline constexpr std::string_view kVirtualEnvironmentMark = "pyvenv.cfg";

/// Directories that are left out by default: dependencies, caches, version control, and our own.
[[nodiscard]] bool IsPrunedDirectory(std::string_view name);

/// ".drover…": archives and private copies, never searched.
[[nodiscard]] bool IsOwnDirectory(std::string_view name);

/// For a directory called "env" or the like: does it hold a Python virtual environment?
[[nodiscard]] bool IsVirtualEnvironment(const std::string& directory);

/// Opens a directory below the one that is open as `root_fd`. A directory that was swapped for a
/// symbolic link after it had been listed must not lead out of the tree, on any component of the
/// path. Invalid when it cannot be opened.
[[nodiscard]] UniqueFd OpenBelow(int root_fd, const std::string& relative);

/// The directories of a project: the root and everything below it that is neither pruned nor on
/// another file system.
struct Tree {
  std::vector<std::string> directories;
  bool truncated = false;  // there are more than the limit
};

/// Lists at most `limit` directories, widest first. What cannot be read is left out.
[[nodiscard]] Tree ListTree(const std::string& root, std::size_t limit);

}  // namespace drover::environments
