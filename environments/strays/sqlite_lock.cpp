#include "environments/strays/sqlite_lock.h"

#include <cerrno>
#include <fcntl.h>

#include "base/error.h"
#include "base/text.h"
#include "environments/processes.h"
#include "migrations/busy_wait.h"
#include "migrations/lock_state.h"

namespace drover::environments {

SqliteLock::SqliteLock(const std::string& path) {
  constexpr int kFlags = O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK;
  struct stat before {};
  if (lstat(path.c_str(), &before) == 0 && !S_ISREG(before.st_mode)) {
    throw Error(Code::kRefused, "stray.not_a_file", Concat(path, " is not a regular file"),
                Concat("ls -la ", ShellQuote(path)));
  }
  fd_.Reset(open(path.c_str(), O_RDWR | kFlags));
  if (!fd_ && (errno == EACCES || errno == EROFS || errno == EPERM)) {
    exclusive_ = false;
    fd_.Reset(open(path.c_str(), O_RDONLY | kFlags));
  }
  if (!fd_ && errno == ENOENT) {
    throw Error(Code::kNotFound, "stray.missing", Concat("there is no file ", path),
                "drover strays");
  }
  if (!fd_ || fstat(fd_.get(), &status_) != 0) throw SystemError("open", path, errno);
  struct flock lock {};
  lock.l_type = exclusive_ ? F_WRLCK : F_RDLCK;
  lock.l_whence = SEEK_SET;
  lock.l_start = migrations::kPendingByte;
  lock.l_len = migrations::kSharedLast - migrations::kPendingByte + 1;
  if (fcntl(fd_.get(), F_SETLK, &lock) == 0) return;
  if (errno != EAGAIN && errno != EACCES) throw SystemError("lock", path, errno);
  throw Error(Code::kRefused, "stray.held",
              Concat(path, " is in use by ", migrations::NameHolders(FindLockHolders(path))),
              "drover strays");
}

}  // namespace drover::environments
