#include "environments/files.h"

#include <cerrno>
#include <climits>
#include <cstddef>
#include <fcntl.h>
#include <unistd.h>

#include "base/error.h"
#include "environments/mounts.h"

namespace drover::environments {
namespace {

constexpr std::size_t kMaxBytes = std::size_t{4} << 20U;
constexpr int kMaxLinks = 40;  // as many as the kernel follows

std::string ReadLink(const std::string& path) {
  std::string content(PATH_MAX, '\0');
  const ssize_t length = readlink(path.c_str(), content.data(), content.size());
  content.resize(length < 0 ? 0 : static_cast<std::size_t>(length));
  return content;
}

}  // namespace

std::optional<std::string> RealFiles::Read(const std::string& path) {
  read_paths_.insert(path);
  if (!StatFile(path)) return std::nullopt;
  return ReadFile(path, kMaxBytes);
}

std::optional<FileStatus> RealFiles::Stat(const std::string& path) { return StatFile(path); }

Reach RealFiles::Probe(const std::string& path) {
  if (faccessat(AT_FDCWD, path.c_str(), F_OK, AT_EACCESS) == 0) return Reach::kThere;
  if (errno == EACCES) return Reach::kClosed;
  if (errno == ENOENT || errno == ENOTDIR) return Reach::kMissing;
  throw SystemError("look for", path, errno);
}

std::string RealFiles::Real(const std::string& path) {
  std::string real = RealPath(path);
  // A link to a file that is yet to be created stops realpath, but not SQLite: it creates the file
  // the link points to.
  for (int links = 0; links < kMaxLinks; ++links) {
    const std::optional<FileStatus> status = StatFile(real, Follow::kNothing);
    if (!status || status->type != FileType::kSymlink) break;
    real = RealPath(AbsolutePath(ReadLink(real), DirectoryName(real)));
  }
  return real;
}

bool RealFiles::IsEmptyDirectory(const std::string& path) {
  try {
    const std::optional<FileStatus> status = StatFile(path, Follow::kNothing);
    return status && status->type == FileType::kDirectory && ListDirectory(path).empty();
  } catch (const Error&) {
    return false;  // not ours to read
  }
}

std::optional<std::string> RealFiles::RemoteFileSystem(const std::string& path) {
  return FileSystemWithoutEvents(path);
}

}  // namespace drover::environments
