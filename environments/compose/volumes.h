// The grammar of an entry in `volumes:`, short or long. Pure.
#pragma once

#include <string>
#include <string_view>

#include "environments/compose/compose.h"
#include "environments/compose/sources.h"
#include "environments/yaml.h"

namespace drover::environments {

/// `[SOURCE:]TARGET[:MODE]` taken apart, as compose does.
struct ComposeVolumeSpec {
  std::string source;  // empty: an anonymous volume
  std::string target;  // clean
  ComposeMount::Access access = ComposeMount::Access::kReadWrite;
  std::string problem;  // in compose's words; empty when there is none
};

[[nodiscard]] ComposeVolumeSpec SplitVolumeSpec(std::string_view spec);

/// The target by which entries replace each other; empty when it cannot be told.
[[nodiscard]] std::string ComposeVolumeTarget(const YamlNode& item);

/// Reads an item of `volumes:`, whose variables are replaced. A relative source begins at the
/// node's base; a named volume keeps its key in `volume`, since its definition stands elsewhere.
/// `home` is what ~ stands for. Throws kInvalid ("compose.value", "compose.type").
[[nodiscard]] ComposeMount ReadComposeVolume(const YamlNode& item, const std::string& home,
                                             const ComposeSources& sources);

/// Is a short-syntax source a path rather than the name of a volume?
[[nodiscard]] bool IsComposePath(std::string_view source);

/// Does it begin like "C:" or a UNC path?
[[nodiscard]] bool IsWindowsPath(std::string_view path);

/// `path` on this machine: ~ is `home` (also in ~name, as compose has it), a relative one begins at
/// `base`, a Windows path stays as it is. Throws kInvalid ("compose.value") for ~ without a home.
[[nodiscard]] std::string ComposeHostPath(std::string_view path, const std::string& base,
                                          const std::string& home, const YamlNode& node,
                                          const ComposeSources& sources);

/// `path` cleaned of ".", "..", and double or trailing slashes; a relative one stays relative.
[[nodiscard]] std::string CleanContainerPath(std::string_view path);

/// How compose reads a switch that may come from a variable.
[[nodiscard]] bool IsComposeTrue(std::string_view text);

}  // namespace drover::environments
