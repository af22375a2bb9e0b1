#include "daemon/settle.h"

#include <algorithm>

namespace drover::daemon {

void Settler::NoteSaved(const std::string& path, Time now) {
  unfinished_.erase(path);
  // A single save after a quiet time is acted on at once; whatever follows closely is a burst.
  if (last_saved_ != Time() && now - last_saved_ < kQuiet) burst_ = true;
  if (!first_saved_) first_saved_ = now;
  last_saved_ = now;
}

void Settler::NoteRemoved(const std::string& path, Time now) {
  NoteSaved(path, now);
  burst_ = true;
}

void Settler::NoteUnfinished(const std::string& path, Time now) {
  unfinished_.insert(path);
  last_unfinished_ = now;
}

void Settler::NoteDatabase(Time) { database_ = true; }

void Settler::NoteLock(Time now, bool git_locked) {
  if (!git_locked) {
    locked_since_.reset();
  } else if (!locked_since_) {
    locked_since_ = now;
  }
}

bool Settler::WaitsForGit(Time now, bool git_locked) {
  NoteLock(now, git_locked);
  return locked_since_ && now - *locked_since_ < kGitPatience;
}

std::optional<Settler::Time> Settler::InputsDue(Time now, bool git_locked) {
  const bool waits = WaitsForGit(now, git_locked);
  if (!first_saved_) return std::nullopt;
  Time due = burst_ ? std::min(last_saved_ + kQuiet, *first_saved_ + kLongestBurst) : *first_saved_;
  if (waits) due = std::max(due, now + kQuiet);
  return due;
}

std::optional<Settler::Time> Settler::Due(Time now, bool git_locked) {
  std::optional<Time> due = InputsDue(now, git_locked);
  const auto at = [&](Time time) { due = due ? std::min(*due, time) : time; };
  if (!unfinished_.empty()) at(last_unfinished_ + kUnfinished);
  if (database_) at(std::max(now, last_look_ + kDatabasePause));
  return due;
}

bool Settler::InBurst(Time now, bool git_locked) {
  const std::optional<Time> due = InputsDue(now, git_locked);
  return due && !locked_since_ && *due - now <= kQuiet;
}

void Settler::Begin(Time now) {
  first_saved_.reset();
  burst_ = false;
  database_ = false;
  if (!unfinished_.empty() && now - last_unfinished_ >= kUnfinished) unfinished_.clear();
  last_look_ = now;
}

}  // namespace drover::daemon
