// The schema that is wanted: a file of CREATE statements, carried out in a private database in
// memory and found sound. What is executed later is always the author's own text from here.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "migrations/schema_diff/hints.h"
#include "migrations/schema_image.h"
#include "migrations/sqlite.h"
#include "migrations/stubs.h"

namespace drover::migrations {

/// A schema to plan towards.
struct DesiredSchema {
  std::unique_ptr<Connection> database;  // private, holds the schema without rows; never null
  SchemaImage image;
  SchemaHints hints;
  std::vector<std::string> order;  // "table\tusers": as the author wrote them
};

struct SchemaSource {
  std::string sql;
  std::string file;  // for messages
  std::string version_table = "alembic_version";
  Stubs stubs{};
};

/// Carries out a schema file, one statement after the other as SQLite's own parser cuts it. Only
/// CREATE, ALTER and DROP run; BEGIN, COMMIT and harmless PRAGMAs are passed over, and so is
/// whatever stands between "-- drover:seed" and "-- drover:end". Double-quoted strings are not
/// taken (sqlite.org/quirks.html, 8), since a misspelt column would silently be one. No file can be
/// reached, no extension loaded, and time and memory are bounded.
///
/// The schema is then examined as a whole: every view and trigger must compile, every foreign key
/// must find its parent's key.
///
/// Throws kInvalid with file:line:column: "schema.sql" (what SQLite says), "schema.statement" (a
/// statement that has no place there), "schema.view", "schema.trigger", "schema.table",
/// "schema.foreign_key", "schema.too_large"; "sql.unterminated" and "sql.foreign_command" as
/// RunScript; and as RegisterStubs.
[[nodiscard]] DesiredSchema LoadDesiredSchema(const SchemaSource& source);

/// The schema of a database as one to plan towards, for the way back. Reads no hints, examines
/// nothing. `stubs` as for a replay. Throws like Connection::Execute.
[[nodiscard]] DesiredSchema SchemaOfDatabase(Connection& database, std::string_view version_table,
                                             const Stubs& stubs);

/// Carries out the CREATE statements of `from` in the empty database `to`: no rows. Throws like
/// Connection::Execute.
void CopySchema(Connection& from, Connection& to);

/// Does what the pragmas tell about each table agree with what its text says? Throws kInternal
/// ("schema.misread") naming the table where it does not: nothing may then be planned.
void CrossCheck(const SchemaImage& image);

}  // namespace drover::migrations
