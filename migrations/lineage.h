// What is applied to one database, by its own account: where its history and the files disagree,
// and the graph in which it can go down. Pure but for the reader of the archive.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"
#include "migrations/edits.h"
#include "migrations/graph.h"
#include "migrations/inspect.h"

namespace drover::migrations {

/// The migration files as they were read.
struct MigrationFiles {
  std::span<const RevisionPtr> revisions;
  std::shared_ptr<const Graph> graph;  // null when they form none
  std::optional<Error> unreadable;     // a file that is no migration: it may be any revision
};

/// Immutable once made.
struct Lineage {
  std::vector<RevisionId> orphans;  // applied, but no file has them; the newest first
  std::vector<Edit> edits;          // applied revisions whose files have changed; the newest first
  /// Orphans and modified revisions as they were applied. Those without archived SQL are missing.
  std::map<RevisionId, Revision> archived;
  /// The files and the archived orphans, an applied revision with the parents it had when it was
  /// applied: what a downgrade is planned in. The files' own graph when nothing differs; null
  /// together with `problem`.
  std::shared_ptr<const Graph> graph;
  std::optional<Error> problem;

  /// Null when the revision is as it was applied.
  [[nodiscard]] const Edit* FindEdit(std::string_view revision) const;

  /// Throws `problem` while there is no graph.
  [[nodiscard]] const Graph& RequireGraph() const;
};

/// Reads the archived revisions of one database; may throw.
using ArchiveReader = std::function<std::map<RevisionId, Revision>(const std::set<RevisionId>&)>;

/// Follows the applied revisions from the rows downwards, by the edges they had when they were
/// applied; `read` is called only when something differs. Throws what `read` throws; everything
/// else that is wrong is part of the lineage.
[[nodiscard]] Lineage TraceLineage(const MigrationFiles& files, const DatabaseFacts& facts,
                                   const ArchiveReader& read);

/// The target of the shortest downgrade after which no orphan is applied; nothing when there is
/// none, because an archive has no down section, say.
[[nodiscard]] std::optional<std::string> WayBackFromOrphans(const Lineage& lineage,
                                                            std::span<const RevisionId> rows);

}  // namespace drover::migrations
