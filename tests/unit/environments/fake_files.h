// A file system in a map, which records what was read.
#pragma once

#include <cerrno>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "base/error.h"
#include "base/posix.h"
#include "environments/files.h"

namespace drover::environments {

class FakeFiles final : public Files {
 public:
  /// A regular file; the directories above it exist then, too.
  void Put(const std::string& path, const std::string& content) {
    contents_[path] = content;
    Make(path, FileType::kRegular);
    statuses_.at(path).size = content.size();
  }
  void PutDirectory(const std::string& path) { Make(path, FileType::kDirectory); }
  void PutOther(const std::string& path) { Make(path, FileType::kOther); }
  void Link(const std::string& path, const std::string& to) { links_[path] = to; }
  void HardLink(const std::string& path, const std::string& to) {
    statuses_.at(to).links = 2;
    Make(DirectoryName(path), FileType::kDirectory);
    statuses_[path] = statuses_.at(to);
  }
  /// Every Stat of `path` fails as if its directory could not be searched.
  void Forbid(const std::string& path) { forbidden_.insert(path); }

  std::optional<std::string> Read(const std::string& path) override {
    read.insert(path);
    const auto found = contents_.find(path);
    if (found == contents_.end()) return std::nullopt;
    return found->second;
  }

  std::optional<FileStatus> Stat(const std::string& path) override {
    if (forbidden_.contains(path)) throw SystemError("stat", path, EACCES);
    const auto found = statuses_.find(Real(path));
    if (found == statuses_.end()) return std::nullopt;
    return found->second;
  }

  Reach Probe(const std::string& path) override {
    for (const std::string& closed : forbidden_) {
      if (IsBelow(path, closed)) return Reach::kClosed;
    }
    return statuses_.contains(Real(path)) ? Reach::kThere : Reach::kMissing;
  }

  std::string Real(const std::string& path) override {
    for (const auto& [from, to] : links_) {
      if (IsBelow(path, from)) return Real(to + path.substr(from.size()));
    }
    return path;
  }

  bool IsEmptyDirectory(const std::string& path) override {
    const auto found = statuses_.find(path);
    if (found == statuses_.end() || found->second.type != FileType::kDirectory) return false;
    const auto below = statuses_.upper_bound(path + "/");
    return below == statuses_.end() || !IsBelow(below->first, path);
  }

  std::optional<std::string> RemoteFileSystem(const std::string& path) override {
    for (const auto& [directory, name] : remote) {
      if (IsBelow(path, directory)) return name;
    }
    return std::nullopt;
  }

  /// What `stat` says of the owner and the mode of a path that is there.
  void Own(const std::string& path, std::uint32_t owner, std::uint32_t group, std::uint32_t mode) {
    FileStatus& status = statuses_.at(path);
    status.owner = owner;
    status.group = group;
    status.mode = mode;
  }

  std::set<std::string> read;
  std::map<std::string, std::string> remote;  // directory -> "nfs"

 private:
  void Make(const std::string& path, FileType type) {
    if (statuses_.contains(path)) return;
    FileStatus status;
    status.identity = {.device = 7, .inode = next_++};
    status.type = type;
    status.mode = 0644;
    status.links = 1;
    statuses_[path] = status;
    if (path != "/") Make(DirectoryName(path), FileType::kDirectory);
  }

  std::map<std::string, std::string> contents_;
  std::map<std::string, FileStatus> statuses_;
  std::map<std::string, std::string> links_;
  std::set<std::string> forbidden_;
  std::uint64_t next_ = 100;
};

/// The Error that `call` throws; a failure of its own when it throws none.
template <class Call>
[[nodiscard]] Error ErrorOf(Call&& call) {
  try {
    static_cast<void>(call());
  } catch (const Error& error) {
    return error;
  }
  return {Code::kInternal, "no.error", "nothing was thrown"};
}

}  // namespace drover::environments
