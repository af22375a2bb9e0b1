// From compose files to one tree: their documents are read and interpolated, `include` and
// `extends` are followed, and the results merged in order. What the tree says is compose_model.h's
// business.
#pragma once

#include <string>
#include <vector>

#include "environments/compose/environment.h"
#include "environments/compose/merge.h"
#include "environments/compose/sources.h"
#include "environments/files.h"
#include "environments/yaml.h"

namespace drover::environments {

struct ComposeTree {
  YamlNode root;
  ComposeSources sources;
  std::vector<ComposeDuplicate> duplicates;  // within one document each
};

/// Reads `paths` (absolute), of which later ones override earlier ones. Relative paths in them
/// begin at `base`. `root` shortens paths in `where` of variables. Throws kNotFound
/// ("compose.not_found", "compose.unknown_service" for one that is extended), kInvalid
/// ("compose.syntax", "compose.duplicate_key", "compose.too_complex", "compose.type",
/// "compose.cycle", "compose.conflict" for what two included files define differently,
/// "compose.unsupported" for a remote file, "variable.*").
[[nodiscard]] ComposeTree LoadComposeTree(const std::vector<std::string>& paths,
                                          const std::string& base,
                                          const ComposeEnvironment& environment,
                                          ComposeSurroundings::Knowledge shell,
                                          const std::string& root, Files& files);

/// The last `name:` of some documents of `paths`, interpolated; empty when there is none. A file
/// that cannot be read has none: LoadComposeTree says why.
[[nodiscard]] std::string ComposeNameInFiles(const std::vector<std::string>& paths,
                                             const ComposeEnvironment& environment, Files& files);

}  // namespace drover::environments
