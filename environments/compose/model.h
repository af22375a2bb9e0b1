// From the merged tree of a compose project to its services: mounts, working directories,
// variables.
#pragma once

#include <set>
#include <string>

#include "environments/compose/compose.h"
#include "environments/compose/environment.h"
#include "environments/compose/loader.h"
#include "environments/files.h"

namespace drover::environments {

struct ComposeModelOptions {
  std::string project;             // the project's name
  std::string directory;           // and directory
  std::string root;                // shortens paths in messages
  std::set<std::string> profiles;  // switched on; "*" stands for all
  std::string home;
  ComposeSurroundings::Knowledge shell = ComposeSurroundings::Knowledge::kNothing;
};

/// The services in the order of the tree. What is wrong with one of them is in its `error`. Throws
/// kInvalid for a definition in the top-level `volumes`, `configs` or `secrets` that compose
/// refuses ("compose.value", "compose.type").
[[nodiscard]] std::vector<ComposeService> ReadComposeServices(const ComposeTree& tree,
                                                              const ComposeEnvironment& environment,
                                                              const ComposeModelOptions& options,
                                                              Files& files);

}  // namespace drover::environments
