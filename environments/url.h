// What a database URL says: which file it names, or memory. The forms of SQLAlchemy, `file:` URIs
// and plain paths. Pure: nothing is looked up and no path is made absolute.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/documents.h"

namespace drover::environments {

struct DatabaseUrl {
  enum class Kind : std::uint8_t { kFile, kMemory };
  Kind kind = Kind::kFile;
  std::string path;  // decoded; relative to the application's working directory unless it has a '/'
  std::string form;  // what decided that: "relative SQLite URL (three slashes)"
  std::vector<Finding> findings;  // memory-database, query-ignored, windows-path-on-linux

  [[nodiscard]] bool is_absolute() const { return path.starts_with('/'); }
};

/// Parses a URL in which every ${…} is already replaced. Throws kInvalid at `where`: "url.empty",
/// "url.unsupported" (not SQLite, or a form no driver reads), "url.host" (two slashes too few),
/// "url.tilde", "url.directory", "url.query" (uri=true without file:), "url.character".
[[nodiscard]] DatabaseUrl ParseUrl(std::string_view text, const std::string& where);

}  // namespace drover::environments
