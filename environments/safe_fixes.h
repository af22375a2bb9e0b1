// Fixes that cannot lose anything, so that drover may carry them out when it is told to: an empty
// directory removed, a missing one made, lines added to .gitignore, a file taken out of git's
// index. Each does nothing when it is done already, whoever did it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "environments/files.h"
#include "environments/target.h"

namespace drover::environments {

struct SafeFix {
  enum class Kind : std::uint8_t { kRemoveEmptyDirectory, kMakeDirectory, kIgnoreInGit, kUntrack };

  Kind kind = Kind::kMakeDirectory;
  std::string code;  // of the finding
  std::string environment;
  std::string path;                 // the directory; the .gitignore; the top of the working tree
  std::vector<std::string> values;  // lines to add; files to take out, relative to `path`
  bool operator==(const SafeFix&) const = default;
};

/// The fixes for what was found about where `target` lies. Only below `root`: what a configuration
/// names outside of its project is not touched.
[[nodiscard]] std::vector<SafeFix> FixesForTarget(const Target& target, const std::string& root,
                                                  Files& files);

/// The same as shell would do it, with paths relative to `root` where they are below.
[[nodiscard]] std::string FixCommand(const SafeFix& fix, const std::string& root);

/// rmdir(2), which refuses a directory with anything in it. Throws kConflict ("fix.not_empty"),
/// kIo.
void RemoveEmptyDirectory(const std::string& path);

/// Makes a directory below `root` with its parents. Throws kRefused ("fix.outside") when a symbolic
/// link leads out, kConflict ("fix.in_the_way") when something else has the name, kIo.
void MakeDirectoryBelow(const std::string& path, const std::string& root);

/// Appends those of `lines` that the file does not have yet, in one write, under a lock that other
/// drovers respect; makes the file when it is missing. Throws kRefused ("fix.symlink") for a
/// symbolic link, kIo.
void AppendMissingLines(const std::string& path, const std::vector<std::string>& lines);

}  // namespace drover::environments
