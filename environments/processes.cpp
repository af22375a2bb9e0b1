#include "environments/processes.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstdint>
#include <dirent.h>
#include <fcntl.h>
#include <memory>
#include <optional>
#include <string_view>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/file_locks.h"
#include "base/text.h"
#include "migrations/lock_state.h"

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

Holder HolderOf(std::int64_t pid, int process_fd, const std::string& own_namespace) {
  const std::string name_space = ReadLink(process_fd, "ns/mnt");
  return {
      .pid = pid,
      .command = CommandOf(process_fd),
      .cwd = ReadLink(process_fd, "cwd"),
      .container = !own_namespace.empty() && !name_space.empty() && name_space != own_namespace};
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

std::uint64_t InodeOf(const std::string& path) {
  const auto status = StatFile(path);
  return status ? status->identity.inode : 0;
}

std::vector<Holder> Describe(const std::set<std::int64_t>& pids, const std::string& proc) {
  std::vector<Holder> holders;
  const std::string own_namespace = ReadLink(AT_FDCWD, (proc + "/self/ns/mnt").c_str());
  for (const std::int64_t pid : pids) {
    const UniqueFd process(
        open(Concat(proc, "/", pid).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (process) holders.push_back(HolderOf(pid, process.get(), own_namespace));
  }
  return holders;
}

}  // namespace

std::vector<Holder> FindLockHolders(const std::string& path, const std::string& proc) {
  try {
    // By inode alone, but no other program locks just these bytes.
    const std::uint64_t database = InodeOf(path);
    const std::uint64_t shared_memory = InodeOf(path + "-shm");
    std::set<std::int64_t> writers;
    std::set<std::int64_t> readers;
    for (const FileLock& lock : ReadFileLocks(proc)) {
      if (lock.pid <= 0 || lock.pid == getpid()) continue;
      const bool of_database = database != 0 && lock.inode == database &&
                               lock.first >= migrations::kPendingByte &&
                               lock.last <= migrations::kSharedLast;
      const bool of_wal = shared_memory != 0 && lock.inode == shared_memory && lock.write &&
                          lock.first <= migrations::kWalWriteByte &&
                          lock.last >= migrations::kWalWriteByte;
      if (of_wal || (of_database && lock.write)) writers.insert(lock.pid);
      if (of_database) readers.insert(lock.pid);
    }
    std::vector<Holder> holders = Describe(writers.empty() ? readers : writers, proc);
    if (!holders.empty() || database == 0) return holders;
    const FileIdentity identity = StatFile(path)->identity;
    const auto open_in = FindHolders({identity}, proc);
    return open_in.empty() ? holders : open_in.begin()->second;
  } catch (const Error&) {
    return {};
  }
}

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
    const Holder holder = HolderOf(*pid, process.get(), own_namespace);
    for (const FileIdentity& identity : held) holders[identity].push_back(holder);
  }
  for (auto& [identity, list] : holders) {
    std::sort(list.begin(), list.end(),
              [](const Holder& left, const Holder& right) { return left.pid < right.pid; });
  }
  return holders;
}

}  // namespace drover::environments
