#include "environments/exec_variables.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/text.h"
#include "tests/unit/environments/fake_files.h"

namespace drover::environments {
namespace {

using testing::ElementsAre;

class ExecVariablesTest : public testing::Test {
 protected:
  ExecVariablesTest() { files_.PutDirectory("/p/idv"); }

  /// Of the environment `dev`, written as the lines below its name.
  ExecDocument Make(std::string_view lines) {
    const Config config =
        ParseConfig(Concat("environments:\n  dev:\n", lines, "\n"), "/p/idv/drover.yaml");
    const Target target = ResolveTarget(config, config.environments[0], files_);
    return MakeExec(config, config.environments[0], target, files_);
  }

  /// "NAME=value" of what the project's own variables become.
  std::vector<std::string> Set(std::string_view lines) {
    std::vector<std::string> pairs;
    for (const ExecVariable& each : Make(lines).variables) {
      if (each.from != "drover") pairs.push_back(Concat(each.name, "=", each.value));
    }
    return pairs;
  }

  FakeFiles files_;
};

TEST_F(ExecVariablesTest, TheVariableOfTheUrlGetsAnAbsoluteOne) {
  files_.Put("/p/idv/.env", "DB__DB_URL = sqlite+aiosqlite:///./application.db\n");
  const ExecDocument exec =
      Make("    url: ${DB__DB_URL:-sqlite+aiosqlite:///./application.db}\n    env_file: .env");
  EXPECT_EQ(exec.environment, "dev");
  EXPECT_EQ(exec.root, "/p/idv");
  EXPECT_EQ(exec.path, "/p/idv/application.db");
  EXPECT_FALSE(exec.exists);
  std::vector<std::string> pairs;
  for (const ExecVariable& each : exec.variables) pairs.push_back(each.name + "=" + each.value);
  EXPECT_THAT(pairs, ElementsAre("DB__DB_URL=sqlite+aiosqlite:////p/idv/application.db",
                                 "DROVER_ENVIRONMENT=dev", "DROVER_PROJECT_ROOT=/p/idv",
                                 "DROVER_DATABASE_PATH=/p/idv/application.db"));
}

TEST_F(ExecVariablesTest, AllNestedVariablesAreSet) {
  EXPECT_THAT(Set("    url: ${A:-${B:-sqlite:///x.db}}"),
              ElementsAre("A=sqlite:////p/idv/x.db", "B=sqlite:////p/idv/x.db"));
}

TEST_F(ExecVariablesTest, AVariableWithinTheUrlGetsItsPart) {
  EXPECT_THAT(Set("    url: sqlite:///${DATA:-data}/app.db"), ElementsAre("DATA=/p/idv/data"));
  // "./" cannot become absolute.
  EXPECT_THAT(Set("    url: sqlite:///./${DATA:-data}/app.db"),
              ElementsAre("DATABASE_URL=sqlite:////p/idv/data/app.db"));
}

TEST_F(ExecVariablesTest, WithoutAVariableItIsTheUsualOne) {
  EXPECT_THAT(Set("    url: sqlite:///./x.db"), ElementsAre("DATABASE_URL=sqlite:////p/idv/x.db"));
}

TEST_F(ExecVariablesTest, OtherSpellingsInTheEnvFileAreSetToo) {
  files_.Put("/p/idv/.env", "db_url=sqlite:///x.db\nOTHER=1\n");
  EXPECT_THAT(Set("    url: ${DB_URL}\n    env_file: .env"),
              ElementsAre("DB_URL=sqlite:////p/idv/x.db", "db_url=sqlite:////p/idv/x.db"));
}

TEST_F(ExecVariablesTest, TheServicesVariableIsSetWhenThereIsNoUrl) {
  files_.Put("/p/idv/docker-compose.yml",
             "services:\n  app:\n    image: x\n    environment: {DB: 'sqlite:////app/d/x.db'}\n"
             "    volumes: ['./d:/app/d']\n");
  files_.PutDirectory("/p/idv/d");
  EXPECT_THAT(Set("    compose: {service: app}"), ElementsAre("DB=sqlite:////p/idv/d/x.db"));
}

TEST_F(ExecVariablesTest, WhatTheHostCannotReachIsRefused) {
  files_.Put("/p/idv/docker-compose.yml",
             "services:\n  app:\n    image: x\n    environment: {DB: 'sqlite:////app/x.db'}\n");
  const Error error = ErrorOf([&] { return Make("    compose: {service: app}"); });
  EXPECT_EQ(error.code, Code::kRefused);
  EXPECT_EQ(error.kind, "exec.unreachable");
  EXPECT_EQ(ErrorOf([&] { return Make("    url: 'sqlite://'"); }).kind, "exec.memory");
  EXPECT_EQ(ErrorOf([&] { return Make("    url: ${NO_SUCH}"); }).kind, "variable.unset");
}

TEST(TemplateVariablesTest, FindsWhatCanBeChanged) {
  using Variable = TemplateVariable;
  EXPECT_THAT(TemplateVariables("$DB"), ElementsAre(Variable{"DB", "", ""}));
  EXPECT_THAT(TemplateVariables("${A:?no}"), ElementsAre(Variable{"A", "", ""}));
  EXPECT_THAT(TemplateVariables("x/${A}/y"), ElementsAre(Variable{"A", "x/", "/y"}));
  EXPECT_THAT(TemplateVariables("${A}/${B}"), ElementsAre());
  EXPECT_THAT(TemplateVariables("a$$b"), ElementsAre());
  EXPECT_THAT(TemplateVariables("${A:-x${B}y}"), ElementsAre(Variable{"A", "", ""}));
}

}  // namespace
}  // namespace drover::environments
