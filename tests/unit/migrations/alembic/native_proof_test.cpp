#include "migrations/alembic/native_proof.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/migrations/support.h"

namespace drover::migrations {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

/// Two private databases.
class NativeProofTest : public testing::Test {
 protected:
  void Make(const std::string& name, std::string_view sql) const {
    Connection(directory_ / name, OpenMode::kCreate).Execute(sql);
  }
  [[nodiscard]] StateDifferences Differences(const std::vector<std::string>& days = {}) const {
    return CompareStates(ReadDatabaseState(directory_ / "a.db", setting_),
                         ReadDatabaseState(directory_ / "b.db", setting_), days);
  }

  TempDir directory_;
  ProofSetting setting_{.version_table = "alembic_version"};
};

TEST_F(NativeProofTest, TheVersionTableDoesNotCount) {
  Make("a.db", "CREATE TABLE t (x); CREATE TABLE alembic_version (version_num)");
  Make("b.db", "CREATE TABLE T (x)");
  EXPECT_THAT(Differences().schema, IsEmpty());
  EXPECT_THAT(Differences().rows, IsEmpty());
}

TEST_F(NativeProofTest, SchemaAndRowsAreCompared) {
  Make("a.db", "CREATE TABLE t (x); CREATE TABLE u (x INTEGER); INSERT INTO u VALUES (1), (2)");
  Make("b.db", "CREATE TABLE t (x, y); CREATE TABLE u (x INTEGER); INSERT INTO u VALUES (1)");
  const StateDifferences found = Differences();
  EXPECT_THAT(found.schema, ElementsAre("+ t.y no type"));
  EXPECT_THAT(found.rows, ElementsAre("table u: 1 row instead of 2"));
  EXPECT_THAT(found.tables, ElementsAre("u"));
}

TEST_F(NativeProofTest, ATypeThatDiffersIsADifference) {
  Make("a.db", "CREATE TABLE t (x); INSERT INTO t VALUES (1)");
  Make("b.db", "CREATE TABLE t (x); INSERT INTO t VALUES ('1')");
  EXPECT_THAT(Differences().rows, ElementsAre(HasSubstr("a row is text '1'")));
}

TEST_F(NativeProofTest, TimesOfTheWorkItselfMayDiffer) {
  Make("a.db", "CREATE TABLE t (x, y); INSERT INTO t VALUES ('2026-11-28 10:00:00', 'k')");
  Make("b.db", "CREATE TABLE t (x, y); INSERT INTO t VALUES ('2026-11-28T10:00:07.5Z', 'k')");
  EXPECT_THAT(Differences({"2026-11-28"}).rows, IsEmpty());
  EXPECT_EQ(Differences({"2026-11-27"}).rows.size(), 1U);
}

TEST_F(NativeProofTest, AScriptRunsAsAMigrationDoes) {
  Make("a.db",
       "CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE c (p REFERENCES p); INSERT INTO p "
       "VALUES (1); INSERT INTO c VALUES (1)");
  CopyScratchDatabase(directory_ / "a.db", directory_ / "b.db");
  RunOnScratch(directory_ / "b.db", {.sql = "DELETE FROM p;"}, "x.sql", setting_, {});
  EXPECT_THAT(Differences().rows, ElementsAre("table p: 0 rows instead of 1"));
  EXPECT_THROW(RunOnScratch(directory_ / "b.db", {.sql = "DELETE FROM c;\nnonsense;"}, "x.sql",
                            setting_, {}),
               Error);
  EXPECT_THAT(Differences().rows, ElementsAre("table p: 0 rows instead of 1"));
}

}  // namespace
}  // namespace drover::migrations
