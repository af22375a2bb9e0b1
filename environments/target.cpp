#include "environments/target.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <string_view>
#include <utility>

#include "base/error.h"
#include "base/text.h"
#include "environments/compose/compose.h"
#include "environments/compose/image.h"
#include "environments/compose/locate.h"
#include "environments/compose/service_url.h"
#include "environments/hazards.h"
#include "environments/settings.h"
#include "environments/urls/url.h"
#include "environments/urls/url_doubts.h"
#include "environments/urls/url_value.h"

namespace drover::environments {
namespace {

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
    const UrlDialect dialect = Dialect(value);
    const DatabaseUrl url = ParseUrl(value, dialect, url_where_);
    target_.url = Trim(value);
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
      OnHost(value, dialect, url);
    }
  }

  /// What a shell could have changed, whether this was resolved or not.
  void NoteVariables() {
    // A compose project has passwords, which decide about no path.
    std::ranges::remove_copy_if(
        project_.variables, std::inserter(target_.variables, target_.variables.end()), NamesSecret);
    if (variables_ && service_ == nullptr) {
      target_.variables.insert(variables_->asked().begin(), variables_->asked().end());
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
    // In a container the shell decides by what compose makes of it.
    static const std::map<std::string, std::string> kNone;
    const auto& shell = service_ == nullptr ? surroundings_.variables : kNone;
    variables_.emplace(environment_.env_files, config_.root, files_, shell);
    for (const Finding& finding : variables_->findings()) target_.findings.push_back(finding);
    UrlValue value = ReadUrlValue(environment_, config_.root, {service_, &image_}, *variables_);
    if (value.is_inferred) AtMost(Confidence::kLikely);
    Step(value.value, value.from);
    return value.value;
  }

  /// The dialect of drover.yaml, or a guess; said either way.
  UrlDialect Dialect(const std::string& value) {
    DialectChoice choice;
    if (environment_.url_dialect) {
      choice = {.dialect = *environment_.url_dialect, .reason = environment_.url_dialect_where};
    } else {
      choice = GuessDialect(value, config_.root, files_);
    }
    target_.url_dialect = DialectName(choice.dialect);
    Step(Concat("as ", target_.url_dialect, " reads it"), choice.reason);
    return choice.dialect;
  }

  void OnHost(const std::string& value, UrlDialect dialect, const DatabaseUrl& url) {
    const bool in_instance = url.base == DatabaseUrl::Base::kInstanceFolder;
    std::string base = in_instance ? InstanceFolder(config_.root) : config_.root;
    std::string reason = in_instance ? "from Flask's instance folder" : "from the project root";
    if (!environment_.relative_to.empty()) {
      base = environment_.relative_to;
      reason = Concat("from relative_to, ", Short(environment_.relative_to_where));
    }
    const std::string path = AbsolutePath(url.path, base);
    if (!url.is_absolute()) {
      Step(Concat(url.path, " relative to ", base), Concat(url.form, ", ", reason));
      if (!in_instance) target_.from_directory = {.directory = base, .path = url.path};
    }
    for (Finding& finding : DoubtReading({.text = value,
                            .dialect = dialect,
                            .is_guessed = !environment_.url_dialect,
                            .url = url,
                            .path = path,
                            .root = config_.root,
                            .where = url_where_},
                                         files_)) {
      target_.findings.push_back(std::move(finding));
    }
    Arrive(path);
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
    target_.service_variable = url.name;
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
    if (place.mount != nullptr && !place.host.empty()) {
      target_.mount = Target::Mount{.service = service_->name,
                                    .where = place.mount->where,
                                    .source = place.mount->host,
                                    .single_file = place.mount->target == path,
                                    .user = service_->user ? service_->user : image_.user,
                                    .shared_with = place.shared_with};
    }
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
    if (!environment_.relative_to.empty()) {
      const std::string path = AbsolutePath(url.path, environment_.relative_to);
      Step(path + in,
           Concat(url.form, ", from relative_to, ", Short(environment_.relative_to_where)));
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
    const bool in_instance = url.base == DatabaseUrl::Base::kInstanceFolder;
    const std::string path =
        AbsolutePath(url.path, in_instance ? InstanceFolder(directory->path) : directory->path);
    // The folder lies beside the application's package, which need not be in the working directory.
    if (in_instance) AtMost(Confidence::kLikely);
    Step(path + in,
         Concat(url.form, in_instance ? ", from Flask's instance folder in the working directory"
                                      : ", from the working directory"));
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
      // Only an empty one is certainly nobody's.
      const bool empty = files_.IsEmptyDirectory(target_.path);
      const std::string fix = Concat(empty ? "rmdir " : "ls -lA ", ShellQuote(target_.path));
      Note("database-path-is-directory",
           Concat(Short(target_.path),
                  empty ? " is a directory, often one that Docker made because the file was missing"
                        : " is a directory with something in it: the database cannot be there"),
           url_where_, fix);
      Fail(Code::kInvalid, "target.directory", Concat(target_.path, " is a directory"), fix,
           url_where_);
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
  std::optional<Variables> variables_;
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
  Resolver resolver(config, environment, files, surroundings, target);
  try {
    resolver.Resolve();
  } catch (const Error& error) {
    target.kind = TargetKind::kUnresolved;
    target.confidence = Confidence::kUnknown;
    target.key.clear();
    target.error = ToBody(error);
  }
  resolver.NoteVariables();
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
