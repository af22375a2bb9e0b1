#include "environments/compose/files.h"

#include <gtest/gtest.h>
#include <string>

#include "tests/unit/environments/compose/fixture.h"

namespace drover::environments {
namespace {

class ComposeFilesTest : public ComposeFixture {
 protected:
  ComposeFilesTest() { reference_.files.clear(); }

  ComposeFiles FindFiles() { return FindComposeFiles(reference_, "/p/idv", surroundings_, files_); }
  std::string Paths() { return Join(FindFiles().paths, " "); }
};

TEST_F(ComposeFilesTest, FirstOfTheFourNamesIsFound) {
  File("docker-compose.yaml", "");
  EXPECT_EQ(Paths(), "/p/idv/docker-compose.yaml");
  File("docker-compose.yml", "");
  EXPECT_EQ(Paths(), "/p/idv/docker-compose.yml");
  File("compose.yml", "");
  EXPECT_EQ(Paths(), "/p/idv/compose.yml");
  File("compose.yaml", "");
  EXPECT_EQ(Paths(), "/p/idv/compose.yaml");
  EXPECT_EQ(CodesOf(FindFiles().findings), "several-compose-files");
  EXPECT_EQ(FindFiles().findings[0].message,
            "compose uses compose.yaml and ignores compose.yml, docker-compose.yml, "
            "docker-compose.yaml");
}

TEST_F(ComposeFilesTest, OverrideFileBesideItIsUsed) {
  File("docker-compose.yml", "");
  File("compose.override.yaml", "");
  EXPECT_EQ(Paths(), "/p/idv/docker-compose.yml /p/idv/compose.override.yaml");
  File("compose.override.yml", "");
  EXPECT_EQ(Paths(), "/p/idv/docker-compose.yml /p/idv/compose.override.yml");
}

TEST_F(ComposeFilesTest, NamedFilesHaveNoOverride) {
  File("compose.yml", "");
  File("compose.override.yml", "");
  reference_.files = {"/p/idv/compose.yml"};
  EXPECT_EQ(Paths(), "/p/idv/compose.yml");
}

TEST_F(ComposeFilesTest, DirectoriesAboveAreSearched) {
  files_.Put("/p/compose.yml", "");
  EXPECT_EQ(Paths(), "/p/compose.yml");
  EXPECT_EQ(FindFiles().directory, "/p");
  surroundings_.directory = "/p/idv/sub/deep";
  File("sub/compose.yaml", "");
  EXPECT_EQ(Paths(), "/p/idv/sub/compose.yaml");
}

TEST_F(ComposeFilesTest, SearchBeginsInTheProjectDirectory) {
  File("deploy/compose.yml", "");
  File("compose.yml", "");
  reference_.project_directory = "/p/idv/deploy";
  EXPECT_EQ(Paths(), "/p/idv/deploy/compose.yml");
}

TEST_F(ComposeFilesTest, DirectoryOfThatNameIsNoFile) {
  files_.PutDirectory("/p/idv/compose.yaml");
  File("compose.yml", "");
  EXPECT_EQ(Paths(), "/p/idv/compose.yml");
}

TEST_F(ComposeFilesTest, NothingFoundIsAnErrorAndIsWaitedFor) {
  const Error error = ErrorOf([&] { return FindFiles(); });
  EXPECT_EQ(error.kind, "compose.not_found");
  EXPECT_EQ(error.where, "/p/idv/drover.yaml:4:14");
  EXPECT_TRUE(error.message.starts_with("no configuration file provided: not found"));
  EXPECT_TRUE(files_.read.contains("/p/idv/compose.yaml"));
  EXPECT_FALSE(files_.read.contains("/p/compose.yaml")) << "a directory above may be a busy one";
}

TEST_F(ComposeFilesTest, VariableNamesTheFiles) {
  File(".env", "COMPOSE_FILE=a.yml:sub/b.yml\n");
  EXPECT_EQ(Paths(), "/p/idv/a.yml /p/idv/sub/b.yml");
  File(".env", "COMPOSE_FILE=a.yml;b.yml\nCOMPOSE_PATH_SEPARATOR=;\n");
  EXPECT_EQ(Paths(), "/p/idv/a.yml /p/idv/b.yml");
  reference_.files = {"/p/idv/c.yml"};
  EXPECT_EQ(Paths(), "/p/idv/c.yml");
}

TEST_F(ComposeFilesTest, EnvFileOfTheFirstFilesDirectoryIsRead) {
  File(".env", "D=root\n");
  File("docker/.env", "D=docker\n");
  reference_.files = {"/p/idv/docker/compose.yml"};
  EXPECT_EQ(FindFiles().environment.Find("D")->value, "docker");
  EXPECT_EQ(FindFiles().directory, "/p/idv/docker");
  reference_.project_directory = "/p/idv";
  EXPECT_EQ(FindFiles().environment.Find("D")->value, "root");
}

TEST_F(ComposeFilesTest, TwoEnvFilesAreAFindingAndTheFirstCounts) {
  File(".env", "D=root\nE=only\n");
  File("backend/.env", "D=backend\n");
  File("compose.yml", "");
  surroundings_.directory = "/p/idv/backend";
  const ComposeFiles found = FindFiles();
  EXPECT_EQ(found.environment.Find("D")->value, "backend");
  EXPECT_EQ(found.environment.Find("E")->value, "only");
  EXPECT_EQ(CodesOf(found.findings), "two-dotenv-files");
}

TEST_F(ComposeFilesTest, MissingOverrideIsWaitedFor) {
  File("compose.yml", "");
  static_cast<void>(FindFiles());
  EXPECT_TRUE(files_.read.contains("/p/idv/docker-compose.override.yml"));
}

TEST_F(ComposeFilesTest, EnvFileMayBeDisabled) {
  File("compose.yml", "");
  File(".env", "D=root\n");
  surroundings_.variables = {{"COMPOSE_DISABLE_ENV_FILE", "true"}};
  EXPECT_EQ(FindFiles().environment.Find("D"), nullptr);
}

TEST_F(ComposeFilesTest, DirectoryAndHomeAreVariables) {
  File("compose.yml", "");
  EXPECT_EQ(FindFiles().environment.Find("HOME")->value, "/home/me");
  EXPECT_EQ(FindFiles().environment.Find("PWD")->value, "/p/idv");
}

}  // namespace
}  // namespace drover::environments
