// Whose turn it is to migrate a database: while one process carries out a plan, the others wait
// until it has finished instead of slipping in between two of its transactions. A courtesy, not a
// lock: what keeps the database right is SQLite's own lock and the version rows read again inside.
#pragma once

#include <cstdint>
#include <string>

#include "base/posix.h"

namespace drover::migrations {

/// The mark lies on no file of its own: it is an open-file-description lock on a byte of the
/// database's directory, so it leaves nothing behind and ends with the process, however that ends.
/// Where the file system has no such locks nobody ever seems to have the turn.
class Turn final {
 public:
  /// Of the database at `path`, whose directory must exist.
  explicit Turn(const std::string& path);

  /// Does another process (or another Turn of ours) have it?
  [[nodiscard]] bool IsTaken() const;

  /// Marks it as ours until this object ends. Call with SQLite's write lock held and after
  /// IsTaken() said no: that makes the two one step.
  void Take();
  [[nodiscard]] bool mine() const { return mine_; }

  /// Whoever inherits this descriptor keeps the mark as long as he lives.
  [[nodiscard]] int descriptor() const { return directory_.get(); }

 private:
  UniqueFd directory_;
  std::int64_t byte_ = 0;  // which one stands for the database
  bool mine_ = false;
};

}  // namespace drover::migrations
