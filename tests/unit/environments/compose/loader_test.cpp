#include "environments/compose/loader.h"

#include <gtest/gtest.h>
#include <string>

#include "tests/unit/environments/compose/fixture.h"

namespace drover::environments {
namespace {

class ComposeLoaderTest : public ComposeFixture {
 protected:
  void Override(std::string_view text) {
    File("override.yml", text);
    reference_.files = {"/p/idv/compose.yml", "/p/idv/override.yml"};
  }
};

TEST_F(ComposeLoaderTest, LaterFilesReplaceByTarget) {
  Override("services: {app: {working_dir: /two, volumes: ['./new:/a', './more:/c']}}");
  EXPECT_EQ(MountsOf("services: {app: {image: x, working_dir: /one, volumes: ['./old:/a/', "
                     "'./b:/b']}}"),
            "bind /p/idv/new /a\nbind /p/idv/b /b\nbind /p/idv/more /c");
  EXPECT_EQ(Service().working_directory->path, "/two");
  EXPECT_EQ(Service().working_directory->where, "/p/idv/override.yml:1:31");
}

TEST_F(ComposeLoaderTest, RelativePathsOfAllFilesBeginAtTheFirst) {
  File("sub/two.yml", "services: {app: {volumes: ['./x:/a']}}");
  reference_.files = {"/p/idv/compose.yml", "/p/idv/sub/two.yml"};
  EXPECT_EQ(MountsOf("services: {app: {image: x}}"), "bind /p/idv/x /a");
}

TEST_F(ComposeLoaderTest, LongSyntaxReplacesShort) {
  Override("services: {app: {volumes: [{type: tmpfs, target: /a}]}}");
  EXPECT_EQ(MountsOf("services: {app: {image: x, volumes: ['./old:/a']}}"), "tmpfs  /a");
}

TEST_F(ComposeLoaderTest, EmptyOverrideKeepsWhatIsThere) {
  Override("services: {app: {volumes: }}\nvolumes:\n");
  EXPECT_EQ(MountsOf("services: {app: {image: x, volumes: ['./old:/a']}}"), "bind /p/idv/old /a");
}

TEST_F(ComposeLoaderTest, OverrideOfAnotherKindIsAnError) {
  Override("services: {app: {volumes: ./a:/b}}");
  const Error error = ProblemOf("services: {app: {image: x, volumes: ['./old:/a']}}");
  EXPECT_EQ(error.kind, "compose.type");
  EXPECT_TRUE(error.message.starts_with("cannot override services.app.volumes"));
  EXPECT_EQ(error.where, "/p/idv/override.yml:1:27");
}

TEST_F(ComposeLoaderTest, MismatchElsewhereDoesNotMatter) {
  Override("services: {app: {depends_on: {db: {}}, labels: [a]}}");
  EXPECT_EQ(MountsOf("services: {app: {image: x, depends_on: [db], labels: {a: b}, volumes: "
                     "['./a:/b']}}"),
            "bind /p/idv/a /b");
}

TEST_F(ComposeLoaderTest, ResetRemoves) {
  Override("services: {app: {volumes: !reset [], tmpfs: !reset null}}");
  EXPECT_EQ(MountsOf("services: {app: {image: x, volumes: ['./old:/a'], tmpfs: /t}}"), "");
}

TEST_F(ComposeLoaderTest, OverrideTagReplaces) {
  Override("services: {app: {volumes: !override ['./new:/b']}}");
  EXPECT_EQ(MountsOf("services: {app: {image: x, volumes: ['./old:/a']}}"), "bind /p/idv/new /b");
}

TEST_F(ComposeLoaderTest, ResetOfAServiceRemovesIt) {
  Override("services: {app: !reset null}");
  EXPECT_EQ(ProblemOf("services: {app: {image: x}, db: {image: y}}").kind,
            "compose.unknown_service");
}

TEST_F(ComposeLoaderTest, ResetThroughAnAliasCounts) {
  Override("x-none: &none\n  volumes: !reset []\nservices:\n  app:\n    <<: *none\n");
  EXPECT_EQ(MountsOf("services: {app: {image: x, volumes: ['./old:/a']}}"), "");
}

TEST_F(ComposeLoaderTest, OtherTagsAreDropped) {
  EXPECT_EQ(MountsOf("services: {app: {image: x, volumes: !whatever ['./a:/b']}}"),
            "bind /p/idv/a /b");
}

TEST_F(ComposeLoaderTest, LaterDocumentsAreMerged) {
  EXPECT_EQ(MountsOf("services: {app: {image: x, volumes: ['./a:/d']}}\n---\n"
                     "services: {app: {volumes: ['./b:/d']}}\n"),
            "bind /p/idv/b /d");
}

TEST_F(ComposeLoaderTest, AnchorsAndMergeKeysWork) {
  EXPECT_EQ(MountsOf("x-base: &base\n  working_dir: /app\n  volumes: ['./a:/b']\n"
                     "services:\n  app:\n    <<: *base\n    image: x\n"),
            "bind /p/idv/a /b");
}

TEST_F(ComposeLoaderTest, VariablesComeFromTheProjectsEnvFile) {
  File(".env", "DIR=./data\nLIT='$DIR'\n");
  EXPECT_EQ(Volumes("['${DIR}/x:/d']"), "bind /p/idv/data/x /d");
  EXPECT_EQ(Volumes("['$DIR/$$y:/d']"), "bind /p/idv/data/$y /d");
  EXPECT_EQ(Volumes("['./${LIT}:/d']"), "bind /p/idv/$DIR /d");
  EXPECT_EQ(Volumes("['${NO:-./e}:/d']"), "bind /p/idv/e /d");
}

TEST_F(ComposeLoaderTest, VariableMayTurnABindIntoAVolume) {
  File(".env", "DATA=vol\n");
  EXPECT_EQ(Volumes("['${DATA}:/d']", "volumes: {vol: }"), "volume idv_vol /d");
}

TEST_F(ComposeLoaderTest, KeysAreNotInterpolated) {
  File(".env", "NAME=app\n");
  EXPECT_EQ(ProblemOf("services: {'${NAME}': {image: x}}").kind, "compose.unknown_service");
}

TEST_F(ComposeLoaderTest, BadExpressionAnywhereIsAnError) {
  EXPECT_EQ(ProblemOf("services: {app: {image: 'x:${A/b}'}}").kind, "variable.syntax");
  EXPECT_EQ(ProblemOf("services: {app: {image: 'x:${A/b}'}}").where, "/p/idv/compose.yml:1:25");
}

TEST_F(ComposeLoaderTest, RequiredVariableElsewhereIsNotNeeded) {
  const std::string text =
      "services: {app: {image: 'x:${TAG:?set TAG}', volumes: ['./a:/b']}, "
      "db: {image: x, volumes: ['${DB:?set DB}:/d']}}";
  EXPECT_EQ(MountsOf(text), "bind /p/idv/a /b");
  reference_.service = "db";
  EXPECT_EQ(Problem().kind, "variable.required");
  EXPECT_EQ(Problem().message, "required variable DB is missing a value: set DB");
  surroundings_.shell = ComposeSurroundings::Knowledge::kEverything;
  reference_.service = "app";
  EXPECT_EQ(Problem().message, "required variable TAG is missing a value: set TAG");
}

// extends

TEST_F(ComposeLoaderTest, ServiceExtendsAnotherOfTheFile) {
  EXPECT_EQ(MountsOf("services:\n"
                     "  base: {image: x, volumes: ['./a:/a', './logs:/logs']}\n"
                     "  app: {extends: {service: base}, volumes: ['./b:/a']}\n"),
            "bind /p/idv/b /a\nbind /p/idv/logs /logs");
  EXPECT_EQ(MountsOf("services:\n  app: {extends: base}\n  base: {image: x, volumes: [/d]}\n"),
            "volume  /d");
}

TEST_F(ComposeLoaderTest, ExtendedFileHasItsOwnDirectory) {
  File(
      "common/base.yml",
      "services: {base: {image: x, volumes: ['./a:/a'], extends: {file: more/x.yml, service: y}}}");
  File("common/more/x.yml", "services: {y: {working_dir: /y, volumes: ['./z:/z']}}");
  EXPECT_EQ(MountsOf("services: {app: {extends: {file: common/base.yml, service: base}}}"),
            "bind /p/idv/common/more/z /z\nbind /p/idv/common/a /a");
  EXPECT_EQ(Service().working_directory->where, "/p/idv/common/more/x.yml:1:29");
}

TEST_F(ComposeLoaderTest, ExtendsDoesNotImportVolumes) {
  File("base.yml", "services: {base: {image: x, volumes: ['data:/d']}}\nvolumes: {data: }");
  EXPECT_EQ(ProblemOf("services: {app: {extends: {file: base.yml, service: base}}}").message,
            "service \"app\" refers to undefined volume data");
}

TEST_F(ComposeLoaderTest, ResetAppliesToWhatIsExtended) {
  EXPECT_EQ(MountsOf("services:\n"
                     "  base: {image: x, volumes: ['./a:/a']}\n"
                     "  app: {extends: base, volumes: !override ['./b:/b']}\n"),
            "bind /p/idv/b /b");
}

TEST_F(ComposeLoaderTest, ExtendsThatLeadsNowhereIsAnError) {
  EXPECT_EQ(ProblemOf("services: {app: {extends: nope}}").message,
            "cannot extend service \"app\" in /p/idv/compose.yml: service \"nope\" not found in "
            "/p/idv/compose.yml");
  EXPECT_EQ(ProblemOf("services: {app: {extends: {file: no.yml, service: x}}}").message,
            "cannot open the compose file no.yml: no such file or directory");
  EXPECT_EQ(ProblemOf("services: {app: {extends: {file: no.yml, service: x}}}").where,
            "/p/idv/compose.yml:1:34");
  EXPECT_EQ(ProblemOf("services: {app: {extends: {file: no.yml}}}").kind, "compose.type");
  EXPECT_EQ(ProblemOf("services: {app: {extends: [a]}}").kind, "compose.type");
}

TEST_F(ComposeLoaderTest, CircularExtendsIsAnError) {
  EXPECT_EQ(ProblemOf("services: {app: {extends: app}}").kind, "compose.cycle");
  File("b.yml", "services: {b: {extends: {file: compose.yml, service: app}}}");
  const Error error = ProblemOf("services: {app: {extends: {file: b.yml, service: b}}}");
  EXPECT_EQ(error.kind, "compose.cycle");
  EXPECT_TRUE(error.message.starts_with("Circular reference: app in /p/idv/compose.yml extends b"));
}

TEST_F(ComposeLoaderTest, LongChainsOfExtendsAreBounded) {
  std::string text = "services:\n  s0: {image: x}\n";
  for (int i = 1; i < 100; ++i) {
    text += "  s" + std::to_string(i) + ": {extends: s" + std::to_string(i - 1) + "}\n";
  }
  EXPECT_EQ(ProblemOf(text + "  app: {extends: s99}\n").kind, "no.error")
      << "in order, each step is short";
  EXPECT_EQ(ProblemOf("services:\n  app: {extends: s99}\n" + text.substr(text.find('\n') + 1)).kind,
            "compose.too_complex");
}

// include

TEST_F(ComposeLoaderTest, IncludedFileHasItsOwnDirectoryAndEnvFile) {
  File("other/compose.yml",
       "services: {app: {image: x, volumes: ['./$D:/d', 'vol:/v']}}\n"
       "volumes: {vol: }");
  File("other/.env", "D=inner\n");
  EXPECT_EQ(MountsOf("include: [other/compose.yml]\n"),
            "bind /p/idv/other/inner /d\nvolume idv_vol /v");
  File(".env", "D=outer\n");
  EXPECT_EQ(Mounts(Service()), "bind /p/idv/other/outer /d\nvolume idv_vol /v");
}

TEST_F(ComposeLoaderTest, IncludeMaySayDirectoryEnvFilesAndOverrides) {
  File("other/compose.yml", "services: {app: {image: x, volumes: ['./$D:/d']}}");
  File("other/more.yml", "services: {app: {volumes: ['./m:/m']}}");
  File("one.env", "D=one\n");
  File("two.env", "D=two\n");
  EXPECT_EQ(MountsOf("include:\n  - path: [other/compose.yml, other/more.yml]\n"
                     "    project_directory: sub\n    env_file: [one.env, two.env]\n"),
            "bind /p/idv/sub/two /d\nbind /p/idv/sub/m /m");
  EXPECT_EQ(ProblemOf("include: [{path: other/compose.yml, env_file: no.env}]").kind,
            "compose.env_file");
}

TEST_F(ComposeLoaderTest, ServiceMayExtendAnIncludedOne) {
  File("other.yml", "services: {base: {image: x, volumes: ['./a:/a']}}");
  EXPECT_EQ(MountsOf("include: [other.yml]\nservices: {app: {extends: base}}"), "bind /p/idv/a /a");
}

TEST_F(ComposeLoaderTest, ConflictWithWhatIsIncludedIsAnError) {
  File("other.yml", "services: {app: {image: x}}");
  const Error error = ProblemOf("include: [other.yml]\nservices: {app: {image: y}}");
  EXPECT_EQ(error.kind, "compose.conflict");
  EXPECT_EQ(error.message, "services.app conflicts with imported resource");
  EXPECT_EQ(error.where, "/p/idv/compose.yml:1:11");
  File("a.yml", "include: [other.yml]");
  File("b.yml", "include: [other.yml]");
  EXPECT_EQ(MountsOf("include: [a.yml, b.yml]"), "");
}

TEST_F(ComposeLoaderTest, IncludeCyclesAreErrors) {
  File("other.yml", "include: [compose.yml]");
  const Error error = ProblemOf("include: [other.yml]");
  EXPECT_EQ(error.kind, "compose.cycle");
  EXPECT_TRUE(error.message.starts_with("include cycle detected"));
}

TEST_F(ComposeLoaderTest, IncludesThatMultiplyAreBounded) {
  for (int i = 0; i < 20; ++i) {
    const std::string next = std::to_string(i + 1);
    File("l" + std::to_string(i) + ".yml", "include: [l" + next + ".yml, r" + next + ".yml]");
    File("r" + std::to_string(i) + ".yml", "include: [l" + next + ".yml, r" + next + ".yml]");
  }
  File("l20.yml", "services: {}");
  File("r20.yml", "services: {}");
  EXPECT_EQ(ProblemOf("include: [l0.yml]").kind, "compose.too_complex");
}

TEST_F(ComposeLoaderTest, RemoteFilesAreRefused) {
  EXPECT_EQ(ProblemOf("include: ['https://example.com/c.yml']").kind, "compose.unsupported");
  EXPECT_EQ(ProblemOf("include: ['oci://x/y']").kind, "compose.unsupported");
  EXPECT_EQ(ProblemOf("services: {app: {extends: {file: 'git@x:y.git', service: a}}}").kind,
            "compose.unsupported");
}

TEST_F(ComposeLoaderTest, ClonesOfExtendsAreBounded) {
  std::string text = "services:\n  base:\n    image: x\n    labels: [";
  for (int i = 0; i < 10000; ++i) text += "x,";
  text += "]\n";
  for (int i = 0; i < 1000; ++i) text += "  s" + std::to_string(i) + ": {extends: base}\n";
  EXPECT_EQ(ProblemOf(text).kind, "compose.too_complex");
}

TEST_F(ComposeLoaderTest, InterpolationIsBounded) {
  File(".env", "BIG=" + std::string(60000, 'x') + "\n");
  std::string text = "services:\n  app:\n    image: x\n    labels:\n";
  for (int i = 0; i < 1000; ++i) text += "      - $BIG\n";
  EXPECT_EQ(ProblemOf(text).kind, "compose.too_complex");
}

TEST_F(ComposeLoaderTest, ShapeOfTheFileIsChecked) {
  EXPECT_EQ(ProblemOf("").message, "empty compose file compose.yml");
  EXPECT_EQ(ProblemOf("[]").message, "top-level object must be a mapping");
  EXPECT_EQ(ProblemOf("services: []").message, "services must be a mapping");
  EXPECT_EQ(ProblemOf("services: {app: [x]}").message, "services.app must be a mapping");
  EXPECT_EQ(ProblemOf("include: x.yml").message, "`include` must be a list");
  EXPECT_EQ(ProblemOf("include: [{}]").kind, "compose.type");
  EXPECT_EQ(ProblemOf("a: \xff").kind, "compose.syntax");
  reference_.files = {"/p/idv/none.yml"};
  EXPECT_EQ(Problem().kind, "compose.not_found");
  files_.PutDirectory("/p/idv/dir");
  reference_.files = {"/p/idv/dir"};
  EXPECT_EQ(Problem().kind, "compose.not_found");
}

}  // namespace
}  // namespace drover::environments
