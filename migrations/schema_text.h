// The text of schema objects: the canonical form in which two spellings of the same SQL are equal,
// and what only the text of a CREATE TABLE tells about a table (SQLite's pragmas tell the rest).
// Pure.
#pragma once

#include <cstddef>
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

/// The same for the CREATE text of a view, trigger or virtual table as SQLite keeps it: a string
/// where a name is meant is that name.
[[nodiscard]] std::string CanonicalObject(std::string_view sql);

/// The same for the text of a column's DEFAULT as pragma_table_xinfo has it: a bare word or a
/// quoted name is the string that SQLite takes it for, a plus sign is left out, NULL is nothing.
[[nodiscard]] std::string CanonicalDefault(std::string_view sql);

/// What no pragma tells about an index, canonical.
struct IndexText {
  std::vector<std::string> keys;  // in order: without COLLATE and DESC, which pragmas tell
  std::string where;              // of a partial index
};

/// Reads the CREATE INDEX text that SQLite keeps. Never throws.
[[nodiscard]] IndexText ReadIndexText(std::string_view create_index);

/// Where a column's definition stands in the CREATE TABLE text.
struct ColumnText {
  std::string name;  // as written, without quotes
  std::size_t begin = 0;
  std::size_t end = 0;    // behind its last token: neither the comma nor a comment after it
  bool not_null = false;  // in so many words: a primary key may imply it
};

/// What no pragma tells about a table. Columns are named in lower case, everything else is
/// canonical; what is the default (COLLATE BINARY, ON CONFLICT ABORT) is left out.
struct TableText {
  std::map<std::string, std::string> collations;  // by column
  std::map<std::string, std::string> generated;   // by column: the expression
  std::vector<std::string> checks;                // sorted
  std::vector<std::string> conflicts;             // "email unique on conflict ignore", sorted
  std::set<std::string> deferred;  // "a, b": the columns of each INITIALLY DEFERRED foreign key
  bool autoincrement = false;
  std::vector<ColumnText> columns;       // in order
  std::vector<std::string> primary_key;  // in order
  std::size_t foreign_keys = 0;          // how many
  std::size_t name_end = 0;              // behind the table's name
};

/// Reads the CREATE TABLE text that SQLite keeps in sqlite_schema. Never throws: of a text that is
/// not one, nothing is read.
[[nodiscard]] TableText ReadTableText(std::string_view create_table);

}  // namespace drover::migrations
