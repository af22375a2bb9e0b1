// Searches directory trees for files that may be SQLite databases: bounded, on one file system,
// without following symbolic links, on two threads. Opens files raw (sniff.h), so it belongs to the
// scan process.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/stray_documents.h"
#include "environments/strays/ignore_file.h"
#include "environments/strays/search_memory.h"

namespace drover::environments {

/// kDefault leaves out the directories of IsPrunedDirectory() and Python's virtual environments;
/// kDeep enters everything but drover's own directories.
enum class SearchScope : std::uint8_t { kDefault, kDeep };

struct SearchLimits {
  std::size_t depth = 0;    // directory levels below the root that are still read
  std::size_t entries = 0;  // directory entries of any type
};
[[nodiscard]] SearchLimits LimitsOf(SearchScope scope);

struct SearchOptions {
  SearchScope scope = SearchScope::kDefault;
  SearchLimits limits;
  std::vector<std::string> known_names;  // base names of configured databases
  unsigned threads = 2;
  /// Leaves a path out, a directory with all below it. Called on several threads; may be empty.
  std::function<bool(const std::string& path, EntryKind kind)> ignored;
};

struct SearchResult {
  std::vector<ScannedFile> files;  // in no particular order; not yet described
  bool truncated = false;          // the limit on entries cut it short; the one on depth never does
};

/// Searches below `root`, an absolute path that may itself have any name or be a symbolic link.
/// Directories that cannot be read are skipped. With a `memory`, a directory that has not changed
/// since it was remembered is not listed again: only its files that were of interest are looked at;
/// the memory is brought up to date.
[[nodiscard]] SearchResult Search(const std::string& root, const SearchOptions& options,
                                  SearchMemory* memory = nullptr);

}  // namespace drover::environments
