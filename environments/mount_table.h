// The mounts of a process, /proc/PID/mountinfo (proc(5)): everybody may read those of everybody, so
// a container's mounts are known without asking its engine.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace drover::environments {

struct MountLine {
  std::string device;    // "major:minor" of the file system
  std::string root;      // what of the file system is mounted: a directory, or a single file
  std::string point;     // where, in the process's own tree
  bool deleted = false;  // what is mounted has lost its name: something else may have it now

  bool operator==(const MountLine&) const = default;
};

/// Lines that are not of the format are left out.
[[nodiscard]] std::vector<MountLine> ParseMountTable(std::string_view text);

/// Where a path lies within its file system, by our own mounts. The path is absolute and real (no
/// links, no dots).
struct PlaceInFileSystem {
  std::string device;
  std::string path;
  bool operator==(const PlaceInFileSystem&) const = default;
};
[[nodiscard]] std::optional<PlaceInFileSystem> PlaceOf(std::string_view path,
                                                       std::span<const MountLine> own);

}  // namespace drover::environments
