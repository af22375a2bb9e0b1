#include "environments/compose/compose.h"

#include <algorithm>
#include <utility>

#include "base/posix.h"
#include "base/text.h"
#include "environments/compose/files.h"
#include "environments/compose/loader.h"
#include "environments/compose/model.h"
#include "environments/hazards.h"

namespace drover::environments {
namespace {

/// A name that was given on purpose must be one already.
std::string GivenName(const std::string& name, std::string where) {
  if (NormaliseProjectName(name) == name) return name;
  throw Error(Code::kInvalid, "compose.project_name",
              Concat("invalid project name \"", Excerpt(name, 60),
                     "\": must consist only of lowercase alphanumeric characters, hyphens, and "
                     "underscores as well as start with a letter or number"),
              Concat("write ", NormaliseProjectName(name)), std::move(where));
}

std::string ProjectName(const ComposeReference& reference, const ComposeFiles& found,
                        Files& files) {
  if (!reference.project_name.empty()) return GivenName(reference.project_name, reference.where);
  const ComposeVariable* variable = found.environment.Find("COMPOSE_PROJECT_NAME");
  if (variable != nullptr && !variable->value.empty()) {
    return GivenName(variable->value, variable->where);
  }
  std::string name =
      NormaliseProjectName(ComposeNameInFiles(found.paths, found.environment, files));
  if (name.empty()) name = NormaliseProjectName(BaseName(found.directory));
  if (name.empty()) {
    throw Error(Code::kInvalid, "compose.project_name", "project name must not be empty",
                "write \"name: …\" into the compose file", found.paths.front());
  }
  return name;
}

std::set<std::string> Profiles(const ComposeReference& reference, const ComposeFiles& found) {
  if (!reference.profiles.empty()) return {reference.profiles.begin(), reference.profiles.end()};
  const ComposeVariable* variable = found.environment.Find("COMPOSE_PROFILES");
  if (variable == nullptr) return {};
  const std::vector<std::string> names = SplitList(variable->value, ',');
  return {names.begin(), names.end()};
}

}  // namespace

const ComposeService* ComposeProject::Find(std::string_view service) const {
  const auto found = std::find_if(services.begin(), services.end(),
                                  [&](const ComposeService& each) { return each.name == service; });
  return found == services.end() ? nullptr : &*found;
}

ComposeProject LoadComposeProject(const ComposeReference& reference, const std::string& root,
                                  const ComposeSurroundings& surroundings, Files& files) {
  ComposeProject project;
  // The findings made until then explain the error: both are part of the answer.
  try {
    ComposeFiles found = FindComposeFiles(reference, root, surroundings, files);
    project.directory = found.directory;
    project.files = found.paths;
    project.findings = std::move(found.findings);
    project.name = ProjectName(reference, found, files);
    found.environment.Define("COMPOSE_PROJECT_NAME", project.name);
    const ComposeTree tree = LoadComposeTree(found.paths, found.directory, found.environment,
                                             surroundings.shell, root, files);
    const ComposeModelOptions options{.project = project.name,
                                      .directory = project.directory,
                                      .root = root,
                                      .profiles = Profiles(reference, found),
                                      .home = surroundings.home,
                                      .shell = surroundings.shell};
    project.services = ReadComposeServices(tree, found.environment, options, files);
    project.variables = found.environment.asked();
  } catch (const Error& error) {
    if (error.kind == "compose.duplicate_key") {
      project.findings.push_back(
          MakeFinding("duplicate-yaml-key", error.message, error.where, error.hint));
    }
    project.error = error;
    if (project.error->where.empty()) project.error->where = reference.where;
  }
  return project;
}

const ComposeService& FindComposeService(const ComposeProject& project,
                                         const ComposeReference& reference) {
  if (project.error) throw *project.error;
  const ComposeService* service = project.Find(reference.service);
  if (service == nullptr) {
    std::vector<std::string> names;
    names.reserve(project.services.size());
    for (const ComposeService& each : project.services) names.push_back(each.name);
    const std::vector<std::string_view> candidates(names.begin(), names.end());
    throw Error(Code::kNotFound, "compose.unknown_service",
                Concat("the compose file has no service \"", Excerpt(reference.service, 60), "\"",
                       DidYouMean(reference.service, candidates)),
                names.empty() ? std::string() : Concat("one of: ", Join(names, ", ")),
                reference.where);
  }
  if (service->error) throw *service->error;
  return *service;
}

std::string_view MountTypeName(const ComposeMount& mount) {
  if (mount.origin == ComposeMount::Origin::kConfig) return "config";
  if (mount.origin == ComposeMount::Origin::kSecret) return "secret";
  switch (mount.type) {
    case ComposeMount::Type::kBind:
      return "bind";
    case ComposeMount::Type::kVolume:
      return "volume";
    case ComposeMount::Type::kTmpfs:
      return "tmpfs";
    case ComposeMount::Type::kImage:
      return "image";
    case ComposeMount::Type::kNamedPipe:
      return "npipe";
    case ComposeMount::Type::kCluster:
      return "cluster";
    case ComposeMount::Type::kOther:
      break;
  }
  return "other";
}

std::string NormaliseProjectName(std::string_view name) {
  std::string out;
  for (const char c : ToLower(name)) {
    const bool alphanumeric = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    if (alphanumeric || ((c == '_' || c == '-') && !out.empty())) out.push_back(c);
  }
  return out;
}

}  // namespace drover::environments
