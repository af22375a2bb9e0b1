// Looks at a database without changing anything: which revision it is at, and what else must be
// known before anybody touches it. Holds no lock afterwards and leaves no file behind, but for one
// case: beside a -wal that lost its -shm (a copy, a crash) SQLite creates the -shm to read it.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "migrations/archive.h"
#include "migrations/schema.h"
#include "migrations/schema_image.h"
#include "migrations/stubs.h"

namespace drover::migrations {

enum class DatabaseKind : std::uint8_t {
  kMissing,      // no file
  kEmpty,        // no tables: a connection made it, nothing was ever applied
  kUnversioned,  // tables, but no version table
  kVersioned,
  kUnreadable,  // see `problem`
};

/// A table that a batch operation of Alembic has left when it failed: "_alembic_tmp_users".
struct BatchLeftover {
  std::string table;
  std::string of;      // "users"
  bool alone = false;  // `of` itself is gone: its rows are here
};

struct DatabaseFacts {
  DatabaseKind kind = DatabaseKind::kMissing;
  std::vector<RevisionId> rows;  // sorted
  std::map<RevisionId, AppliedRecord> records;
  std::vector<RevisionId> unfinished;      // began outside a transaction and never ended
  std::vector<BatchLeftover> leftovers{};  // of a database without a history of drover's
  std::optional<Error> problem;            // kUnreadable
  std::optional<bool> wal;                 // the journal mode; nothing while it is not known
  bool beside_writer = false;              // a transaction is open that has changed nothing yet
  bool bare = false;  // kVersioned, and no table besides drover's and the rows'
  /// Of kUnversioned: a table that looks like Alembic's version table under another name; or empty.
  std::string other_version_table{};
};

/// Reads the database at `path` without getting in a writer's way. In rollback mode no lock is
/// taken: the file is read as immutable and looked at again afterwards; while a writer is changing
/// it, for longer than a moment, the problem is "sqlite.busy". In WAL mode, where readers hold up
/// nobody, SQLite's shared lock is held for one short transaction; so it is when a journal is there
/// and no writer to be seen. A hot journal (a crash in mid-transaction) is reported as problem
/// "hot_journal" and not touched. Never throws for what the file holds.
[[nodiscard]] DatabaseFacts Inspect(const std::string& path, std::string_view version_table);

/// The first thing that `PRAGMA quick_check` finds wrong with a database in rollback mode, read in
/// the same way; nothing when it is sound, or cannot be told. Reads the whole file.
[[nodiscard]] std::optional<std::string> InspectDamage(const std::string& path);

/// Lets SQLite roll back what a killed or failed writer left in a hot journal, as the next writer
/// would; nothing without one. Throws like Connection::Execute.
void RollBackHotJournal(const std::string& path);

/// The wanted revisions as they were applied, read in the same way. Throws like
/// Connection::Execute; for a file that is missing, kNotFound.
[[nodiscard]] std::map<RevisionId, Revision> InspectArchive(const std::string& path,
                                                            const std::set<RevisionId>& wanted);

/// The outline of the schema, read in the same way; empty when it cannot be read.
[[nodiscard]] SchemaOutline InspectOutline(const std::string& path, std::string_view version_table);

/// The whole schema, read in the same way. Throws what Inspect() would report.
[[nodiscard]] SchemaImage InspectSchema(const std::string& path, std::string_view version_table);

/// A schema, unless it is the known one.
struct SchemaReading {
  std::string digest;                // of the text that SQLite keeps: cheap to take
  std::optional<SchemaImage> image;  // nothing: the digest is `known`
};

/// The schema, read in the same way, but only its text while that has the digest `known`. Throws
/// what Inspect() would report.
[[nodiscard]] SchemaReading InspectSchemaUnless(const std::string& path,
                                                std::string_view version_table,
                                                std::string_view known);

/// A private copy in memory of the whole database, read in the same way: schema and rows. Throws
/// what Inspect() would report.
[[nodiscard]] Connection InspectCopy(const std::string& path);

/// The same without rows; `stubs` stand in for what the schema's text needs.
[[nodiscard]] Connection InspectSchemaCopy(const std::string& path, const Stubs& stubs);

/// The CREATE statements of the schema, tables first, virtual ones before all; read in the same
/// way. Empty for no file; nothing when it cannot be read.
[[nodiscard]] std::optional<std::vector<std::string>> InspectSchemaSql(const std::string& path);

}  // namespace drover::migrations
