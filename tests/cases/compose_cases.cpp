// Compose projects as the reference implementation loads them (format: the head of
// compose_cases.yaml). Each case is made in a directory of its own and loaded from there. Compared
// are: `expect.project`; `expect.mounts`, in any order, which are those of the `volumes` of active
// services; `expect.error`, a part of the error's text; `drover.path`, where the database at the
// container path `drover.database` is said to be; and `drover.diag`.
//
// `drover.diag` names codes that must be among the findings: there may be more. A case without
// `database` is judged by the mounts that look like one (.db, .sqlite, .sqlite3).
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/posix.h"
#include "base/text.h"
#include "environments/compose/compose.h"
#include "environments/compose/locate.h"
#include "environments/config.h"
#include "environments/files.h"
#include "environments/target.h"
#include "environments/yaml.h"
#include "tests/cases/case_runner.h"

namespace drover::cases {
namespace {

using environments::ComposeMount;
using environments::ComposeProject;
using environments::ComposeReference;
using environments::ComposeService;
using environments::ComposeSurroundings;
using environments::YamlNode;

/// A mount in the file's own terms: key -> value, without what is false.
using Mount = std::map<std::string, std::string>;

std::string Scalar(const YamlNode& node, std::string_view key) {
  const YamlNode* value = node.Find(key);
  return value == nullptr ? std::string() : value->scalar;
}

std::string Replaced(std::string text, const std::string& what, const std::string& by) {
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at)) {
    text.replace(at, what.size(), by);
    at += by.size();
  }
  return text;
}

/// The directory of a case, removed at the end.
class Workspace {
 public:
  explicit Workspace(const std::string& root_name) {
    std::string pattern =
        Concat(EnvironmentVariable("TMPDIR").value_or("/tmp"), "/drover-cases.XXXXXX");
    if (mkdtemp(pattern.data()) == nullptr) throw SystemError("create", pattern, errno);
    top_ = RealPath(pattern);
    root_ = Concat(top_, "/", root_name);
    MakeDirectories(root_, 0755);
  }
  Workspace(const Workspace&) = delete;
  Workspace& operator=(const Workspace&) = delete;
  ~Workspace() {
    std::error_code ignored;
    std::filesystem::remove_all(top_, ignored);
  }

  [[nodiscard]] const std::string& root() const { return root_; }

  void Fill(const YamlNode& test) const {
    if (const YamlNode* directories = test.Find("mkdir")) {
      for (const YamlNode& each : directories->items) MakeDirectories(At(each.scalar), 0755);
    }
    if (const YamlNode* files = test.Find("files")) {
      for (const auto& entry : files->entries) {
        MakeDirectories(DirectoryName(At(entry.key)), 0755);
        CreateFile(At(entry.key), entry.value.scalar, 0644);
      }
    }
    if (const YamlNode* links = test.Find("symlinks")) {
      for (const auto& entry : links->entries) {
        std::filesystem::create_symlink(entry.value.scalar, At(entry.key));
      }
    }
  }

  [[nodiscard]] std::string At(const std::string& path) const { return AbsolutePath(path, root_); }

 private:
  std::string top_;
  std::string root_;
};

class Case {
 public:
  Case(const YamlNode& test, const std::string& docker_root)
      : test_(test), workspace_(RootName(test)) {
    workspace_.Fill(test);
    surroundings_.shell = ComposeSurroundings::Knowledge::kEverything;
    surroundings_.docker_root = docker_root;
    const std::string cwd = Scalar(test, "cwd");
    surroundings_.directory = workspace_.At(cwd.empty() ? "." : cwd);
    surroundings_.home = workspace_.At("home");
    if (const YamlNode* environment = test.Find("env")) {
      for (const auto& entry : environment->entries) {
        surroundings_.variables[entry.key] = Here(entry.value.scalar);
      }
      if (surroundings_.variables.contains("HOME")) {
        surroundings_.home = surroundings_.variables.at("HOME");
      }
    }
    surroundings_.variables.emplace("HOME", surroundings_.home);
    Arguments();
  }

  CaseResult Run() {
    CaseResult result{.id = Scalar(test_, "id"), .pass = true, .got = Json::object()};
    project_ =
        environments::LoadComposeProject(reference_, workspace_.root(), surroundings_, files_);
    for (const Finding& finding : project_.findings) codes_.insert(finding.code);
    for (const ComposeService& service : project_.services) {
      if (!service.is_active) continue;
      for (const Finding& finding : service.findings) codes_.insert(finding.code);
    }
    const YamlNode none;
    const YamlNode* expect = test_.Find("expect");
    Expect(expect == nullptr ? none : *expect, result);
    const YamlNode* drover = test_.Find("drover");
    if (drover != nullptr) Drover(*drover, result);
    result.got["diag"] = codes_;
    return result;
  }

 private:
  static std::string RootName(const YamlNode& test) {
    const std::string name = Scalar(test, "rootname");
    return name.empty() ? "proj" : name;
  }

  [[nodiscard]] std::string Here(std::string text) const {
    text = Replaced(std::move(text), "${ROOT}", workspace_.root());
    return Replaced(std::move(text), "${HOME}", surroundings_.home);
  }
  [[nodiscard]] std::string InTerms(std::string text) const {
    return Replaced(std::move(text), workspace_.root(), "${ROOT}");
  }

  void Arguments() {
    const YamlNode* arguments = test_.Find("args");
    if (arguments == nullptr) return;
    for (std::size_t i = 0; i + 1 < arguments->items.size(); i += 2) {
      const std::string& option = arguments->items[i].scalar;
      const std::string value = Here(arguments->items[i + 1].scalar);
      if (option == "-f" || option == "--file") {
        reference_.files.push_back(AbsolutePath(value, surroundings_.directory));
      } else if (option == "--project-directory") {
        reference_.project_directory = AbsolutePath(value, surroundings_.directory);
      } else if (option == "--profile") {
        reference_.profiles.push_back(value);
      } else if (option == "-p" || option == "--project-name") {
        reference_.project_name = value;
      } else {
        throw Error(Code::kInvalid, "cases.argument",
                    Concat("the argument ", option, " is unknown"));
      }
    }
  }

  // expect ----------------------------------------------------------------------------------------

  void Expect(const YamlNode& expect, CaseResult& result) {
    const std::optional<std::string> error = Failure();
    const YamlNode* expected_error = expect.Find("error");
    if (error) result.got["error"] = InTerms(*error);
    if (expected_error != nullptr) {
      Check(error && error->find(expected_error->scalar) != std::string::npos, result);
      return;
    }
    Check(!error, result);
    result.got["project"] = project_.name;
    if (expect.Find("project") != nullptr) {
      Check(project_.name == Scalar(expect, "project"), result);
    }
    std::multiset<Mount> mounts = Mounts();
    result.got["mounts"] = Json::array();
    for (Mount mount : mounts) {
      for (auto& [key, value] : mount) value = InTerms(value);
      result.got["mounts"].push_back(mount);
    }
    if (const YamlNode* expected = expect.Find("mounts"))
      Check(Expected(*expected) == mounts, result);
  }

  static void Check(bool fine, CaseResult& result) { result.pass = result.pass && fine; }

  [[nodiscard]] std::optional<std::string> Failure() const {
    if (project_.error) return project_.error->message;
    for (const ComposeService& service : project_.services) {
      if (!service.is_active) continue;
      if (service.error) return service.error->message;
      if (service.environment_error) return service.environment_error->message;
    }
    return std::nullopt;
  }

  [[nodiscard]] std::multiset<Mount> Mounts() const {
    std::multiset<Mount> mounts;
    for (const ComposeService& service : project_.services) {
      if (!service.is_active) continue;
      for (const ComposeMount& each : service.mounts) {
        if (each.origin != ComposeMount::Origin::kVolumes) continue;
        Mount mount{{"service", service.name},
                    {"target", each.target},
                    {"type", std::string(MountTypeName(each))}};
        if (each.type == ComposeMount::Type::kBind) mount["host"] = each.host;
        if (each.type == ComposeMount::Type::kVolume) mount["volume"] = each.volume;
        if (!each.device.empty()) mount["device"] = each.device;
        if (!each.subpath.empty()) mount["subpath"] = each.subpath;
        if (each.access == ComposeMount::Access::kReadOnly) mount["ro"] = "true";
        if (each.type == ComposeMount::Type::kBind &&
            each.missing_source == ComposeMount::MissingSource::kCreateDirectory) {
          mount["create"] = "true";
        }
        mounts.insert(std::move(mount));
      }
    }
    return mounts;
  }

  [[nodiscard]] std::multiset<Mount> Expected(const YamlNode& node) const {
    std::multiset<Mount> mounts;
    for (const YamlNode& item : node.items) {
      Mount mount;
      for (const auto& entry : item.entries) {
        if (entry.value.scalar != "false") mount[entry.key] = Here(entry.value.scalar);
      }
      mounts.insert(std::move(mount));
    }
    return mounts;
  }

  // drover ----------------------------------------------------------------------------------------

  void Drover(const YamlNode& drover, CaseResult& result) {
    const std::string database = Scalar(drover, "database");
    if (database.empty()) {
      LookAtMounts();
    } else {
      const environments::Target target = Resolve(drover, database);
      for (const Finding& finding : target.findings) codes_.insert(finding.code);
      result.got["path"] = InTerms(target.path);
      if (drover.Find("path") != nullptr) {
        Check(target.path == Here(Scalar(drover, "path")), result);
      }
    }
    if (const YamlNode* expected = drover.Find("diag")) {
      for (const YamlNode& code : expected->items) Check(codes_.contains(code.scalar), result);
    }
  }

  environments::Target Resolve(const YamlNode& drover, const std::string& database) {
    environments::Config config;
    config.root = workspace_.root();
    config.path = workspace_.At("drover.yaml");
    environments::EnvironmentConfig environment;
    environment.name = "docker";
    const bool from_service = Scalar(drover, "database_url") == "from-environment";
    if (!from_service) environment.url = Concat("sqlite:///", database);
    environment.compose = reference_;
    environment.compose->service = ServiceOf(drover);
    return environments::ResolveTarget(config, environment, files_, surroundings_);
  }

  [[nodiscard]] std::string ServiceOf(const YamlNode& drover) const {
    std::string named = Scalar(drover, "service");
    if (!named.empty()) return named;
    if (project_.Find("api") != nullptr) return "api";
    return project_.services.empty() ? "api" : project_.services.front().name;
  }

  void LookAtMounts() {
    for (const ComposeService& service : project_.services) {
      if (!service.is_active || service.error) continue;
      for (const ComposeMount& mount : service.mounts) {
        const std::string& target = mount.target;
        if (!target.ends_with(".db") && !target.ends_with(".sqlite") &&
            !target.ends_with(".sqlite3")) {
          continue;
        }
        const environments::ComposePlace place = environments::LocateInService(
            project_, service, target, surroundings_, workspace_.root(), "drover upgrade", files_);
        for (const Finding& finding : place.findings) codes_.insert(finding.code);
      }
    }
  }

  const YamlNode& test_;
  Workspace workspace_;
  ComposeSurroundings surroundings_;
  ComposeReference reference_;
  environments::RealFiles files_;
  ComposeProject project_;
  std::set<std::string> codes_;
};

}  // namespace

std::vector<CaseResult> RunComposeCases(const std::string& file) {
  const std::string path = AbsolutePath(file, CurrentDirectory());
  const YamlNode root =
      environments::ParseYaml(ReadFile(path, environments::kMaxYamlBytes), path, "cases");
  const YamlNode* cases = root.Find("cases");
  if (cases == nullptr || cases->kind != YamlNode::Kind::kSequence) {
    throw Error(Code::kInvalid, "cases.format", Concat(file, " has no list called \"cases\""));
  }
  const YamlNode* defaults = root.Find("defaults");
  std::string docker_root = defaults == nullptr ? "" : Scalar(*defaults, "docker_root");
  if (docker_root.empty()) docker_root = "/var/lib/docker";  // whatever this machine has
  std::vector<CaseResult> results;
  for (const YamlNode& test : cases->items) {
    // One bad case is a failed case.
    try {
      results.push_back(Case(test, docker_root).Run());
    } catch (const Error& error) {
      results.push_back(
          {.id = Scalar(test, "id"), .pass = false, .got = {{"thrown", error.message}}});
    }
  }
  return results;
}

}  // namespace drover::cases
