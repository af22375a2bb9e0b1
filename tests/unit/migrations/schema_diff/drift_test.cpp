#include "migrations/schema_diff/drift.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "migrations/schema_diff/carry_out.h"
#include "tests/unit/migrations/support.h"

namespace drover::migrations {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

SchemaImage Drifted(const std::string& sql) {
  Connection memory("", OpenMode::kMemory);
  memory.Execute(sql);
  return SchemaReader("v").Read(memory);
}

TEST(LeftoverTest, AreKnownByTheirNamesAndColumns) {
  const SchemaImage expected = Drifted("CREATE TABLE users (id, mail); CREATE TABLE old_times (x)");
  const auto names = [&](const std::string& sql) {
    std::vector<std::string> found;
    for (const Leftover& one : FindLeftovers(expected, Drifted(sql))) {
      found.push_back(
          Concat(one.table, " of ", one.of, " by ", one.tool, one.alone ? ", alone" : ""));
    }
    return found;
  };
  EXPECT_THAT(names("CREATE TABLE users (id, mail); CREATE TABLE _alembic_tmp_users (id)"),
              ElementsAre("_alembic_tmp_users of users by alembic"));
  EXPECT_THAT(names("CREATE TABLE __new_users (mail)"),
              ElementsAre("__new_users of users by drizzle-kit, alone"));
  EXPECT_THAT(names("CREATE TABLE new_Users (ID)"),
              ElementsAre("new_Users of users by prisma, alone"));
  EXPECT_THAT(names("CREATE TABLE new_users (other)"), IsEmpty());
  EXPECT_THAT(names("CREATE TABLE new_orders (id)"), IsEmpty());
  EXPECT_THAT(names("CREATE TABLE old_times (x); CREATE TABLE users (id)"), IsEmpty());
}

TEST(IgnoreTest, TakesATableWithWhatBelongsToIt) {
  const SchemaImage image = Drifted(
      "CREATE TABLE Cache_a (x); CREATE INDEX i ON cache_a (x); CREATE TABLE t (x);"
      "CREATE TRIGGER r AFTER INSERT ON cache_a BEGIN SELECT 1; END");
  const std::vector<std::string> patterns{"cache_*"};
  const SchemaImage kept = WithoutIgnored(image, patterns);
  ASSERT_EQ(kept.objects.size(), 1U);
  EXPECT_EQ(kept.objects[0]->name, "t");
  EXPECT_EQ(WithoutIgnored(image, {}), image);
}

class HealTest : public testing::Test {
 protected:
  HealTest() {
    Live("CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT); INSERT INTO t VALUES (5, 'x')");
  }

  void Live(const std::string& sql) { Connection(path_, OpenMode::kCreate).Execute(sql); }
  HealPlan Planned(const std::string& expected) {
    expected_.emplace("", OpenMode::kMemory);
    expected_->Execute(expected);
    return PlanHeal({.path = path_, .expected = *expected_, .ignore = ignore_});
  }

  TempDir directory_;
  std::string path_ = directory_ / "live.db";
  std::vector<std::string> ignore_;
  std::optional<Connection> expected_;
};

TEST_F(HealTest, KeepsTheRowsThatFit) {
  const HealPlan plan = Planned("CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT NOT NULL)");
  ASSERT_EQ(plan.plan.outcome, SchemaPlanOutcome::kOk);
  EXPECT_THAT(plan.problems, IsEmpty());
  Heal(path_, plan, "alembic_version", {});
  Connection live(path_, OpenMode::kRead);
  EXPECT_EQ(live.QueryText("SELECT a || b FROM t"), "5x");
  EXPECT_EQ(SchemaReader("alembic_version").Read(live), plan.to);
}

TEST_F(HealTest, ASchemaThatHasChangedMeanwhileIsLeftAlone) {
  const HealPlan plan = Planned("CREATE TABLE t (a INTEGER PRIMARY KEY)");
  Live("CREATE TABLE late (x)");
  EXPECT_EQ(Caught([&] { Heal(path_, plan, "alembic_version", {}); }).kind, "drift.changed");
  Connection live(path_, OpenMode::kRead);
  EXPECT_EQ(live.QueryText("SELECT b FROM t"), "x");
}

TEST_F(HealTest, WhatIsIgnoredStaysWithItsRows) {
  Live("CREATE TABLE cache_a (x); INSERT INTO cache_a VALUES (1); CREATE TABLE more (x)");
  ignore_ = {"cache_*"};
  const HealPlan plan = Planned(
      "CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT);"
      "CREATE TABLE cache_b (x)");
  Heal(path_, plan, "alembic_version", {});
  Connection live(path_, OpenMode::kRead);
  EXPECT_EQ(live.QueryInteger("SELECT x FROM cache_a"), 1);
  EXPECT_EQ(live.QueryColumn("SELECT name FROM sqlite_schema ORDER BY 1"),
            (std::vector<std::string>{"cache_a", "t"}));
}

TEST_F(HealTest, RowsThatDoNotFitBlock) {
  Live("INSERT INTO t VALUES (6, NULL)");
  const HealPlan plan = Planned("CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT NOT NULL)");
  EXPECT_EQ(plan.plan.outcome, SchemaPlanOutcome::kBlocked);
}

TEST_F(HealTest, ABackupIsTheWholeDatabaseAndReplacesNothing) {
  const std::string to = directory_ / "backup.db";
  BackUp(path_, to);
  EXPECT_EQ(Connection(to, OpenMode::kRead).QueryText("SELECT b FROM t"), "x");
  EXPECT_EQ(Caught([&] { BackUp(path_, to); }).kind, "io.exists");
}

TEST_F(HealTest, AWalDatabaseIsHealedToo) {
  Connection writer(path_, OpenMode::kWrite);
  writer.Execute("PRAGMA journal_mode=WAL; INSERT INTO t VALUES (6, 'y')");
  const HealPlan plan = Planned("CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT NOT NULL)");
  ASSERT_EQ(plan.plan.outcome, SchemaPlanOutcome::kOk);
  Heal(path_, plan, "alembic_version", {});
  EXPECT_EQ(writer.QueryInteger("SELECT count(*) FROM t"), 2);
}

TEST_F(HealTest, AdoptionIsTheOtherDirection) {
  Connection expected("", OpenMode::kMemory);
  expected.Execute("CREATE TABLE t (a INTEGER PRIMARY KEY); CREATE TABLE cache_b (x)");
  Live("CREATE TABLE cache_a (x)");
  const AutogenerateDocument made =
      GenerateAdoption({.path = path_, .expected = expected, .ignore = {"cache_*"}});
  ASSERT_EQ(made.outcome, "ok");
  EXPECT_THAT(made.up, testing::HasSubstr("ADD COLUMN b TEXT"));
  EXPECT_THAT(made.up, testing::Not(testing::HasSubstr("cache")));
}

TEST_F(HealTest, ChecksInsideTheTransactionCanRefuse) {
  Connection live(path_, OpenMode::kWrite);
  const auto refuse = [](Connection&) { throw Error(Code::kConflict, "no", "no"); };
  EXPECT_EQ(Caught([&] { CarryOut(live, "DELETE FROM t;", {}, {.after = refuse}); }).kind, "no");
  EXPECT_EQ(Caught([&] { CarryOut(live, "DELETE FROM t;", {}, {.before = refuse}); }).kind, "no");
  EXPECT_EQ(live.QueryInteger("SELECT count(*) FROM t"), 1);
}

}  // namespace
}  // namespace drover::migrations
