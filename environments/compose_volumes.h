// One entry of a service's `volumes:`, short or long. Pure.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "environments/compose.h"
#include "environments/yaml.h"
#include "environments/yaml_reader.h"

namespace drover::environments {

/// The text of a scalar with its variables replaced.
struct ComposeText {
  std::string value;
  std::vector<std::string> unset;
};
using ComposeTextReader = std::function<ComposeText(const YamlNode& node, std::string_view name)>;

/// Parses `node`, an item of `volumes:`. Relative sources are relative to `directory`; a named
/// volume keeps its key in `volume`, since its definition stands elsewhere. Throws kInvalid.
[[nodiscard]] ComposeMount ParseComposeVolume(const YamlNode& node, const YamlReader& reader,
                                              const ComposeTextReader& text,
                                              const std::string& directory);

/// Is a short-syntax source a path rather than the name of a volume?
[[nodiscard]] bool IsComposePath(std::string_view source);

/// `source`, a path, on this machine. Throws kInvalid ("compose.value") for a Windows path and for
/// another user's home.
[[nodiscard]] std::string ComposeHostPath(std::string_view source, const std::string& directory,
                                          const YamlReader& reader, Position at);

/// How compose reads a switch that may come from a variable.
[[nodiscard]] bool IsComposeTrue(std::string_view text);

}  // namespace drover::environments
