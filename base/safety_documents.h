// What is said about backups, rehearsals and verification: the documents of `drover backup`,
// `backups`, `restore`, `plan --rehearse`, `verify` and `log`.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace drover {

/// One kept copy of a database, and why it was taken.
struct BackupEntry {
  std::string id;
  std::string at;           // UTC
  std::string database;     // whose copy it is
  std::string environment;  // for which it was taken
  std::string reason;       // the command before which it was taken, or "backup"
  std::vector<std::string> revisions;
  std::int64_t bytes = 0;
  std::string checked;  // "ok", or why it could not be checked
  std::string path;     // of the copy
  static constexpr void Fields(auto&& field) {
    field("id", &BackupEntry::id);
    field("at", &BackupEntry::at);
    field("database", &BackupEntry::database);
    field("environment", &BackupEntry::environment);
    field("reason", &BackupEntry::reason);
    field("revisions", &BackupEntry::revisions);
    field("bytes", &BackupEntry::bytes);
    field("checked", &BackupEntry::checked);
    field("path", &BackupEntry::path);
  }
  bool operator==(const BackupEntry&) const = default;
};

/// What is written beside a kept copy.
struct BackupManifest {
  int v = 1;
  BackupEntry backup;
  std::string source;  // the footprint that was copied; empty: not to be relied on
  static constexpr void Fields(auto&& field) {
    field("v", &BackupManifest::v);
    field("backup", &BackupManifest::backup);
    field("source", &BackupManifest::source);
  }
};

struct BackupsDocument {
  int v = 1;
  std::vector<BackupEntry> backups;  // newest first
  static constexpr void Fields(auto&& field) {
    field("v", &BackupsDocument::v);
    field("backups", &BackupsDocument::backups);
  }
};

/// A backup that was asked for.
struct BackupDocument {
  int v = 1;
  BackupEntry backup;
  bool reused = false;  // the newest one has the same content already
  std::int64_t duration_ms = 0;
  static constexpr void Fields(auto&& field) {
    field("v", &BackupDocument::v);
    field("backup", &BackupDocument::backup);
    field("reused", &BackupDocument::reused);
    field("duration_ms", &BackupDocument::duration_ms);
  }
};

/// What a restore or a reset would do, or has done.
struct RestoreDocument {
  int v = 1;
  std::string action;  // restore | reset
  std::string environment;
  std::string path;                    // of the database, or of the new file
  std::optional<BackupEntry> backup;   // what is put back
  std::optional<BackupEntry> kept;     // what was there before
  std::vector<std::string> revisions;  // afterwards
  std::vector<std::string> steps;      // in words
  std::vector<std::string> warnings;
  bool done = false;
  static constexpr void Fields(auto&& field) {
    field("v", &RestoreDocument::v);
    field("action", &RestoreDocument::action);
    field("environment", &RestoreDocument::environment);
    field("path", &RestoreDocument::path);
    field("backup", &RestoreDocument::backup);
    field("kept", &RestoreDocument::kept);
    field("revisions", &RestoreDocument::revisions);
    field("steps", &RestoreDocument::steps);
    field("warnings", &RestoreDocument::warnings);
    field("done", &RestoreDocument::done);
  }
};

/// Something that a plan would do to the data or the schema without saying so.
struct RehearsalProblem {
  std::string kind;  // "rehearsal.rows_lost"
  std::string object;
  std::string message;
  static constexpr void Fields(auto&& field) {
    field("kind", &RehearsalProblem::kind);
    field("object", &RehearsalProblem::object);
    field("message", &RehearsalProblem::message);
  }
  bool operator==(const RehearsalProblem&) const = default;
};

/// A table whose number of rows a plan changes; null where there is no such table.
struct RowsChanged {
  std::string table;
  std::optional<std::int64_t> before;
  std::optional<std::int64_t> after;
  static constexpr void Fields(auto&& field) {
    field("table", &RowsChanged::table);
    field("before", &RowsChanged::before);
    field("after", &RowsChanged::after);
  }
  bool operator==(const RowsChanged&) const = default;
};

struct RehearsedStep {
  std::string revision;
  std::string direction;  // up | down
  std::int64_t duration_ms = 0;
  static constexpr void Fields(auto&& field) {
    field("revision", &RehearsedStep::revision);
    field("direction", &RehearsedStep::direction);
    field("duration_ms", &RehearsedStep::duration_ms);
  }
};

/// What came of carrying a plan out on a private copy of the data.
struct RehearsalReport {
  std::string outcome;  // ok | refused | failed | skipped
  std::string reason;   // why it was skipped
  std::vector<RehearsalProblem> problems;
  std::vector<RowsChanged> tables;  // only those that change
  std::vector<RehearsedStep> steps;
  std::vector<std::string> warnings;
  std::int64_t bytes_before = 0;
  std::int64_t bytes_after = 0;
  std::int64_t duration_ms = 0;
  static constexpr void Fields(auto&& field) {
    field("outcome", &RehearsalReport::outcome);
    field("reason", &RehearsalReport::reason);
    field("problems", &RehearsalReport::problems);
    field("tables", &RehearsalReport::tables);
    field("steps", &RehearsalReport::steps);
    field("warnings", &RehearsalReport::warnings);
    field("bytes_before", &RehearsalReport::bytes_before);
    field("bytes_after", &RehearsalReport::bytes_after);
    field("duration_ms", &RehearsalReport::duration_ms);
  }
};

/// One revision, taken up, down and up again.
struct VerifiedRevision {
  std::string revision;
  std::string message;
  std::string file;
  std::string outcome;                // ok | irreversible | failed
  std::vector<std::string> problems;  // why it failed
  std::vector<std::string> notes;     // what to know of one that did not
  static constexpr void Fields(auto&& field) {
    field("revision", &VerifiedRevision::revision);
    field("message", &VerifiedRevision::message);
    field("file", &VerifiedRevision::file);
    field("outcome", &VerifiedRevision::outcome);
    field("problems", &VerifiedRevision::problems);
    field("notes", &VerifiedRevision::notes);
  }
};

struct VerifyDocument {
  int v = 1;
  std::string data;                         // made-up rows, or whose copy it was
  std::string outcome;                      // ok | failed
  std::vector<VerifiedRevision> revisions;  // in the order in which they apply
  std::int64_t duration_ms = 0;
  static constexpr void Fields(auto&& field) {
    field("v", &VerifyDocument::v);
    field("data", &VerifyDocument::data);
    field("outcome", &VerifyDocument::outcome);
    field("revisions", &VerifyDocument::revisions);
    field("duration_ms", &VerifyDocument::duration_ms);
  }
};

/// One job of the journal: what was done to a database, when, and by whom.
struct LogEntry {
  std::string job;
  std::string at;       // UTC: its end, or its beginning while it is open
  std::string outcome;  // done | failed | recovered | open
  std::string environment;
  std::string database;
  std::string command;
  std::vector<std::string> from;
  std::vector<std::string> to;
  std::string by;  // a user, or "policy"
  std::int64_t duration_ms = 0;
  std::string backup;  // the id of the one taken before it; empty: none
  std::string message;
  static constexpr void Fields(auto&& field) {
    field("job", &LogEntry::job);
    field("at", &LogEntry::at);
    field("outcome", &LogEntry::outcome);
    field("environment", &LogEntry::environment);
    field("database", &LogEntry::database);
    field("command", &LogEntry::command);
    field("from", &LogEntry::from);
    field("to", &LogEntry::to);
    field("by", &LogEntry::by);
    field("duration_ms", &LogEntry::duration_ms);
    field("backup", &LogEntry::backup);
    field("message", &LogEntry::message);
  }
};

struct LogDocument {
  int v = 1;
  std::vector<LogEntry> entries;  // newest first
  static constexpr void Fields(auto&& field) {
    field("v", &LogDocument::v);
    field("entries", &LogDocument::entries);
  }
};

}  // namespace drover
