// A database opened from a private copy: the original is neither locked nor given a side file.
// Reads it raw, so this belongs to the scan process (scan.h says why).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "migrations/sqlite.h"

namespace drover::environments {

/// A directory of our own, mode 0700, removed with the copies in it at the end.
class PrivateDirectory final {
 public:
  /// Lies under $TMPDIR or /tmp; a $TMPDIR below one of `roots` is not used, since the copies would
  /// be seen as new databases of the project.
  explicit PrivateDirectory(const std::vector<std::string>& roots);
  PrivateDirectory(const PrivateDirectory&) = delete;
  PrivateDirectory& operator=(const PrivateDirectory&) = delete;
  ~PrivateDirectory();

  /// Made by the first call. Throws kIo.
  [[nodiscard]] const std::string& path();

  /// Removes the copy in it, once its connection is closed; nothing when there is none.
  void Empty() const;

 private:
  std::string parent_;
  std::string path_;
};

/// Main file and -wal together: larger databases are reported without a look inside.
inline constexpr std::uint64_t kLargestDescribed = std::uint64_t{256} << 20U;

struct PrivateCopy {
  std::string problem;     // why there is no connection
  bool too_large = false;  // that is why
  bool stable = true;      // nobody wrote while the copy was made
  std::optional<migrations::Connection> connection{};
};

/// Copies the database at `path` with its -wal and opens the copy: in memory when it is small and
/// has no -wal, else in `directory`, of which one copy at a time is made. A journal is never
/// copied: one made up by somebody else may name a "super-journal", and SQLite would delete the
/// file of that name while it rolls the copy back. Throws what Connection's constructor throws.
[[nodiscard]] PrivateCopy OpenPrivateCopy(
    const std::string& path, PrivateDirectory& directory,
    std::int64_t largest = static_cast<std::int64_t>(kLargestDescribed));

}  // namespace drover::environments
