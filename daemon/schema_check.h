// Compares databases with the schema that their migrations make: after a stamp, and to find the
// revision that an unversioned database should be stamped with. Reads only; runs the migrations in
// memory (migrations/replay.h), which takes milliseconds, so not on the loop's thread.
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/plan_documents.h"
#include "migrations/footprint.h"
#include "migrations/replay.h"
#include "migrations/schema_compare.h"

namespace drover::daemon {

/// What a schema is compared with.
struct SchemaQuestion {
  std::string path;  // of the database
  std::string version_table;
  std::string migrations_digest;
  std::shared_ptr<const migrations::Graph> graph;
  migrations::Stubs stubs;
  migrations::Snapshots snapshots{};
};

/// A database, and what its recorded revisions are.
struct DriftQuestion {
  SchemaQuestion schema;
  std::vector<migrations::RevisionId> rows;
  std::vector<std::string> ignore;                      // patterns (drift.ignore of drover.yaml)
  std::optional<migrations::Footprint> footprint = {};  // taken before; nothing: not to be trusted
};

/// How much may be done for an answer about drift.
enum class DriftEffort : std::uint8_t {
  kCheap,  // compare only where little has to be replayed
  kFull,
};

/// A database beside the schema that its revisions make. Immutable once made.
struct DriftFacts {
  migrations::SchemaImage expected;  // both without what is ignored
  migrations::SchemaImage live;
  std::vector<migrations::SchemaChange> changes;  // from `expected` to `live`
  std::vector<std::string> ignored;               // objects of the database
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

  /// What has drifted. A database whose footprint is the remembered one is not opened; one whose
  /// schema text is the remembered one is opened, and only that text is read. Null when kCheap does
  /// not suffice. Throws as InspectSchema() and ReplaySchema().
  [[nodiscard]] std::shared_ptr<const DriftFacts> Drift(const DriftQuestion& question,
                                                        DriftEffort effort);

  /// Searches made so far, for tests.
  [[nodiscard]] std::size_t searches();

  /// Schemas compared so far, for tests.
  [[nodiscard]] std::size_t comparisons();

 private:
  struct Searched {
    std::string digest;  // of the schema and the migrations
    std::optional<migrations::SchemaMatch> match;
  };

  struct Compared {
    std::string path;
    std::string key;  // of everything else that decides the answer
    std::optional<migrations::Footprint> footprint;
    std::string text;  // digest of the schema's text
    std::shared_ptr<const DriftFacts> facts;
  };

  [[nodiscard]] Compared* FindCompared(const std::string& path, const std::string& key);

  std::mutex mutex_;
  migrations::ReplayCache replays_;
  std::list<Searched> searched_;  // the last first
  std::size_t searches_ = 0;
  std::list<Compared> compared_;  // one per path
  std::size_t comparisons_ = 0;
};

}  // namespace drover::daemon
