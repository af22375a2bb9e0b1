#include "environments/compose/model.h"

#include <algorithm>
#include <cstddef>
#include <map>
#include <optional>
#include <string_view>
#include <utility>

#include "base/error.h"
#include "base/posix.h"
#include "base/text.h"
#include "environments/compose/definitions.h"
#include "environments/compose/text.h"
#include "environments/compose/volumes.h"
#include "environments/hazards.h"

namespace drover::environments {
namespace {

using Kind = YamlNode::Kind;

class ServiceReader final {
 public:
  ServiceReader(const ComposeDefinitions& definitions, const ComposeModelOptions& options,
                const ComposeEnvironment& environment, Files& files, ComposeTextReader& text)
      : definitions_(definitions),
        options_(options),
        environment_(environment),
        files_(files),
        text_(text),
        sources_(text.sources()) {}

  /// Fills in `service`, whose name is set. Throws what is wrong with its mounts.
  void Read(const YamlNode& node, ComposeService& service) {
    service.where = sources_.Where(node);
    Profiles(node, service);
    if (const YamlNode* from = GetPresent(node, "volumes_from"))
      service.volumes_from = sources_.Where(*from);
    if (const YamlNode* directory = GetPresent(node, "working_dir"))
      WorkingDirectory(*directory, service);
    if (const YamlNode* user = GetPresent(node, "user")) {
      service.user = ComposeUser{.text = text_.Text(*user, "user"), .where = sources_.Where(*user)};
    }
    if (const YamlNode* build = GetPresent(node, "build")) service.build = Build(*build);
    Environment(node, service);
    if (const YamlNode* volumes = GetPresent(node, "volumes")) Volumes(*volumes, service);
    Tmpfs(GetPresent(node, "tmpfs"), service);
    FileMounts(GetPresent(node, "configs"), ComposeMount::Origin::kConfig, service);
    FileMounts(GetPresent(node, "secrets"), ComposeMount::Origin::kSecret, service);
    if (GetPresent(node, "image") == nullptr && !service.build) {
      sources_.Fail("value",
                    Concat("service \"", service.name,
                           "\" has neither an image nor a build context specified"),
                    node, "image: … or build: .");
    }
  }

 private:
  void Profiles(const YamlNode& node, ComposeService& service) {
    for (const YamlNode* item : text_.Items(GetPresent(node, "profiles"))) {
      service.profiles.push_back(text_.Text(*item, "profiles"));
    }
    const std::set<std::string>& on = options_.profiles;
    service.is_active = service.profiles.empty() || on.contains("*") ||
                        std::any_of(service.profiles.begin(), service.profiles.end(),
                                    [&](const std::string& name) { return on.contains(name); });
  }

  void WorkingDirectory(const YamlNode& node, ComposeService& service) {
    const std::string path = text_.Text(node, "working_dir");
    if (path.empty()) return;
    if (!path.starts_with("/")) {
      sources_.Fail("value", Concat("working_dir \"", Excerpt(path, 60), "\" is not absolute"),
                    node);
    }
    service.working_directory =
        ComposeWorkingDirectory{.path = AbsolutePath(path, "/"), .where = sources_.Where(node)};
  }

  ComposeBuild Build(const YamlNode& node) {
    ComposeBuild build;
    build.where = sources_.Where(node);
    const YamlNode* context = node.kind == Kind::kMap ? GetPresent(node, "context") : &node;
    const std::string written = context == nullptr ? "." : text_.Text(*context, "build.context");
    const bool remote = written.find("://") != std::string::npos || written.starts_with("git@");
    build.context = remote ? written
                           : ComposeHostPath(written, sources_.Base(context ? *context : node),
                                             options_.home, node, sources_);
    const YamlNode* inline_text = GetPresent(node, "dockerfile_inline");
    const YamlNode* dockerfile = GetPresent(node, "dockerfile");
    if (inline_text != nullptr) {
      build.inline_text = text_.Text(*inline_text, "build.dockerfile_inline");
    } else {
      build.dockerfile = AbsolutePath(
          dockerfile == nullptr ? "Dockerfile" : text_.Text(*dockerfile, "build.dockerfile"),
          build.context);
    }
    if (const YamlNode* target = GetPresent(node, "target")) {
      build.target = text_.Text(*target, "build.target");
    }
    if (const YamlNode* arguments = GetPresent(node, "args"))
      build.arguments = Bindings(*arguments);
    return build;
  }

  // environment, env_file -------------------------------------------------------------------------

  /// A map, or a list of NAME=value. A name without a value takes that of the project.
  std::vector<EnvFileVariable> Bindings(const YamlNode& node) {
    std::vector<EnvFileVariable> bindings;
    const auto add = [&](std::string name, const YamlNode& value, std::optional<std::string> text) {
      if (text) {
        bindings.push_back({std::move(name), *text, sources_.Where(value)});
      } else if (const ComposeVariable* outer = environment_.Find(name)) {
        bindings.push_back({std::move(name), outer->value, outer->where});
      }
    };
    for (const YamlEntry& entry : node.entries) {
      const bool null = entry.value.kind == Kind::kNull;
      add(entry.key, entry.value,
          null ? std::nullopt
               : std::optional(text_.Text(entry.value, Concat("environment.", entry.key))));
    }
    for (const YamlNode& item : node.items) {
      const std::string text = text_.Text(item, "environment");
      const std::size_t equals = text.find('=');
      add(text.substr(0, equals), item,
          equals == std::string::npos ? std::nullopt : std::optional(text.substr(equals + 1)));
    }
    return bindings;
  }

  void Environment(const YamlNode& node, ComposeService& service) {
    std::map<std::string, EnvFileVariable> variables;
    const auto put = [&](std::vector<EnvFileVariable> more) {
      for (EnvFileVariable& each : more) {
        std::string name = each.name;
        variables.insert_or_assign(std::move(name), std::move(each));
      }
    };
    // A broken environment hides a URL, not a mount.
    try {
      for (const YamlNode* item : text_.Items(GetPresent(node, "env_file")))
        put(EnvFile(*item, variables));
      if (const YamlNode* environment = GetPresent(node, "environment"))
        put(Bindings(*environment));
    } catch (const Error& error) {
      service.environment_error = error;
    }
    for (auto& [name, variable] : variables) service.environment.push_back(std::move(variable));
  }

  std::vector<EnvFileVariable> EnvFile(const YamlNode& node,
                                       const std::map<std::string, EnvFileVariable>& before) {
    const bool long_form = node.kind == Kind::kMap;
    const YamlNode* path_node = long_form ? GetPresent(node, "path") : &node;
    if (path_node == nullptr) sources_.Fail("type", "an env_file has no path", node);
    const std::string path =
        ComposeHostPath(text_.Text(*path_node, "env_file"), sources_.Base(*path_node),
                        options_.home, *path_node, sources_);
    const std::optional<std::string> text = files_.Read(path);
    if (!text) {
      const YamlNode* required = long_form ? GetPresent(node, "required") : nullptr;
      if (required != nullptr && !IsComposeTrue(required->scalar)) return {};
      throw Error(Code::kNotFound, "compose.env_file",
                  Concat("env file ", path, " not found: no such file or directory"),
                  Concat("touch ", ShellQuote(path)), sources_.Where(*path_node));
    }
    const YamlNode* format = long_form ? GetPresent(node, "format") : nullptr;
    if (format != nullptr && format->scalar == "raw") return RawEnvFile(*text, path);
    const VariableLookup outer = [&](std::string_view name) -> std::optional<VariableValue> {
      if (const auto found = before.find(std::string(name)); found != before.end()) {
        return VariableValue{.value = found->second.value, .where = found->second.where};
      }
      return environment_.Look(name);
    };
    return ReadEnvFile(*text, path, options_.root, outer);
  }

  /// `format: raw`: everything after "=" as it is.
  [[nodiscard]] std::vector<EnvFileVariable> RawEnvFile(std::string_view text,
                                                        const std::string& path) const {
    std::vector<EnvFileVariable> variables;
    std::size_t number = 0;
    for (const std::string_view line : SplitLines(text)) {
      ++number;
      const std::size_t equals = line.find('=');
      if (Trim(line).empty() || Trim(line).front() == '#' || equals == std::string_view::npos) {
        continue;
      }
      variables.push_back({std::string(Trim(line.substr(0, equals))),
                           std::string(line.substr(equals + 1)),
                           Concat(RelativeTo(path, options_.root), ":", number)});
    }
    return variables;
  }

  // mounts ----------------------------------------------------------------------------------------

  void Volumes(const YamlNode& node, ComposeService& service) {
    if (node.kind != Kind::kSequence) {
      sources_.Fail("type", Concat("services.", service.name, ".volumes must be a list"), node);
    }
    for (const YamlNode& item : node.items) {
      text_.Touch(item);
      ComposeMount mount = ReadComposeVolume(item, options_.home, sources_);
      mount.unset = text_.Unset(item);
      if (mount.type == ComposeMount::Type::kVolume && !mount.volume.empty()) {
        Define(mount, service.name);
      }
      Remark(item, mount);
      service.mounts.push_back(std::move(mount));
    }
  }

  void Define(ComposeMount& mount, const std::string& service) {
    const auto found = definitions_.volumes.find(mount.volume);
    if (found == definitions_.volumes.end()) {
      const std::string name = Excerpt(mount.volume, 60);
      const bool path = mount.volume.find('/') != std::string::npos;
      const std::string message =
          Concat("service \"", service, "\" refers to undefined volume ", name);
      if (path) {
        text_.Add(
            MakeFinding("bind-path-needs-dot-slash",
                        Concat("\"", name, "\" is read as the name of a volume, not as a path"),
                        mount.where, Concat("write ./", name)));
      }
      throw Error(
          Code::kInvalid, "compose.undefined_volume", message,
          path ? Concat("write ./", name, " for a path") : Concat("volumes: {", name, ": {}}"),
          mount.where);
    }
    const ComposeVolumeDefinition& volume = found->second;
    const std::string key = mount.volume;
    mount.volume = volume.name;
    mount.device = volume.device;
    mount.device_type = volume.device_type;
    mount.driver = volume.driver;
    mount.host = volume.host;
    mount.is_external = volume.is_external;
    text_.Touch(*volume.node);
    for (std::string& name : text_.Unset(*volume.node)) mount.unset.push_back(std::move(name));
    if (!mount.host.empty() && !mount.subpath.empty()) {
      mount.host += AbsolutePath(mount.subpath, "/");
    }
    const std::string where = sources_.Where(*volume.node);
    if (volume.is_external) {
      text_.Add(MakeFinding("external-volume",
                            Concat("the volume \"", volume.name,
                                   "\" is made outside of this compose project, and must exist"),
                            where, Concat("docker volume create ", ShellQuote(volume.name))));
    }
    if (!volume.device.empty() && !volume.device.starts_with("/")) {
      text_.Add(MakeFinding("volume-device-relative",
                            Concat("the device ", Excerpt(volume.device, 60), " of the volume \"",
                                   key, "\" stays relative: the engine refuses it"),
                            where, "write driver: local and o: bind, or an absolute device"));
    }
  }

  void Remark(const YamlNode& item, const ComposeMount& mount) {
    if (mount.target.size() > 1 && mount.target[1] == ':') {
      text_.Add(
          MakeFinding("one-letter-volume-name",
                      Concat("\"", Excerpt(mount.written, 60),
                             "\" is read as a Windows path: the whole of it is the target, of "
                             "an anonymous volume"),
                      mount.where, "give the volume a name of two letters or more"));
    } else if (!mount.target.starts_with("/")) {
      text_.Add(MakeFinding("mount-target-not-absolute",
                            Concat("the target \"", Excerpt(mount.target, 60),
                                   "\" is not absolute: the engine refuses it"),
                            mount.where, Concat("write /", Excerpt(mount.target, 60))));
    }
    if (mount.type != ComposeMount::Type::kBind) return;
    if (IsWindowsPath(mount.host)) {
      text_.Add(MakeFinding("windows-path",
                            Concat("\"", Excerpt(mount.host, 60), "\" is a Windows path"),
                            mount.where, "write a path of this machine, ./… is the best"));
    }
    const YamlNode* source = item.kind == Kind::kMap ? item.Find("source") : &item;
    const std::string_view text = source == nullptr ? std::string_view() : source->scalar;
    if (text.size() > 1 && text[0] == '~' && text[1] != '/' && text[1] != ':') {
      text_.Add(MakeFinding("tilde-user-not-supported",
                            Concat("\"", Excerpt(text, 60), "\" leads to ", mount.host,
                                   ", not to another user's home"),
                            mount.where, "write the path in full"));
    }
  }

  void Tmpfs(const YamlNode* node, ComposeService& service) {
    for (const YamlNode* item : text_.Items(node)) {
      const std::string written = text_.Text(*item, "tmpfs");
      ComposeMount mount;
      mount.type = ComposeMount::Type::kTmpfs;
      mount.origin = ComposeMount::Origin::kTmpfs;
      mount.target = CleanContainerPath(written.substr(0, written.find(':')));
      mount.written = Concat("tmpfs:", written);
      mount.where = sources_.Where(*item);
      service.mounts.push_back(std::move(mount));
    }
  }

  void FileMounts(const YamlNode* node, ComposeMount::Origin origin, ComposeService& service) {
    const bool config = origin == ComposeMount::Origin::kConfig;
    const auto& known = config ? definitions_.configs : definitions_.secrets;
    const std::string_view word = config ? "config" : "secret";
    const std::string directory = config ? "/" : "/run/secrets";
    for (const YamlNode* item : text_.Items(node)) {
      const bool long_form = item->kind == Kind::kMap;
      const YamlNode* source = long_form ? GetPresent(*item, "source") : item;
      if (source == nullptr) {
        sources_.Fail("type", Concat("a ", word, " of services.", service.name, " has no source"),
                      *item);
      }
      const std::string name = text_.Text(*source, word);
      const YamlNode* target = long_form ? GetPresent(*item, "target") : nullptr;
      const auto definition = known.find(name);
      if (definition == known.end()) {
        sources_.Fail("value",
                      Concat("service \"", service.name, "\" refers to undefined ", word, " ",
                             Excerpt(name, 60)),
                      *item);
      }
      ComposeMount mount;
      mount.origin = origin;
      mount.type =
          definition->second.host.empty() ? ComposeMount::Type::kOther : ComposeMount::Type::kBind;
      mount.host = definition->second.host;
      mount.access = ComposeMount::Access::kReadOnly;
      mount.missing_source = ComposeMount::MissingSource::kFail;
      mount.target = AbsolutePath(target == nullptr ? name : text_.Text(*target, word), directory);
      mount.written = Concat(word, ":", name);
      mount.where = sources_.Where(*item);
      service.mounts.push_back(std::move(mount));
    }
  }

  const ComposeDefinitions& definitions_;
  const ComposeModelOptions& options_;
  const ComposeEnvironment& environment_;
  Files& files_;
  ComposeTextReader& text_;
  const ComposeSources& sources_;
};

}  // namespace

std::vector<ComposeService> ReadComposeServices(const ComposeTree& tree,
                                                const ComposeEnvironment& environment,
                                                const ComposeModelOptions& options, Files& files) {
  const ComposeDefinitions definitions = ReadComposeDefinitions(tree, options);
  std::vector<ComposeService> services;
  const YamlNode* section = GetPresent(tree.root, "services");
  if (section == nullptr) return services;
  for (const YamlEntry& entry : section->entries) {
    ComposeService service;
    service.name = entry.key;
    ComposeTextReader text(tree.sources, environment, options.shell, options.root,
                           options.directory);
    // A service that is wrong does not hide where the others keep their files.
    try {
      ServiceReader(definitions, options, environment, files, text).Read(entry.value, service);
    } catch (const Error& error) {
      service.error = error;
    }
    service.findings = text.TakeFindings();
    for (const ComposeDuplicate& duplicate : tree.duplicates) {
      if (duplicate.service != service.name) continue;
      service.findings.push_back(
          MakeFinding("duplicate-mount-target",
                      Concat(duplicate.target, " is mounted twice: the last entry wins"),
                      duplicate.where, "remove one of the two entries"));
    }
    services.push_back(std::move(service));
  }
  return services;
}

}  // namespace drover::environments
