#include "environments/compose/model.h"

#include <gtest/gtest.h>
#include <string>

#include "tests/unit/environments/compose/fixture.h"

namespace drover::environments {
namespace {

class ComposeModelTest : public ComposeFixture {
 protected:
  /// "NAME=value <- where", one a line.
  std::string EnvironmentOf(std::string_view service) {
    File("compose.yml", Concat("services:\n  app:\n    image: x\n", service, "\n"));
    std::string text;
    for (const EnvFileVariable& each : Service().environment) {
      text += Concat(each.name, "=", each.value, " <- ", each.where, "\n");
    }
    return text;
  }
};

// volumes

TEST_F(ComposeModelTest, NamedVolumesHaveTheEnginesName) {
  EXPECT_EQ(Volumes("['vol:/d']", "volumes: {vol: {}}"), "volume idv_vol /d");
  EXPECT_EQ(Volumes("['vol:/d']", "volumes: {vol: {name: exact}}"), "volume exact /d");
  EXPECT_EQ(Volumes("['vol:/d']", "volumes: {vol: {external: true}}"), "volume vol /d");
  EXPECT_EQ(Volumes("['vol:/d']", "volumes: {vol: {external: true, name: n}}"), "volume n /d");
  EXPECT_EQ(Volumes("['vol:/d']", "volumes: {vol: {external: {name: old}}}"), "volume old /d");
  EXPECT_EQ(Volumes("['vol:/d']", "volumes: {vol: {external: false}}"), "volume idv_vol /d");
  EXPECT_EQ(Volumes("['vol:/d']", "volumes: {vol: {}}\nname: My.Shop (v2)"),
            "volume myshopv2_vol /d");
  File(".env", "COMPOSE_PROJECT_NAME=shop\nVOL=v1\n");
  EXPECT_EQ(Volumes("['vol:/d']", "volumes: {vol: {name: '${VOL}'}}"), "volume v1 /d");
  EXPECT_EQ(Volumes("['vol:/d']", "volumes: {vol: {}}"), "volume shop_vol /d");
}

TEST_F(ComposeModelTest, ExternalVolumeIsAFinding) {
  Volumes("['vol:/d']", "volumes: {vol: {external: true}}");
  EXPECT_EQ(Codes(), "external-volume");
  EXPECT_EQ(Service().findings[0].fix, "docker volume create vol");
  EXPECT_TRUE(Service().mounts[0].is_external);
}

TEST_F(ComposeModelTest, ExternalVolumeTakesNoOtherKeys) {
  EXPECT_EQ(ProblemOf("services: {}\nvolumes: {v: {external: true, driver: local}}").message,
            "volumes.v: conflicting parameters \"external\" and \"driver\" specified");
  EXPECT_EQ(ProblemOf("services: {}\nvolumes: {v: {external: {name: a}, name: b}}").message,
            "volumes.v: name and external.name conflict; only use name");
}

TEST_F(ComposeModelTest, UndefinedVolumeIsAnErrorAndAPathGetsAFinding) {
  File("compose.yml", "services: {app: {image: x, volumes: ['data/app.db:/app/app.db']}}");
  const Error error = Problem();
  EXPECT_EQ(error.kind, "compose.undefined_volume");
  EXPECT_EQ(error.message, "service \"app\" refers to undefined volume data/app.db");
  EXPECT_EQ(error.hint, "write ./data/app.db for a path");
  EXPECT_EQ(error.where, "/p/idv/compose.yml:1:38");
  EXPECT_EQ(CodesOf(Project().Find("app")->findings), "bind-path-needs-dot-slash");
}

TEST_F(ComposeModelTest, VolumeMayBeADirectoryOfThisMachine) {
  const auto host = [&](std::string_view volume) {
    Volumes("['vol:/d']", Concat("volumes: {vol: ", volume, "}"));
    return Concat(Service().mounts[0].host, "|", Service().mounts[0].device);
  };
  EXPECT_EQ(host("{driver_opts: {type: none, o: bind, device: /srv/x}}"), "/srv/x|/srv/x");
  EXPECT_EQ(host("{driver: local, driver_opts: {o: bind, device: ./x}}"), "/p/idv/x|/p/idv/x");
  EXPECT_EQ(host("{driver_opts: {o: bind, device: ./x}}"), "|./x");
  EXPECT_EQ(Codes(), "volume-device-relative");
  EXPECT_EQ(host("{driver: local, driver_opts: {o: 'bind,ro', device: ./x}}"), "|./x");
  EXPECT_EQ(host("{driver_opts: {type: nfs, o: addr=h, device: ':/x'}}"), "|:/x");
  EXPECT_EQ(host("{driver: other, driver_opts: {o: bind, device: /x}}"), "|/x");
  EXPECT_EQ(Service().mounts[0].driver, "other");
}

TEST_F(ComposeModelTest, SubpathStaysInsideTheDirectory) {
  Volumes("[{type: volume, source: vol, target: /d, volume: {subpath: ../../etc}}]",
          "volumes: {vol: {driver_opts: {o: bind, device: /srv/x}}}");
  EXPECT_EQ(Service().mounts[0].host, "/srv/x/etc");
}

TEST_F(ComposeModelTest, DuplicateTargetInOneFileIsAFinding) {
  EXPECT_EQ(Volumes("['./a:/d', './b:/d/']"), "bind /p/idv/b /d");
  EXPECT_EQ(Codes(), "duplicate-mount-target");
  EXPECT_EQ(Service().findings[0].where, "/p/idv/compose.yml:1:48");
}

TEST_F(ComposeModelTest, TmpfsKeyIsAMount) {
  EXPECT_EQ(MountsOf("services: {app: {image: x, tmpfs: ['/run', '/tmp:size=64m']}}"),
            "tmpfs  /run\ntmpfs  /tmp");
  EXPECT_EQ(MountsOf("services: {app: {image: x, tmpfs: /run}}"), "tmpfs  /run");
}

TEST_F(ComposeModelTest, ConfigsAndSecretsAreReadOnlyMounts) {
  EXPECT_EQ(MountsOf("services: {app: {image: x, configs: [c, {source: c, target: /etc/c}],"
                     " secrets: [s, {source: s, target: other}, t]}}\n"
                     "configs: {c: {file: ./c.txt}}\n"
                     "secrets: {s: {file: /s.txt}, t: {environment: T}}\n"),
            "config /p/idv/c.txt /c ro\nconfig /p/idv/c.txt /etc/c ro\n"
            "secret /s.txt /run/secrets/s ro\nsecret /s.txt /run/secrets/other ro\n"
            "secret  /run/secrets/t ro");
  EXPECT_EQ(ProblemOf("services: {app: {image: x, configs: [c]}}").message,
            "service \"app\" refers to undefined config c");
}

// variables

TEST_F(ComposeModelTest, UnsetVariableIsEmptyWithAFinding) {
  setenv("DROVER_TEST_DIR", "/wrong", 1);
  EXPECT_EQ(Volumes("['./x$DROVER_TEST_DIR:/d']"), "bind /p/idv/x /d");
  unsetenv("DROVER_TEST_DIR");
  EXPECT_EQ(Codes(), "unset-variable");
  EXPECT_EQ(Service().findings[0].fix, "echo 'DROVER_TEST_DIR=…' >> /p/idv/.env");
  EXPECT_EQ(Service().mounts[0].unset, std::vector<std::string>{"DROVER_TEST_DIR"});
  EXPECT_EQ(
      ProblemOf("services: {app: {image: x, volumes: [{type: bind, source: $NOPE, target: /d}]}}")
          .kind,
      "compose.value");
}

TEST_F(ComposeModelTest, VariablesElsewhereDoNotMatter) {
  MountsOf("services: {app: {image: 'x:${TAG}', command: '$X', volumes: ['./a:/b']}}");
  EXPECT_EQ(Codes(), "");
}

TEST_F(ComposeModelTest, PwdIsAFinding) {
  EXPECT_EQ(Volumes("['${PWD}/x:/d']"), "bind /p/idv/x /d");
  EXPECT_EQ(Codes(), "result-depends-on-cwd");
}

TEST_F(ComposeModelTest, ShellVariableIsAFinding) {
  surroundings_.variables = {{"DIR", "./shell"}};
  File(".env", "DIR=./file\n");
  EXPECT_EQ(Volumes("['$DIR:/d']"), "bind /p/idv/shell /d");
  EXPECT_EQ(Codes(), "result-depends-on-shell-environment");
  EXPECT_EQ(Service().findings[0].message,
            "${DIR} comes from the shell that runs compose, over another value in .env");
}

TEST_F(ComposeModelTest, PathThatBecomesTheRootIsAFinding) {
  File(".env", "DIR=\n");
  EXPECT_EQ(Volumes("['${DIR-./d}/sub:/d']"), "bind /sub /d");
  EXPECT_EQ(Codes(), "interpolated-to-root");
}

// environment

TEST_F(ComposeModelTest, EnvironmentIsAMapOrAList) {
  EXPECT_EQ(EnvironmentOf("    environment: {B: 1, A: 'x', C: }"),
            "A=x <- /p/idv/compose.yml:4:28\nB=1 <- /p/idv/compose.yml:4:22\n");
  File(".env", "C=from-env\n");
  EXPECT_EQ(EnvironmentOf("    environment: ['A=x=y', C, D]"),
            "A=x=y <- /p/idv/compose.yml:4:19\nC=from-env <- .env:1\n");
}

TEST_F(ComposeModelTest, EnvironmentGoesBeforeEnvFilesAndLaterOnesFirst) {
  File("a.env", "A=1\nB=1\nC=1\n");
  File("sub/b.env", "B=2\nC=${A}-2\n");
  EXPECT_EQ(EnvironmentOf("    env_file: [a.env, sub/b.env]\n    environment: {C: 3, D: 4}"),
            "A=1 <- a.env:1\nB=2 <- sub/b.env:1\nC=3 <- /p/idv/compose.yml:5:22\n"
            "D=4 <- /p/idv/compose.yml:5:28\n");
  EXPECT_EQ(EnvironmentOf("    env_file: [a.env, sub/b.env]"),
            "A=1 <- a.env:1\nB=2 <- sub/b.env:1\nC=1-2 <- sub/b.env:2\n");
}

TEST_F(ComposeModelTest, EnvFileMayBeOptionalOrRaw) {
  EXPECT_EQ(EnvironmentOf("    env_file: {path: no.env, required: false}"), "");
  EXPECT_FALSE(Service().environment_error);
  File("raw.env", "# c\nA='$x' # y\n\nB\n");
  EXPECT_EQ(EnvironmentOf("    env_file: [{path: raw.env, format: raw}]"),
            "A='$x' # y <- raw.env:2\n");
}

TEST_F(ComposeModelTest, MissingEnvFileHidesTheVariablesNotTheMounts) {
  EXPECT_EQ(MountsOf("services: {app: {image: x, env_file: no.env, volumes: ['./a:/b']}}"),
            "bind /p/idv/a /b");
  ASSERT_TRUE(Service().environment_error);
  EXPECT_EQ(Service().environment_error->message,
            "env file /p/idv/no.env not found: no such file or directory");
  EXPECT_EQ(Service().environment_error->where, "/p/idv/compose.yml:1:38");
}

TEST_F(ComposeModelTest, EnvironmentIsMergedByName) {
  File("two.yml", "services: {app: {environment: ['B=2', 'C=2']}}");
  reference_.files.emplace_back("/p/idv/two.yml");
  EXPECT_EQ(EnvironmentOf("    environment: {A: 1, B: 1}"),
            "A=1 <- /p/idv/compose.yml:4:22\nB=2 <- /p/idv/two.yml:1:32\n"
            "C=2 <- /p/idv/two.yml:1:39\n");
}

// the rest

TEST_F(ComposeModelTest, BuildIsATextOrAMap) {
  MountsOf("services: {app: {build: backend}}");
  EXPECT_EQ(Service().build->dockerfile, "/p/idv/backend/Dockerfile");
  File("two.yml", "services: {app: {build: {dockerfile: ../D, target: t, args: {A: 1}}}}");
  reference_.files.emplace_back("/p/idv/two.yml");
  EXPECT_EQ(Service().build->dockerfile, "/p/idv/D");
  EXPECT_EQ(Service().build->target, "t");
  EXPECT_EQ(Service().build->arguments[0].name, "A");
}

TEST_F(ComposeModelTest, ServiceNeedsAnImageOrABuild) {
  EXPECT_EQ(ProblemOf("services: {app: {volumes: ['./a:/b']}}").message,
            "service \"app\" has neither an image nor a build context specified");
  EXPECT_EQ(ProblemOf("services: {app: }").kind, "compose.value");
}

TEST_F(ComposeModelTest, UglyServicesAreErrorsNotCrashes) {
  EXPECT_EQ(ProblemOf("services: {app: {image: x, working_dir: app}}").kind, "compose.value");
  EXPECT_EQ(ProblemOf("services: {app: {image: x, working_dir: [a]}}").kind, "compose.type");
  EXPECT_EQ(ProblemOf("services: {app: {image: x, volumes: {a: b}}}").kind, "compose.type");
  EXPECT_EQ(ProblemOf("services: {app: {image: x, tmpfs: [[a]]}}").kind, "compose.type");
  EXPECT_EQ(ProblemOf("services: {app: {image: x, profiles: [{}]}}").kind, "compose.type");
  EXPECT_EQ(ProblemOf("services: {app: {image: x, secrets: [{}]}}").kind, "compose.type");
  EXPECT_EQ(ProblemOf("services: {app: {image: x}}\nvolumes: {v: {name: []}}").kind,
            "compose.type");
  EXPECT_EQ(ProblemOf("services: {app: {build: 7, volumes: }}").kind, "no.error");
  EXPECT_EQ(ProblemOf("services: {app: {image: x, working_dir: \"/a\\x07\"}}").kind,
            "compose.value");
}

}  // namespace
}  // namespace drover::environments
