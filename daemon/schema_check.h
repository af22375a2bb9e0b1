// Compares databases with the schema that their migrations make: after a stamp, and to find the
// revision that an unversioned database should be stamped with. Reads only; runs the migrations in
// memory (migrations/replay.h), which takes milliseconds, so not on the loop's thread.
#pragma once

#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>

#include "base/documents.h"
#include "migrations/replay.h"

namespace drover::daemon {

/// What a schema is compared with.
struct SchemaQuestion {
  std::string path;  // of the database
  std::string version_table;
  std::string migrations_digest;
  std::shared_ptr<const migrations::Graph> graph;
  migrations::Stubs stubs;
};

/// Remembers what it has worked out; used from several threads. One per project.
class SchemaChecker final {
 public:
  /// The database's schema beside that of `rows`. Never throws: what cannot be replayed or read is
  /// the reason of an answer without `verified`.
  [[nodiscard]] SchemaCheck Check(const SchemaQuestion& question,
                                  std::span<const migrations::RevisionId> rows);

  /// The revision whose schema the database has, or nearly has; as FindNearestRevision. The same
  /// schema and migrations are searched once. Never throws: nothing when the schema cannot be read.
  [[nodiscard]] std::optional<migrations::SchemaMatch> Nearest(const SchemaQuestion& question);

  /// Searches made so far, for tests.
  [[nodiscard]] std::size_t searches();

 private:
  struct Searched {
    std::string digest;  // of the schema and the migrations
    std::optional<migrations::SchemaMatch> match;
  };

  std::mutex mutex_;
  migrations::ReplayCache replays_;
  std::list<Searched> searched_;  // the last first
  std::size_t searches_ = 0;
};

}  // namespace drover::daemon
