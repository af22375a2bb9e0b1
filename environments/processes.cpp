#include "environments/processes.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <dirent.h>
#include <fcntl.h>
#include <memory>
#include <optional>
#include <string_view>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/text.h"

namespace drover::environments {
namespace {

constexpr std::size_t kCommandLimit = 200;

struct CloseDirectory {
  void operator()(DIR* directory) const { closedir(directory); }
};
using Directory = std::unique_ptr<DIR, CloseDirectory>;

Directory OpenDirectory(int at, const char* path) {
  UniqueFd fd(openat(at, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd) return nullptr;
  Directory directory(fdopendir(fd.get()));
  if (directory) static_cast<void>(fd.Release());
  return directory;
}

std::string ReadLink(int at, const char* path) {
  std::array<char, PATH_MAX> target;
  const ssize_t size = readlinkat(at, path, target.data(), target.size());
  return size < 0 ? std::string() : std::string(target.data(), static_cast<std::size_t>(size));
}

std::string ReadSome(int at, const char* path) {
  const UniqueFd fd(openat(at, path, O_RDONLY | O_CLOEXEC));
  if (!fd) return {};
  std::array<char, 4096> buffer;
  const ssize_t got = read(fd.get(), buffer.data(), buffer.size());
  return got <= 0 ? std::string() : std::string(buffer.data(), static_cast<std::size_t>(got));
}

/// One printable line: a process names itself, and must not steer the reader's terminal.
std::string OneLine(std::string text) {
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < ' ' || c == '\x7f') c = ' ';
  }
  std::string line(Trim(text));
  if (line.size() > kCommandLimit) line.resize(kCommandLimit);
  return line;
}

std::string CommandOf(int process_fd) {
  std::string command = OneLine(ReadSome(process_fd, "cmdline"));
  if (!command.empty()) return command;
  const std::string name = OneLine(ReadSome(process_fd, "comm"));
  return name.empty() ? std::string() : Concat("[", name, "]");
}

/// Follows the magic link, without asking a network file system for news.
std::optional<FileIdentity> IdentityOf(int fd_directory, const char* name) {
  struct statx status {};
  if (statx(fd_directory, name, AT_STATX_DONT_SYNC, STATX_INO, &status) != 0) return std::nullopt;
  return FileIdentity{.device = makedev(status.stx_dev_major, status.stx_dev_minor),
                      .inode = status.stx_ino};
}

std::set<FileIdentity> OpenFilesOf(int process_fd, const std::set<FileIdentity>& files) {
  std::set<FileIdentity> held;
  const Directory descriptors = OpenDirectory(process_fd, "fd");
  if (!descriptors) return held;
  while (const dirent* entry = readdir(descriptors.get())) {
    if (entry->d_name[0] == '.') continue;
    const std::optional<FileIdentity> identity =
        IdentityOf(dirfd(descriptors.get()), entry->d_name);
    if (identity && files.contains(*identity)) held.insert(*identity);
  }
  return held;
}

}  // namespace

std::map<FileIdentity, std::vector<Holder>> FindHolders(const std::set<FileIdentity>& files,
                                                        const std::string& proc) {
  std::map<FileIdentity, std::vector<Holder>> holders;
  if (files.empty()) return holders;
  const Directory processes = OpenDirectory(AT_FDCWD, proc.c_str());
  if (!processes) return holders;
  const int proc_fd = dirfd(processes.get());
  const std::string own_namespace = ReadLink(proc_fd, "self/ns/mnt");
  while (const dirent* entry = readdir(processes.get())) {
    const std::optional<std::int64_t> pid = ParseInteger(entry->d_name);
    if (!pid || *pid <= 0 || *pid == getpid()) continue;
    // The descriptor pins this very process: should it end and its number be used again, the reads
    // below fail instead of describing a stranger.
    const UniqueFd process(openat(proc_fd, entry->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!process) continue;
    const std::set<FileIdentity> held = OpenFilesOf(process.get(), files);
    if (held.empty()) continue;
    const std::string name_space = ReadLink(process.get(), "ns/mnt");
    const Holder holder{
        .pid = *pid,
        .command = CommandOf(process.get()),
        .cwd = ReadLink(process.get(), "cwd"),
        .container = !own_namespace.empty() && !name_space.empty() && name_space != own_namespace};
    for (const FileIdentity& identity : held) holders[identity].push_back(holder);
  }
  for (auto& [identity, list] : holders) {
    std::sort(list.begin(), list.end(),
              [](const Holder& left, const Holder& right) { return left.pid < right.pid; });
  }
  return holders;
}

}  // namespace drover::environments
