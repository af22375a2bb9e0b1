#include "base/posix.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/text.h"

namespace drover {
namespace {

FileType TypeOf(std::uint32_t mode) {
  if (S_ISREG(mode)) return FileType::kRegular;
  if (S_ISDIR(mode)) return FileType::kDirectory;
  if (S_ISSOCK(mode)) return FileType::kSocket;
  if (S_ISLNK(mode)) return FileType::kSymlink;
  return FileType::kOther;
}

std::int64_t Nanoseconds(const timespec& time) {
  return static_cast<std::int64_t>(time.tv_sec) * 1'000'000'000 + time.tv_nsec;
}

constexpr int kMaxLinks = 40;  // as many as the kernel follows

/// RealPath() that follows at most `links` links whose target is missing.
std::string Resolve(const std::string& path, int links) {
  if (char* resolved = realpath(path.c_str(), nullptr)) {
    std::string out = resolved;
    std::free(resolved);  // NOLINT: realpath allocates with malloc
    return out;
  }
  if (path.empty() || path == "/" || path.find('/') == std::string::npos) return path;
  const std::string parent = Resolve(DirectoryName(path), links);
  const std::string whole = parent == "/" ? "/" + BaseName(path) : parent + "/" + BaseName(path);
  // What opening would create is where a dangling link points, not the link.
  std::array<char, PATH_MAX> target;
  const ssize_t size = links > 0 ? readlink(whole.c_str(), target.data(), target.size()) : -1;
  if (size <= 0) return whole;
  const std::string_view text(target.data(), static_cast<std::size_t>(size));
  return Resolve(text.front() == '/' ? std::string(text) : Concat(parent, "/", text), links - 1);
}

}  // namespace

void UniqueFd::Reset(int fd) {
  if (fd_ >= 0) close(fd_);
  fd_ = fd;
}

std::optional<FileStatus> StatFile(const std::string& path, Follow follow) {
  struct stat raw {};
  const int flags = follow == Follow::kNothing ? AT_SYMLINK_NOFOLLOW : 0;
  if (fstatat(AT_FDCWD, path.c_str(), &raw, flags) != 0) {
    if (errno == ENOENT || errno == ENOTDIR) return std::nullopt;
    throw SystemError("stat", path, errno);
  }
  return FileStatus{.identity = {.device = raw.st_dev, .inode = raw.st_ino},
                    .type = TypeOf(raw.st_mode),
                    .size = static_cast<std::uint64_t>(raw.st_size),
                    .modified_ns = Nanoseconds(raw.st_mtim),
                    .changed_ns = Nanoseconds(raw.st_ctim),
                    .mode = raw.st_mode & 07777U,
                    .owner = raw.st_uid,
                    .links = static_cast<std::uint32_t>(raw.st_nlink),
                    .group = raw.st_gid};
}

std::optional<std::int64_t> BirthTime(const std::string& path) {
  struct statx raw {};
  if (statx(AT_FDCWD, path.c_str(), 0, STATX_BTIME, &raw) != 0) return std::nullopt;
  if ((raw.stx_mask & STATX_BTIME) == 0) return std::nullopt;
  return Nanoseconds({.tv_sec = raw.stx_btime.tv_sec, .tv_nsec = raw.stx_btime.tv_nsec});
}

std::string ReadFile(const std::string& path, std::size_t limit) {
  // O_NONBLOCK: a FIFO in place of a configuration file must not hang the reader.
  const UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!fd) throw SystemError("open", path, errno);
  struct stat raw {};
  if (fstat(fd.get(), &raw) != 0) throw SystemError("stat", path, errno);
  if (!S_ISREG(raw.st_mode)) {
    throw Error(Code::kInvalid, "io.not_a_file", Concat(path, " is not a regular file"));
  }
  std::string content;
  content.reserve(std::min(static_cast<std::size_t>(raw.st_size) + 1, limit + 1));
  std::array<char, 65536> buffer;
  for (;;) {
    const ssize_t got = read(fd.get(), buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw SystemError("read", path, errno);
    if (got == 0) return content;
    content.append(buffer.data(), static_cast<std::size_t>(got));
    if (content.size() > limit) {
      throw Error(Code::kInvalid, "io.too_large",
                  Concat(path, " is larger than the limit of ", limit, " bytes"));
    }
  }
}

void WriteFileDurably(const std::string& path, std::string_view content, mode_t mode) {
  std::string temporary = path + ".XXXXXX";
  const UniqueFd fd(mkostemp(temporary.data(), O_CLOEXEC));
  if (!fd) throw SystemError("create", temporary, errno);
  if (fchmod(fd.get(), mode) != 0 || !WriteAll(fd.get(), content) || fsync(fd.get()) != 0 ||
      rename(temporary.c_str(), path.c_str()) != 0) {
    const int error_number = errno;
    unlink(temporary.c_str());
    throw SystemError("write", path, error_number);
  }
  SyncDirectory(DirectoryName(path));
}

void CreateFile(const std::string& path, std::string_view content, mode_t mode) {
  const UniqueFd fd(open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode));
  if (!fd) {
    if (errno == EEXIST) {
      throw Error(Code::kConflict, "io.exists", Concat(path, " exists already"));
    }
    throw SystemError("create", path, errno);
  }
  if (!WriteAll(fd.get(), content)) {
    const int error_number = errno;
    unlink(path.c_str());
    throw SystemError("write", path, error_number);
  }
}

void CreateFileDurably(const std::string& path, std::string_view content, mode_t mode) {
  std::string temporary = Concat(DirectoryName(path), "/.", BaseName(path), ".XXXXXX");
  const UniqueFd fd(mkostemp(temporary.data(), O_CLOEXEC));
  if (!fd) throw SystemError("create", path, errno);
  bool placed = fchmod(fd.get(), mode) == 0 && WriteAll(fd.get(), content) && fsync(fd.get()) == 0;
  if (placed) {
    placed = renameat2(AT_FDCWD, temporary.c_str(), AT_FDCWD, path.c_str(), RENAME_NOREPLACE) == 0;
    // Not every file system knows that one; all that do not know links either remain.
    if (!placed && (errno == EINVAL || errno == ENOSYS)) {
      placed = link(temporary.c_str(), path.c_str()) == 0;
      if (placed) unlink(temporary.c_str());
    }
  }
  if (!placed) {
    const int error_number = errno;
    unlink(temporary.c_str());
    if (error_number == EEXIST) {
      throw Error(Code::kConflict, "io.exists", Concat(path, " exists already"));
    }
    throw SystemError("write", path, error_number);
  }
  SyncDirectory(DirectoryName(path));
}

bool CreateFileUnseen(const std::string& path, std::string_view content, mode_t mode) {
  const UniqueFd fd(open(DirectoryName(path).c_str(), O_TMPFILE | O_WRONLY | O_CLOEXEC, mode));
  if (!fd) return false;
  if (fchmod(fd.get(), mode) != 0 || !WriteAll(fd.get(), content) || fsync(fd.get()) != 0) {
    throw SystemError("write", path, errno);
  }
  const std::string unnamed = Concat("/proc/self/fd/", fd.get());
  if (linkat(AT_FDCWD, unnamed.c_str(), AT_FDCWD, path.c_str(), AT_SYMLINK_FOLLOW) != 0) {
    if (errno == ENOENT || errno == EOPNOTSUPP) return false;  // no /proc, or no links
    if (errno != EEXIST) throw SystemError("write", path, errno);
    throw Error(Code::kConflict, "io.exists", Concat(path, " exists already"));
  }
  SyncDirectory(DirectoryName(path));
  return true;
}

void MakeDirectories(const std::string& path, mode_t mode) {
  if (path.empty() || path == "/") return;
  if (mkdir(path.c_str(), mode) == 0) return;
  if (errno == ENOENT) {
    MakeDirectories(DirectoryName(path), mode);
    if (mkdir(path.c_str(), mode) == 0) return;
  }
  if (errno != EEXIST) throw SystemError("create", path, errno);
  const auto status = StatFile(path);
  if (!status || status->type != FileType::kDirectory) throw SystemError("create", path, ENOTDIR);
}

void MakeDirectoriesDurably(const std::string& path, mode_t mode) {
  std::vector<std::string> changed;
  for (std::string name = path; !StatFile(name); name = DirectoryName(name)) {
    changed.push_back(DirectoryName(name));
  }
  MakeDirectories(path, mode);
  for (const std::string& directory : changed) {
    if (access(directory.c_str(), R_OK) == 0) SyncDirectory(directory);
  }
}

std::vector<std::string> ListDirectory(const std::string& path) {
  const DirectoryStream directory(opendir(path.c_str()));
  if (directory == nullptr) throw SystemError("list", path, errno);
  std::vector<std::string> names;
  while (const dirent* entry = readdir(directory.get())) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

bool WriteAll(int fd, std::string_view data) {
  while (!data.empty()) {
    const ssize_t written = write(fd, data.data(), data.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    data.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

bool CopyBytes(int from, int to, std::int64_t limit) {
  std::string buffer(std::size_t{1} << 20U, '\0');
  while (limit > 0) {
    const auto want = static_cast<std::size_t>(
        std::min<std::int64_t>(limit, static_cast<std::int64_t>(buffer.size())));
    const ssize_t got = read(from, buffer.data(), want);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return false;
    if (got == 0) break;
    if (!WriteAll(to, std::string_view(buffer).substr(0, static_cast<std::size_t>(got)))) {
      return false;
    }
    limit -= got;
  }
  return true;
}

void SyncDirectory(const std::string& directory) {
  const UniqueFd fd(open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd || fsync(fd.get()) != 0) throw SystemError("sync", directory, errno);
}

std::string CurrentDirectory() {
  std::array<char, PATH_MAX> buffer;
  if (getcwd(buffer.data(), buffer.size()) == nullptr) {
    throw SystemError("find", "the working directory", errno);
  }
  return buffer.data();
}

std::string RealPath(const std::string& path) { return Resolve(path, kMaxLinks); }

std::string AbsolutePath(std::string_view path, std::string_view base) {
  const std::string whole =
      !path.empty() && path.front() == '/' ? std::string(path) : Concat(base, "/", path);
  std::vector<std::string> parts;
  for (std::size_t begin = 0; begin < whole.size();) {
    const std::size_t end = std::min(whole.find('/', begin), whole.size());
    std::string part = whole.substr(begin, end - begin);
    begin = end + 1;
    if (part.empty() || part == ".") continue;
    if (part == "..") {
      if (!parts.empty()) parts.pop_back();
    } else {
      parts.push_back(std::move(part));
    }
  }
  return "/" + Join(parts, "/");
}

std::string DirectoryName(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string_view::npos) return ".";
  return std::string(slash == 0 ? "/" : path.substr(0, slash));
}

std::string BaseName(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return std::string(slash == std::string_view::npos ? path : path.substr(slash + 1));
}

bool ProcessExists(std::int64_t pid) {
  return pid > 0 && (kill(static_cast<pid_t>(pid), 0) == 0 || errno == EPERM);
}

bool IsBelow(std::string_view path, std::string_view directory) {
  if (directory == "/") return true;
  return path.starts_with(directory) &&
         (path.size() == directory.size() || path[directory.size()] == '/');
}

std::string RelativeTo(std::string_view path, std::string_view directory) {
  if (!IsBelow(path, directory) || directory == "/") return std::string(path);
  if (path.size() == directory.size()) return ".";
  return std::string(path.substr(directory.size() + 1));
}

std::optional<std::string> EnvironmentVariable(const char* name) {
  const char* value = std::getenv(name);
  if (value == nullptr || *value == '\0') return std::nullopt;
  return value;
}

}  // namespace drover
