// What the mount table means for watching: file systems that keep changes made elsewhere to
// themselves, and notice of something being mounted or unmounted.
#pragma once

#include <optional>
#include <string>

#include "base/posix.h"

namespace drover::environments {

/// The name of the file system at `path` when changes made by others, on a server or a host, cause
/// no events here: "nfs", "smb", "9p", "fuse", … (statfs(2)); nothing for a local one, or when it
/// cannot be told.
[[nodiscard]] std::optional<std::string> FileSystemWithoutEvents(const std::string& path);

/// Says when the mount table of this process's mount namespace has changed. A directory that has
/// been mounted over is another directory from then on, and no event of the old one tells. Used by
/// one thread.
class MountWatcher final {
 public:
  /// Throws kIo.
  MountWatcher();

  /// Becomes readable when the table has changed, until Drain() is called.
  [[nodiscard]] int descriptor() const { return poll_.get(); }

  void Drain();

 private:
  UniqueFd table_;
  UniqueFd poll_;
};

}  // namespace drover::environments
