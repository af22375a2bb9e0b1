#include "environments/strays/search.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <deque>
#include <dirent.h>
#include <fcntl.h>
#include <mutex>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <thread>
#include <unistd.h>
#include <utility>

#include "base/clock.h"
#include "base/posix.h"
#include "base/text.h"
#include "environments/getdents.h"
#include "environments/strays/sniff.h"
#include "environments/tree.h"
#include "migrations/footprint.h"

namespace drover::environments {
namespace {

constexpr std::size_t kBuffer = std::size_t{1} << 16U;
/// How many directories a thread takes at once: few enough to share the rest, many enough to spare
/// locking.
constexpr std::size_t kBatch = 16;

struct Place {
  std::string relative;  // "." for the root
  std::size_t depth = 0;
};

struct SearchListing {
  RememberedDirectory kept;
  std::size_t entries = 0;
  bool virtual_environment = false;
  std::vector<std::string> files;  // to be looked at
};

class Searcher final {
 public:
  Searcher(int root_fd, std::uint64_t device, std::string prefix, const SearchOptions& options,
           SearchMemory* memory)
      : root_fd_(root_fd),
        device_(device),
        prefix_(std::move(prefix)),
        options_(options),
        memory_(memory),
        entries_left_(static_cast<std::int64_t>(options.limits.entries)) {
    queue_.push_back({.relative = ".", .depth = 0});
  }

  SearchResult Run() {
    std::vector<std::jthread> helpers;
    for (unsigned i = 1; i < options_.threads; ++i) helpers.emplace_back([this] { Work(); });
    Work();
    helpers.clear();
    if (memory_ != nullptr) Remember();
    return {.files = std::move(files_), .truncated = truncated_};
  }

 private:
  /// What one thread has found, handed over at its end.
  struct Share {
    std::vector<ScannedFile> files;
    std::vector<std::pair<std::string, RememberedDirectory>> listed;
    std::vector<std::string> present;
    std::string buffer = std::string(kBuffer, '\0');
    std::vector<Place> below;  // found and not yet queued
  };

  /// Takes directories, the widest first, until none is left and nobody can find another.
  void Work() {
    Share share;
    std::vector<Place> batch;
    for (;;) {
      {
        std::unique_lock lock(mutex_);
        std::move(share.below.begin(), share.below.end(), std::back_inserter(queue_));
        share.below.clear();
        if (!batch.empty() && --busy_ == 0 && queue_.empty()) wake_.notify_all();
        batch.clear();
        if (queue_.size() > kBatch) wake_.notify_one();
        wake_.wait(lock, [this] { return !queue_.empty() || busy_ == 0 || truncated_; });
        if (queue_.empty() || truncated_) break;
        const std::size_t fair = std::max<std::size_t>(1, queue_.size() / (options_.threads + 1));
        for (std::size_t left = std::min(fair, kBatch); left > 0; --left) {
          batch.push_back(std::move(queue_.front()));
          queue_.pop_front();
        }
        ++busy_;
      }
      for (const Place& place : batch) {
        if (!truncated_) Visit(place, share);
      }
    }
    const std::lock_guard lock(mutex_);
    wake_.notify_all();
    std::move(share.files.begin(), share.files.end(), std::back_inserter(files_));
    std::move(share.listed.begin(), share.listed.end(), std::back_inserter(listed_));
    std::move(share.present.begin(), share.present.end(), std::back_inserter(present_));
  }

  [[nodiscard]] std::string PathOf(const Place& place) const {
    return place.depth == 0 ? prefix_ : Concat(prefix_, "/", place.relative);
  }

  [[nodiscard]] bool IsIgnored(const std::string& path, EntryKind kind) const {
    return options_.ignored && options_.ignored(path, kind);
  }

  void Visit(const Place& place, Share& share) {
    const RememberedDirectory* known = memory_ == nullptr ? nullptr : memory_->Find(PathOf(place));
    if (known != nullptr && Recall(place, *known, share)) return;
    const UniqueFd fd = OpenBelow(root_fd_, place.relative);
    struct statx status {};
    if (!fd || statx(fd.get(), "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, kStamps, &status) != 0 ||
        DeviceOf(status) != device_) {
      return;
    }
    SearchListing listing = List(fd.get(), place, share.buffer);
    if (listing.virtual_environment && place.depth > 0 && options_.scope != SearchScope::kDeep) {
      listing.kept = RememberedDirectory();
      listing.files.clear();
    }
    const std::string path = PathOf(place);
    if (StandsForDatabase(place, path, listing.entries)) LookAtDirectory(fd.get(), path, share);
    for (const std::string& name : listing.files) {
      if (LookAt(fd.get(), name, path, share)) listing.kept.files.push_back(name);
    }
    Enter(place, path, listing.kept.directories, share);
    if (memory_ == nullptr || truncated_) return;
    Stamp(status, listing.kept);
    share.present.push_back(path);
    // What changes within the clock's tick would carry the same stamp.
    if (migrations::IsRacy(std::max(listing.kept.modified_ns, listing.kept.changed_ns))) {
      listing.kept.inode = 0;
    }
    share.listed.emplace_back(path, std::move(listing.kept));
  }

  static constexpr unsigned kStamps = STATX_INO | STATX_MTIME | STATX_CTIME;

  static std::uint64_t DeviceOf(const struct statx& status) {
    return makedev(status.stx_dev_major, status.stx_dev_minor);
  }

  static void Stamp(const struct statx& status, RememberedDirectory& directory) {
    directory.inode = status.stx_ino;
    directory.modified_ns = status.stx_mtime.tv_sec * 1'000'000'000 + status.stx_mtime.tv_nsec;
    directory.changed_ns = status.stx_ctime.tv_sec * 1'000'000'000 + status.stx_ctime.tv_nsec;
  }

  /// Goes by what is remembered of the directory; false when it has changed since.
  bool Recall(const Place& place, const RememberedDirectory& known, Share& share) {
    struct statx status {};
    if (statx(root_fd_, place.relative.c_str(), AT_SYMLINK_NOFOLLOW | AT_STATX_DONT_SYNC, kStamps,
              &status) != 0) {
      return false;
    }
    RememberedDirectory now;
    Stamp(status, now);
    if (now.inode != known.inode || now.modified_ns != known.modified_ns ||
        now.changed_ns != known.changed_ns || DeviceOf(status) != device_) {
      return false;
    }
    std::string path = PathOf(place);
    if (!known.files.empty() || StandsForDatabase(place, path, known.entries)) {
      const UniqueFd fd = OpenBelow(root_fd_, place.relative);
      if (!fd) return false;
      if (StandsForDatabase(place, path, known.entries)) LookAtDirectory(fd.get(), path, share);
      for (const std::string& name : known.files) LookAt(fd.get(), name, path, share);
    }
    Spend(known.entries);
    Enter(place, path, known.directories, share);
    share.present.push_back(std::move(path));
    return true;
  }

  /// Names only: what is below is decided here, what the files are later.
  SearchListing List(int fd, const Place& place, std::string& buffer) {
    SearchListing listing;
    ForEachEntry(fd, buffer, [&](const char* text, unsigned char told) {
      const std::string_view name = text;
      if (name == "." || name == "..") return;
      ++listing.entries;
      if (name == kVirtualEnvironmentMark) listing.virtual_environment = true;
      const unsigned char type = told == DT_UNKNOWN ? TypeOf(fd, text) : told;
      if (type == DT_REG) listing.files.emplace_back(name);
      if (type == DT_DIR && !IsLeftOut(name)) listing.kept.directories.emplace_back(name);
    });
    listing.kept.entries = static_cast<std::uint32_t>(listing.entries);
    // The rest of the budget still counts, of the directory that exceeds it.
    const std::size_t left = Spend(listing.entries);
    if (listing.files.size() > left) listing.files.resize(left);
    if (place.depth >= options_.limits.depth) listing.kept.directories.clear();
    return listing;
  }

  static unsigned char TypeOf(int directory, const char* name) {
    struct stat status {};
    if (fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) != 0) return DT_UNKNOWN;
    if (S_ISDIR(status.st_mode)) return DT_DIR;
    return S_ISREG(status.st_mode) ? DT_REG : DT_UNKNOWN;
  }

  [[nodiscard]] bool IsLeftOut(std::string_view name) const {
    return options_.scope == SearchScope::kDeep ? IsOwnDirectory(name) : IsPrunedDirectory(name);
  }

  /// Takes `entries` from the budget; how many of them were still covered.
  std::size_t Spend(std::size_t entries) {
    const std::int64_t before = entries_left_.fetch_sub(static_cast<std::int64_t>(entries));
    if (before < static_cast<std::int64_t>(entries)) truncated_ = true;
    return static_cast<std::size_t>(
        std::clamp<std::int64_t>(before, 0, static_cast<std::int64_t>(entries)));
  }

  /// True when the file is of interest.
  bool LookAt(int directory, const std::string& name, const std::string& path, Share& share) {
    std::optional<ScannedFile> file = Sniff(directory, name.c_str(), {}, options_.known_names);
    if (!file) return false;
    file->path = Concat(path, "/", name);
    if (!IsIgnored(file->path, EntryKind::kFile)) share.files.push_back(std::move(*file));
    return true;
  }

  /// A directory in the place of a configured database; under another database's name, only when it
  /// is empty: some programs keep a database in a directory.
  [[nodiscard]] bool StandsForDatabase(const Place& place, const std::string& path,
                                       std::size_t entries) const {
    if (place.depth == 0) return false;
    const std::string_view name = std::string_view(path).substr(path.rfind('/') + 1);
    return std::ranges::find(options_.known_names, name) != options_.known_names.end() ||
           (entries == 0 && HasDatabaseSuffix(name));
  }

  static void LookAtDirectory(int fd, const std::string& path, Share& share) {
    if (auto found = DescribeDirectory(fd, path)) share.files.push_back(std::move(*found));
  }

  void Enter(const Place& place, const std::string& path, const std::vector<std::string>& names,
             Share& share) const {
    for (const std::string& name : names) {
      if (options_.ignored && options_.ignored(Concat(path, "/", name), EntryKind::kDirectory)) {
        continue;
      }
      share.below.push_back(
          {.relative = place.depth == 0 ? name : Concat(place.relative, "/", name),
           .depth = place.depth + 1});
    }
  }

  void Remember() {
    for (auto& [path, directory] : listed_) memory_->Put(std::move(path), std::move(directory));
    memory_->Note(std::move(present_));
  }

  const int root_fd_;
  const std::uint64_t device_;
  const std::string prefix_;
  const SearchOptions& options_;
  SearchMemory* const memory_;

  std::atomic<std::int64_t> entries_left_;
  std::atomic<bool> truncated_{false};

  std::mutex mutex_;  // of everything below
  std::condition_variable wake_;
  std::deque<Place> queue_;
  std::size_t busy_ = 0;
  std::vector<ScannedFile> files_;
  std::vector<std::pair<std::string, RememberedDirectory>> listed_;
  std::vector<std::string> present_;
};

}  // namespace

SearchLimits LimitsOf(SearchScope scope) {
  if (scope == SearchScope::kDeep) return {.depth = 64, .entries = 5'000'000};
  return {.depth = 8, .entries = 200'000};
}

SearchResult Search(const std::string& root, const SearchOptions& options, SearchMemory* memory) {
  const UniqueFd root_fd(open(root.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NONBLOCK));
  struct stat status {};
  if (!root_fd || fstat(root_fd.get(), &status) != 0) return {};
  return Searcher(root_fd.get(), status.st_dev, root == "/" ? std::string() : root, options, memory)
      .Run();
}

}  // namespace drover::environments
