#include "environments/shell.h"

#include <gtest/gtest.h>
#include <map>
#include <string>

#include "base/text.h"
#include "tests/unit/environments/fake_files.h"

namespace drover::environments {
namespace {

class ShellTest : public testing::Test {
 protected:
  ShellTest() {
    files_.PutDirectory("/p/idv");
    files_.Put("/p/idv/.env", "DB__DB_URL=sqlite:///a.db\n");
  }

  std::optional<ShellComparison> Compare(std::string_view lines,
                                         const std::map<std::string, std::string>& shell) {
    const Config config =
        ParseConfig(Concat("environments:\n  dev:\n", lines, "\n"), "/p/idv/drover.yaml");
    const EnvironmentConfig& dev = config.environments[0];
    return CompareWithShell(config, dev, ResolveTarget(config, dev, files_), shell, files_);
  }
  std::optional<ShellComparison> Compare(const std::map<std::string, std::string>& shell) {
    return Compare("    url: ${DB__DB_URL}\n    env_file: .env", shell);
  }
  static std::string Message(const std::optional<ShellComparison>& compared) {
    return compared && compared->finding ? compared->finding->message : "";
  }

  FakeFiles files_;
};

TEST_F(ShellTest, TheShellWinsOverTheFile) {
  const auto compared = Compare({{"DB__DB_URL", "sqlite:///b.db"}, {"UNRELATED", "x"}});
  ASSERT_TRUE(compared);
  EXPECT_EQ(compared->where.variables, std::vector<std::string>{"DB__DB_URL"});
  EXPECT_EQ(compared->where.path, "/p/idv/b.db");
  EXPECT_FALSE(compared->where.same);
  ASSERT_TRUE(compared->finding);
  EXPECT_EQ(compared->finding->code, "shell-variable-wins");
  EXPECT_EQ(compared->finding->severity, "warning");
  EXPECT_EQ(compared->finding->message,
            "an application started from this shell would use b.db: DB__DB_URL is set there and "
            "wins over .env:1");
  EXPECT_EQ(compared->finding->fix, "unset DB__DB_URL");
  EXPECT_EQ(compared->finding->where, "/p/idv/drover.yaml:3:10");
  EXPECT_EQ(compared->finding->environment, "dev");
}

TEST_F(ShellTest, TheSameFileIsNoFinding) {
  const auto compared = Compare({{"DB__DB_URL", "sqlite:////p/idv/./a.db"}});
  ASSERT_TRUE(compared);
  EXPECT_TRUE(compared->where.same);
  EXPECT_FALSE(compared->finding);
}

TEST_F(ShellTest, WhatNobodyAsksForIsNotLookedAt) {
  EXPECT_FALSE(Compare({{"UNRELATED", "sqlite:///b.db"}}));
  EXPECT_FALSE(Compare("    url: a.db", {{"DB__DB_URL", "sqlite:///b.db"}}));
  EXPECT_FALSE(Compare({}));
}

TEST_F(ShellTest, NamesInAnotherCaseAndJsonWinAsWell) {
  EXPECT_EQ(Compare({{"db__db_url", "b.db"}})->where.path, "/p/idv/b.db");
  const auto compared = Compare({{"DB", "{\"db_url\": \"c.db\"}"}});
  EXPECT_EQ(compared->where.path, "/p/idv/c.db");
  EXPECT_EQ(compared->finding->fix, "unset DB");
}

TEST_F(ShellTest, AVariableInsideAValueOfTheFileWinsAsWell) {
  files_.Put("/p/idv/.env", "DIR=one\nDB__DB_URL=${DIR}/a.db\n");
  EXPECT_EQ(Compare({{"DIR", "two"}})->where.path, "/p/idv/two/a.db");
}

TEST_F(ShellTest, OfSeveralOnlyThoseThatDecideAreNamed) {
  const auto compared = Compare({{"DB", "no JSON"}, {"DB__DB_URL", "b.db"}});
  EXPECT_EQ(compared->finding->fix, "unset DB__DB_URL");
}

TEST_F(ShellTest, WhatIsNoSqliteFileIsNotRepeated) {
  const auto compared = Compare({{"DB__DB_URL", "postgres://me:secret@db/x"}});
  EXPECT_EQ(Message(compared),
            "an application started from this shell would use something else than a SQLite file "
            "of this machine: DB__DB_URL is set there and wins over .env:1");
  EXPECT_FALSE(compared->where.path);
  EXPECT_EQ(Message(Compare({{"DB__DB_URL", "jdbc:secret"}})).find("secret"), std::string::npos);
  EXPECT_EQ(Message(Compare({{"DB__DB_URL", "sqlite://"}})),
            "an application started from this shell would use a database in memory: DB__DB_URL is "
            "set there and wins over .env:1");
}

TEST_F(ShellTest, AShellCanSetWhatNoFileSets) {
  const auto compared = Compare("    url: ${NOWHERE}", {{"NOWHERE", "b.db"}});
  ASSERT_TRUE(compared);
  EXPECT_EQ(compared->where.path, "/p/idv/b.db");
  EXPECT_TRUE(compared->finding);
}

TEST_F(ShellTest, ComposeTakesTheShellsValueToo) {
  files_.PutDirectory("/p/idv/data");
  files_.PutDirectory("/p/idv/other");
  files_.Put("/p/idv/.env", "DATA=data\n");
  files_.Put("/p/idv/compose.yml",
             "services:\n  app:\n    image: x\n    volumes: [\"./${DATA}:/srv\"]\n");
  const auto compared =
      Compare("    url: sqlite:////srv/a.db\n    compose: {file: compose.yml, service: app}",
              {{"DATA", "other"}});
  ASSERT_TRUE(compared);
  EXPECT_EQ(compared->where.path, "/p/idv/other/a.db");
  EXPECT_TRUE(Message(compared).starts_with("a container started from this shell"));
}

TEST_F(ShellTest, PairsAreNameAndValue) {
  const std::vector<std::string> pairs{"A=1=2", "B="};
  EXPECT_EQ(ParseShellVariables(pairs),
            (std::map<std::string, std::string>{{"A", "1=2"}, {"B", ""}}));
  const std::vector<std::string> bad{"NAME"};
  EXPECT_EQ(ErrorOf([&] { return ParseShellVariables(bad); }).kind, "protocol.params");
}

}  // namespace
}  // namespace drover::environments
