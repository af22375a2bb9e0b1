#include "environments/compose/environment.h"

#include <gtest/gtest.h>
#include <string>

#include "base/text.h"
#include "tests/unit/environments/fake_files.h"

namespace drover::environments {
namespace {

class ComposeEnvironmentTest : public testing::Test {
 protected:
  std::string ValueOf(std::string_view name) {
    const ComposeVariable* variable = environment_.Find(name);
    return variable == nullptr ? "(none)" : Concat(variable->value, " <- ", variable->where);
  }
  bool Load(const std::string& name, std::string_view text) {
    files_.Put("/p/" + name, std::string(text));
    return environment_.Load("/p/" + name, "/p", files_);
  }
  Error LoadFailure(std::string_view text) {
    return ErrorOf([&] { return Load(".env", text); });
  }

  FakeFiles files_;
  ComposeSurroundings surroundings_{.shell = ComposeSurroundings::Knowledge::kEverything,
                                    .variables = {{"SHELL_ONLY", "s"}, {"BOTH", "shell"}},
                                    .directory = {},
                                    .home = {}};
  ComposeEnvironment environment_{surroundings_};
};

TEST_F(ComposeEnvironmentTest, TheShellGoesBeforeTheFile) {
  EXPECT_TRUE(Load(".env", "BOTH=file\nFILE=f\n"));
  EXPECT_EQ(ValueOf("BOTH"), "shell <- the shell's environment");
  EXPECT_EQ(ValueOf("FILE"), "f <- .env:2");
  EXPECT_TRUE(environment_.IsOverridden("BOTH"));
  EXPECT_FALSE(environment_.IsOverridden("FILE"));
  EXPECT_FALSE(environment_.IsOverridden("SHELL_ONLY"));
}

TEST_F(ComposeEnvironmentTest, TheFirstFileGoesBeforeTheSecond) {
  Load("a.env", "X=1\nX=2\n");
  Load("b.env", "X=3\nY=${X}\n");
  EXPECT_EQ(ValueOf("X"), "2 <- a.env:2");
  EXPECT_EQ(ValueOf("Y"), "2 <- b.env:2");
}

TEST_F(ComposeEnvironmentTest, MissingFileAddsNothing) {
  EXPECT_FALSE(environment_.Load("/p/none", "/p", files_));
  files_.PutDirectory("/p/dir");
  EXPECT_FALSE(environment_.Load("/p/dir", "/p", files_));
}

TEST_F(ComposeEnvironmentTest, ValuesUseTheShellFirstThenTheLinesAbove) {
  Load(".env", "A=1\nB=$A-${A}-${BOTH}-${LATER}\nLATER=x\nBOTH=file\nC=$BOTH\n");
  EXPECT_EQ(ValueOf("B"), "1-1-shell- <- .env:2");
  EXPECT_EQ(ValueOf("C"), "shell <- .env:5");
}

TEST_F(ComposeEnvironmentTest, SingleQuotesProtectAndEscapedDollarsStay) {
  Load(".env", "A=1\nB='$A'\nC=\"\\$A\"\nD=\"$A\"\n");
  EXPECT_EQ(ValueOf("B"), "$A <- .env:2");
  EXPECT_EQ(ValueOf("C"), "$A <- .env:3");
  EXPECT_EQ(ValueOf("D"), "1 <- .env:4");
}

TEST_F(ComposeEnvironmentTest, NameAloneTakesTheValueOfTheShell) {
  const VariableLookup outer = [&](std::string_view name) { return environment_.Look(name); };
  const std::vector<EnvFileVariable> read = ReadEnvFile("SHELL_ONLY\nNOPE\n", "/p/x", "/p", outer);
  ASSERT_EQ(read.size(), 1U);
  EXPECT_EQ(read[0].name, "SHELL_ONLY");
  EXPECT_EQ(read[0].value, "s");
  EXPECT_EQ(read[0].where, "x:1");
}

TEST_F(ComposeEnvironmentTest, BadLineRefusesTheFile) {
  const Error error = LoadFailure("A=1\nB$=2\n");
  EXPECT_EQ(error.kind, "compose.env_file");
  EXPECT_EQ(error.message,
            "failed to read /p/.env: line 2: unexpected character \"$\" in variable name \"B$=2\"");
  EXPECT_EQ(error.where, "/p/.env:2:2");
  EXPECT_EQ(LoadFailure("A=${B:?set B}\n").kind, "variable.required");
  EXPECT_EQ(LoadFailure("A=${B\n").where, "/p/.env:1:1");
}

TEST_F(ComposeEnvironmentTest, GrowthIsBounded) {
  std::string text = "V0=xxxxxxxxxxxxxxxx\n";
  for (int i = 1; i < 12; ++i) {
    const std::string before = std::to_string(i - 1);
    text += "V" + std::to_string(i) + "=$V" + before + "$V" + before + "\n";
  }
  for (int i = 0; i < 1000; ++i) text += "W" + std::to_string(i) + "=$V11\n";
  EXPECT_EQ(LoadFailure(text).kind, "variable.too_long");
}

TEST_F(ComposeEnvironmentTest, WhatComposeDefinesGivesWay) {
  environment_.Define("BOTH", "c");
  environment_.Define("PWD", "/p");
  EXPECT_EQ(ValueOf("BOTH"), "shell <- the shell's environment");
  EXPECT_EQ(ValueOf("PWD"), "/p <- compose");
}

}  // namespace
}  // namespace drover::environments
