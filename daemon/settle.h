// When to look again after a file event: at once for a completed save, after quiet for a burst, not
// while git holds its index lock. Pure: the caller brings the time.
#pragma once

#include <chrono>
#include <optional>
#include <set>
#include <string>

namespace drover::daemon {

class Settler final {
 public:
  using Clock = std::chrono::steady_clock;
  using Time = Clock::time_point;

  /// A burst is over after this much quiet …
  static constexpr std::chrono::milliseconds kQuiet{100};
  /// … or after this long in any case.
  static constexpr std::chrono::milliseconds kLongestBurst{2000};
  /// A file that was begun and never closed is believed after this much quiet.
  static constexpr std::chrono::milliseconds kUnfinished{2000};
  /// Databases that are written all the time are looked at no more often than this.
  static constexpr std::chrono::milliseconds kDatabasePause{250};
  /// How long git's index lock is respected: a crashed git leaves it behind.
  static constexpr std::chrono::milliseconds kGitPatience{30000};

  /// An input (configuration, migration) was saved completely.
  void NoteSaved(const std::string& path, Time now);

  /// An input was removed: perhaps only to be written anew, so this always waits for quiet.
  void NoteRemoved(const std::string& path, Time now);

  /// An input is being written.
  void NoteUnfinished(const std::string& path, Time now);

  /// A configured database or one of its side files changed.
  void NoteDatabase(Time now);

  /// When to look; nothing when there is no reason to. `git_locked`: is there an index.lock now?
  [[nodiscard]] std::optional<Time> Due(Time now, bool git_locked);

  /// Are inputs changing in a burst that will be over within a moment? Whoever wants to know the
  /// present state should wait for the end of it.
  [[nodiscard]] bool InBurst(Time now, bool git_locked);

  /// A look begins now: what was noted so far is covered by it.
  void Begin(Time now);

  /// Has an input changed that no look has covered, or not for good?
  [[nodiscard]] bool noted() const { return first_saved_.has_value() || !unfinished_.empty(); }

  /// Is git's index locked, and not yet for so long that nobody can be behind it?
  [[nodiscard]] bool WaitsForGit(Time now, bool git_locked);

  /// Is some input still being written, so that nothing may be applied from it?
  [[nodiscard]] bool unfinished() const { return !unfinished_.empty(); }

 private:
  void NoteLock(Time now, bool git_locked);
  std::optional<Time> InputsDue(Time now, bool git_locked);

  std::optional<Time> first_saved_;
  Time last_saved_{};
  bool burst_ = false;
  std::set<std::string> unfinished_;
  Time last_unfinished_{};
  bool database_ = false;
  Time last_look_{};
  std::optional<Time> locked_since_;
};

}  // namespace drover::daemon
