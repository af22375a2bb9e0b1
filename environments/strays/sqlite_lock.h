// SQLite's exclusive lock on a database, taken without SQLite: nobody reads or writes it meanwhile,
// and nothing is rolled back, checkpointed or created. Only for a process that does not open the
// same file through SQLite.
#pragma once

#include <string>
#include <sys/stat.h>

#include "base/posix.h"

namespace drover::environments {

/// Held until this object ends, and only while no other descriptor of the same file is closed in
/// this process.
class SqliteLock final {
 public:
  /// Locks the regular file at `path`, which is not followed when it is a symbolic link. A file
  /// that may only be read is locked against writers. Throws kNotFound ("stray.missing"), kRefused
  /// ("stray.not_a_file"; "stray.held" when another process has a lock), kIo.
  explicit SqliteLock(const std::string& path);

  [[nodiscard]] int descriptor() const { return fd_.get(); }
  [[nodiscard]] const struct stat& status() const { return status_; }

  /// May nobody read either?
  [[nodiscard]] bool exclusive() const { return exclusive_; }

 private:
  UniqueFd fd_;
  struct stat status_ {};
  bool exclusive_ = true;
};

}  // namespace drover::environments
