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
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/file_locks.h"
#include "base/text.h"
#include "environments/getdents.h"
#include "migrations/lock_state.h"

namespace drover::environments {
namespace {

constexpr std::size_t kCommandLimit = 200;

DirectoryStream OpenDirectory(int at, const char* path) {
  UniqueFd fd(openat(at, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd) return nullptr;
  DirectoryStream directory(fdopendir(fd.get()));
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

/// Which of `files`, sorted, are among the descriptors listed in an open /proc/PID/fd. A machine
/// has thousands of them, and most looks find nothing: nothing is allocated on the way.
std::set<FileIdentity> OpenFilesOf(int fd_directory, const std::vector<FileIdentity>& files,
                                   std::string& buffer) {
  std::set<FileIdentity> held;
  ForEachEntry(fd_directory, buffer, [&](const char* name, unsigned char) {
    if (name[0] == '.') return;
    const std::optional<FileIdentity> identity = IdentityOf(fd_directory, name);
    if (identity && std::binary_search(files.begin(), files.end(), *identity)) {
      held.insert(*identity);
    }
  });
  return held;
}

/// A scan of ours reads files for a moment, locks nothing and is in nobody's way.
bool IsOurScan(int process_fd, const Holder& holder) {
  if (!holder.command.ends_with(" --scan")) return false;
  const std::string own = ReadLink(AT_FDCWD, "/proc/self/exe");
  return !own.empty() && ReadLink(process_fd, "exe") == own;
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
  const DirectoryStream processes = OpenDirectory(AT_FDCWD, proc.c_str());
  if (!processes) return holders;
  const int proc_fd = dirfd(processes.get());
  const std::string own_namespace = ReadLink(proc_fd, "self/ns/mnt");
  const std::vector<FileIdentity> sorted(files.begin(), files.end());
  std::string buffer(std::size_t{1} << 15U, '\0');
  while (const dirent* entry = readdir(processes.get())) {
    const std::optional<std::int64_t> pid = ParseInteger(entry->d_name);
    if (!pid || *pid <= 0 || *pid == getpid()) continue;
    const UniqueFd descriptors(
        openat(proc_fd, Concat(entry->d_name, "/fd").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!descriptors) continue;
    const std::set<FileIdentity> held = OpenFilesOf(descriptors.get(), sorted, buffer);
    if (held.empty()) continue;
    // The descriptor pins this very process: should it end and its number be used again, the reads
    // below fail instead of describing a stranger.
    const UniqueFd process(openat(descriptors.get(), "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!process) continue;
    const Holder holder = HolderOf(*pid, process.get(), own_namespace);
    if (IsOurScan(process.get(), holder)) continue;
    for (const FileIdentity& identity : held) holders[identity].push_back(holder);
  }
  for (auto& [identity, list] : holders) {
    std::sort(list.begin(), list.end(),
              [](const Holder& left, const Holder& right) { return left.pid < right.pid; });
  }
  return holders;
}

}  // namespace drover::environments
