// A compose project in a map of files, and its services as text.
#pragma once

#include <gtest/gtest.h>
#include <string>
#include <string_view>
#include <vector>

#include "base/text.h"
#include "environments/compose/compose.h"
#include "tests/unit/environments/fake_files.h"

namespace drover::environments {

class ComposeFixture : public testing::Test {
 protected:
  ComposeFixture() {
    files_.PutDirectory("/p/idv");
    surroundings_.home = "/home/me";
  }

  /// Writes /p/idv/<name>.
  void File(const std::string& name, std::string_view text) {
    files_.Put("/p/idv/" + name, std::string(text));
  }
  ComposeProject Project() {
    return LoadComposeProject(reference_, "/p/idv", surroundings_, files_);
  }
  /// The service that `reference_` names; fails the test when it has an error.
  ComposeService Service() {
    const ComposeProject project = Project();
    try {
      return FindComposeService(project, reference_);
    } catch (const Error& error) {
      ADD_FAILURE() << error.kind << ": " << error.message << " at " << error.where;
      return {};
    }
  }
  /// What is wrong with it.
  Error Problem() {
    return ErrorOf([&] { return FindComposeService(Project(), reference_); });
  }
  Error ProblemOf(std::string_view text) {
    File("compose.yml", text);
    return Problem();
  }
  /// The mounts of a service, "type source target", one a line.
  static std::string Mounts(const ComposeService& service) {
    std::vector<std::string> lines;
    for (const ComposeMount& mount : service.mounts) {
      const bool read_only = mount.access == ComposeMount::Access::kReadOnly;
      const std::string& source = mount.volume.empty() ? mount.host : mount.volume;
      lines.push_back(
          Concat(MountTypeName(mount), " ", source, " ", mount.target, read_only ? " ro" : ""));
    }
    return Join(lines, "\n");
  }
  std::string MountsOf(std::string_view text) {
    File("compose.yml", text);
    return Mounts(Service());
  }
  /// The mounts of a service with the given flow list of volumes.
  std::string Volumes(std::string_view list, std::string_view more = "") {
    return MountsOf(Concat("services: {app: {image: x, volumes: ", list, "}}\n", more));
  }
  static std::string CodesOf(const std::vector<Finding>& findings) {
    std::vector<std::string> codes;
    for (const Finding& finding : findings) codes.push_back(finding.code);
    return Join(codes, " ");
  }
  std::string Codes() { return CodesOf(Service().findings); }

  FakeFiles files_;
  ComposeSurroundings surroundings_;
  ComposeReference reference_{.files = {"/p/idv/compose.yml"},
                              .service = "app",
                              .project_directory = {},
                              .profiles = {},
                              .project_name = {},
                              .where = "/p/idv/drover.yaml:4:14"};
};

}  // namespace drover::environments
