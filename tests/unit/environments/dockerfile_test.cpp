#include "environments/dockerfile.h"

#include <gtest/gtest.h>
#include <string>

namespace drover::environments {
namespace {

std::string Workdir(std::string_view text, std::string_view target = "") {
  const auto found = FindWorkdir(text, target);
  return found ? found->path + ":" + std::to_string(found->line) : "(none)";
}

TEST(DockerfileTest, LastWorkdirOfTheLastStageCounts) {
  EXPECT_EQ(Workdir("FROM python\nWORKDIR /src\n# WORKDIR /no\nworkdir /app/\n"), "/app:4");
  EXPECT_EQ(Workdir("FROM a\nWORKDIR /a\nFROM b\nRUN true\n"), "(none)");
}

TEST(DockerfileTest, RelativeOnesAccumulate) {
  EXPECT_EQ(Workdir("FROM a\nWORKDIR /srv\nWORKDIR app\nWORKDIR \"x\"\n"), "/srv/app/x:4");
  EXPECT_EQ(Workdir("FROM a\nWORKDIR app\n"), "(none)");
}

TEST(DockerfileTest, StagesAreFollowed) {
  const std::string text =
      "FROM python:3 AS base\nWORKDIR /app\nFROM --platform=x base as dev\nRUN x\nFROM y\nWORKDIR "
      "/y\n";
  EXPECT_EQ(Workdir(text, "dev"), "/app:2");
  EXPECT_EQ(Workdir(text, "base"), "/app:2");
  EXPECT_EQ(Workdir(text), "/y:6");
  EXPECT_EQ(Workdir(text, "unknown"), "(none)");
}

TEST(DockerfileTest, VariablesAndContinuationsAreNotGuessed) {
  EXPECT_EQ(Workdir("FROM a\nWORKDIR /app\nWORKDIR $HOME/x\n"), "(none)");
  EXPECT_EQ(Workdir("FROM a\nWORKDIR /app\nRUN echo \\\nWORKDIR /no\n"), "/app:2");
}

TEST(DockerfileTest, UglyInputIsSurvived) {
  EXPECT_EQ(Workdir(""), "(none)");
  EXPECT_EQ(Workdir("WORKDIR"), "(none)");
  EXPECT_EQ(Workdir("WORKDIR \nFROM \n"), "(none)");
  EXPECT_EQ(Workdir(std::string_view("\0\xff\nFROM", 7)), "(none)");
}

}  // namespace
}  // namespace drover::environments
