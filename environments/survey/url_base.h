// Where the path of a relative URL begins: the directory in which its database exists. Asks whether
// files exist; what is in them is told by the caller.
#pragma once

#include <compare>
#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error_documents.h"
#include "base/stray_documents.h"
#include "environments/files.h"
#include "migrations/graph.h"

namespace drover::environments {

/// How much a database speaks for itself, in this order.
struct DatabaseWeight {
  bool has_rows = false;      // besides those of its version table
  std::size_t revisions = 0;  // that are applied, of those that the project has
  bool has_tables = false;
  auto operator<=>(const DatabaseWeight&) const = default;
};

/// Of the file of a scan, for a project with these revisions.
[[nodiscard]] DatabaseWeight WeighDatabase(const ScannedFile& file, const migrations::Graph& graph);

struct UrlBase {
  std::string directory;            // relative to the root
  std::string reason;               // "the database is there"
  std::vector<std::string> others;  // further candidates with a database of that path
};

/// Chooses among `candidates` (directories relative to `root`, the likeliest first; at least one):
/// the one in which `path` leads to a file; of several that of the greatest weight, the first of
/// equals; without any the first. `weigh` is asked only to decide between files, by absolute path.
[[nodiscard]] UrlBase ChooseUrlBase(
    std::string_view path, std::span<const std::string> candidates, const std::string& root,
    const std::function<DatabaseWeight(const std::string& path)>& weigh, Files& files);

/// relative-url-ambiguous: `url` ("sqlite:///./app.db (.env:1)"), which stands at `where`, was
/// taken to be the file `chosen` (relative to the root) because of `base`.
[[nodiscard]] Finding AmbiguousUrl(const std::string& url, const UrlBase& base,
                                   const std::string& chosen, const std::string& where);

}  // namespace drover::environments
