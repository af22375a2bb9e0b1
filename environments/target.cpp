#include "environments/target.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "base/error.h"
#include "base/text.h"
#include "environments/compose.h"
#include "environments/compose_image.h"
#include "environments/compose_locate.h"
#include "environments/hazards.h"
#include "environments/interpolate.h"
#include "environments/service_url.h"
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
  Resolver(const Config& config, const EnvironmentConfig& environment, Files& files,
           const ComposeSurroundings& surroundings, Target& target)
      : config_(config),
        environment_(environment),
        files_(files),
        surroundings_(surroundings),
        url_where_(environment.url_where),
        target_(target) {}

  void Resolve() {
    target_.confidence = Confidence::kCertain;
    if (!environment_.url.empty()) Step(environment_.url, environment_.url_where);
    if (environment_.compose) Load(*environment_.compose);
    const std::string value = environment_.url.empty() ? FromService() : Value();
    const DatabaseUrl url = ParseUrl(value, url_where_);
    for (const Finding& finding : url.findings) target_.findings.push_back(finding);
    if (url.kind == DatabaseUrl::Kind::kMemory) {
      target_.kind = TargetKind::kMemory;
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

  void Note(std::string_view code, std::string message, std::string where,
            std::optional<std::string> fix = {}) {
    target_.findings.push_back(
        MakeFinding(code, std::move(message), std::move(where), std::move(fix)));
  }

  /// An answer is as sure as its least sure step.
  void AtMost(Confidence confidence) {
    target_.confidence = std::max(target_.confidence, confidence);
  }

  [[nodiscard]] std::string Short(const std::string& path) const {
    return RelativeTo(path, config_.root);
  }

  /// The URL with its variables replaced.
  std::string Value() {
    if (environment_.url.find('$') == std::string::npos) return environment_.url;
    const Variables variables(environment_.env_files, config_.root, files_);
    for (const Finding& finding : variables.findings()) target_.findings.push_back(finding);
    const VariableLookup lookup = [&](std::string_view name) -> std::optional<VariableValue> {
      if (service_ != nullptr) {
        std::optional<VariableValue> value = FindServiceVariable(*service_, image_, name);
        if (value) return value;
      }
      return variables.Find(name);
    };
    const Interpolated result =
        Interpolate(environment_.url, Dollar::kShell, lookup, environment_.url_where);
    if (!result.unset.empty()) Unset(result.unset.front(), variables);
    std::vector<std::string> sources;
    sources.reserve(result.sources.size());
    for (const std::string& source : result.sources) {
      sources.push_back(RelativeTo(source, config_.root));
    }
    std::string from = Join(sources, ", ");
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
    if (service_ != nullptr && service_->environment_error) throw *service_->environment_error;
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
    Note("url-slashes",
         Concat("\"", url.path,
                "\" is relative to the project root; an absolute path needs four "
                "slashes: sqlite:///",
                absolute),
         environment_.url_where);
  }

  // Through a container ---------------------------------------------------------------------------

  void Load(const ComposeReference& reference) {
    project_ = LoadComposeProject(reference, config_.root, surroundings_, files_);
    for (const Finding& finding : project_.findings) target_.findings.push_back(finding);
    if (const ComposeService* named = project_.Find(reference.service)) {
      for (const Finding& finding : named->findings) target_.findings.push_back(finding);
    }
    service_ = &FindComposeService(project_, reference);
    for (const ComposeMount& mount : service_->mounts) target_.mounts.push_back(Entry(mount));
    image_ = ReadComposeImage(*service_, config_.root, files_);
    if (service_->is_active) return;
    Note("service-inactive",
         Concat("service \"", service_->name, "\" starts only with one of the profiles ",
                Join(service_->profiles, ", ")),
         service_->where, Concat("compose: {profiles: [", service_->profiles.front(), "], …}"));
  }

  static MountEntry Entry(const ComposeMount& mount) {
    MountEntry entry{.target = mount.target,
                     .type = std::string(MountTypeName(mount)),
                     .host = {},
                     .volume = {},
                     .read_only = mount.access == ComposeMount::Access::kReadOnly};
    if (!mount.host.empty()) entry.host = mount.host;
    if (!mount.volume.empty()) entry.volume = mount.volume;
    return entry;
  }

  /// The URL that a variable of the service holds. That the application reads this one is inferred.
  std::string FromService() {
    const ServiceUrl url = FindServiceUrl(*service_, image_, environment_.compose->where);
    AtMost(Confidence::kLikely);
    url_where_ = url.where;
    Step(url.value, Concat(RelativeTo(url.where, config_.root), ", ", url.name, " of service ",
                           service_->name));
    return url.value;
  }

  void InContainer(const DatabaseUrl& url) {
    const std::string path = ContainerPath(url);
    const std::string provision = Concat("drover upgrade -e ", environment_.name);
    const ComposePlace place =
        LocateInService(project_, *service_, path, surroundings_, config_.root, provision, files_);
    if (place.mount == nullptr) SuggestSlashes(url);
    for (const Finding& finding : place.findings) target_.findings.push_back(finding);
    AtMost(place.confidence);
    if (place.mount != nullptr) Step(place.mount->written, place.mount->where);
    if (place.error) {
      if (!place.host.empty()) {
        target_.path = place.host;
        Step(place.host, place.mount->volume.empty()
                             ? "the mount"
                             : Concat("the volume \"", place.mount->volume, "\", not reachable"));
      }
      throw *place.error;
    }
    Arrive(place.host);
    if (target_.file && target_.file->size == 0) {
      Note("empty-database", Concat(Short(target_.path), " has no bytes: no migration has run"),
           place.mount->where, provision);
    }
  }

  std::string ContainerPath(const DatabaseUrl& url) {
    const std::string in = Concat(" in service ", service_->name);
    if (url.is_absolute()) {
      const std::string path = AbsolutePath(url.path, "/");
      Step(path + in, url.form);
      return path;
    }
    const bool written = service_->working_directory.has_value();
    const std::optional<ComposeWorkingDirectory>& directory =
        written ? service_->working_directory : image_.working_directory;
    if (!directory) {
      AtMost(Confidence::kUnknown);
      Fail(Code::kInvalid, "compose.working_dir",
           Concat("the URL is relative, and the working directory of service \"", service_->name,
                  "\" is not known"),
           Concat("add \"working_dir: /app\" to the service, or make the URL absolute: "
                  "sqlite:////app/",
                  target_.relative_tail),
           url_where_);
    }
    // An entrypoint may change the directory, and the image may be an older build.
    if (!written) AtMost(Confidence::kLikely);
    Step(Concat("working directory ", directory->path, in), directory->where);
    const std::string path = AbsolutePath(url.path, directory->path);
    Step(path + in, Concat(url.form, ", from the working directory"));
    return path;
  }

  void SuggestSlashes(const DatabaseUrl& url) {
    const std::string absolute = AbsolutePath(url.path, "/");
    if (url.is_absolute() || CoveringMount(service_->mounts, absolute) == nullptr) return;
    Note("url-slashes",
         Concat("\"", url.path, "\" is relative; did you mean the mounted ", absolute,
                "? That is sqlite:///", absolute),
         url_where_);
  }

  /// The last step: the real file, its status and its identity.
  void Arrive(const std::string& path) {
    target_.path = files_.Real(path);
    target_.file = files_.Stat(target_.path);
    Step(target_.path, target_.path == path ? "real path" : Concat("real path of ", path));
    const std::string in_directory = AbsolutePath(BaseName(path), files_.Real(DirectoryName(path)));
    if (in_directory != target_.path) {
      Note("symlinked",
           Concat(Short(path), " is a symbolic link to ", target_.path,
                  ": -wal and -journal lie beside the latter"),
           url_where_);
    }
    if (target_.file) CheckFile(*target_.file);
    target_.kind = TargetKind::kFile;
    target_.key = Key();
  }

  void CheckFile(const FileStatus& file) {
    if (file.type == FileType::kDirectory) {
      Note("database-path-is-directory",
           Concat(Short(target_.path),
                  " is a directory, often one that Docker made because the file "
                  "was missing"),
           url_where_, Concat("rmdir ", ShellQuote(target_.path)));
      Fail(Code::kInvalid, "target.directory", Concat(target_.path, " is a directory"),
           Concat("rmdir ", ShellQuote(target_.path)), url_where_);
    }
    if (file.type != FileType::kRegular) {
      Fail(Code::kInvalid, "target.not_a_file", Concat(target_.path, " is not a regular file"),
           Concat("ls -l ", ShellQuote(target_.path)), url_where_);
    }
    if (file.links > 1) {
      Note("hard-linked",
           Concat(Short(target_.path), " has ", file.links,
                  " names (hard links): opened under two of them, SQLite cannot protect it"),
           url_where_,
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
             Concat("ls -l ", ShellQuote(directory)), url_where_);
      }
      return Concat(status->identity.device, ":", status->identity.inode, "/",
                    RelativeTo(target_.path, directory));
    } while (directory != "/");
    return target_.path;
  }

  const Config& config_;
  const EnvironmentConfig& environment_;
  Files& files_;
  const ComposeSurroundings& surroundings_;
  std::string url_where_;  // where the URL stands, after all
  ComposeProject project_;
  const ComposeService* service_ = nullptr;  // in project_
  ComposeImage image_;
  Target& target_;
};

}  // namespace

ComposeSurroundings DaemonSurroundings() {
  ComposeSurroundings surroundings;
  surroundings.home = EnvironmentVariable("HOME").value_or("");
  return surroundings;
}

Target ResolveTarget(const Config& config, const EnvironmentConfig& environment, Files& files,
                     const ComposeSurroundings& surroundings) {
  Target target;
  target.environment = environment.name;
  // One broken environment must not take the others with it: its error is part of the answer.
  try {
    Resolver(config, environment, files, surroundings, target).Resolve();
  } catch (const Error& error) {
    target.kind = TargetKind::kUnresolved;
    target.confidence = Confidence::kUnknown;
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
