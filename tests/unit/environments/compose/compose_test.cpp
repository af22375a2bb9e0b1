#include "environments/compose/compose.h"

#include <gtest/gtest.h>
#include <string>

#include "tests/unit/environments/compose/fixture.h"

namespace drover::environments {
namespace {

class ComposeTest : public ComposeFixture {
 protected:
  std::string Name() { return Project().name; }
};

TEST_F(ComposeTest, ProjectIsCalledAsItsDirectory) {
  File("compose.yml", "services: {app: {image: x}}");
  EXPECT_EQ(Name(), "idv");
  reference_.project_directory = "/p/My.Shop (v2)";
  EXPECT_EQ(Name(), "myshopv2");
}

TEST_F(ComposeTest, NameOfTheFileGoesBeforeTheDirectory) {
  File("compose.yml", "name: My.Shop\nservices: {app: {image: x}}");
  EXPECT_EQ(Name(), "myshop");
  File("more.yml", "name: ${SHOP:-second}\n");
  reference_.files.emplace_back("/p/idv/more.yml");
  EXPECT_EQ(Name(), "second");
}

TEST_F(ComposeTest, VariableGoesBeforeTheNameOfTheFile) {
  File("compose.yml", "name: shop\nservices: {app: {image: 'x:${COMPOSE_PROJECT_NAME}'}}");
  File(".env", "COMPOSE_PROJECT_NAME=from-env\n");
  EXPECT_EQ(Name(), "from-env");
  reference_.project_name = "given";
  EXPECT_EQ(Name(), "given");
}

TEST_F(ComposeTest, GivenNameMustBeNormal) {
  File("compose.yml", "services: {app: {image: x}}");
  reference_.project_name = "My Shop";
  EXPECT_EQ(Problem().kind, "compose.project_name");
  EXPECT_EQ(Problem().message,
            "invalid project name \"My Shop\": must consist only of lowercase alphanumeric "
            "characters, hyphens, and underscores as well as start with a letter or number");
  EXPECT_EQ(Problem().where, "/p/idv/drover.yaml:4:14");
  reference_.project_name.clear();
  File(".env", "COMPOSE_PROJECT_NAME=Shop\n");
  EXPECT_EQ(Problem().kind, "compose.project_name");
}

TEST_F(ComposeTest, NameThatHasNothingLeftIsAnError) {
  File("compose.yml", "services: {app: {image: x}}");
  reference_.project_directory = "/p/___";
  EXPECT_EQ(Problem().message, "project name must not be empty");
}

TEST_F(ComposeTest, ServicesOfOtherProfilesAreInactive) {
  File("compose.yml", "services: {app: {image: x}, seed: {image: x, profiles: [tools, dev]}}");
  EXPECT_TRUE(Project().Find("app")->is_active);
  EXPECT_FALSE(Project().Find("seed")->is_active);
  reference_.profiles = {"dev"};
  EXPECT_TRUE(Project().Find("seed")->is_active);
  reference_.profiles = {"*"};
  EXPECT_TRUE(Project().Find("seed")->is_active);
  reference_.profiles.clear();
  File(".env", "COMPOSE_PROFILES=x, tools\n");
  EXPECT_TRUE(Project().Find("seed")->is_active);
}

TEST_F(ComposeTest, UnknownServiceIsAnErrorWithASuggestion) {
  const Error error = ProblemOf("services: {aap: {image: x}, db: {image: x}}");
  EXPECT_EQ(error.code, Code::kNotFound);
  EXPECT_EQ(error.kind, "compose.unknown_service");
  EXPECT_EQ(error.message, "the compose file has no service \"app\", did you mean \"aap\"?");
  EXPECT_EQ(error.hint, "one of: aap, db");
  EXPECT_EQ(error.where, "/p/idv/drover.yaml:4:14");
  EXPECT_EQ(ProblemOf("volumes: {}").kind, "compose.unknown_service");
}

TEST_F(ComposeTest, OneBrokenServiceDoesNotHideTheOthers) {
  File("compose.yml",
       "services: {app: {image: x, volumes: ['./a:/b']}, bad: {image: x, volumes: ['./a::b']}}");
  const ComposeProject project = Project();
  EXPECT_FALSE(project.error);
  EXPECT_EQ(project.Find("bad")->error->kind, "compose.value");
  EXPECT_EQ(Mounts(*project.Find("app")), "bind /p/idv/a /b");
}

TEST_F(ComposeTest, DuplicateKeyIsAFindingBesideTheError) {
  File("compose.yml", "services:\n  app: {image: x}\n  app: {image: y}\n");
  const ComposeProject project = Project();
  EXPECT_EQ(CodesOf(project.findings), "duplicate-yaml-key");
  EXPECT_EQ(project.findings[0].where, "/p/idv/compose.yml:3:3");
  EXPECT_EQ(project.error->message, "the key \"app\" is already defined at line 2");
  EXPECT_TRUE(project.services.empty());
}

TEST_F(ComposeTest, MountTypesHaveNames) {
  EXPECT_EQ(Volumes("[{type: image, source: x, target: /d}, {type: npipe, source: x, target: /e}, "
                    "{type: cluster, source: x, target: /f}, {type: tmpfs, target: /g}]"),
            "image  /d\nnpipe  /e\ncluster  /f\ntmpfs  /g");
}

}  // namespace
}  // namespace drover::environments
