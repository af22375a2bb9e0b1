// The journal: one intent before a job, one outcome after it, each durable before anything else
// happens. After a crash, open intents are what must be looked at. JSON lines in the state
// directory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "base/posix.h"

namespace drover::daemon {

struct JournalEntry {
  std::string job;   // unique: time and random digits
  std::string what;  // intent | done | failed | recovered
  std::string at;    // UTC
  std::string project;
  std::string environment;
  std::string target;   // path of the database
  std::string command;  // upgrade | downgrade | stamp | redo | repair | restore | reset | adopt
  std::vector<std::string> from;
  std::vector<std::string> to;  // intent: the goal; otherwise: what is there now
  std::string by;               // user, or "policy"
  std::int64_t pid = 0;
  std::int64_t duration_ms = 0;
  std::string message;
  std::string backup{};  // id of the backup taken before; empty: none
  std::string tool{};    // "alembic": who carries it out, without a transaction; empty: drover

  static constexpr void Fields(auto&& field) {
    field("job", &JournalEntry::job);
    field("what", &JournalEntry::what);
    field("at", &JournalEntry::at);
    field("project", &JournalEntry::project);
    field("environment", &JournalEntry::environment);
    field("target", &JournalEntry::target);
    field("command", &JournalEntry::command);
    field("from", &JournalEntry::from);
    field("to", &JournalEntry::to);
    field("by", &JournalEntry::by);
    field("pid", &JournalEntry::pid);
    field("duration_ms", &JournalEntry::duration_ms);
    field("message", &JournalEntry::message);
    field("backup", &JournalEntry::backup);
    field("tool", &JournalEntry::tool);
  }
  bool operator==(const JournalEntry&) const = default;
};

/// Thread-safe. Several processes may append to one journal (O_APPEND, one write per line).
class Journal final {
 public:
  /// Opens or creates `directory`/journal.jsonl (0600). A torn last line, the trace of a crash
  /// while writing, is tolerated and ended. A journal beyond 4 MiB without open intents becomes
  /// journal.1.jsonl, in place of the one before. Throws kIo.
  explicit Journal(const std::string& directory);

  /// Appends and makes durable (fdatasync). Throws kIo.
  void Append(const JournalEntry& entry);

  /// Intents without an outcome whose process no longer lives, oldest first. Damaged lines are
  /// skipped, and their number is logged. Throws kIo.
  [[nodiscard]] std::vector<JournalEntry> OpenIntents() const;

  /// The newest entries, oldest first; also those from before the last rotation. Throws kIo.
  [[nodiscard]] std::vector<JournalEntry> Latest(std::size_t limit) const;

 private:
  void Open();
  void Reopen();
  void RotateIfLarge();

  std::string path_;
  mutable std::mutex mutex_;
  UniqueFd file_;
  bool torn_ = false;                 // our last write was cut short: end its line first
  std::set<std::string> undertaken_;  // intents of this object that have no outcome yet
};

/// A name for a job that no other one has.
[[nodiscard]] std::string NewJobId();

/// Writes the intent, runs `work`, which may fill in what the outcome shall say (`to`, `backup`),
/// and writes the outcome. What `work` throws is written down and thrown again. Throws kIo when the
/// intent cannot be written: then nothing is done.
void RunJournaled(Journal& journal, JournalEntry intent,
                  const std::function<void(JournalEntry& outcome)>& work);

}  // namespace drover::daemon
