#include "environments/survey/project_root.h"

#include <gtest/gtest.h>

#include "tests/unit/environments/fake_files.h"

namespace drover::environments {
namespace {

class ProjectRootTest : public testing::Test {
 protected:
  ProjectRootTest() { files_.PutDirectory("/home/u/idv/backend/app"); }
  ProjectRoot From(const std::string& directory) {
    return FindNewRoot(directory, "/home/u", files_);
  }
  FakeFiles files_;
};

TEST_F(ProjectRootTest, NothingIsKnownOfAnEmptyDirectory) {
  EXPECT_EQ(From("/home/u/idv/backend").path, "/home/u/idv/backend");
  EXPECT_EQ(From("/home/u").path, "/home/u");
}

TEST_F(ProjectRootTest, TheComposeFileDecidesBeforeEverythingElse) {
  files_.Put("/home/u/idv/docker-compose.yml", "");
  files_.Put("/home/u/idv/backend/.env", "");
  const ProjectRoot root = From("/home/u/idv/backend/app");
  EXPECT_EQ(root.path, "/home/u/idv");
  EXPECT_EQ(root.reason, "docker-compose.yml is here");
}

TEST_F(ProjectRootTest, TheRepositoryDecidesBeforeAnEnvFile) {
  files_.PutDirectory("/home/u/idv/.git");
  files_.Put("/home/u/idv/backend/.env", "");
  const ProjectRoot root = From("/home/u/idv/backend/app");
  EXPECT_EQ(root.path, "/home/u/idv");
  EXPECT_EQ(root.repository, "/home/u/idv");
}

TEST_F(ProjectRootTest, NothingAboveTheRepositoryCounts) {
  files_.PutDirectory("/home/u/idv/backend/.git");
  files_.Put("/home/u/idv/compose.yaml", "");
  files_.Put("/home/u/idv/drover.yaml", "");
  EXPECT_EQ(From("/home/u/idv/backend/app").path, "/home/u/idv/backend");
  EXPECT_EQ(FindExistingConfig("/home/u/idv/backend", "/home/u", files_), "");
}

TEST_F(ProjectRootTest, TheHomeDirectoryIsNobodysProject) {
  files_.PutDirectory("/home/u/.git");
  files_.Put("/home/u/.env", "");
  EXPECT_EQ(From("/home/u/idv/backend").path, "/home/u/idv/backend");
}

TEST_F(ProjectRootTest, AnEnvFileIsBetterThanNothing) {
  files_.Put("/home/u/idv/.env", "");
  EXPECT_EQ(From("/home/u/idv/backend/app").reason, ".env is here");
}

TEST_F(ProjectRootTest, FindsTheConfigurationThatIsThere) {
  files_.Put("/home/u/idv/drover.yaml", "");
  EXPECT_EQ(FindExistingConfig("/home/u/idv/backend", "/home/u", files_),
            "/home/u/idv/drover.yaml");
}

}  // namespace
}  // namespace drover::environments
