// Judges the files that the scan found: which is a configured database, which a stray, of what
// class, made from which directory. Pure: facts in, entries out.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/stray_documents.h"
#include "environments/target.h"
#include "migrations/graph.h"

namespace drover::environments {

/// A configured database, as far as the daemon knows it.
struct KnownDatabase {
  const Target* target = nullptr;
  std::vector<std::string> rows;     // of its version table
  std::vector<std::string> columns;  // SchemaOutline::columns; empty when unknown
  std::string schema{};              // SchemaOutline::digest; empty when unknown
};

/// What `drover strays ignore` has recorded: fingerprints by path.
using IgnoredStrays = std::map<std::string, std::string>;

/// The strays among `files`, the most important first. Configured databases themselves are left
/// out. Classes, in the order they are tried:
///
///   alias                 a hard link of a configured file
///   not-a-db              a directory, or another format, in the place of a configured database
///   encrypted-or-corrupt  it does not begin like a database, is cut off, or SQLite cannot read it
///   unreadable            it may not be read, or is too large
///   orphaned-sidecar      a -wal or -journal whose database is gone
///   empty                 no bytes, or no tables
///   tool-db, backup, test another tool's, a kept copy, a test suite's: unless an environment's URL
///                         or file name fits, or its content is of the project's family
///   duplicate, behind, ahead, diverged    by revision, compared with the environment; diverged
///   also
///                         for the same revision with another schema
///   unversioned           no version table, but an environment's URL or file name fits
///   related               neither, but at least half of the columns alike
///   foreign               none of these
///
/// tool-db, backup, test and foreign are no strays: they are returned last and have no fix; so are
/// those in `ignored`, if they still have the fingerprint recorded there.
[[nodiscard]] std::vector<StrayEntry> ClassifyStrays(std::span<const ScannedFile> files,
                                                     std::span<const KnownDatabase> known,
                                                     const migrations::Graph& graph,
                                                     const std::string& root,
                                                     const IgnoredStrays& ignored = {});

/// The directory in which a program that uses the relative path `tail` gets `path`; nothing when no
/// directory leads there, or `tail` is empty.
[[nodiscard]] std::optional<std::string> DirectoryLeadingTo(std::string_view path,
                                                            std::string_view tail);

/// What makes a file the same stray as before: its kind, schema and revisions, not its rows.
[[nodiscard]] std::string FingerprintOf(const ScannedFile& file);

}  // namespace drover::environments
