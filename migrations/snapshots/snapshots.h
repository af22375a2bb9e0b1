// What replaying a beginning of the migrations has made, kept on disk so that it is not done again.
// Only ever a saving of time: whatever is wrong with a snapshot or its directory, the answer is
// "not kept", and whoever asks replays.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "migrations/revision.h"
#include "migrations/sqlite.h"
#include "migrations/stubs.h"

namespace drover::migrations {

enum class SnapshotKind : std::uint8_t {
  kSchema,  // as Replay makes it: no rows, stand-ins for functions of the application
  kRows,    // as an upgrade makes it, but with an empty history
};

/// The name of what each beginning of a chain makes: element i stands for the first i + 1
/// revisions. Equal only when everything is that the result is made from: ids and edges, the text
/// of the up sections, the version table, stubs (of a schema), drover's own tables, SQLite itself.
[[nodiscard]] std::vector<std::string> SnapshotKeys(SnapshotKind kind,
                                                    std::span<const Revision* const> chain,
                                                    std::string_view version_table,
                                                    const Stubs& stubs);

struct SnapshotLimits {
  std::size_t files = 64;
  std::uint64_t bytes = std::uint64_t{256} << 20U;   // of all together
  std::uint64_t largest = std::uint64_t{32} << 20U;  // of one
  std::size_t worth = 32;                            // revisions that replaying must save
};

/// A directory of snapshots, all of them files of mode 0600 whose names tell what they are of and
/// the checksum of their content. What a crash or a power failure has left of one does not have
/// that checksum, and is removed instead of used. Beyond the limits those go that have not been
/// used for the longest time. A value: copies are the same directory. Several threads and processes
/// may use it at the same time. Nothing here throws.
class Snapshots final {
 public:
  /// Keeps nothing.
  Snapshots() = default;
  /// The directory is made, mode 0700, when there is something to keep.
  explicit Snapshots(std::string directory, SnapshotLimits limits = {})
      : directory_(std::move(directory)), limits_(limits) {}

  /// Is there anything to be saved by snapshots of so many revisions?
  [[nodiscard]] bool Serve(std::size_t revisions) const {
    return !directory_.empty() && revisions >= limits_.worth;
  }

  struct Found {
    /// Puts the content into `database`, which is in memory and empty. False, and nothing done,
    /// when there is none, or for want of memory.
    [[nodiscard]] bool CopyTo(Connection& database) const;

    std::size_t length = 0;      // how many revisions are in it; 0: nothing is kept
    std::string content;         // bytes of a database file
    std::size_t repeatable = 0;  // the revisions before the first that was barred
  };

  /// The longest beginning that is kept of a chain with these keys.
  [[nodiscard]] Found FindLongest(std::span<const std::string> keys) const;

  /// Keeps `content`, unless it is too large or empty.
  void Keep(const std::string& key, std::string_view content) const;

  /// Remembers that what the chain of this key makes is not a function of the chain.
  void Bar(const std::string& key) const;

  /// Where a replay of the revisions from `begin` to `end` should keep what it has: right at the
  /// end, one before it (the last one is the one that is edited), and every 256 of the chain; but
  /// none that saves too little. Ascending, always with `end`.
  [[nodiscard]] std::vector<std::size_t> Stations(std::size_t begin, std::size_t end) const;
  /// Does a snapshot there save enough for one who has that of the first `begin` revisions?
  [[nodiscard]] bool IsWorthIt(std::size_t begin, std::size_t station) const {
    return station >= begin + limits_.worth;
  }

  [[nodiscard]] const std::string& directory() const { return directory_; }
  [[nodiscard]] const SnapshotLimits& limits() const { return limits_; }

 private:
  void Put(const std::string& name, std::string_view content) const;
  void Prune() const;

  std::string directory_;  // empty: keeps nothing
  SnapshotLimits limits_;
};

}  // namespace drover::migrations
