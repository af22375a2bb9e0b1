// A VFS for SQLite that makes one call fail, or the machine lose power there, and a model of the
// disk under it (disk.h). It is installed as SQLite's default, so the product's own code runs on
// it unchanged; fsync(), fdatasync(), rename(), renameat2(), linkat() and unlink() of the product
// are seen as well, because this program defines functions of these names.
//
// Nothing is really synced in this program: what counts is what the model says, and the machine
// does not lose power.
#pragma once

#include <cstdint>
#include <set>
#include <string>

#include "tests/fault/disk.h"

namespace drover::fault {

enum class Fault : std::uint8_t {
  kNone,         // only count
  kIoErrorOnce,  // that call fails, the next ones work
  kIoError,      // that call and all later ones fail
  kFull,         // from there on no file can grow: half of what is written arrives
  kPower,        // the machine loses power; for this process every later call fails
};

/// What a sync is worth.
enum class Syncs : std::uint8_t {
  kHonest,
  kIgnored,    // as with PRAGMA synchronous=OFF: says yes and does nothing
  kFilesOnly,  // the content arrives, the names do not
};

struct FaultPlan {
  Fault fault = Fault::kNone;
  int at = 0;  // the call that fails, from 1: a write, sync, truncation, removal or renaming
  std::uint64_t seed = 0;  // decides what survives a power failure
  Syncs syncs = Syncs::kHonest;
};

/// One of it, for the whole process; single-threaded while a plan runs.
class FaultVfs final {
 public:
  /// Registers itself as SQLite's default at the first call.
  static FaultVfs& Instance();

  /// Begins a run: what is in `directory` now is durable, and calls on files in it count.
  void Begin(const std::string& directory, const FaultPlan& plan);

  /// Has the plan's moment come?
  [[nodiscard]] bool struck() const { return struck_; }
  /// Is the machine without power?
  [[nodiscard]] bool dead() const { return dead_; }
  /// Calls so far.
  [[nodiscard]] int calls() const { return calls_; }

  /// Directories that were synced in this run.
  [[nodiscard]] const std::set<std::string>& synced_directories() const {
    return synced_directories_;
  }

  /// Power fails now, after the last call, unless it has failed before.
  void PowerOff();

  /// Ends the run. After a power failure the directory then holds what survived it; otherwise it
  /// is what it is. Later calls go through unharmed.
  void End();

  // For the VFS's methods and the functions below.

  enum class Call : std::uint8_t { kWrite, kSync, kTruncate, kRemove, kRename };
  enum class Verdict : std::uint8_t { kGoOn, kFail };

  /// Counts a call. The model must know of a write before this is asked, of a sync after it.
  [[nodiscard]] Verdict Judge(Call call);
  [[nodiscard]] bool Watches(const std::string& path) const {
    return running_ && disk_.Covers(path);
  }
  [[nodiscard]] bool running() const { return running_; }
  [[nodiscard]] const FaultPlan& plan() const { return plan_; }
  [[nodiscard]] Disk& disk() { return disk_; }
  void SyncFile(const std::string& path);
  void SyncDirectory(const std::string& directory);

 private:
  FaultVfs();

  bool running_ = false;
  bool struck_ = false;
  bool dead_ = false;
  int calls_ = 0;
  std::string directory_;
  FaultPlan plan_;
  Disk disk_;
  Image survivors_;
  std::set<std::string> synced_directories_;
};

}  // namespace drover::fault
