// What differs between two schemas: as values, as lines for a summary, and as sentences about a
// database and its migrations. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/stray_documents.h"
#include "migrations/schema_image.h"

namespace drover::migrations {

/// What a change means to the programs and rows that were there before it.
enum class ChangeSeverity : std::uint8_t {
  kBreaking,  // something that a program may count on is gone: a table, column, key or check
  kRisky,     // rows may not fit, or are treated otherwise: a type, NOT NULL, UNIQUE, a trigger
  kBenign,    // more room, an index, a default
};

[[nodiscard]] std::string_view SeverityName(ChangeSeverity severity);

/// One fact that is otherwise on the two sides. Text is canonical (schema_text.h).
struct SchemaChange {
  std::string type;    // table | index | view | trigger
  std::string object;  // its name, as written
  std::string part;    // the column; empty: the whole object, or a clause
  std::string facet;   // object | column | type | not null | default | collation | generated |
                       // order | key | foreign key | check | enum | option | definition | name
  std::string before;  // empty: was not there
  std::string after;   // empty: is not there
  ChangeSeverity severity = ChangeSeverity::kBenign;
  bool operator==(const SchemaChange&) const = default;
};

/// The way from `before` to `after`, tables first. Empty exactly when the images are equal.
[[nodiscard]] std::vector<SchemaChange> ListChanges(const SchemaImage& before,
                                                    const SchemaImage& after);

/// The same for two tables that are no virtual tables, whatever they are called.
[[nodiscard]] std::vector<SchemaChange> ListTableChanges(const SchemaObject& before,
                                                         const SchemaObject& after);

/// A change as one line: "+ users.email text", "users.status: + held".
[[nodiscard]] std::string SummaryLine(const SchemaChange& change);

/// What `actual` (a database) has otherwise than `expected` (the migrations): one entry per column,
/// clause or object, tables first. Empty exactly when the images are equal.
[[nodiscard]] std::vector<SchemaDifference> CompareSchemas(const SchemaImage& expected,
                                                           const SchemaImage& actual);

}  // namespace drover::migrations
