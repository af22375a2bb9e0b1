// The text of schema objects: the canonical form in which two spellings of the same SQL are equal,
// and what only the text of a CREATE TABLE tells about a table (SQLite's pragmas tell the rest).
// Pure.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace drover::migrations {

/// `sql` as tokens in one spelling: without white space and comments, words and names in lower
/// case, names quoted only where they must be, "==" as "=", "!=" as "<>", without a last semicolon.
/// String literals stay as they are.
[[nodiscard]] std::string CanonicalSql(std::string_view sql);

/// The same for an expression, without parentheses around the whole of it.
[[nodiscard]] std::string CanonicalExpression(std::string_view sql);

/// The same for the CREATE INDEX text that SQLite keeps, without ASC, which is the default.
[[nodiscard]] std::string CanonicalIndex(std::string_view sql);

/// What no pragma tells about a table. Columns are named in lower case, everything else is
/// canonical; what is the default (COLLATE BINARY, ON CONFLICT ABORT) is left out.
struct TableText {
  std::map<std::string, std::string> collations;  // by column
  std::map<std::string, std::string> generated;   // by column: the expression
  std::vector<std::string> checks;                // sorted
  std::vector<std::string> conflicts;             // "email unique on conflict ignore", sorted
  std::set<std::string> deferred;  // "a, b": the columns of each INITIALLY DEFERRED foreign key
  bool autoincrement = false;
};

/// Reads the CREATE TABLE text that SQLite keeps in sqlite_schema. Never throws: of a text that is
/// not one, nothing is read.
[[nodiscard]] TableText ReadTableText(std::string_view create_table);

}  // namespace drover::migrations
