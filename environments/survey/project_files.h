// The directories of a project and, of the files in them, the names that a survey has a use for.
// Bounded and pruned as the search for strays is: no dependencies, no symbolic links, no other file
// systems. Reads directories only.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "environments/strays/ignore_file.h"

namespace drover::environments {

struct ProjectDirectory {
  std::string path;                      // relative to the root; "." is the root
  std::vector<std::string> files;        // of interest, sorted
  std::vector<std::string> directories;  // that were entered
};

struct ProjectFiles {
  std::vector<ProjectDirectory> directories;  // widest first
  std::vector<std::string> others;            // directories that are projects of their own
  bool truncated = false;                     // the limits cut it short

  /// Null when there is none of this relative path.
  [[nodiscard]] const ProjectDirectory* Find(std::string_view path) const;
};

/// Could a file of this name say something about the project's databases?
[[nodiscard]] bool IsSurveyed(std::string_view name);

/// "backend/x" for "backend" and "x"; "x" in the root.
[[nodiscard]] std::string Below(std::string_view directory, std::string_view name);

/// "the root", "backend/": how a directory is called in a sentence.
[[nodiscard]] std::string FolderName(const std::string& directory);

struct ProjectLimits {
  std::size_t depth = 8;
  std::size_t entries = 200'000;  // directory entries of any kind
  std::size_t files = 2'000;      // that are kept of one directory
};

/// Lists the project at `root`. A directory below it that has a drover.yaml is another project and
/// left out; so is what `ignored` names. What cannot be read is left out.
[[nodiscard]] ProjectFiles ListProject(const std::string& root, const IgnorePatterns& ignored,
                                       const ProjectLimits& limits = {});

}  // namespace drover::environments
