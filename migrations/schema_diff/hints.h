// What the author of a schema file says in comments, for the one who plans the way there:
// "-- @renamed from=old" and "-- @backfill expression", beside a table or a column. SQLite keeps
// the comments inside a CREATE TABLE, so a hint that has done its work may stay: it is inert. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace drover::migrations {

/// "table, or a column of it, was called `from`". A comment between a table's name and its first
/// column may mean either: then there is a hint for each, and the schema that is there decides.
struct RenameHint {
  std::string table;
  std::string column;  // empty: the table itself
  std::string from;
  bool operator==(const RenameHint&) const = default;
};

/// What old rows get in a column that needs a value.
struct BackfillHint {
  std::string table;
  std::string column;
  std::string expression;
  bool operator==(const BackfillHint&) const = default;
};

struct SchemaHints {
  std::vector<RenameHint> renames;
  std::vector<BackfillHint> backfills;
};

/// The hints in a CREATE TABLE text of the table `table`. A comment on the line of a definition
/// speaks of that definition, a comment on a line of its own of the next one; before the first
/// column it may speak of the table; in a CREATE VIRTUAL TABLE every comment does. Never throws.
[[nodiscard]] SchemaHints ReadHints(std::string_view create_table, const std::string& table);

/// The name after "@renamed from=" in a comment, without quotes; empty when there is none.
[[nodiscard]] std::string RenamedFrom(std::string_view comment);

/// The line to paste beside a table or column so that it counts as renamed.
[[nodiscard]] std::string RenameComment(std::string_view from);

}  // namespace drover::migrations
