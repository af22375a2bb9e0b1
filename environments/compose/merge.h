// How compose merges files: the tags !reset and !override, what a later file does to an earlier
// one, and which entries of a list replace each other. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "environments/compose/sources.h"
#include "environments/yaml.h"

namespace drover::environments {

/// The keys from the root of a document to a value.
using ComposePath = std::vector<std::string>;

/// Takes what carries !reset out of `document`, and the tag off what carries !override: the paths
/// of both, which are to be removed from what the document is merged into. Other tags are dropped,
/// as compose does.
[[nodiscard]] std::vector<ComposePath> TakeResets(YamlNode& document);

/// Removes the value at `path`, from its `skip`th key on, if it is there.
void RemovePath(YamlNode& tree, const ComposePath& path, std::size_t skip = 0);

/// Merges a later document into an earlier model. Throws kInvalid ("compose.type") when what is
/// needed of a service cannot be merged, a list with a text.
void MergeModel(YamlNode& model, YamlNode later, const ComposeSources& sources);

/// The same for a service and one that extends or overrides it, called `name`.
void MergeService(YamlNode& service, YamlNode later, const std::string& name,
                  const ComposeSources& sources);

/// An entry of a list that a later one has replaced.
struct ComposeDuplicate {
  std::string service;
  std::string target;
  std::string where;  // of the later entry
};

/// Leaves of several mounts of one target the last, in the place of the first, for all services.
[[nodiscard]] std::vector<ComposeDuplicate> EnforceUnicity(YamlNode& model,
                                                           const ComposeSources& sources);

/// Do both say the same, whatever their files and positions?
[[nodiscard]] bool SameYaml(const YamlNode& one, const YamlNode& other);

}  // namespace drover::environments
