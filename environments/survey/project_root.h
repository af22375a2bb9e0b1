// Where a project begins that has no drover.yaml yet: the directory in which its compose file, its
// git repository or its .env is. Looks at names only, through the door of files.h.
#pragma once

#include <string>

#include "environments/files.h"

namespace drover::environments {

struct ProjectRoot {
  std::string path;        // absolute
  std::string reason;      // "docker-compose.yml is here"
  std::string repository;  // the top level of the git repository; empty: none
};

/// The root for whoever stands in `directory`, which is absolute. In this order: the nearest
/// directory at or above it with a compose file; the top level of the git repository; the nearest
/// one with a `.env`; `directory` itself. The search ends at the top level of the repository, below
/// `home` and below a directory that everybody may write to: what lies there is not the project's.
/// Throws kIo.
[[nodiscard]] ProjectRoot FindNewRoot(const std::string& directory, const std::string& home,
                                      Files& files);

/// A drover.yaml in `directory` or above it, as far as FindNewRoot would look; empty: none.
[[nodiscard]] std::string FindExistingConfig(const std::string& directory, const std::string& home,
                                             Files& files);

}  // namespace drover::environments
