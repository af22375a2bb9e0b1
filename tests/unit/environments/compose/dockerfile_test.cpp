#include "environments/compose/dockerfile.h"

#include <gtest/gtest.h>
#include <string>

namespace drover::environments {
namespace {

std::string Workdir(std::string_view text, std::string_view target = "") {
  const auto image = ReadDockerfile(text, target);
  if (!image || !image->workdir) return "(none)";
  return image->workdir->path + ":" + std::to_string(image->workdir->line);
}
std::string ImageVariable(std::string_view text, std::string_view name) {
  const auto image = ReadDockerfile(text, "", {{"GIVEN", "from-build"}});
  if (!image) return "(no image)";
  const auto found = image->environment.find(name);
  return found == image->environment.end() ? "(none)" : found->second.value;
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

TEST(DockerfileTest, StagesHaveNumbers) {
  EXPECT_EQ(Workdir("FROM a\nWORKDIR /a\nFROM 0\nRUN x\n"), "/a:2");
  EXPECT_EQ(Workdir("FROM a\nWORKDIR /a\nFROM b\nWORKDIR /b\n", "1"), "/b:4");
}

TEST(DockerfileTest, VariablesOfEnvAndArgAreReplaced) {
  EXPECT_EQ(Workdir("FROM a\nENV APP_HOME=/srv/app\nWORKDIR $APP_HOME/x\n"), "/srv/app/x:3");
  EXPECT_EQ(Workdir("FROM a\nARG DIR=/app\nWORKDIR ${DIR}\n"), "/app:3");
  EXPECT_EQ(Workdir("ARG DIR=/app\nFROM a\nARG DIR\nWORKDIR ${DIR}\n"), "/app:4");
  EXPECT_EQ(Workdir("ARG DIR=/app\nFROM a\nWORKDIR ${DIR}\n"), "(none)");
  EXPECT_EQ(Workdir("ARG BASE=dev\nFROM a AS dev\nWORKDIR /d\nFROM $BASE\n"), "/d:3");
}

TEST(DockerfileTest, EnvironmentIsInherited) {
  const std::string text =
      "FROM a AS base\nENV DATABASE_URL=\"sqlite:////data/a.db\" X=1\nENV OLD form of it\n"
      "FROM base\nARG GIVEN=default\nENV Y=$X-$GIVEN Z=$NOPE\n";
  EXPECT_EQ(ImageVariable(text, "DATABASE_URL"), "sqlite:////data/a.db");
  EXPECT_EQ(ImageVariable(text, "OLD"), "form of it");
  EXPECT_EQ(ImageVariable(text, "Y"), "1-from-build");
  EXPECT_EQ(ImageVariable(text, "Z"), "(none)");
}

TEST(DockerfileTest, HeredocsAreNoInstructions) {
  EXPECT_EQ(Workdir("FROM a\nWORKDIR /app\nRUN <<EOF\nWORKDIR /no\nEOF\nRUN x\n"), "/app:2");
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
  EXPECT_EQ(Workdir("FROM a\nWORKDIR ${\nENV =\nENV A\nARG\nRUN <<"), "(none)");
  std::string bomb = "FROM a\nENV A0=xxxxxxxxxxxxxxxx\n";
  for (int i = 1; i < 400; ++i) {
    const std::string before = std::to_string(i - 1);
    bomb += "ENV A" + std::to_string(i) + "=$A" + before + "$A" + before + "\n";
  }
  EXPECT_EQ(Workdir(bomb + "WORKDIR /app\n"), "/app:402");
}

}  // namespace
}  // namespace drover::environments
