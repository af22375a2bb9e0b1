#include "environments/strays/private_copy.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <string_view>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/posix.h"
#include "base/text.h"
#include "environments/strays/sqlite_header.h"

namespace drover::environments {
namespace {

constexpr int kAttempts = 3;
/// Larger files are copied to a file instead of into memory.
constexpr std::int64_t kLargestInMemory = std::int64_t{16} << 20;

/// What changes when somebody writes to the file.
struct Stamp {
  std::uint64_t inode = 0;
  std::int64_t size = 0;
  timespec modified{};
  std::string head;

  bool operator==(const Stamp& other) const {
    return inode == other.inode && size == other.size && modified.tv_sec == other.modified.tv_sec &&
           modified.tv_nsec == other.modified.tv_nsec && head == other.head;
  }
};

UniqueFd OpenQuietly(const std::string& path) {
  return UniqueFd(open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK));
}

/// Of a missing file: the empty stamp.
Stamp StampOf(const std::string& path) {
  const UniqueFd fd = OpenQuietly(path);
  struct stat status {};
  if (!fd || fstat(fd.get(), &status) != 0 || !S_ISREG(status.st_mode)) return {};
  std::array<char, kSqliteHeaderSize> head;
  const ssize_t got = pread(fd.get(), head.data(), head.size(), 0);
  return {.inode = status.st_ino,
          .size = status.st_size,
          .modified = status.st_mtim,
          .head = std::string(head.data(), static_cast<std::size_t>(std::max<ssize_t>(got, 0)))};
}

/// Copies at most `size` bytes. Returns 0 or the errno of the failure.
int CopyFile(const std::string& from, const std::string& to, std::int64_t size) {
  const UniqueFd source = OpenQuietly(from);
  if (!source) return errno;
  const UniqueFd sink(
      open(to.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!sink) return errno;
  return CopyBytes(source.get(), sink.get(), size) ? 0 : errno;
}

/// The first `size` bytes. Returns 0 or the errno of the failure.
int ReadInto(const std::string& from, std::int64_t size, std::string& bytes) {
  const UniqueFd source = OpenQuietly(from);
  if (!source) return errno;
  bytes.resize(static_cast<std::size_t>(size));
  std::size_t have = 0;
  while (have < bytes.size()) {
    const ssize_t got = read(source.get(), bytes.data() + have, bytes.size() - have);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return errno;
    if (got == 0) break;
    have += static_cast<std::size_t>(got);
  }
  bytes.resize(have);
  return 0;
}

std::string CopyPath(PrivateDirectory& directory) { return directory.path() + "/copy"; }

}  // namespace

PrivateDirectory::PrivateDirectory(const std::vector<std::string>& roots)
    : parent_(EnvironmentVariable("TMPDIR").value_or("/tmp")) {
  struct stat status {};
  const bool usable = parent_.starts_with('/') && stat(parent_.c_str(), &status) == 0 &&
                      S_ISDIR(status.st_mode) && access(parent_.c_str(), W_OK | X_OK) == 0;
  const std::string real = RealPath(parent_);
  const bool watched = std::any_of(roots.begin(), roots.end(), [&real](const std::string& root) {
    return IsBelow(real, RealPath(root));
  });
  if (!usable || watched) parent_ = "/tmp";
}

const std::string& PrivateDirectory::path() {
  if (path_.empty()) {
    std::string path = Concat(parent_, "/.drover-scan.XXXXXX");
    if (mkdtemp(path.data()) == nullptr) throw SystemError("create", path, errno);
    path_ = std::move(path);
  }
  return path_;
}

void PrivateDirectory::Empty() const {
  if (path_.empty()) return;
  const UniqueFd fd(open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  for (const char* suffix : {"", "-wal", "-shm", "-journal"}) {
    if (fd) unlinkat(fd.get(), Concat("copy", suffix).c_str(), 0);
  }
}

PrivateDirectory::~PrivateDirectory() {
  if (path_.empty()) return;
  Empty();
  rmdir(path_.c_str());
}

PrivateCopy OpenPrivateCopy(const std::string& path, PrivateDirectory& directory,
                            std::int64_t largest) {
  const std::string wal = path + "-wal";
  for (int attempt = 1;; ++attempt) {
    const Stamp main_before = StampOf(path);
    const Stamp wal_before = StampOf(wal);
    const std::int64_t total = main_before.size + wal_before.size;
    if (total > largest) {
      return {.problem = Concat("too large to look into (", total >> 20U, " MiB)"),
              .too_large = true};
    }
    const bool in_memory = wal_before.size == 0 && main_before.size <= kLargestInMemory;
    std::string bytes;
    int failure = 0;
    if (in_memory) {
      failure = ReadInto(path, main_before.size, bytes);
    } else {
      const std::string copy = CopyPath(directory);
      const std::string copied_wal = copy + "-wal";
      unlink(copied_wal.c_str());
      failure = CopyFile(path, copy, main_before.size);
      if (failure == 0 && wal_before.size > 0) {
        failure = CopyFile(wal, copied_wal, wal_before.size);
        if (failure == ENOENT) failure = 0;  // checkpointed just now: the stamps will differ
      }
    }
    if (failure != 0) {
      return {.problem = Concat("cannot be copied for a look inside: ", std::strerror(failure))};
    }
    const bool stable = StampOf(path) == main_before && StampOf(wal) == wal_before;
    if (!stable && attempt < kAttempts) continue;
    PrivateCopy copy{.problem = {}, .stable = stable};
    if (in_memory) {
      copy.connection.emplace(migrations::Connection::OfBytes(bytes));
    } else {
      copy.connection.emplace(CopyPath(directory), migrations::OpenMode::kWrite,
                              std::chrono::milliseconds(0));
    }
    return copy;
  }
}

}  // namespace drover::environments
