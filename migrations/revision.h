// One migration: its identity, its place in the graph, and its SQL. Plain data.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace drover::migrations {

using RevisionId = std::string;

/// Whose files they are. What only native ones have: SQL, drafts, checksums of sections.
enum class Format : std::uint8_t { kNative, kAlembic };

/// One half of a migration file.
struct Script {
  std::string sql;          // the text between the markers, exactly as written
  std::size_t line = 1;     // line of the file on which `sql` begins, from 1
  bool transaction = true;  // false: "-- migrate:up transaction:false"
};

struct Revision {
  Format format = Format::kNative;
  RevisionId id;
  std::vector<RevisionId> down_revision;  // parents; empty for a base, several for a merge
  std::vector<RevisionId> depends_on;     // must be applied before, without being parents
  std::vector<std::string> branch_labels;
  std::string message;
  std::string created;
  bool draft = false;
  std::string file;             // absolute path; "drover_history:<id>" when archived
  bool archived = false;        // read from a database's history, not from a file
  std::size_t header_line = 1;  // line of "-- revision:", or of Alembic's `revision = …`
  Script up;                    // without SQL in Alembic's files, whose steps are Python
  std::optional<Script> down;   // nothing: irreversible
  bool idle_up = false;         // the upgrade() of an Alembic file does nothing
  bool idle_down = false;       // nor does its downgrade()
  std::string raw_sha256;       // of the file's bytes
  std::string up_sha256;        // ScriptSha256 of the up section; empty in Alembic's files
  std::string down_sha256;      // of the down section; empty without one
};

/// A revision as graphs and loaders share it; never changed once made.
using RevisionPtr = std::shared_ptr<const Revision>;

/// What is odd about revisions and stops nothing.
struct Remark {
  std::string kind;  // the code of the finding it becomes: "alembic-docstring-parent"
  RevisionId revision;
  std::string message;
  std::string where;  // "file:line:column"
};

/// What a migration file says.
struct ParsedMigration {
  Revision revision;
  std::vector<Remark> remarks{};
};

}  // namespace drover::migrations
