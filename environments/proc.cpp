#include "environments/proc.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <fcntl.h>
#include <string_view>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/posix.h"
#include "base/text.h"
#include "environments/getdents.h"

namespace drover::environments {
namespace {

constexpr std::size_t kCommandLimit = 200;
constexpr std::size_t kFirstPage = 4096;

/// One printable line: a process names itself, and must not steer the reader's terminal.
std::string PrintableLine(std::string text) {
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < ' ' || c == '\x7f') c = ' ';
  }
  std::string line(Trim(text));
  if (line.size() > kCommandLimit) line.resize(kCommandLimit);
  return line;
}

std::string CommandOf(int process_fd) {
  std::string command = PrintableLine(ReadProcFile(process_fd, "cmdline", kFirstPage));
  if (!command.empty()) return command;
  const std::string name = PrintableLine(ReadProcFile(process_fd, "comm", kFirstPage));
  return name.empty() ? std::string() : Concat("[", name, "]");
}

}  // namespace

std::vector<std::int64_t> ListProcesses(const std::string& proc) {
  std::vector<std::int64_t> pids;
  const UniqueFd directory(open(proc.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory) return pids;
  std::string buffer(std::size_t{1} << 15U, '\0');
  ForEachEntry(directory.get(), buffer, [&](const char* name, unsigned char) {
    const std::optional<std::int64_t> pid = ParseInteger(name);
    if (pid && *pid > 0 && *pid != getpid()) pids.push_back(*pid);
  });
  std::ranges::sort(pids, std::ranges::greater());
  return pids;
}

UniqueFd OpenProcess(const std::string& proc, std::int64_t pid) {
  return UniqueFd(open(Concat(proc, "/", pid).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
}

std::string MountNamespaceOf(int process_fd) { return ReadProcLink(process_fd, "ns/mnt"); }

std::string OwnMountNamespace(const std::string& proc) {
  return ReadProcLink(AT_FDCWD, Concat(proc, "/self/ns/mnt").c_str());
}

Holder DescribeProcess(std::int64_t pid, int process_fd, const std::string& own_namespace) {
  const std::string name_space = MountNamespaceOf(process_fd);
  return {
      .pid = pid,
      .command = CommandOf(process_fd),
      .cwd = ReadProcLink(process_fd, "cwd"),
      .container = !own_namespace.empty() && !name_space.empty() && name_space != own_namespace};
}

bool IsOurs(int process_fd) {
  const std::string name = BaseName(ReadProcLink(process_fd, "exe"));
  return name == "drover" || name == "droverd";
}

std::optional<LinkedFile> FollowLink(int directory_fd, const char* name) {
  struct statx status {};
  if (statx(directory_fd, name, AT_STATX_DONT_SYNC, STATX_INO | STATX_TYPE | STATX_NLINK,
            &status) != 0) {
    return std::nullopt;
  }
  return LinkedFile{.identity = {.device = makedev(status.stx_dev_major, status.stx_dev_minor),
                                 .inode = status.stx_ino},
                    .links = status.stx_nlink,
                    .regular = S_ISREG(status.stx_mode)};
}

std::string ReadProcLink(int directory_fd, const char* name) {
  std::array<char, PATH_MAX> target;
  const ssize_t size = readlinkat(directory_fd, name, target.data(), target.size());
  return size < 0 ? std::string() : std::string(target.data(), static_cast<std::size_t>(size));
}

std::string ReadProcFile(int directory_fd, const char* name, std::size_t limit) {
  const UniqueFd fd(openat(directory_fd, name, O_RDONLY | O_CLOEXEC));
  if (!fd) return {};
  std::string text;
  std::array<char, kFirstPage> buffer;
  while (text.size() < limit) {
    const ssize_t got = read(fd.get(), buffer.data(), std::min(buffer.size(), limit - text.size()));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    text.append(buffer.data(), static_cast<std::size_t>(got));
  }
  return text;
}

}  // namespace drover::environments
