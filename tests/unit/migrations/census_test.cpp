#include "migrations/census.h"

#include <gmock/gmock.h>

#include "base/error.h"

namespace drover::migrations {
namespace {

using testing::ElementsAre;

TEST(CensusTest, CountsTheUsersTablesUpToTheLimit) {
  Connection connection("", OpenMode::kMemory);
  connection.Execute(
      "CREATE TABLE b (x); INSERT INTO b VALUES (1), (2), (3); CREATE TABLE a (x);"
      "CREATE TABLE versions (version_num); CREATE TABLE drover_history (x);"
      "CREATE VIEW v AS SELECT 1; CREATE TABLE \"odd \"\"name\" (x) ");
  EXPECT_THAT(CountRows(connection, "versions", {.tables = 10, .rows = 2}),
              ElementsAre(TableRows{.table = "a", .rows = 0, .more = false},
                          TableRows{.table = "b", .rows = 2, .more = true},
                          TableRows{.table = "odd \"name", .rows = 0, .more = false}));
  EXPECT_EQ(CountRows(connection, "versions", {.tables = 1, .rows = 2}).size(), 1U);
}

TEST(CensusTest, ADatabaseOfBytesIsReadAsItIs) {
  Connection connection = Connection::OfBytes(std::string(100, 'x'));
  EXPECT_THROW(static_cast<void>(CountRows(connection, "")), Error);
}

}  // namespace
}  // namespace drover::migrations
