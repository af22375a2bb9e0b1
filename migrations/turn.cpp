#include "migrations/turn.h"

#include <cstdint>
#include <fcntl.h>
#include <string_view>

namespace drover::migrations {
namespace {

/// A byte far beyond any file's end. Two databases of one directory that share it only wait for
/// each other.
std::int64_t ByteOf(std::string_view name) {
  std::uint64_t hash = 0xcbf29ce484222325U;  // FNV-1a
  for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
  return static_cast<std::int64_t>(hash >> 2U);
}

}  // namespace

Turn::Turn(const std::string& path)
    : directory_(open(DirectoryName(path).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)),
      byte_(ByteOf(BaseName(path))) {}

bool Turn::IsTaken() const {
  struct flock lock {};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  lock.l_start = byte_;
  lock.l_len = 1;
  return directory_ && fcntl(directory_.get(), F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
}

void Turn::Take() {
  struct flock lock {};
  lock.l_type = F_RDLCK;  // a directory cannot be opened for writing, which F_WRLCK would need
  lock.l_whence = SEEK_SET;
  lock.l_start = byte_;
  lock.l_len = 1;
  mine_ = true;
  if (directory_) (void)fcntl(directory_.get(), F_OFD_SETLK, &lock);
}

}  // namespace drover::migrations
