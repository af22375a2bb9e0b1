// What each directory held when it was last searched, kept in a file between scans: a directory
// whose time stamps have not changed has the same names in it, so one statx stands for listing it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace drover::environments {

/// A directory as it was listed.
struct RememberedDirectory {
  std::uint64_t inode = 0;
  std::int64_t modified_ns = 0;
  std::int64_t changed_ns = 0;
  std::uint32_t entries = 0;             // of any type
  std::vector<std::string> directories;  // that were entered
  std::vector<std::string> files;        // that were of interest, by name
};

/// Not thread-safe; reading by several threads is fine while nobody writes.
class SearchMemory final {
 public:
  /// Nothing is remembered.
  SearchMemory() = default;

  /// What `file` holds, if it was written for the same `key` (everything that decides what is
  /// entered and of interest); else nothing. A damaged file counts as none. Never throws for what
  /// it holds; kIo when it cannot be read.
  static SearchMemory Load(const std::string& file, std::string_view key);

  /// Replaces `file`, mode 0600. Not fsync'ed: to lose it costs one slower scan. Throws kIo.
  void Store(const std::string& file, std::string_view key) const;

  /// The directory at `path`, or null.
  [[nodiscard]] const RememberedDirectory* Find(const std::string& path) const;

  void Put(std::string path, RememberedDirectory directory);

  [[nodiscard]] std::size_t size() const { return directories_.size(); }
  [[nodiscard]] bool changed() const { return changed_; }

  /// These directories are still there.
  void Note(std::vector<std::string> present);

  /// Forgets what has not been noted: once all roots have been searched to the end.
  void ForgetOthers();

 private:
  std::unordered_map<std::string, RememberedDirectory> directories_;
  std::vector<std::string> present_;
  bool changed_ = false;
};

}  // namespace drover::environments
