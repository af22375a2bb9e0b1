#include "migrations/safety/database_copy.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <optional>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/error.h"
#include "base/posix.h"
#include "base/text.h"
#include "migrations/inspect.h"

namespace drover::migrations {
namespace {

/// What is being written does not exist yet: its name says whose work it is, so that what a killed
/// process left can be told from what is under way.
std::string PartName(const std::string& to) { return Concat(to, ".", getpid(), ".part"); }

/// A file that is taken away again unless it is kept.
class NewFile {
 public:
  explicit NewFile(std::string path) : path_(std::move(path)) {}
  NewFile(const NewFile&) = delete;
  NewFile& operator=(const NewFile&) = delete;
  ~NewFile() {
    if (path_.empty()) return;
    unlink(path_.c_str());
    unlink((path_ + "-journal").c_str());
  }
  [[nodiscard]] const std::string& path() const { return path_; }

  void Become(const std::string& name) {
    if (rename(path_.c_str(), name.c_str()) != 0) throw SystemError("create", name, errno);
    path_.clear();
  }

 private:
  std::string path_;
};

/// Nobody has the copy open: a raw descriptor of it drops no lock.
void SyncFile(const std::string& path) {
  const UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd || fsync(fd.get()) != 0) throw SystemError("sync", path, errno);
}

}  // namespace

void WriteCopy(Connection& source, const std::string& to, CopyKind kind) {
  const std::string part = PartName(to);
  unlink(part.c_str());  // ours of an earlier life, with the same number
  CreateFile(part, "", 0600);
  NewFile file(part);
  {
    Connection copy(file.path(), OpenMode::kWrite);
    copy.Execute("PRAGMA synchronous=OFF");
    copy.CopyFrom(source);
    (void)copy.QueryText("PRAGMA journal_mode=DELETE");
  }
  if (kind == CopyKind::kKept) SyncFile(file.path());
  file.Become(to);
  if (kind == CopyKind::kKept) SyncDirectory(DirectoryName(to));
}

Footprint CopyLive(const std::string& path, const std::function<void(Connection&)>& copy) {
  Footprint before = TakeFootprint(path);
  if (!before.database) {
    throw Error(Code::kNotFound, "database.missing", Concat("there is no database at ", path));
  }
  if (before.alone() && !IsRacy(before.newest_ns())) {
    std::optional<Error> failure;
    try {
      Connection source(path, OpenMode::kReadImmutable);
      copy(source);
    } catch (const Error& error) {
      failure = error;  // perhaps only because of a writer
    }
    if (TakeFootprint(path) == before) {
      if (failure) throw Error(*failure);
      return before;
    }
  }
  RollBackHotJournal(path);
  Connection source(path, OpenMode::kRead);
  // The backup API reads in the transaction that is open: what was copied is what was looked at.
  source.Execute("BEGIN");
  (void)source.QueryInteger("SELECT count(*) FROM sqlite_schema");
  before = TakeFootprint(path);
  copy(source);
  source.Execute("COMMIT");
  return before;
}

void CopyPrivateFile(const std::string& from, const std::string& to) {
  CreateFile(to, "", 0600);
  const UniqueFd source(open(from.c_str(), O_RDONLY | O_CLOEXEC));
  const UniqueFd target(open(to.c_str(), O_WRONLY | O_CLOEXEC));
  bool copied = source && target;
  while (copied) {
    const ssize_t moved =
        copy_file_range(source.get(), nullptr, target.get(), nullptr, std::size_t{1} << 30U, 0);
    if (moved == 0) return;
    if (moved > 0 || errno == EINTR) continue;
    // Between some file systems the kernel does not copy (copy_file_range(2): EXDEV, EOPNOTSUPP).
    const bool here =
        lseek(source.get(), 0, SEEK_SET) == 0 && lseek(target.get(), 0, SEEK_SET) == 0;
    if (here && CopyBytes(source.get(), target.get(), INT64_MAX)) return;
    copied = false;
  }
  const int reason = errno;
  unlink(to.c_str());
  throw SystemError("copy", to, reason);
}

std::uint64_t SizeOf(const Footprint& footprint) {
  return (footprint.database ? footprint.database->size : 0) +
         (footprint.wal ? footprint.wal->size : 0);
}

void RequireSpace(const std::string& directory, std::uint64_t bytes, const std::string& what) {
  struct statvfs space {};
  if (statvfs(directory.c_str(), &space) != 0) return;  // writing will tell
  constexpr std::uint64_t kMebibyte = std::uint64_t{1} << 20U;
  const std::uint64_t needed = bytes + std::max(bytes / 20, 16 * kMebibyte);
  const std::uint64_t free = std::uint64_t{space.f_bavail} * space.f_frsize;
  if (free >= needed) return;
  throw Error(Code::kIo, "backup.no_space",
              Concat(what, " needs ", needed / kMebibyte + 1, " MiB, and ", directory, " has ",
                     free / kMebibyte, " MiB left"),
              "make room there, or set safety.backup.directory in drover.yaml");
}

}  // namespace drover::migrations
