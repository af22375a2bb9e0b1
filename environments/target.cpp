#include "environments/target.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "base/error.h"
#include "base/text.h"
#include "environments/compose.h"
#include "environments/interpolate.h"
#include "environments/url.h"
#include "environments/variables.h"

namespace drover::environments {
namespace {

// First components that make "three slashes" suspicious: nobody has a project folder called home.
constexpr std::array<std::string_view, 9> kRootNames{"etc", "home", "mnt", "opt", "root",
                                                     "srv", "tmp",  "usr", "var"};

/// `path`, relative, cleaned; empty when it leaves the directory it is relative to.
std::string CleanTail(std::string_view path) {
  int depth = 0;
  for (const std::string& part : SplitList(path, '/')) {
    if (part == ".") continue;
    depth += part == ".." ? -1 : 1;
    if (depth < 0) return {};
  }
  return AbsolutePath(path, "/").substr(1);
}

class Resolver final {
 public:
  Resolver(const Config& config, const EnvironmentConfig& environment, Files& files, Target& target)
      : config_(config), environment_(environment), files_(files), target_(target) {}

  void Resolve() {
    const DatabaseUrl url = ParseUrl(Value(), environment_.url_where);
    for (const Finding& finding : url.findings) target_.findings.push_back(finding);
    if (url.kind == DatabaseUrl::Kind::kMemory) {
      target_.kind = TargetKind::kMemory;
      target_.confidence = Confidence::kCertain;
      Step(":memory:", url.form);
      return;
    }
    if (!url.is_absolute()) target_.relative_tail = CleanTail(url.path);
    if (environment_.compose) {
      InContainer(url);
    } else {
      OnHost(url);
    }
  }

 private:
  [[noreturn]] static void Fail(Code code, std::string kind, std::string message, std::string hint,
                                std::string where) {
    throw Error(code, std::move(kind), std::move(message), std::move(hint), std::move(where));
  }

  void Step(std::string value, std::string_view from) {
    target_.provenance.push_back(
        {.value = std::move(value), .from = RelativeTo(from, config_.root)});
  }

  void Note(std::string code, std::string severity, std::string message, std::string where,
            std::optional<std::string> fix = {}) {
    target_.findings.push_back({.code = std::move(code),
                                .severity = std::move(severity),
                                .environment = {},
                                .message = std::move(message),
                                .ground = "seen",
                                .fix = std::move(fix),
                                .where = std::move(where)});
  }

  [[nodiscard]] std::string Short(const std::string& path) const {
    return RelativeTo(path, config_.root);
  }

  /// The URL with its variables replaced.
  std::string Value() {
    Step(environment_.url, environment_.url_where);
    if (environment_.url.find('$') == std::string::npos) return environment_.url;
    const Variables variables(environment_.env_files, EnvRules::kSettings, config_.root, files_);
    for (const Finding& finding : variables.findings()) target_.findings.push_back(finding);
    const VariableLookup lookup = [&](std::string_view name) { return variables.Find(name); };
    const Interpolated result =
        Interpolate(environment_.url, Dollar::kShell, lookup, environment_.url_where);
    if (!result.unset.empty()) Unset(result.unset.front(), variables);
    std::string from = Join(result.sources, ", ");
    if (!result.defaulted.empty()) {
      from += Concat(from.empty() ? "" : ", ", "default of ", Join(result.defaulted, ", "), " (",
                     NotThere(variables), ")");
    }
    Step(result.value, from.empty() ? "no variable was used" : from);
    return result.value;
  }

  /// Why a variable is not set, in a few words.
  [[nodiscard]] std::string NotThere(const Variables& variables) const {
    if (environment_.env_files.empty()) return "no env_file";
    std::vector<std::string> pieces;
    for (const std::string& path : environment_.env_files) {
      const auto& missing = variables.missing();
      const bool gone = std::find(missing.begin(), missing.end(), path) != missing.end();
      pieces.push_back(Concat(gone ? "no file " : "not in ", Short(path)));
    }
    return Join(pieces, ", ");
  }

  [[noreturn]] void Unset(const std::string& name, const Variables& variables) const {
    if (environment_.env_files.empty()) {
      Fail(Code::kInvalid, "variable.unset",
           Concat("the variable ", name, " is not set: environment \"", environment_.name,
                  "\" has no env_file to look it up in"),
           Concat("env_file: .env, or write a default: ${", name, ":-sqlite:///./application.db}"),
           environment_.url_where);
    }
    const std::vector<std::string_view> names = variables.names();
    Fail(Code::kInvalid, "variable.unset",
         Concat("the variable ", name, " is not set (", NotThere(variables), ")",
                DidYouMean(name, names)),
         Concat("echo '", name, "=sqlite:///./application.db' >> ",
                ShellQuote(environment_.env_files.back())),
         environment_.url_where);
  }

  void OnHost(const DatabaseUrl& url) {
    target_.confidence = Confidence::kCertain;
    const std::string path = AbsolutePath(url.path, config_.root);
    if (!url.is_absolute()) {
      CheckSlashes(url, path);
      Step(Concat(url.path, " relative to ", config_.root),
           Concat(url.form, ", from the project root"));
    }
    Arrive(path);
  }

  void CheckSlashes(const DatabaseUrl& url, const std::string& path) {
    if (url.path.starts_with(".")) return;
    const std::string first = url.path.substr(0, url.path.find('/'));
    const std::string absolute = AbsolutePath(url.path, "/");
    const bool root_name =
        std::find(kRootNames.begin(), kRootNames.end(), first) != kRootNames.end() &&
        first.size() < url.path.size();
    const bool other_exists = !files_.Stat(path) && files_.Stat(absolute).has_value();
    if (!root_name && !other_exists) return;
    if (files_.Stat(AbsolutePath(first, config_.root)) && !other_exists) return;
    Note("url-slashes", "warning",
         Concat("\"", url.path,
                "\" is relative to the project root; an absolute path needs four "
                "slashes: sqlite:///",
                absolute),
         environment_.url_where);
  }

  void InContainer(const DatabaseUrl& url) {
    const ComposeService service =
        ResolveComposeService(*environment_.compose, config_.root, files_);
    for (const Finding& finding : service.findings) target_.findings.push_back(finding);
    for (const ComposeMount& mount : service.mounts) target_.mounts.push_back(Entry(mount));
    const std::string path = ContainerPath(url, service);
    const ComposeMount* mount = CoveringMount(service.mounts, path);
    if (mount == nullptr) NoMount(url, service, path);
    Step(mount->written, mount->where);
    const std::string host = HostPath(*mount, service, path);
    if (!mount->unset.empty()) {
      target_.path = files_.Real(host);
      target_.confidence = Confidence::kUnknown;
      Fail(
          Code::kInvalid, "compose.unset_variable",
          Concat("the mount of ", mount->target, " uses ${", mount->unset.front(),
                 "}, which the project's .env does not set: only the shell that runs compose knows "
                 "it"),
          Concat("echo '", mount->unset.front(), "=…' >> ",
                 ShellQuote(AbsolutePath(".env", service.project_directory))),
          mount->where);
    }
    CheckMount(*mount, path, host);
    Arrive(host);
  }

  static MountEntry Entry(const ComposeMount& mount) {
    MountEntry entry{.target = mount.target,
                     .type = std::string(MountTypeName(mount.type)),
                     .host = {},
                     .volume = {},
                     .read_only = mount.access == ComposeMount::Access::kReadOnly};
    if (!mount.host.empty()) entry.host = mount.host;
    if (!mount.volume.empty()) entry.volume = mount.volume;
    return entry;
  }

  std::string ContainerPath(const DatabaseUrl& url, const ComposeService& service) {
    target_.confidence = Confidence::kCertain;
    const std::string in = Concat(" in service ", service.name);
    if (url.is_absolute()) {
      const std::string path = AbsolutePath(url.path, "/");
      Step(path + in, url.form);
      return path;
    }
    if (!service.working_directory) {
      target_.confidence = Confidence::kUnknown;
      Fail(Code::kInvalid, "compose.working_dir",
           Concat("the URL is relative, and the working directory of service \"", service.name,
                  "\" is not known"),
           Concat("add \"working_dir: /app\" to the service, or make the URL absolute: "
                  "sqlite:////app/",
                  target_.relative_tail),
           environment_.url_where);
    }
    target_.confidence = service.working_directory->confidence;
    Step(Concat("working directory ", service.working_directory->path, in),
         service.working_directory->where);
    const std::string path = AbsolutePath(url.path, service.working_directory->path);
    Step(path + in, Concat(url.form, ", from the working directory"));
    return path;
  }

  [[noreturn]] void NoMount(const DatabaseUrl& url, const ComposeService& service,
                            const std::string& path) {
    const std::string absolute = AbsolutePath(url.path, "/");
    if (!url.is_absolute() && CoveringMount(service.mounts, absolute) != nullptr) {
      Note("url-slashes", "warning",
           Concat("\"", url.path, "\" is relative; did you mean the mounted ", absolute,
                  "? That is sqlite:///", absolute),
           environment_.url_where);
    }
    const std::string message = Concat(path, " of service \"", service.name,
                                       "\" is under no mount: it is lost with the container");
    Note("database-in-image-layer", "fatal", message, environment_.compose->where);
    target_.confidence = Confidence::kUnknown;
    Fail(Code::kInvalid, "compose.no_mount", message,
         Concat("mount its directory: volumes: [\"./data:", DirectoryName(path), "\"]"),
         environment_.compose->where);
  }

  std::string HostPath(const ComposeMount& mount, const ComposeService& service,
                       const std::string& path) {
    if (!mount.host.empty()) {
      const std::string rest = path.substr(mount.target == "/" ? 0 : mount.target.size());
      return AbsolutePath(Concat(mount.host, rest), "/");
    }
    target_.confidence = Confidence::kUnknown;
    if (mount.type == ComposeMount::Type::kTmpfs) {
      const std::string message = Concat(path, " of service \"", service.name,
                                         "\" is on a tmpfs: it is lost at every stop");
      Note("database-on-tmpfs", "warning", message, mount.where);
      Fail(Code::kInvalid, "compose.tmpfs", message,
           Concat("mount a directory instead: \"./data:", mount.target, "\""), mount.where);
    }
    if (mount.type == ComposeMount::Type::kVolume && mount.volume.empty()) {
      const std::string message =
          Concat(path, " of service \"", service.name,
                 "\" is in an anonymous volume: a new container may start with an empty one");
      Note("database-in-anonymous-volume", "warning", message, mount.where);
      Fail(Code::kInvalid, "compose.anonymous_volume", message,
           Concat("mount a directory instead: \"./data:", mount.target, "\""), mount.where);
    }
    const std::string name = mount.volume.empty() ? mount.written : mount.volume;
    const std::string message =
        Concat(path, " of service \"", service.name, "\" is in the volume \"", name,
               "\", which only the container engine can reach");
    Note("named-volume-needs-engine", "warning", message, mount.where);
    Fail(Code::kInvalid, "compose.named_volume", message,
         Concat("run drover inside the container, or mount a directory: \"./data:", mount.target,
                "\""),
         mount.where);
  }

  void CheckMount(const ComposeMount& mount, const std::string& path, const std::string& host) {
    const bool single = mount.target == path;
    const std::optional<FileStatus> source = files_.Stat(mount.host);
    if (!source) {
      const std::string consequence =
          mount.missing_source == ComposeMount::MissingSource::kFail
              ? "the container would not start"
              : Concat("the engine would create a directory there, owned by root");
      Note("bind-source-missing", "error",
           Concat(Short(mount.host), " does not exist yet: ", consequence), mount.where,
           single ? Concat("drover upgrade -e ", environment_.name)
                  : Concat("mkdir -p ", ShellQuote(mount.host)));
    }
    if (single && !(source && source->type == FileType::kDirectory)) {
      Note("bind-single-file", "warning",
           Concat(Short(host),
                  " is mounted as a single file: its -wal and -journal stay in the "
                  "container. Mount its directory instead"),
           mount.where);
    }
    if (mount.access == ComposeMount::Access::kReadOnly) {
      Note("mount-read-only", "error",
           Concat(mount.target, " is mounted read-only: the application cannot write its database"),
           mount.where);
    }
  }

  /// The last step: the real file, its status and its identity.
  void Arrive(const std::string& path) {
    target_.path = files_.Real(path);
    target_.file = files_.Stat(target_.path);
    Step(target_.path, target_.path == path ? "real path" : Concat("real path of ", path));
    const std::string in_directory = AbsolutePath(BaseName(path), files_.Real(DirectoryName(path)));
    if (in_directory != target_.path) {
      Note("symlinked", "info",
           Concat(Short(path), " is a symbolic link to ", target_.path,
                  ": -wal and -journal lie beside the latter"),
           environment_.url_where);
    }
    if (target_.file) CheckFile(*target_.file);
    target_.kind = TargetKind::kFile;
    target_.key = Key();
  }

  void CheckFile(const FileStatus& file) {
    if (file.type == FileType::kDirectory) {
      Note("database-path-is-directory", "error",
           Concat(Short(target_.path),
                  " is a directory, often one that Docker made because the file "
                  "was missing"),
           environment_.url_where, Concat("rmdir ", ShellQuote(target_.path)));
      Fail(Code::kInvalid, "target.directory", Concat(target_.path, " is a directory"),
           Concat("rmdir ", ShellQuote(target_.path)), environment_.url_where);
    }
    if (file.type != FileType::kRegular) {
      Fail(Code::kInvalid, "target.not_a_file", Concat(target_.path, " is not a regular file"),
           Concat("ls -l ", ShellQuote(target_.path)), environment_.url_where);
    }
    if (file.links > 1) {
      Note("hard-linked", "error",
           Concat(Short(target_.path), " has ", file.links,
                  " names (hard links): opened under two of them, SQLite cannot protect it"),
           environment_.url_where,
           Concat("find ", ShellQuote(config_.root), " -samefile ", ShellQuote(target_.path)));
    }
  }

  [[nodiscard]] std::string Key() const {
    if (target_.file) {
      return Concat(target_.file->identity.device, ":", target_.file->identity.inode);
    }
    std::string directory = target_.path;
    do {
      directory = DirectoryName(directory);
      const std::optional<FileStatus> status = files_.Stat(directory);
      if (!status) continue;
      if (status->type != FileType::kDirectory) {
        Fail(Code::kInvalid, "target.not_a_directory",
             Concat(directory, " is in the way: it is not a directory"),
             Concat("ls -l ", ShellQuote(directory)), environment_.url_where);
      }
      return Concat(status->identity.device, ":", status->identity.inode, "/",
                    RelativeTo(target_.path, directory));
    } while (directory != "/");
    return target_.path;
  }

  const Config& config_;
  const EnvironmentConfig& environment_;
  Files& files_;
  Target& target_;
};

}  // namespace

Target ResolveTarget(const Config& config, const EnvironmentConfig& environment, Files& files) {
  Target target;
  target.environment = environment.name;
  // One broken environment must not take the others with it: its error is part of the answer.
  try {
    Resolver(config, environment, files, target).Resolve();
  } catch (const Error& error) {
    target.kind = TargetKind::kUnresolved;
    target.key.clear();
    target.error = ToBody(error);
  }
  for (Finding& finding : target.findings) finding.environment = environment.name;
  return target;
}

std::string_view ConfidenceName(Confidence confidence) {
  switch (confidence) {
    case Confidence::kCertain:
      return "certain";
    case Confidence::kLikely:
      return "likely";
    case Confidence::kUnknown:
      break;
  }
  return "unknown";
}

}  // namespace drover::environments
