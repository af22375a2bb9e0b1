// Thin wrappers over the system calls that daemon and client share: descriptors that close
// themselves, whole-file reads and durable writes, file identity. Never call the reading functions
// on a database file in a process that also opens it through SQLite (docs/ARCHITECTURE.md).
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <dirent.h>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <vector>

namespace drover {

/// Owns a file descriptor; -1 means none.
class UniqueFd final {
 public:
  UniqueFd() = default;
  explicit UniqueFd(int fd) : fd_(fd) {}
  UniqueFd(UniqueFd&& other) noexcept : fd_(other.Release()) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept {
    if (this != &other) Reset(other.Release());
    return *this;
  }
  UniqueFd(const UniqueFd&) = delete;
  UniqueFd& operator=(const UniqueFd&) = delete;
  ~UniqueFd() { Reset(); }

  [[nodiscard]] int get() const { return fd_; }
  [[nodiscard]] explicit operator bool() const { return fd_ >= 0; }
  [[nodiscard]] int Release() {
    const int fd = fd_;
    fd_ = -1;
    return fd;
  }
  void Reset(int fd = -1);

 private:
  int fd_ = -1;
};

struct DirectoryCloser {
  void operator()(DIR* directory) const { closedir(directory); }
};
using DirectoryStream = std::unique_ptr<DIR, DirectoryCloser>;

/// Names a file whatever it is called: device and inode.
struct FileIdentity {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  auto operator<=>(const FileIdentity&) const = default;
};

enum class FileType : std::uint8_t { kRegular, kDirectory, kSocket, kSymlink, kOther };

/// What statx knows about a file.
struct FileStatus {
  FileIdentity identity;
  FileType type = FileType::kOther;
  std::uint64_t size = 0;
  std::int64_t modified_ns = 0;  // since the epoch
  std::int64_t changed_ns = 0;   // inode change time, since the epoch
  std::uint32_t mode = 0;        // permission bits
  std::uint32_t owner = 0;       // uid
  std::uint32_t links = 0;
  std::uint32_t group = 0;  // gid
  auto operator<=>(const FileStatus&) const = default;
};

enum class Follow : std::uint8_t { kSymlinks, kNothing };

/// The status of `path`, or nothing when there is no such file. Throws kIo for other failures.
[[nodiscard]] std::optional<FileStatus> StatFile(const std::string& path,
                                                 Follow follow = Follow::kSymlinks);

/// When `path` was made, in nanoseconds since the epoch; nothing when there is no such file or its
/// file system does not keep it.
[[nodiscard]] std::optional<std::int64_t> BirthTime(const std::string& path);

/// The whole content of a file. Throws kNotFound or kIo; kInvalid ("io.too_large") beyond `limit`.
[[nodiscard]] std::string ReadFile(const std::string& path, std::size_t limit);

/// Replaces `path` by `content` so that a crash leaves the old or the new content: temporary file,
/// fsync, rename, fsync of the directory. Throws kIo.
void WriteFileDurably(const std::string& path, std::string_view content, mode_t mode);

/// Creates `path`, which must not exist, with `content`. Throws kConflict ("io.exists") or kIo.
void CreateFile(const std::string& path, std::string_view content, mode_t mode);

/// The same so that a crash leaves all of it or nothing, and durable: a file of that name is never
/// replaced. Throws kConflict ("io.exists") or kIo.
void CreateFileDurably(const std::string& path, std::string_view content, mode_t mode);

/// The same with a file that has no name until it is whole and durable: a killed process leaves
/// nothing at all. Watchers of the directory see a new file, and no write to it. False, and nothing
/// done, where the file system has no such files. Throws kConflict ("io.exists") or kIo.
[[nodiscard]] bool CreateFileUnseen(const std::string& path, std::string_view content, mode_t mode);

/// Creates a directory and its missing parents. Throws kIo.
void MakeDirectories(const std::string& path, mode_t mode);

/// The same, and the new names survive a power failure, unless a directory may be written and not
/// read: such a one cannot be synced. Throws kIo.
void MakeDirectoriesDurably(const std::string& path, mode_t mode);

/// The names in a directory without "." and "..", sorted. Throws kNotFound or kIo.
[[nodiscard]] std::vector<std::string> ListDirectory(const std::string& path);

/// Writes all of `data`, however many calls it takes. Returns false on an error, errno set.
[[nodiscard]] bool WriteAll(int fd, std::string_view data);

/// Copies what is left of `from`, at most `limit` bytes, to `to`. Returns false on an error, errno
/// set.
[[nodiscard]] bool CopyBytes(int from, int to, std::int64_t limit);

/// Makes the names in a directory durable. Throws kIo.
void SyncDirectory(const std::string& directory);

/// The working directory as an absolute path. Throws kIo when it was removed.
[[nodiscard]] std::string CurrentDirectory();

/// `path` with symbolic links resolved, as far as it exists: the missing tail is kept as written.
[[nodiscard]] std::string RealPath(const std::string& path);

/// `path` made absolute against `base` and cleaned of "." , ".." and double slashes, textually.
[[nodiscard]] std::string AbsolutePath(std::string_view path, std::string_view base);

/// Everything before the last slash of an absolute path; "/" for a name at the root.
[[nodiscard]] std::string DirectoryName(std::string_view path);

/// Everything after the last slash.
[[nodiscard]] std::string BaseName(std::string_view path);

/// Is there a process of this number, of whatever user? Numbers are used again.
[[nodiscard]] bool ProcessExists(std::int64_t pid);

/// Is `path` equal to `directory` or below it? Both absolute and clean.
[[nodiscard]] bool IsBelow(std::string_view path, std::string_view directory);

/// `path` relative to `directory` when it lies below it, else `path` unchanged.
[[nodiscard]] std::string RelativeTo(std::string_view path, std::string_view directory);

/// The value of an environment variable; nothing when unset or empty.
[[nodiscard]] std::optional<std::string> EnvironmentVariable(const char* name);

}  // namespace drover
