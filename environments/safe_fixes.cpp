#include "environments/safe_fixes.h"

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/error.h"
#include "base/posix.h"
#include "base/text.h"

namespace drover::environments {
namespace {

constexpr std::size_t kLargestIgnoreFile = std::size_t{1} << 20U;

bool Has(const Target& target, std::string_view code) {
  return std::ranges::find(target.findings, code, &Finding::code) != target.findings.end();
}

std::string ReadAll(int fd, const std::string& path) {
  std::string content(kLargestIgnoreFile + 1, '\0');
  std::size_t size = 0;
  while (size < content.size()) {
    const ssize_t got =
        pread(fd, content.data() + size, content.size() - size, static_cast<off_t>(size));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw SystemError("read", path, errno);
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
  }
  if (size > kLargestIgnoreFile) {
    throw Error(Code::kInvalid, "io.too_large", Concat(path, " is too large to be an ignore file"));
  }
  content.resize(size);
  return content;
}

}  // namespace

std::vector<SafeFix> FixesForTarget(const Target& target, const std::string& root, Files& files) {
  std::vector<SafeFix> fixes;
  if (Has(target, "database-path-is-directory") && IsBelow(target.path, root) &&
      target.path != root && files.IsEmptyDirectory(target.path)) {
    fixes.push_back({.kind = SafeFix::Kind::kRemoveEmptyDirectory,
                     .code = "database-path-is-directory",
                     .environment = target.environment,
                     .path = target.path,
                     .values = {}});
  }
  for (const std::string_view code : {"bind-source-missing", "bind-source-missing-will-fail"}) {
    // A single file is the database itself: that is made by an upgrade, with its tables.
    if (!Has(target, code) || !target.mount || target.mount->single_file) continue;
    const std::string& source = target.mount->source;
    if (!IsBelow(source, root) || !IsBelow(files.Real(source), root)) continue;
    fixes.push_back({.kind = SafeFix::Kind::kMakeDirectory,
                     .code = std::string(code),
                     .environment = target.environment,
                     .path = source,
                     .values = {}});
  }
  return fixes;
}

std::string FixCommand(const SafeFix& fix, const std::string& root) {
  const std::string path = ShellQuote(RelativeTo(fix.path, root));
  std::vector<std::string> words;
  for (const std::string& value : fix.values) words.push_back(ShellQuote(value));
  switch (fix.kind) {
    case SafeFix::Kind::kRemoveEmptyDirectory:
      return Concat("rmdir ", path);
    case SafeFix::Kind::kMakeDirectory:
      return Concat("mkdir -p ", path);
    case SafeFix::Kind::kIgnoreInGit:
      return Concat("printf '%s\\n' ", Join(words, " "), " >> ", path);
    case SafeFix::Kind::kUntrack:
      break;
  }
  const std::string git = fix.path == root ? "git" : Concat("git -C ", ShellQuote(fix.path));
  return Concat(git, " rm --cached ", Join(words, " "));
}

void RemoveEmptyDirectory(const std::string& path) {
  if (rmdir(path.c_str()) == 0 || errno == ENOENT) return;
  if (errno == ENOTDIR) return;  // a file is there by now: that is what was wanted
  if (errno == ENOTEMPTY || errno == EEXIST) {
    throw Error(Code::kConflict, "fix.not_empty", Concat(path, " is not empty"),
                Concat("ls -lA ", ShellQuote(path)));
  }
  throw SystemError("remove", path, errno);
}

void MakeDirectoryBelow(const std::string& path, const std::string& root) {
  if (!IsBelow(RealPath(path), root)) {
    throw Error(Code::kRefused, "fix.outside", Concat(path, " leads out of the project"),
                Concat("mkdir -p ", ShellQuote(path)));
  }
  const auto status = StatFile(path);
  if (status && status->type == FileType::kDirectory) return;
  if (status) {
    throw Error(Code::kConflict, "fix.in_the_way", Concat(path, " is there, but no directory"),
                Concat("ls -l ", ShellQuote(path)));
  }
  MakeDirectories(path, 0755);
}

void AppendMissingLines(const std::string& path, const std::vector<std::string>& lines) {
  const UniqueFd fd(
      open(path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0644));
  if (!fd && errno == ELOOP) {
    throw Error(Code::kRefused, "fix.symlink", Concat(path, " is a symbolic link"),
                "add the lines by hand");
  }
  if (!fd) throw SystemError("open", path, errno);
  while (flock(fd.get(), LOCK_EX) != 0) {
    if (errno != EINTR) throw SystemError("lock", path, errno);
  }
  const std::string before = ReadAll(fd.get(), path);
  const std::string_view end = before.find("\r\n") == std::string::npos ? "\n" : "\r\n";
  std::string added;
  for (const std::string& line : lines) {
    const std::vector<std::string_view> there = SplitLines(before);
    if (std::ranges::find(there, line) == there.end()) added += Concat(line, end);
  }
  if (added.empty()) return;
  if (!before.empty() && !before.ends_with('\n')) added.insert(0, end);
  if (!WriteAll(fd.get(), added)) throw SystemError("write", path, errno);
}

}  // namespace drover::environments
