// One migration: its identity, its place in the graph, and its SQL. Plain data.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace drover::migrations {

using RevisionId = std::string;

/// One half of a migration file.
struct Script {
  std::string sql;          // the text between the markers, exactly as written
  std::size_t line = 1;     // line of the file on which `sql` begins, from 1
  bool transaction = true;  // false: "-- migrate:up transaction:false"
};

struct Revision {
  RevisionId id;
  std::vector<RevisionId> down_revision;  // parents; empty for a base, several for a merge
  std::vector<RevisionId> depends_on;     // must be applied before, without being parents
  std::vector<std::string> branch_labels;
  std::string message;
  std::string created;
  bool draft = false;
  std::string file;             // absolute path
  std::size_t header_line = 1;  // line of "-- revision:"
  Script up;
  std::optional<Script> down;  // nothing: irreversible
  std::string raw_sha256;      // of the file's bytes
  std::string up_sha256;       // ScriptSha256 of the up section
  std::string down_sha256;     // of the down section; empty without one
};

/// A revision as graphs and loaders share it; never changed once made.
using RevisionPtr = std::shared_ptr<const Revision>;

}  // namespace drover::migrations
