#include "environments/survey/compose_urls.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "base/error.h"
#include "base/posix.h"
#include "base/text.h"
#include "environments/compose/compose.h"
#include "environments/compose/image.h"
#include "environments/strays/sniff.h"
#include "environments/survey/url_sources.h"
#include "environments/target.h"

namespace drover::environments {
namespace {

constexpr std::array<std::string_view, 4> kMainFiles{"compose.yaml", "compose.yml",
                                                     "docker-compose.yml", "docker-compose.yaml"};
constexpr std::size_t kMostProjects = 5;

class ComposeSurvey final {
 public:
  ComposeSurvey(const std::string& root, const ProjectFiles& project, Files& files)
      : root_(root), project_(project), files_(files) {}

  ComposeUrls Find() {
    std::size_t count = 0;
    for (const ProjectDirectory& directory : project_.directories) {
      const auto main = std::ranges::find_if(kMainFiles, [&](std::string_view name) {
        return std::ranges::binary_search(directory.files, name);
      });
      NoteOthers(directory);
      if (main == kMainFiles.end() || ++count > kMostProjects) continue;
      Project(directory.path, Below(directory.path, *main));
    }
    return std::move(found_);
  }

 private:
  /// "docker-compose.prod.yml" is used only by who names it.
  void NoteOthers(const ProjectDirectory& directory) {
    for (const std::string& name : directory.files) {
      const bool compose = name.starts_with("docker-compose.") || name.starts_with("compose.");
      if (!compose || std::ranges::find(kMainFiles, name) != kMainFiles.end()) continue;
      if (name.find(".override.") != std::string::npos ||
          !(name.ends_with(".yml") || name.ends_with(".yaml")))
        continue;
      found_.notes.push_back(Concat(Below(directory.path, name),
                                    " is not looked at: docker compose reads it only when it is "
                                    "named (compose: {file: […], service: …})"));
    }
  }

  void Project(const std::string& directory, const std::string& file) {
    ComposeReference reference;
    reference.project_directory = AbsolutePath(directory, root_);
    const ComposeProject project =
        LoadComposeProject(reference, root_, DaemonSurroundings(), files_);
    if (project.error) {
      found_.notes.push_back(Concat(
          file, " is not used: ",
          project.error->where.empty() ? "" : Concat(RelativeTo(project.error->where, root_), ": "),
          project.error->message));
      return;
    }
    std::vector<std::string> paths;
    for (const std::string& path : project.files) paths.push_back(RelativeTo(path, root_));
    for (const ComposeService& service : project.services) Service(service, paths);
  }

  void Service(const ComposeService& service, const std::vector<std::string>& paths) {
    if (service.error) {
      found_.notes.push_back(Concat("service ", service.name,
                                    " is not used: ", RelativeTo(service.error->where, root_), ": ",
                                    service.error->message));
      return;
    }
    AddWorkingDirectory(service);
    UrlSource source{.kind = "compose", .name = service.name, .url = {}, .value = {}};
    source.compose_files = paths;
    source.service = service.name;
    const std::string place = RelativeTo(service.where, root_);
    source.comments = {Concat("Service ", service.name, " in ", WithoutColumn(place))};
    if (!FromVariables(service, source) && !FromMount(service, source)) return;
    if (!service.is_active) {
      source.comments.push_back(
          Concat("It starts only with the profile ", Join(service.profiles, " or ")));
    }
    found_.urls.push_back(std::move(source));
  }

  /// Where the service works, when that is a directory of this machine below the root.
  void AddWorkingDirectory(const ComposeService& service) {
    if (!service.working_directory) return;
    const std::string& inside = service.working_directory->path;
    const ComposeMount* nearest = nullptr;
    for (const ComposeMount& mount : service.mounts) {
      const bool around = inside == mount.target || IsBelow(inside, mount.target);
      if (!around || (nearest != nullptr && nearest->target.size() > mount.target.size())) continue;
      nearest = &mount;
    }
    if (nearest == nullptr || nearest->host.empty()) return;
    const std::string path = inside == nearest->target
                                 ? nearest->host
                                 : AbsolutePath(RelativeTo(inside, nearest->target), nearest->host);
    if (path != root_ && !IsBelow(path, root_)) return;
    found_.directories.push_back(path == root_ ? std::string(".") : RelativeTo(path, root_));
  }

  static std::string WithoutColumn(std::string_view where) {
    const std::size_t colon = where.rfind(':');
    const bool both = colon != std::string_view::npos && std::ranges::count(where, ':') > 1;
    return std::string(both ? where.substr(0, colon) : where);
  }

  bool FromVariables(const ComposeService& service, UrlSource& source) {
    const ComposeImage image = ReadComposeImage(service, root_, files_);
    const EnvFileVariable* chosen = nullptr;
    for (const auto* variables : {&service.environment, &image.environment}) {
      const bool in_parts = std::ranges::any_of(*variables, [](const EnvFileVariable& each) {
        return NamesDirectory(each.name, each.value);
      });
      for (const EnvFileVariable& each : *variables) {
        if (!NamesSqlite(each.name, each.value)) continue;
        if (in_parts && IsBareFileName(each.value)) continue;
        if (chosen == nullptr || each.name == "DATABASE_URL") chosen = &each;
      }
      if (chosen != nullptr) break;
    }
    if (chosen == nullptr) return false;
    source.variable = chosen->name;
    source.value = chosen->value;
    source.url = Concat("${", chosen->name, "}");
    source.where = WithoutColumn(RelativeTo(chosen->where, root_));
    source.comments.push_back(
        Concat(chosen->name, " of the service in ", source.where, ": ", chosen->value));
    found_.facts.push_back(
        {.kind = "compose",
         .where = source.where,
         .what = Concat("service ", service.name, ": ", chosen->name, " = ", chosen->value)});
    return true;
  }

  /// Where the service has the database that `mount` leads to: a file that is mounted by itself, or
  /// the only one in a directory that is; empty when there is none.
  static std::string DatabaseIn(const ComposeMount& mount) {
    if (mount.origin != ComposeMount::Origin::kVolumes) return {};
    if (HasDatabaseSuffix(mount.target)) return mount.target;
    std::string found;
    const auto status = mount.host.empty() ? std::nullopt : StatFile(mount.host);
    if (!status || status->type != FileType::kDirectory) return {};
    for (const std::string& name : ListDirectory(mount.host)) {
      if (!HasDatabaseSuffix(name)) continue;
      if (!found.empty()) return {};
      found = AbsolutePath(name, mount.target);
    }
    return found;
  }

  bool FromMount(const ComposeService& service, UrlSource& source) {
    for (const ComposeMount& mount : service.mounts) {
      const std::string path = DatabaseIn(mount);
      if (path.empty()) continue;
      source.value = source.url = Concat("sqlite:///", path);
      source.where = WithoutColumn(RelativeTo(mount.where, root_));
      source.comments.push_back(Concat(
          "No variable of it holds a URL; this is the file that is mounted in ", source.where));
      found_.facts.push_back({.kind = "compose",
                              .where = source.where,
                              .what = Concat("service ", service.name, " mounts ", mount.written)});
      return true;
    }
    return false;
  }

  const std::string& root_;
  const ProjectFiles& project_;
  Files& files_;
  ComposeUrls found_;
};

}  // namespace

ComposeUrls FindComposeUrls(const std::string& root, const ProjectFiles& project, Files& files) {
  return ComposeSurvey(root, project, files).Find();
}

}  // namespace drover::environments
