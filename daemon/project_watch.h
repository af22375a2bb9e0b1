// Watches one project's files and says when to look again and which new files could be strays.
// Falls back to polling when the tree is too large or the system's limits are reached.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "daemon/net/loop.h"
#include "daemon/observe.h"
#include "daemon/settle.h"
#include "daemon/witness.h"
#include "environments/watch.h"

namespace drover::daemon {

/// Lives on the loop's thread.
class ProjectWatch final {
 public:
  struct Callbacks {
    std::function<void()> look;                                // inputs or databases changed
    std::function<void(std::vector<FileSign>)> signs;          // of such files, at once
    std::function<void(std::vector<std::string>)> suspicious;  // files that may be databases
    std::function<void()> rescan;                              // events were lost
    std::function<bool(const std::string&)> busy;  // has this database a job of ours running?
  };

  ProjectWatch(Loop& loop, std::string root, Callbacks callbacks);
  ~ProjectWatch();

  /// Watches the tree and everything else the observation depends on. Cheap when nothing is new.
  void Arm(const Observation& seen);

  /// Takes in what has happened up to now; a look that is due is begun. True when inputs are
  /// changing in a burst: the look callback will be called within a moment.
  bool Drain();

  /// A look begins: what was noted so far is covered. Returns the paths that may have changed since
  /// the last look, nothing when that cannot be said.
  [[nodiscard]] migrations::ChangedPaths Begin();

  /// Something was mounted or unmounted: directories that are others now are watched anew, and a
  /// look follows.
  void MountsChanged();

  /// The next look must not rely on events.
  void DistrustEvents() { changed_.reset(); }

  /// Is git in the middle of changing the working tree? Then a look will follow when it has ended.
  bool WaitForGit();

  /// Would every change that concerns the project have been noted, and has none been? Otherwise
  /// only a look can tell how things are.
  [[nodiscard]] bool up_to_date() const {
    return degraded_.empty() && !deaf_ && changed_ && !settler_.noted();
  }

  /// Is a migration or configuration file half written at this moment?
  [[nodiscard]] bool unfinished() const { return settler_.unfinished(); }

  /// Did an input change within the last burst interval?
  [[nodiscard]] bool restless() const;

  /// "inotify" or "polling".
  [[nodiscard]] std::string_view mode() const {
    return degraded_.empty() && !deaf_ ? "inotify" : "polling";
  }

  /// Why it is polling; empty when it is not.
  [[nodiscard]] const std::string& degraded() const { return degraded_; }

 private:
  void Listen();
  void Note(const environments::WatchEvent& event);
  void NoteFile(const environments::WatchEvent& event);
  void NoteSuspicious(const FileSign& sign);
  void WatchTree(const std::string& directory);
  void WatchDirectory(const std::string& directory);
  void CheckFileSystem(const std::string& directory);
  void Degrade(std::string why);
  void WatchRoot();
  void WatchInputs(const Observation& seen);
  void NoteDirectory(const std::string& directory);
  void Schedule();
  void Report();
  void Poll();
  [[nodiscard]] bool GitLocked() const;

  Loop& loop_;
  std::string root_;
  Callbacks callbacks_;
  Settler settler_;
  std::unique_ptr<environments::Watcher> watcher_;
  std::unique_ptr<Loop::Watch> readable_;
  std::unique_ptr<Loop::Timer> breather_;      // until events are listened to again
  std::unique_ptr<Loop::Timer> timer_;         // the next look
  std::unique_ptr<Loop::Timer> report_timer_;  // gathers suspicious files
  std::unique_ptr<Loop::Timer> poll_timer_;
  unsigned polls_ = 0;
  std::unique_ptr<Loop::Timer> rescan_timer_;
  std::string degraded_;
  bool deaf_ = false;  // the project's directory is gone, or was when it was last looked at
  std::string git_;    // the git directory; empty: none
  bool git_sought_ = false;
  std::map<std::string, FileIdentity> directories_;  // as they were when the watch was set
  std::set<std::string> inputs_;
  std::vector<std::string> stray_roots_;
  std::set<std::string> migration_directories_;
  migrations::Format migration_format_ = migrations::Format::kNative;
  std::set<std::string> databases_;
  std::vector<std::string> database_names_;
  std::set<std::string> suspicious_;
  std::vector<FileSign> signs_;  // of the events in hand
  Settler::Time last_input_{};
  migrations::ChangedPaths changed_;  // since the last look; at first nothing is known
};

}  // namespace drover::daemon
