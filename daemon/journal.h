// The journal: one intent before a job, one outcome after it, each durable before anything else
// happens. After a crash, open intents are what must be looked at. JSON lines in the state
// directory.
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
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
  std::string command;  // upgrade | downgrade | stamp
  std::vector<std::string> from;
  std::vector<std::string> to;  // intent: the goal; otherwise: what is there now
  std::string by;               // user, or "policy"
  std::int64_t pid = 0;
  std::int64_t duration_ms = 0;
  std::string message;
};

/// Thread-safe. Several processes may append to one journal (O_APPEND, one write per line).
class Journal final {
 public:
  /// Opens or creates `directory`/journal.jsonl (0600). A torn last line, the trace of a crash
  /// while writing, is tolerated and ended. Throws kIo.
  explicit Journal(const std::string& directory);

  /// Appends and makes durable (fdatasync). Throws kIo.
  void Append(const JournalEntry& entry);

  /// Intents without an outcome whose process no longer lives.
  [[nodiscard]] std::vector<JournalEntry> OpenIntents() const;

  /// The newest entries, oldest first.
  [[nodiscard]] std::vector<JournalEntry> Latest(std::size_t limit) const;

 private:
  std::string path_;
  std::mutex mutex_;
  UniqueFd file_;
};

}  // namespace drover::daemon
