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

#include "environments/files.h"

namespace drover::environments {

/// How much a database speaks for itself, in this order.
struct DatabaseWeight {
  bool has_rows = false;      // besides those of its version table
  std::size_t revisions = 0;  // that are applied, of those that the project has
  bool has_tables = false;
  auto operator<=>(const DatabaseWeight&) const = default;
};

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

}  // namespace drover::environments
