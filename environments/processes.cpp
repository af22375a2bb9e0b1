#include "environments/processes.h"

#include <algorithm>
#include <cstdint>
#include <fcntl.h>
#include <optional>
#include <string_view>
#include <unistd.h>
#include <utility>

#include "base/error.h"
#include "base/file_locks.h"
#include "base/text.h"
#include "environments/getdents.h"
#include "environments/proc.h"
#include "migrations/lock_state.h"

namespace drover::environments {
namespace {

constexpr std::string_view kDeletedMark = " (deleted)";  // proc(5), /proc/pid/fd

bool IsDatabaseLock(const FileLock& lock) {
  return lock.first >= migrations::kPendingByte && lock.last <= migrations::kSharedLast;
}

/// A scan of ours reads files for a moment, locks nothing and is in nobody's way.
bool IsOurScan(int process_fd, const Holder& holder) {
  return holder.command.ends_with(" --scan") && IsOurs(process_fd);
}

std::uint64_t InodeOf(const std::string& path) {
  const auto status = StatFile(path);
  return status ? status->identity.inode : 0;
}

std::vector<Holder> DescribeAll(const std::set<std::int64_t>& pids, const std::string& proc) {
  std::vector<Holder> holders;
  const std::string own_namespace = OwnMountNamespace(proc);
  for (const std::int64_t pid : pids) {
    const UniqueFd process = OpenProcess(proc, pid);
    if (process) holders.push_back(DescribeProcess(pid, process.get(), own_namespace));
  }
  return holders;
}

class OpenFileSearch final {
 public:
  OpenFileSearch(const std::set<FileIdentity>& files, const std::set<std::string>& paths,
                 const std::string& proc)
      : files_(files.begin(), files.end()),
        paths_(paths),
        proc_(proc),
        own_namespace_(OwnMountNamespace(proc)) {}

  OpenFiles Run() {
    for (const std::int64_t pid : ListProcesses(proc_)) LookAt(pid);
    AddLockHolders();
    for (auto& [file, list] : found_.holders) std::ranges::sort(list, {}, &Holder::pid);
    std::ranges::sort(found_.deleted, {},
                      [](const DetachedUse& use) { return std::pair(use.path, use.holder.pid); });
    return std::move(found_);
  }

 private:
  void LookAt(std::int64_t pid) {
    const UniqueFd descriptors(
        open(Concat(proc_, "/", pid, "/fd").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!descriptors) return;
    held_.clear();
    deleted_.clear();
    LookAtDescriptors(descriptors.get());
    if (held_.empty() && deleted_.empty()) return;
    const UniqueFd process(openat(descriptors.get(), "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!process) return;
    const Holder holder = DescribeProcess(pid, process.get(), own_namespace_);
    if (IsOurScan(process.get(), holder)) return;
    for (const FileIdentity& identity : held_) found_.holders[identity].push_back(holder);
    if (holder.container) return;  // its paths are not ours
    for (const auto& [path, descriptor] : deleted_) {
      found_.deleted.push_back({.path = path,
                                .mounted_at = {},
                                .reach = Concat(proc_, "/", pid, "/fd/", descriptor),
                                .holder = holder});
    }
  }

  /// A machine has thousands of them, and most looks find nothing: nothing is allocated on the way.
  void LookAtDescriptors(int fd_directory) {
    ForEachEntry(fd_directory, buffer_, [&](const char* name, unsigned char) {
      if (name[0] == '.') return;
      const std::optional<LinkedFile> file = FollowLink(fd_directory, name);
      if (!file) return;
      if (std::binary_search(files_.begin(), files_.end(), file->identity)) {
        held_.insert(file->identity);
      }
      if (file->links > 0 || !file->regular || paths_.empty()) return;
      std::string path = ReadProcLink(fd_directory, name);
      if (!path.ends_with(kDeletedMark)) return;
      path.resize(path.size() - kDeletedMark.size());
      if (paths_.contains(path)) deleted_.emplace(std::move(path), name);
    });
  }

  /// Locks are there for everybody to see, whoever holds them.
  void AddLockHolders() {
    std::map<std::uint64_t, FileIdentity> by_inode;
    for (const FileIdentity& file : files_) by_inode.emplace(file.inode, file);
    std::map<FileIdentity, std::set<std::int64_t>> lockers;
    try {
      for (const FileLock& lock : ReadFileLocks(proc_)) {
        const auto file = by_inode.find(lock.inode);
        if (file == by_inode.end() || lock.pid <= 0 || lock.pid == getpid()) continue;
        if (IsDatabaseLock(lock)) lockers[file->second].insert(lock.pid);
      }
    } catch (const Error&) {
      return;
    }
    for (auto& [file, pids] : lockers) {
      for (const Holder& known : found_.holders[file]) pids.erase(known.pid);
      for (Holder& holder : DescribeAll(pids, proc_)) {
        const UniqueFd process = OpenProcess(proc_, holder.pid);
        if (!IsOurScan(process.get(), holder)) {
          found_.holders[file].push_back(std::move(holder));
        }
      }
      if (found_.holders[file].empty()) found_.holders.erase(file);
    }
  }

  std::vector<FileIdentity> files_;  // sorted
  const std::set<std::string>& paths_;
  const std::string& proc_;
  std::string own_namespace_;
  OpenFiles found_;
  std::string buffer_ = std::string(std::size_t{1} << 15U, '\0');
  std::set<FileIdentity> held_;                 // by the process in hand
  std::map<std::string, std::string> deleted_;  // path → a descriptor of it, too
};

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
      const bool of_database = database != 0 && lock.inode == database && IsDatabaseLock(lock);
      const bool of_wal = shared_memory != 0 && lock.inode == shared_memory && lock.write &&
                          lock.first <= migrations::kWalWriteByte &&
                          lock.last >= migrations::kWalWriteByte;
      if (of_wal || (of_database && lock.write)) writers.insert(lock.pid);
      if (of_database) readers.insert(lock.pid);
    }
    std::vector<Holder> holders = DescribeAll(writers.empty() ? readers : writers, proc);
    if (!holders.empty() || database == 0) return holders;
    const FileIdentity identity = StatFile(path)->identity;
    const auto open_in = FindHolders({identity}, proc);
    return open_in.empty() ? holders : open_in.begin()->second;
  } catch (const Error&) {
    return {};
  }
}

HoldersByFile FindHolders(const std::set<FileIdentity>& files, const std::string& proc) {
  if (files.empty()) return {};
  return FindOpenFiles(files, {}, proc).holders;
}

OpenFiles FindOpenFiles(const std::set<FileIdentity>& files, const std::set<std::string>& paths,
                        const std::string& proc) {
  return OpenFileSearch(files, paths, proc).Run();
}

}  // namespace drover::environments
