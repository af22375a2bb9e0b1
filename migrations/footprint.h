// What statx says about a database and its side files: the whole of the daemon's change detection.
// Nothing is opened.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/posix.h"

namespace drover::migrations {

struct Footprint {
  std::optional<FileStatus> database;
  std::optional<FileStatus> wal;
  std::optional<FileStatus> journal;
  bool operator==(const Footprint&) const = default;

  /// Neither -wal nor a journal with content: nobody is in the middle of something.
  [[nodiscard]] bool alone() const { return !wal && (!journal || journal->size == 0); }

  /// The newest time stamp in it, in nanoseconds since the epoch. A file system's clock ticks in
  /// milliseconds, so a footprint taken within some of them may hide a later write.
  [[nodiscard]] std::int64_t newest_ns() const;
};

[[nodiscard]] Footprint TakeFootprint(const std::string& path);

/// True when `status_ns` lies so shortly before now that another change could carry the same stamp.
[[nodiscard]] bool IsRacy(std::int64_t status_ns);

}  // namespace drover::migrations
