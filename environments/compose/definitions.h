// The top-level `volumes`, `configs` and `secrets` of a compose project: what they are called by
// the engine, and where they are on this machine. Pure.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "environments/compose/loader.h"
#include "environments/compose/model.h"
#include "environments/yaml.h"

namespace drover::environments {

/// A volume of the top-level `volumes:`.
struct ComposeVolumeDefinition {
  std::string name = {};    // the engine's
  std::string device = {};  // of driver_opts, as compose resolves it
  std::string host = {};    // the same, when the volume is a bind that the engine accepts
  std::string device_type = {};
  std::string driver = {};  // empty: the local one
  bool is_external = false;
  const YamlNode* node = nullptr;
};

/// A config or secret of the top level.
struct ComposeFileDefinition {
  std::string host = {};  // empty when its content comes from elsewhere
};

struct ComposeDefinitions {
  std::map<std::string, ComposeVolumeDefinition, std::less<>> volumes;
  std::map<std::string, ComposeFileDefinition, std::less<>> configs;
  std::map<std::string, ComposeFileDefinition, std::less<>> secrets;
};

/// Throws kInvalid ("compose.value", "compose.type") for a definition that compose refuses. The
/// nodes are those of `tree`, which must outlive the result.
[[nodiscard]] ComposeDefinitions ReadComposeDefinitions(const ComposeTree& tree,
                                                        const ComposeModelOptions& options);

/// The value of `key`; null when there is none, or nothing in it.
[[nodiscard]] const YamlNode* GetPresent(const YamlNode& map, std::string_view key);

}  // namespace drover::environments
