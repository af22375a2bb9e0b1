// One statement that Alembic has executed: what it is about, and how it stands in a native file.
// Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace drover::migrations {

enum class StatementKind : std::uint8_t {
  kNothing,    // changes nothing: reads the catalogue, asks a PRAGMA, explains
  kAlembics,   // about the version table, BEGIN and the like: what drover does itself
  kPragma,     // a PRAGMA that sets something
  kElsewhere,  // VACUUM, ATTACH, DETACH: not in a transaction, or not this database
  kRead,       // reads rows of a user's table and gives them to whoever asked
  kRows,       // writes rows
  kSchema,     // everything else; the copy of a batch operation, too
};

/// Judges it by its words.
[[nodiscard]] StatementKind ClassifyStatement(std::string_view sql, std::string_view version_table);

/// Is it an INSERT, UPDATE or DELETE with a RETURNING?
[[nodiscard]] bool ReturnsRows(std::string_view sql);

/// Does it begin a batch operation: CREATE TABLE _alembic_tmp_…?
[[nodiscard]] bool BeginsBatch(std::string_view sql);

/// The statement with a semicolon and a line end, as a line or more of a native file: its text is
/// the same byte for byte, but for '\r' in the values of a statement about rows, which becomes
/// char(13), since editors and git change it in a file; and for what would begin a section of the
/// file. Empty when there is no statement.
[[nodiscard]] std::string WriteStatement(std::string_view sql, StatementKind kind);

}  // namespace drover::migrations
