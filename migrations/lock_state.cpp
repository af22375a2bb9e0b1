#include "migrations/lock_state.h"

#include "base/error.h"
#include "base/file_locks.h"
#include "base/posix.h"

namespace drover::migrations {

Writer FindWriter(const std::string& path, const std::string& proc) {
  Writer writer = Writer::kNone;
  try {
    const auto status = StatFile(path);
    if (!status) return writer;
    for (const FileLock& lock : ReadFileLocks(proc)) {
      if (lock.inode != status->identity.inode || !lock.write) continue;
      if (lock.first < kPendingByte || lock.last > kSharedLast) continue;
      const bool only_reserved = lock.first == kReservedByte && lock.last == kReservedByte;
      if (!only_reserved) return Writer::kWriting;
      writer = Writer::kPreparing;
    }
  } catch (const Error&) {
    return Writer::kNone;
  }
  return writer;
}

}  // namespace drover::migrations
