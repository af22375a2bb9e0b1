// Is a schema sound as a whole? SQLite accepts views and triggers that cannot work, and foreign
// keys without a parent; they fail only when a program uses them.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "migrations/sqlite.h"

namespace drover::migrations {

/// Where an object is defined: "file:line:column".
using PlaceOfObject = std::function<std::string(std::string_view type, std::string_view name)>;

/// Compiles every view, every trigger and every computed column of a database, and looks for the
/// parent of every foreign key (sqlite.org/foreignkeys.html, 3). Throws kInvalid, naming the
/// object: "schema.view", "schema.trigger", "schema.table", "schema.foreign_key". Changes nothing.
void ValidateSchema(Connection& database, const PlaceOfObject& where);

/// A view, a trigger or a table (columns computed in a ring) that cannot be compiled.
struct BrokenObject {
  std::string type;  // view | trigger | table
  std::string name;
  std::string message;  // SQLite's
};

/// Everything that cannot be compiled as the schema is now.
[[nodiscard]] std::vector<BrokenObject> FindBrokenObjects(Connection& database);

}  // namespace drover::migrations
