#include "client/shell_variables.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace drover::client {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

WhereDocument Asking(std::vector<std::string> names) {
  WhereDocument where;
  where.environments.emplace_back();
  where.environments.emplace_back().variables = std::move(names);
  return where;
}

TEST(ShellVariablesTest, OnlyWhatIsAskedForIsTold) {
  const std::string huge = "DB=" + std::string(40000, 'x');
  const char* const environment[] = {"SECRET=s",   "DB_URL=a=b.db", "db__db_url=c", "DB_URLS=no",
                                     huge.c_str(), "DATA=",         nullptr};
  EXPECT_THAT(WantedVariables(Asking({"DB", "DB_URL", "DB__DB_URL", "DATA"}), environment),
              ElementsAre("DB_URL=a=b.db", "db__db_url=c", "DATA="));
  EXPECT_THAT(WantedVariables(Asking({}), environment), IsEmpty());
  EXPECT_THAT(WantedVariables(Asking({"DB_URL"}), nullptr), IsEmpty());
}

}  // namespace
}  // namespace drover::client
