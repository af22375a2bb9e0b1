// Stand-ins for the functions and collations that only the application registers, so that a schema
// that names them can be replayed. Never for a database that anybody keeps: what a stub has
// computed is wrong.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "migrations/sqlite.h"

namespace drover::migrations {

struct Stubs {
  std::vector<std::string> functions;   // "slugify", or "slugify/1" for one number of arguments
  std::vector<std::string> collations;  // "icu_de"
};

/// Registers the stubs: every function returns NULL, every collation compares bytes. Throws
/// kInvalid ("stub.malformed") when what follows the "/" is not a number from 0 to 127.
void RegisterStubs(Connection& connection, const Stubs& stubs);

/// What to do about a message of SQLite's that a function or collation is missing; nothing for any
/// other message.
[[nodiscard]] std::optional<std::string> StubHint(std::string_view message);

}  // namespace drover::migrations
