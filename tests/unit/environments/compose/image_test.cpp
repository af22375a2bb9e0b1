#include "environments/compose/image.h"

#include <gtest/gtest.h>
#include <string>

#include "tests/unit/environments/compose/fixture.h"

namespace drover::environments {
namespace {

class ComposeImageTest : public ComposeFixture {
 protected:
  ComposeImage Image(std::string_view build) {
    File("compose.yml", Concat("services: {app: {build: ", build, "}}"));
    return ReadComposeImage(Service(), "/p/idv", files_);
  }
};

TEST_F(ComposeImageTest, DockerfileOfTheContextIsRead) {
  File("backend/Dockerfile", "FROM x\nARG DIR=/a\nWORKDIR $DIR\nENV A=1\n");
  const ComposeImage image = Image("backend");
  EXPECT_EQ(image.working_directory->path, "/a");
  EXPECT_EQ(image.working_directory->where, "/p/idv/backend/Dockerfile:3:1");
  ASSERT_EQ(image.environment.size(), 1U);
  EXPECT_EQ(image.environment[0].where, "backend/Dockerfile:4:1");
  EXPECT_EQ(Image("{context: backend, args: {DIR: /b}}").working_directory->path, "/b");
}

TEST_F(ComposeImageTest, InlineDockerfileCounts) {
  const ComposeImage image = Image("{dockerfile_inline: \"FROM x\\nWORKDIR /in\\n\"}");
  EXPECT_EQ(image.working_directory->path, "/in");
  EXPECT_EQ(image.working_directory->where, "/p/idv/compose.yml:1:25");
}

TEST_F(ComposeImageTest, WhatIsNotHereIsNotRead) {
  EXPECT_FALSE(Image("nowhere").working_directory);
  EXPECT_FALSE(Image("'https://example.com/x.git'").working_directory);
  EXPECT_FALSE(Image("{context: ., target: nope}").working_directory);
}

}  // namespace
}  // namespace drover::environments
