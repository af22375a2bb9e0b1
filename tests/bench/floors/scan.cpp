// The least that a search for databases, a second search, and a look for who holds a file can cost:
// the system calls alone.
//
//   bench_scan content ROOT    list every directory, statx every file, read the first 16 bytes of
//                              those whose size a database can have; two threads
//   bench_scan folders LIST    one statx for each directory that the file LIST names
//   bench_scan descriptors     one fstatat for each descriptor of each process
//   bench_scan holders FILE... what drover does instead of the last, for all files at once
//
// Prints how many files (databases, directories, descriptors, holders) it has come across.
#include <array>
#include <atomic>
#include <condition_variable>
#include <cstdio>
#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <fstream>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>
#include <vector>

#include "base/posix.h"
#include "environments/processes.h"

namespace {

/// Directories to be read, shared by the threads.
class Queue {
 public:
  explicit Queue(std::string root) { waiting_.push_back(std::move(root)); }

  /// The next directory; false when there is none and nobody can find another.
  bool Take(std::vector<std::string>& found, std::string& next) {
    std::unique_lock lock(mutex_);
    if (working_) --busy_;
    for (std::string& each : found) waiting_.push_back(std::move(each));
    found.clear();
    changed_.notify_all();
    changed_.wait(lock, [this] { return !waiting_.empty() || busy_ == 0; });
    working_ = !waiting_.empty();
    if (!working_) return false;
    next = std::move(waiting_.back());
    waiting_.pop_back();
    ++busy_;
    return true;
  }

 private:
  static thread_local bool working_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> waiting_;
  int busy_ = 0;
};
thread_local bool Queue::working_ = false;

bool BeginsLikeADatabase(int directory, const char* name) {
  const int fd = openat(directory, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0) return false;
  std::array<char, 16> head{};
  const bool found = pread(fd, head.data(), head.size(), 0) == 16 &&
                     std::memcmp(head.data(), "SQLite format 3", 16) == 0;
  close(fd);
  return found;
}

void Search(Queue& queue, std::atomic<long>& databases) {
  std::vector<std::string> below;
  std::string path;
  while (queue.Take(below, path)) {
    DIR* directory = opendir(path.c_str());
    if (directory == nullptr) continue;
    const int fd = dirfd(directory);
    while (const dirent* entry = readdir(directory)) {
      const char* name = entry->d_name;
      if (entry->d_type == DT_DIR) {
        if (std::strcmp(name, ".") != 0 && std::strcmp(name, "..") != 0) {
          below.push_back(path + "/" + name);
        }
      } else if (entry->d_type == DT_REG) {
        struct statx status {};
        if (statx(fd, name, AT_SYMLINK_NOFOLLOW | AT_STATX_DONT_SYNC, STATX_SIZE, &status) == 0 &&
            status.stx_size > 0 && status.stx_size % 512 == 0 && BeginsLikeADatabase(fd, name)) {
          ++databases;
        }
      }
    }
    closedir(directory);
  }
}

long Content(const std::string& root) {
  Queue queue(root);
  std::atomic<long> databases{0};
  std::jthread helper([&] { Search(queue, databases); });
  Search(queue, databases);
  helper.join();
  return databases;
}

long Folders(const std::string& list) {
  std::ifstream file(list);
  std::vector<std::string> paths;
  for (std::string line; std::getline(file, line);) paths.push_back(line);
  long there = 0;
  for (const std::string& path : paths) {
    struct statx status {};
    if (statx(AT_FDCWD, path.c_str(), AT_SYMLINK_NOFOLLOW | AT_STATX_DONT_SYNC, STATX_MTIME,
              &status) == 0) {
      ++there;
    }
  }
  return there;
}

long Descriptors() {
  long seen = 0;
  DIR* processes = opendir("/proc");
  while (const dirent* process = readdir(processes)) {
    if (process->d_name[0] < '0' || process->d_name[0] > '9') continue;
    const std::string path = std::string(process->d_name) + "/fd";
    const int fd = openat(dirfd(processes), path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR* descriptors = fd < 0 ? nullptr : fdopendir(fd);
    if (descriptors == nullptr) continue;
    while (const dirent* entry = readdir(descriptors)) {
      struct stat status {};
      if (entry->d_name[0] != '.' && fstatat(fd, entry->d_name, &status, 0) == 0) ++seen;
    }
    closedir(descriptors);
  }
  closedir(processes);
  return seen;
}

long Holders(char** paths) {
  std::set<drover::FileIdentity> files;
  for (; *paths != nullptr; ++paths) {
    if (const auto status = drover::StatFile(*paths)) files.insert(status->identity);
  }
  long holders = 0;
  for (const auto& [file, held] : drover::environments::FindHolders(files)) {
    holders += static_cast<long>(held.size());
  }
  return holders;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view mode = argc > 1 ? argv[1] : "";
  long count = -1;
  if (mode == "content" && argc == 3) count = Content(argv[2]);
  if (mode == "folders" && argc == 3) count = Folders(argv[2]);
  if (mode == "descriptors") count = Descriptors();
  if (mode == "holders") count = Holders(argv + 2);
  if (count < 0) return 2;
  std::printf("%ld\n", count);
  return 0;
}
