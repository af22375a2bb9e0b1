// Judges the files that the scan found: which is a configured database, which a stray, of what
// class, made from which directory. Pure: facts in, entries out.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/documents.h"
#include "environments/target.h"
#include "migrations/graph.h"

namespace drover::environments {

/// A configured database, as far as the daemon knows it.
struct KnownDatabase {
  const Target* target = nullptr;
  std::vector<std::string> rows;     // of its version table
  std::vector<std::string> columns;  // SchemaOutline::columns; empty when unknown
};

/// The strays among `files`, the most important first. Configured databases themselves are left
/// out. Classes, in the order they are tried: alias (a hard link of a configured file), unreadable,
/// empty, duplicate, behind, ahead, diverged (revisions the graph does not know), unversioned
/// (resembles an environment but has no version table), foreign. Foreign databases are no strays:
/// they are returned last and have no fix.
[[nodiscard]] std::vector<StrayEntry> ClassifyStrays(std::span<const ScannedFile> files,
                                                     std::span<const KnownDatabase> known,
                                                     const migrations::Graph& graph,
                                                     const std::string& root);

}  // namespace drover::environments
