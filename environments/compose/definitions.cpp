#include "environments/compose/definitions.h"

#include <algorithm>
#include <vector>

#include "base/text.h"
#include "environments/compose/volumes.h"

namespace drover::environments {
namespace {

using Kind = YamlNode::Kind;

class DefinitionReader final {
 public:
  DefinitionReader(const ComposeTree& tree, const ComposeModelOptions& options)
      : sources_(tree.sources), options_(options) {}

  ComposeVolumeDefinition Volume(const std::string& key, const YamlNode& node) const {
    ComposeVolumeDefinition volume{.name = Concat(options_.project, "_", key), .node = &node};
    const std::string place = Concat("volumes.", key);
    const YamlNode* name = GetPresent(node, "name");
    const YamlNode* external = GetPresent(node, "external");
    if (external != nullptr) {
      const YamlNode* legacy = GetPresent(*external, "name");
      volume.is_external = external->kind == Kind::kMap || IsComposeTrue(external->scalar);
      if (legacy != nullptr && name != nullptr && legacy->scalar != name->scalar) {
        sources_.Fail("value", Concat(place, ": name and external.name conflict; only use name"),
                      *external);
      }
      if (name == nullptr) name = legacy;
      if (volume.is_external) CheckExternal(node, place);
      if (volume.is_external && name == nullptr) volume.name = key;
    }
    if (name != nullptr) volume.name = Scalar(*name, Concat(place, ".name"));
    ReadDriver(node, volume);
    return volume;
  }

  ComposeFileDefinition File(const std::string& place, const YamlNode& node) const {
    const YamlNode* file = GetPresent(node, "file");
    if (file == nullptr) return {};
    return {.host = ComposeHostPath(Scalar(*file, place), sources_.Base(*file), options_.home,
                                    *file, sources_)};
  }

 private:
  [[nodiscard]] std::string Scalar(const YamlNode& node, const std::string& name) const {
    if (node.kind != Kind::kScalar) {
      sources_.Fail("type", Concat(name, " must be a string"), node);
    }
    const ComposeUse* use = sources_.Use(node);
    if (use != nullptr && use->required) throw *use->required;
    return node.scalar;
  }

  void CheckExternal(const YamlNode& node, const std::string& place) const {
    for (const YamlEntry& entry : node.entries) {
      if (entry.key == "name" || entry.key == "external" || entry.key.starts_with("x-")) continue;
      sources_.Fail(
          "value",
          Concat(place, ": conflicting parameters \"external\" and \"", entry.key, "\" specified"),
          entry.value, Concat("remove ", entry.key, ", or external"));
    }
  }

  /// Compose resolves a relative device only when `driver: local` is written and `o` is exactly
  /// "bind"; the engine accepts absolute ones only.
  void ReadDriver(const YamlNode& node, ComposeVolumeDefinition& volume) const {
    const YamlNode* driver = GetPresent(node, "driver");
    const bool local = driver == nullptr || driver->scalar == "local";
    if (!local) volume.driver = Scalar(*driver, "driver");
    const YamlNode* options = GetPresent(node, "driver_opts");
    const YamlNode* type = options == nullptr ? nullptr : GetPresent(*options, "type");
    if (type != nullptr) volume.device_type = Scalar(*type, "driver_opts.type");
    const YamlNode* device = options == nullptr ? nullptr : GetPresent(*options, "device");
    if (device == nullptr) return;
    volume.device = Scalar(*device, "driver_opts.device");
    const YamlNode* o = GetPresent(*options, "o");
    const std::vector<std::string> words =
        o == nullptr ? std::vector<std::string>() : SplitList(o->scalar, ',');
    const bool bind = std::any_of(words.begin(), words.end(), [](const std::string& word) {
      return word == "bind" || word == "rbind";
    });
    if (driver != nullptr && driver->scalar == "local" && o != nullptr && o->scalar == "bind") {
      volume.device =
          ComposeHostPath(volume.device, sources_.Base(*device), options_.home, *device, sources_);
    }
    if (local && bind && volume.device.starts_with("/")) volume.host = volume.device;
  }

  const ComposeSources& sources_;
  const ComposeModelOptions& options_;
};

}  // namespace

ComposeDefinitions ReadComposeDefinitions(const ComposeTree& tree,
                                          const ComposeModelOptions& options) {
  ComposeDefinitions definitions;
  const DefinitionReader reader(tree, options);
  const auto each = [&](std::string_view section, const auto& read) {
    const YamlNode* node = GetPresent(tree.root, section);
    if (node == nullptr) return;
    for (const YamlEntry& entry : node->entries) read(entry);
  };
  each("volumes", [&](const YamlEntry& entry) {
    definitions.volumes.emplace(entry.key, reader.Volume(entry.key, entry.value));
  });
  each("configs", [&](const YamlEntry& entry) {
    definitions.configs.emplace(entry.key, reader.File("configs.file", entry.value));
  });
  each("secrets", [&](const YamlEntry& entry) {
    definitions.secrets.emplace(entry.key, reader.File("secrets.file", entry.value));
  });
  return definitions;
}

const YamlNode* GetPresent(const YamlNode& map, std::string_view key) {
  const YamlNode* node = map.Find(key);
  return node == nullptr || node->kind == YamlNode::Kind::kNull ? nullptr : node;
}

}  // namespace drover::environments
