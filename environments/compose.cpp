#include "environments/compose.h"

#include <algorithm>
#include <list>
#include <map>
#include <utility>

#include "base/error.h"
#include "base/posix.h"
#include "base/text.h"
#include "environments/compose_volumes.h"
#include "environments/dockerfile.h"
#include "environments/interpolate.h"
#include "environments/variables.h"
#include "environments/yaml.h"
#include "environments/yaml_reader.h"

namespace drover::environments {
namespace {

/// A volume of the top-level `volumes:`.
struct VolumeDefinition {
  std::string name;  // the engine's
  std::string host;  // of a local volume that is a bind; empty otherwise
};

/// A compose project's name: lower case, only [a-z0-9_-], beginning with a letter or digit.
std::string NormaliseProjectName(std::string_view name) {
  std::string out;
  for (const char c : ToLower(name)) {
    const bool alphanumeric = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    if (alphanumeric || ((c == '_' || c == '-') && !out.empty())) out.push_back(c);
  }
  return out;
}

std::string DirectoryOf(const ComposeReference& reference) {
  return reference.project_directory.empty() ? DirectoryName(reference.files.front())
                                             : reference.project_directory;
}

class Resolver final {
 public:
  Resolver(const ComposeReference& reference, const std::string& root, Files& files)
      : reference_(reference),
        root_(root),
        files_(files),
        directory_(DirectoryOf(reference)),
        variables_({AbsolutePath(".env", directory_)}, EnvRules::kCompose, root, files) {
    service_.name = reference.service;
    service_.project_directory = directory_;
    service_.project = BaseName(directory_);
    if (const auto name = variables_.Find("COMPOSE_PROJECT_NAME")) service_.project = name->value;
    service_.findings = variables_.findings();
  }

  ComposeService Resolve() {
    for (const std::string& path : reference_.files) ReadFile(path);
    if (!found_) UnknownService();
    service_.project = NormaliseProjectName(service_.project);
    NameVolumes();
    if (!service_.working_directory) FromDockerfile();
    return std::move(service_);
  }

 private:
  struct File {
    std::string path;
    YamlNode root;
  };

  struct Build {
    std::string context;
    std::string dockerfile = "Dockerfile";
    std::string target;
  };

  void ReadFile(const std::string& path) {
    const std::optional<std::string> text = files_.Read(path);
    if (!text) {
      throw Error(Code::kNotFound, "compose.not_found",
                  Concat("there is no compose file ", RelativeTo(path, root_)),
                  Concat("ls ", ShellQuote(DirectoryName(path))), reference_.where);
    }
    documents_.push_back({.path = path, .root = ParseYaml(*text, path, "compose")});
    const File& file = documents_.back();
    const YamlReader reader(file.path, "compose");
    reader.ExpectMap(file.root, RelativeTo(path, root_));
    Refuse(file.root, "include", reader);
    if (const YamlNode* name = file.root.Find("name")) {
      service_.project = Text(*name, "name", reader).value;
    }
    if (const YamlNode* volumes = Section(file.root, "volumes", reader)) {
      for (const YamlEntry& entry : volumes->entries) volumes_[entry.key] = {&file, &entry.value};
    }
    const YamlNode* services = Section(file.root, "services", reader);
    if (services == nullptr) return;
    for (const YamlEntry& entry : services->entries) {
      names_.push_back(entry.key);
      if (entry.key == reference_.service) Service(entry.value, reader);
    }
  }

  /// A key whose value is a map; null when it is missing or holds nothing.
  static const YamlNode* Section(const YamlNode& map, std::string_view key,
                                 const YamlReader& reader) {
    const YamlNode* node = map.Find(key);
    if (node == nullptr || node->kind == YamlNode::Kind::kNull) return nullptr;
    reader.ExpectMap(*node, key);
    return node;
  }

  static void Refuse(const YamlNode& map, std::string_view key, const YamlReader& reader) {
    for (const YamlEntry& entry : map.entries) {
      if (entry.key != key) continue;
      reader.Fail(
          "unsupported",
          Concat("this version of drover does not follow \"", key, "\" in a compose file yet"),
          entry.key_at, "name all files in drover.yaml: compose: {file: [a.yml, b.yml], …}");
    }
  }

  [[noreturn]] void UnknownService() const {
    const std::vector<std::string_view> candidates(names_.begin(), names_.end());
    throw Error(Code::kNotFound, "compose.unknown_service",
                Concat("the compose file has no service \"", Excerpt(reference_.service, 60), "\"",
                       DidYouMean(reference_.service, candidates)),
                names_.empty() ? std::string() : Concat("one of: ", Join(names_, ", ")),
                reference_.where);
  }

  ComposeText Text(const YamlNode& node, std::string_view name, const YamlReader& reader) {
    const std::string where = reader.Where(node.at);
    const VariableLookup lookup = [&](std::string_view variable) { return Look(variable, where); };
    const std::string written = reader.String(node, name);
    Interpolated result = Interpolate(written, Dollar::kShell, lookup, where);
    for (const std::string& variable : result.unset) {
      Note("unset-variable", "warning",
           Concat("${", variable, "} is not set in ",
                  RelativeTo(AbsolutePath(".env", directory_), root_),
                  ": it stands for nothing unless the shell that runs compose sets it"),
           where);
    }
    return {.value = std::move(result.value), .unset = std::move(result.unset)};
  }

  std::optional<VariableValue> Look(std::string_view name, const std::string& where) {
    if (std::optional<VariableValue> value = variables_.Find(name)) return value;
    if (name != "PWD") return std::nullopt;
    Note("result-depends-on-cwd", "warning",
         "${PWD} is the directory in which compose is run, taken to be the project's", where);
    return VariableValue{.value = directory_, .where = directory_};
  }

  void Note(std::string code, std::string severity, std::string message, std::string where) {
    Finding finding{.code = std::move(code),
                    .severity = std::move(severity),
                    .environment = {},
                    .message = std::move(message),
                    .ground = "seen",
                    .fix = {},
                    .where = std::move(where)};
    auto& all = service_.findings;
    if (std::find(all.begin(), all.end(), finding) == all.end()) all.push_back(std::move(finding));
  }

  void Service(const YamlNode& node, const YamlReader& reader) {
    found_ = true;
    if (node.kind == YamlNode::Kind::kNull) return;
    reader.ExpectMap(node, Concat("services.", service_.name));
    Refuse(node, "extends", reader);
    Refuse(node, "volumes_from", reader);
    if (const YamlNode* directory = node.Find("working_dir")) {
      const std::string path = Text(*directory, "working_dir", reader).value;
      if (!path.starts_with("/")) {
        reader.Fail("value", Concat("working_dir \"", Excerpt(path, 60), "\" is not absolute"),
                    directory->at);
      }
      service_.working_directory = ComposeWorkingDirectory{.path = AbsolutePath(path, "/"),
                                                           .where = reader.Where(directory->at),
                                                           .confidence = Confidence::kCertain};
    }
    if (const YamlNode* build = node.Find("build")) ReadBuild(*build, reader);
    ReadTmpfs(node, reader);
    const YamlNode* volumes = node.Find("volumes");
    if (volumes == nullptr || volumes->kind == YamlNode::Kind::kNull) return;
    reader.ExpectSequence(*volumes, "volumes");
    const ComposeTextReader text = [&](const YamlNode& value, std::string_view name) {
      return Text(value, name, reader);
    };
    std::vector<std::string> here;
    for (const YamlNode& item : volumes->items) {
      ComposeMount mount = ParseComposeVolume(item, reader, text, directory_);
      if (std::find(here.begin(), here.end(), mount.target) != here.end()) {
        Note("duplicate-mount-target", "warning",
             Concat(mount.target, " is mounted twice: the last entry wins"), mount.where);
      }
      here.push_back(mount.target);
      Put(std::move(mount));
    }
  }

  void ReadTmpfs(const YamlNode& service, const YamlReader& reader) {
    const YamlNode* node = service.Find("tmpfs");
    if (node == nullptr || node->kind == YamlNode::Kind::kNull) return;
    std::vector<const YamlNode*> items;
    for (const YamlNode& item : node->items) items.push_back(&item);
    if (node->kind != YamlNode::Kind::kSequence) items.push_back(node);
    for (const YamlNode* item : items) {
      const std::string written = Text(*item, "tmpfs", reader).value;
      ComposeMount mount;
      mount.type = ComposeMount::Type::kTmpfs;
      mount.target = AbsolutePath(written.substr(0, written.find(':')), "/");
      mount.written = Concat("tmpfs:", written);
      mount.where = reader.Where(item->at);
      Put(std::move(mount));
    }
  }

  /// A later entry for the same target replaces the earlier one, whatever its type.
  void Put(ComposeMount mount) {
    for (ComposeMount& known : service_.mounts) {
      if (known.target == mount.target) {
        known = std::move(mount);
        return;
      }
    }
    service_.mounts.push_back(std::move(mount));
  }

  void ReadBuild(const YamlNode& node, const YamlReader& reader) {
    if (node.kind == YamlNode::Kind::kNull) return;
    if (!build_) build_ = Build{};
    if (node.kind == YamlNode::Kind::kScalar) {
      build_->context = Text(node, "build", reader).value;
      return;
    }
    reader.ExpectMap(node, "build");
    if (const YamlNode* value = node.Find("context")) {
      build_->context = Text(*value, "build.context", reader).value;
    }
    if (const YamlNode* value = node.Find("dockerfile")) {
      build_->dockerfile = Text(*value, "build.dockerfile", reader).value;
    }
    if (const YamlNode* value = node.Find("target")) {
      build_->target = Text(*value, "build.target", reader).value;
    }
  }

  void FromDockerfile() {
    if (!build_ || build_->context.find("://") != std::string::npos) return;
    const std::string context = AbsolutePath(build_->context, directory_);
    const std::string path = AbsolutePath(build_->dockerfile, context);
    const std::optional<std::string> text = files_.Read(path);
    if (!text) return;
    const std::optional<DockerfileWorkdir> workdir = FindWorkdir(*text, build_->target);
    if (!workdir) return;
    // Likely only: an entrypoint may change the directory, and the image may be an older build.
    service_.working_directory =
        ComposeWorkingDirectory{.path = workdir->path,
                                .where = Concat(path, ":", workdir->line, ":1"),
                                .confidence = Confidence::kLikely};
  }

  void NameVolumes() {
    for (ComposeMount& mount : service_.mounts) {
      if (mount.type != ComposeMount::Type::kVolume || mount.volume.empty()) continue;
      const auto found = volumes_.find(mount.volume);
      if (found == volumes_.end()) {
        const bool path = mount.volume.find('/') != std::string::npos;
        throw Error(Code::kInvalid, "compose.undefined_volume",
                    Concat("service \"", service_.name, "\" refers to the undefined volume \"",
                           Excerpt(mount.volume, 60), "\""),
                    path ? Concat("write ./", Excerpt(mount.volume, 60), " for a path")
                         : Concat("volumes: {", Excerpt(mount.volume, 60), ": {}}"),
                    mount.where);
      }
      const auto& [file, node] = found->second;
      VolumeDefinition definition = Define(mount.volume, *node, YamlReader(file->path, "compose"));
      mount.volume = std::move(definition.name);
      mount.host = std::move(definition.host);
    }
  }

  VolumeDefinition Define(const std::string& key, const YamlNode& node, const YamlReader& reader) {
    VolumeDefinition definition{.name = Concat(service_.project, "_", key), .host = {}};
    if (node.kind == YamlNode::Kind::kNull) return definition;
    reader.ExpectMap(node, Concat("volumes.", key));
    if (const YamlNode* external = node.Find("external")) {
      const YamlNode* name = external->Find("name");
      if (name != nullptr) {
        definition.name = Text(*name, "external.name", reader).value;
      } else if (IsComposeTrue(Text(*external, "external", reader).value)) {
        definition.name = key;
      }
    }
    if (const YamlNode* name = node.Find("name")) {
      definition.name = Text(*name, "name", reader).value;
    }
    const YamlNode* options = node.Find("driver_opts");
    const YamlNode* device = options == nullptr ? nullptr : options->Find("device");
    const YamlNode* o = options == nullptr ? nullptr : options->Find("o");
    if (device == nullptr || o == nullptr) return definition;
    const std::vector<std::string> flags = SplitList(Text(*o, "driver_opts.o", reader).value, ',');
    if (std::find(flags.begin(), flags.end(), "bind") == flags.end()) return definition;
    const std::string path = Text(*device, "driver_opts.device", reader).value;
    const YamlNode* driver = node.Find("driver");
    const bool local = driver != nullptr && Text(*driver, "driver", reader).value == "local";
    if (path.starts_with("/") || (local && flags.size() == 1)) {
      definition.host = ComposeHostPath(path, directory_, reader, device->at);
    } else {
      Note(
          "volume-device-relative", "error",
          Concat("the device \"", Excerpt(path, 60),
                 "\" is relative: compose resolves it only with \"driver: local\" and \"o: bind\""),
          reader.Where(device->at));
    }
    return definition;
  }

  const ComposeReference& reference_;
  const std::string& root_;
  Files& files_;
  std::string directory_;
  Variables variables_;
  ComposeService service_;
  std::list<File> documents_;  // the definitions below point into it
  std::map<std::string, std::pair<const File*, const YamlNode*>> volumes_;
  std::vector<std::string> names_;
  std::optional<Build> build_;
  bool found_ = false;
};

}  // namespace

ComposeService ResolveComposeService(const ComposeReference& reference, const std::string& root,
                                     Files& files) {
  return Resolver(reference, root, files).Resolve();
}

const ComposeMount* CoveringMount(std::span<const ComposeMount> mounts, std::string_view path) {
  const ComposeMount* best = nullptr;
  for (const ComposeMount& mount : mounts) {
    if (!IsBelow(path, mount.target)) continue;
    if (best == nullptr || mount.target.size() > best->target.size()) best = &mount;
  }
  return best;
}

std::string_view MountTypeName(ComposeMount::Type type) {
  switch (type) {
    case ComposeMount::Type::kBind:
      return "bind";
    case ComposeMount::Type::kVolume:
      return "volume";
    case ComposeMount::Type::kTmpfs:
      return "tmpfs";
    case ComposeMount::Type::kOther:
      break;
  }
  return "other";
}

}  // namespace drover::environments
