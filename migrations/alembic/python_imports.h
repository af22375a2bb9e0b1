// Which modules a Python file imports, by its text. Pure.
#pragma once

#include <set>
#include <string>
#include <string_view>

namespace drover::migrations {

/// The first names of the absolute imports anywhere in `source`: "app" for "from app.models import
/// Base" and for "import app.models as m, os" (and "os").
[[nodiscard]] std::set<std::string> ImportedModules(std::string_view source);

}  // namespace drover::migrations
