#include "environments/compose.h"

#include <cstdlib>
#include <gtest/gtest.h>
#include <string>

#include "base/text.h"
#include "tests/unit/environments/fake_files.h"

namespace drover::environments {
namespace {

class ComposeTest : public testing::Test {
 protected:
  ComposeService Resolve(std::string_view text) {
    files_.Put("/p/idv/compose.yml", std::string(text));
    return ResolveComposeService(reference_, "/p/idv", files_);
  }
  Error Failure(std::string_view text) {
    return ErrorOf([&] { return Resolve(text); });
  }
  /// The mounts of a service with the given flow list of volumes, one a line.
  std::string Volumes(std::string_view list, std::string_view more = "") {
    return Mounts(Resolve(Concat("services: {app: {volumes: ", list, "}}\n", more)));
  }
  Error VolumeFailure(std::string_view list) {
    return Failure(Concat("services: {app: {volumes: ", list, "}}\n"));
  }
  static std::string Mounts(const ComposeService& service) {
    std::vector<std::string> lines;
    for (const ComposeMount& mount : service.mounts) {
      const bool read_only = mount.access == ComposeMount::Access::kReadOnly;
      lines.push_back(Concat(MountTypeName(mount.type), " ", mount.host, mount.volume, " ",
                             mount.target, read_only ? " ro" : ""));
    }
    return Join(lines, "\n");
  }
  static std::string Codes(const ComposeService& service) {
    std::vector<std::string> codes;
    for (const Finding& finding : service.findings) codes.push_back(finding.code);
    return Join(codes, " ");
  }

  FakeFiles files_;
  ComposeReference reference_{.files = {"/p/idv/compose.yml"},
                              .service = "app",
                              .project_directory = {},
                              .profiles = {},
                              .where = "/p/idv/drover.yaml:4:14"};
};

TEST_F(ComposeTest, ShortSyntax) {
  setenv("HOME", "/home/me", 1);
  EXPECT_EQ(Volumes("['./a.db:/app/a.db']"), "bind /p/idv/a.db /app/a.db");
  EXPECT_EQ(Volumes("['../x:/y/:ro']"), "bind /p/x /y ro");
  EXPECT_EQ(Volumes("['/srv/./x:/y:rw,z,unknown']"), "bind /srv/x /y");
  EXPECT_EQ(Volumes("['~/x:/y']"), "bind /home/me/x /y");
  EXPECT_EQ(Volumes("['/y']"), "volume  /y");
  EXPECT_EQ(Volumes("['.:/y']"), "bind /p/idv /y");
}

TEST_F(ComposeTest, ShortSyntaxErrors) {
  EXPECT_EQ(VolumeFailure("['./a::/b']").kind, "compose.value");
  EXPECT_EQ(VolumeFailure("['./a:/b:ro:x']").kind, "compose.value");
  EXPECT_EQ(VolumeFailure("['./a:b']").kind, "compose.value");
  EXPECT_EQ(VolumeFailure("['v:/data']").hint,
            "a volume's name needs two letters: one is read as a Windows drive");
  EXPECT_EQ(VolumeFailure("['C:\\data:/b']").kind, "compose.value");
  EXPECT_EQ(VolumeFailure("['~bob/x:/b']").kind, "compose.value");
  EXPECT_EQ(VolumeFailure("./a:/b").kind, "compose.type");
  EXPECT_EQ(VolumeFailure("[[a]]").kind, "compose.type");
  EXPECT_EQ(VolumeFailure("['./a::/b']").where, "/p/idv/compose.yml:1:28");
}

TEST_F(ComposeTest, LongSyntax) {
  EXPECT_EQ(Volumes("[{type: bind, source: data, target: /d/, read_only: true}]"),
            "bind /p/idv/data /d ro");
  EXPECT_EQ(Volumes("[{type: tmpfs, target: /d}]"), "tmpfs  /d");
  EXPECT_EQ(Volumes("[{type: volume, source: vol, target: /d}]", "volumes: {vol: }"),
            "volume idv_vol /d");
  EXPECT_EQ(Volumes("[{type: volume, target: /d}]"), "volume  /d");
  EXPECT_EQ(Volumes("[{type: image, source: x, target: /d}]"), "other  /d");
  const ComposeService service = Resolve(
      "services: {app: {volumes: [{type: bind, source: ./a, target: /b, bind: {create_host_path: "
      "false}}]}}");
  EXPECT_EQ(service.mounts[0].missing_source, ComposeMount::MissingSource::kFail);
}

TEST_F(ComposeTest, LongSyntaxErrors) {
  EXPECT_EQ(VolumeFailure("[{type: bnid, source: a, target: /b}]").message,
            "a volume cannot have the type \"bnid\", did you mean \"bind\"?");
  EXPECT_EQ(VolumeFailure("[{type: bind, source: a}]").kind, "compose.value");
  EXPECT_EQ(VolumeFailure("[{type: bind, target: /b}]").kind, "compose.value");
  EXPECT_EQ(VolumeFailure("[{type: volume, source: v, target: /b, volume: {subpath: x}}]").kind,
            "compose.unsupported");
}

TEST_F(ComposeTest, NamedVolumesHaveTheEnginesName) {
  EXPECT_EQ(Volumes("['vol:/d']", "volumes: {vol: {name: exact}}"), "volume exact /d");
  EXPECT_EQ(Volumes("['vol:/d']", "volumes: {vol: {external: true}}"), "volume vol /d");
  EXPECT_EQ(Volumes("['vol:/d']", "volumes: {vol: {external: {name: old}}}"), "volume old /d");
  EXPECT_EQ(Volumes("['vol:/d']", "volumes: {vol: {}}\nname: My.Shop (v2)"),
            "volume myshopv2_vol /d");
  files_.Put("/p/idv/.env", "COMPOSE_PROJECT_NAME=shop\n");
  EXPECT_EQ(Volumes("['vol:/d']", "volumes: {vol: {}}"), "volume shop_vol /d");
}

TEST_F(ComposeTest, UndefinedVolumeIsAnErrorAndAPathGetsAHint) {
  const Error error = VolumeFailure("['data/app.db:/app/app.db']");
  EXPECT_EQ(error.kind, "compose.undefined_volume");
  EXPECT_EQ(error.hint, "write ./data/app.db for a path");
  EXPECT_EQ(error.where, "/p/idv/compose.yml:1:28");
}

TEST_F(ComposeTest, LocalVolumeMayBeABind) {
  EXPECT_EQ(
      Volumes("['vol:/d']", "volumes: {vol: {driver_opts: {type: none, o: bind, device: /srv/x}}}"),
      "volume /srv/xidv_vol /d");
  EXPECT_EQ(
      Volumes("['vol:/d']", "volumes: {vol: {driver: local, driver_opts: {o: bind, device: ./x}}}"),
      "volume /p/idv/xidv_vol /d");
  EXPECT_EQ(Codes(Resolve("services: {app: {volumes: ['vol:/d']}}\n"
                          "volumes: {vol: {driver_opts: {o: bind, device: ./x}}}")),
            "volume-device-relative");
}

TEST_F(ComposeTest, VariablesComeFromTheProjectsEnvFile) {
  files_.Put("/p/idv/.env", "DIR=./data\nLIT='$DIR'\n");
  EXPECT_EQ(Volumes("['${DIR}/x:/d']"), "bind /p/idv/data/x /d");
  EXPECT_EQ(Volumes("['$DIR/$$y:/d']"), "bind /p/idv/data/$y /d");
  EXPECT_EQ(Volumes("['./${LIT}:/d']"), "bind /p/idv/$DIR /d");
  EXPECT_EQ(Volumes("['${NO:-./e}:/d']"), "bind /p/idv/e /d");
}

TEST_F(ComposeTest, UnsetVariableIsEmptyWithAFinding) {
  setenv("DROVER_TEST_DIR", "/wrong", 1);
  const ComposeService service = Resolve("services: {app: {volumes: ['./x$DROVER_TEST_DIR:/d']}}");
  unsetenv("DROVER_TEST_DIR");
  EXPECT_EQ(Mounts(service), "bind /p/idv/x /d");
  EXPECT_EQ(Codes(service), "unset-variable");
  EXPECT_EQ(service.mounts[0].unset, std::vector<std::string>{"DROVER_TEST_DIR"});
}

TEST_F(ComposeTest, PwdIsTheProjectDirectoryWithAFinding) {
  const ComposeService service = Resolve("services: {app: {volumes: ['${PWD}/x:/d']}}");
  EXPECT_EQ(Mounts(service), "bind /p/idv/x /d");
  EXPECT_EQ(Codes(service), "result-depends-on-cwd");
}

TEST_F(ComposeTest, VariablesElsewhereDoNotMatter) {
  EXPECT_EQ(Codes(Resolve("services: {app: {image: 'x:${TAG}', volumes: ['./a:/b']}}")), "");
}

TEST_F(ComposeTest, LaterFilesReplaceByTarget) {
  files_.Put("/p/idv/sub/two.yml",
             "services: {app: {working_dir: /two, volumes: ['./new:/a', './more:/c']}}");
  reference_.files.emplace_back("/p/idv/sub/two.yml");
  const ComposeService service =
      Resolve("services: {app: {working_dir: /one, volumes: ['./old:/a/', './b:/b']}}");
  EXPECT_EQ(Mounts(service), "bind /p/idv/new /a\nbind /p/idv/b /b\nbind /p/idv/more /c");
  EXPECT_EQ(service.working_directory->path, "/two");
  EXPECT_EQ(service.working_directory->where, "/p/idv/sub/two.yml:1:31");
}

TEST_F(ComposeTest, ProjectDirectoryIsTheBaseOfRelativePaths) {
  reference_.project_directory = "/elsewhere";
  files_.Put("/elsewhere/.env", "X=y\n");
  EXPECT_EQ(Volumes("['./$X:/d']"), "bind /elsewhere/y /d");
}

TEST_F(ComposeTest, DuplicateTargetInOneFileIsAFinding) {
  const ComposeService service = Resolve("services: {app: {volumes: ['./a:/d', './b:/d']}}");
  EXPECT_EQ(Mounts(service), "bind /p/idv/b /d");
  EXPECT_EQ(Codes(service), "duplicate-mount-target");
}

TEST_F(ComposeTest, AnchorsAndMergeKeysWork) {
  EXPECT_EQ(Mounts(Resolve("x-base: &base\n  working_dir: /app\n  volumes: ['./a:/b']\n"
                           "services:\n  app:\n    <<: *base\n    image: x\n")),
            "bind /p/idv/a /b");
}

TEST_F(ComposeTest, TmpfsKeyIsAMount) {
  EXPECT_EQ(Mounts(Resolve("services: {app: {tmpfs: ['/run', '/tmp:size=64m']}}")),
            "tmpfs  /run\ntmpfs  /tmp");
}

TEST_F(ComposeTest, UnknownServiceIsAnErrorWithASuggestion) {
  const Error error = Failure("services: {aap: {}, db: {}}");
  EXPECT_EQ(error.code, Code::kNotFound);
  EXPECT_EQ(error.message, "the compose file has no service \"app\", did you mean \"aap\"?");
  EXPECT_EQ(error.where, "/p/idv/drover.yaml:4:14");
  EXPECT_EQ(Failure("volumes: {}").kind, "compose.unknown_service");
}

TEST_F(ComposeTest, WhatIsNotFollowedIsRefused) {
  EXPECT_EQ(Failure("include: [x.yml]\nservices: {app: {}}").kind, "compose.unsupported");
  EXPECT_EQ(Failure("services: {app: {extends: {service: x}}}").where, "/p/idv/compose.yml:1:18");
  EXPECT_EQ(Failure("services: {app: {volumes_from: [x]}}").kind, "compose.unsupported");
  EXPECT_EQ(Failure("services: {app: {volumes: !override ['./a:/b']}}").kind,
            "compose.unsupported");
  EXPECT_EQ(Mounts(Resolve("services: {app: {}, other: {extends: {service: app}}}")), "");
}

TEST_F(ComposeTest, UglyFilesAreErrorsNotCrashes) {
  EXPECT_EQ(Failure("").kind, "compose.type");
  EXPECT_EQ(Failure("[]").kind, "compose.type");
  EXPECT_EQ(Failure("services: []").kind, "compose.type");
  EXPECT_EQ(Failure("services: {app: [x]}").kind, "compose.type");
  EXPECT_EQ(Failure("services: {app: {working_dir: app}}").kind, "compose.value");
  EXPECT_EQ(Failure("services: {app: {working_dir: [a]}}").kind, "compose.type");
  EXPECT_EQ(Failure("services: {app: {volumes: ['${']}}").kind, "variable.syntax");
  EXPECT_EQ(Failure("services: {app: {volumes: [x: y]}}").kind, "compose.value");
  EXPECT_EQ(Failure("a: \xff").kind, "compose.syntax");
  EXPECT_EQ(Failure("services: {app: {build: 7, volumes: }}").kind, "no.error");
}

}  // namespace
}  // namespace drover::environments
