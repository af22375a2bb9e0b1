// The kernel's table of POSIX file locks, /proc/locks: who holds which bytes of which file, without
// opening the file. The format is proc_locks(5)'s.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace drover {

/// A POSIX lock that is held.
struct FileLock {
  std::int64_t pid = 0;  // 0 or less: a process of another namespace
  std::uint64_t inode = 0;
  bool write = false;
  std::int64_t first = 0;
  std::int64_t last = 0;  // inclusive; INT64_MAX: to the end
};

/// All POSIX locks that `proc` (normally "/proc") shows; those of other pid namespaces may be
/// missing. By inode alone: the device there is not the one stat tells on every file system.
/// Throws kNotFound, kIo or kInvalid when the table cannot be read.
[[nodiscard]] std::vector<FileLock> ReadFileLocks(const std::string& proc = "/proc");

}  // namespace drover
