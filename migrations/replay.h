// The schema that revisions make, found by running them in a private database in memory. Only what
// can change a schema is run: no rows are written, so a migration of data takes no time and cannot
// fail for want of data.
#pragma once

#include <chrono>
#include <cstddef>
#include <list>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>

#include "migrations/graph.h"
#include "migrations/schema_image.h"
#include "migrations/snapshots/snapshots.h"
#include "migrations/stubs.h"

namespace drover::migrations {

/// A private database in memory to which revisions are added one after the other. Foreign keys are
/// not enforced, other files cannot be reached, and it cannot grow beyond 64 MiB.
class Replay final {
 public:
  Replay(std::string_view version_table, const Stubs& stubs, Snapshots snapshots = {});

  /// Runs the schema statements of a revision's up section. Throws as RunScript does, with the
  /// revision in front of the message; the replay is of no use afterwards.
  void Add(const Revision& revision, const std::stop_token& stop);

  /// The same for `rows` and everything below them, in the order in which they run, to a replay to
  /// which nothing was added yet. Begins at the longest beginning that the snapshots have, and
  /// keeps what is worth it. Throws kNotFound ("unknown_revision") for a row that is not in the
  /// graph.
  void AddAll(const Graph& graph, std::span<const RevisionId> rows, const std::stop_token& stop);

  /// The schema as it is now.
  [[nodiscard]] SchemaImage Image() { return reader_.Read(connection_); }

  /// The database, for planning from what it is now (schema_diff/schema_plan.h).
  [[nodiscard]] Connection& connection() { return connection_; }

  /// At least as many objects as the image has; cheaper than the image.
  [[nodiscard]] std::size_t MostObjects();

 private:
  void DropTemporary();
  void AddChain(std::span<const Revision* const> chain, const std::stop_token& stop);

  Connection connection_;
  SchemaReader reader_;
  std::string version_table_;
  Stubs stubs_;
  Snapshots snapshots_;
};

/// Equal for equal scripts in the same order: what a replay of `rows` depends on. Unknown rows are
/// ignored.
[[nodiscard]] std::string ReplayDigest(const Graph& graph, std::span<const RevisionId> rows,
                                       std::string_view version_table, const Stubs& stubs);

/// What `rows` and everything below them make. Throws kNotFound ("unknown_revision") for a row that
/// is not in the graph, and as Replay::Add.
[[nodiscard]] SchemaImage ReplaySchema(const Graph& graph, std::span<const RevisionId> rows,
                                       std::string_view version_table, const Stubs& stubs,
                                       const std::stop_token& stop,
                                       const Snapshots& snapshots = {});

/// The schemas of the last few replays. Not thread-safe.
class ReplayCache final {
 public:
  /// As ReplaySchema, but at once when the same scripts were run before.
  [[nodiscard]] SchemaImage Schema(const Graph& graph, std::span<const RevisionId> rows,
                                   std::string_view version_table, const Stubs& stubs,
                                   const std::stop_token& stop, const Snapshots& snapshots = {});

  /// Replays made so far, for tests.
  [[nodiscard]] std::size_t misses() const { return misses_; }

 private:
  struct Entry {
    std::string digest;
    SchemaImage image;
  };
  std::list<Entry> entries_;  // the last used first
  std::size_t misses_ = 0;
};

/// A revision whose schema is like that of a database.
struct SchemaMatch {
  RevisionId revision;
  std::size_t differences = 0;  // 0: the schemas are equal
  std::size_t equal_below = 0;  // revisions right below it that have the same schema
  bool operator==(const SchemaMatch&) const = default;
};

struct SearchLimits {
  std::size_t revisions = 2000;
  std::chrono::milliseconds time = std::chrono::seconds(1);
};

/// The revision to stamp a database of this schema with: the newest one with an equal schema, else
/// the newest of the nearest; nothing when none is nearer than the empty database. A table that
/// only one side has counts with all its columns. Only single revisions are considered, not several
/// heads side by side; drafts and what lies above a revision that cannot be replayed are not
/// reached. Climbs from the oldest revision, once for an equal schema and once for the nearest, and
/// answers at a limit with what it has. Never throws for what the revisions hold.
[[nodiscard]] std::optional<SchemaMatch> FindNearestRevision(const Graph& graph,
                                                             const SchemaImage& live,
                                                             std::string_view version_table,
                                                             const Stubs& stubs,
                                                             const SearchLimits& limits);

}  // namespace drover::migrations
