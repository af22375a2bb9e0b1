#include "migrations/lock_state.h"

#include <algorithm>

#include "base/error.h"
#include "base/file_locks.h"
#include "base/posix.h"

namespace drover::migrations {

namespace {

std::uint64_t InodeOf(const std::string& path) {
  const auto status = StatFile(path);
  return status ? status->identity.inode : 0;
}

bool IsOfDatabase(const FileLock& lock, std::uint64_t inode) {
  return inode != 0 && lock.inode == inode && lock.first >= kPendingByte &&
         lock.last <= kSharedLast;
}

}  // namespace

Writer FindWriter(const std::string& path, const std::string& proc) {
  Writer writer = Writer::kNone;
  try {
    const std::uint64_t inode = InodeOf(path);
    for (const FileLock& lock : ReadFileLocks(proc)) {
      if (!lock.write || !IsOfDatabase(lock, inode)) continue;
      const bool only_reserved = lock.first == kReservedByte && lock.last == kReservedByte;
      if (!only_reserved) return Writer::kWriting;
      writer = Writer::kPreparing;
    }
  } catch (const Error&) {
    return Writer::kNone;
  }
  return writer;
}

bool IsLocked(const std::string& path, const std::string& proc) {
  try {
    const std::uint64_t database = InodeOf(path);
    const std::uint64_t shared_memory = InodeOf(path + "-shm");
    return std::ranges::any_of(ReadFileLocks(proc), [&](const FileLock& lock) {
      return shared_memory == 0 ? IsOfDatabase(lock, database)
                                : lock.inode == shared_memory && lock.write &&
                                      lock.first <= kWalWriteByte && lock.last >= kWalWriteByte;
    });
  } catch (const Error&) {
    return false;
  }
}

}  // namespace drover::migrations
