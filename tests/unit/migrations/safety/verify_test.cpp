#include "migrations/safety/verify.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/migrations/apply_support.h"

namespace drover::migrations {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class VerifyTest : public ::testing::Test {
 protected:
  std::vector<VerifiedRevision> Verify(std::vector<Revision> revisions,
                                       std::vector<bool> selected = {},
                                       const std::string& copy = "") {
    auto graph = std::make_shared<Graph>(std::move(revisions));
    if (selected.empty()) selected.assign(graph->revisions().size(), true);
    return VerifyRevisions({.directory = directory_.path(),
                            .copy = copy,
                            .version_table = kVersionTable,
                            .by = Somebody(),
                            .stubs = {},
                            .snapshots = snapshots_,
                            .graph = graph,
                            .selected = selected},
                           std::stop_token());
  }

  TempDir directory_;
  Snapshots snapshots_;
};

std::string Outcomes(const std::vector<VerifiedRevision>& verified) {
  std::vector<std::string> outcomes;
  for (const auto& each : verified) outcomes.push_back(each.revision + " " + each.outcome);
  return Listed(outcomes);
}

TEST_F(VerifyTest, EveryRevisionOfABranchedHistory) {
  EXPECT_EQ(Outcomes(Verify({MakeRevision("a", {}, "CREATE TABLE a (x);", "DROP TABLE a;"),
                             MakeRevision("b", {"a"}, "CREATE TABLE b (x);", "DROP TABLE b;"),
                             MakeRevision("c", {"a"}, "CREATE TABLE c (x);", "DROP TABLE c;"),
                             MakeRevision("m", {"b", "c"})})),
            "a ok, b ok, c ok, m ok");
}

TEST_F(VerifyTest, WhatComesBeforeIsTakenFromASnapshot) {
  const std::vector<Revision> chain{
      MakeRevision("a", {}, "CREATE TABLE a (x); INSERT INTO a VALUES (1);"),
      MakeRevision("b", {"a"}, "CREATE TABLE b AS SELECT x FROM a;"),
      MakeRevision("c", {"b"}, "CREATE UNIQUE INDEX i ON b (x);", "DROP INDEX i;")};
  const TempDir state;
  snapshots_ = Snapshots(state / "snapshots", {.worth = 1});
  EXPECT_EQ(Outcomes(Verify(chain, {false, false, true})), "c ok");
  EXPECT_FALSE(Names(snapshots_.directory()).empty());
  std::filesystem::remove(directory_ / "main.db");
  EXPECT_EQ(Outcomes(Verify(chain, {false, false, true})), "c ok");
  Connection main(directory_ / "main.db", OpenMode::kRead);
  EXPECT_EQ(main.QueryInteger("SELECT x FROM b"), 1);
}

TEST_F(VerifyTest, AWayDownThatLeavesSomethingFails) {
  const auto verified = Verify(
      {MakeRevision("a", {}, "CREATE TABLE a (x); CREATE INDEX i ON a (x);", "DROP TABLE a;"),
       MakeRevision("b", {"a"}, "CREATE TABLE b (x); CREATE TABLE c (x);", "DROP TABLE b;")});
  ASSERT_EQ(Outcomes(verified), "a ok, b failed");
  EXPECT_THAT(verified[1].problems.front(), HasSubstr("after its way down, table c"));
}

TEST_F(VerifyTest, AWayDownThatTakesRowsOfOthersFails) {
  const auto verified =
      Verify({MakeRevision("a", {}, "CREATE TABLE a (x INT, y TEXT);", "DROP TABLE a;"),
              MakeRevision(
                  "b", {"a"}, "ALTER TABLE a ADD COLUMN z;",
                  "CREATE TABLE n (x INT, y TEXT); INSERT INTO n SELECT y, x FROM a; DROP TABLE a; "
                  "ALTER TABLE n RENAME TO a;")});
  ASSERT_EQ(Outcomes(verified), "a ok, b failed");
  EXPECT_THAT(verified[1].problems.front(), HasSubstr("would hold what was in a."));
}

TEST_F(VerifyTest, WhatIsLostIsSaid) {
  const auto verified = Verify(
      {MakeRevision("a", {}, "CREATE TABLE a (x, y);", "DROP TABLE a;"),
       MakeRevision("b", {"a"}, "ALTER TABLE a DROP COLUMN y;", "ALTER TABLE a ADD COLUMN y;")});
  EXPECT_EQ(Outcomes(verified), "a ok, b ok");
  EXPECT_THAT(verified[1].notes, ElementsAre(HasSubstr("drop column a.y")));
}

TEST_F(VerifyTest, WithoutAWayDownItIsIrreversible) {
  Revision b = MakeRevision("b", {"a"}, "CREATE TABLE b (x);");
  b.down.reset();
  EXPECT_EQ(Outcomes(Verify({MakeRevision("a", {}, "CREATE TABLE a (x);", "DROP TABLE a;"), b,
                             MakeRevision("c", {"b"}, "CREATE TABLE c (x);", "DROP TABLE c;")})),
            "a ok, b irreversible, c ok");
}

TEST_F(VerifyTest, OneThatDoesNotGoUpEndsIt) {
  const auto verified = Verify({MakeRevision("a", {}, "CREATE TABLE a (x);", "DROP TABLE a;"),
                                MakeRevision("b", {"a"}, "INSERT INTO missing VALUES (1);", ""),
                                MakeRevision("c", {"b"}, "CREATE TABLE c (x);", "DROP TABLE c;")},
                               {false, false, true});
  EXPECT_EQ(Outcomes(verified), "b failed");
  EXPECT_THAT(verified[0].problems.front(), HasSubstr("missing"));
}

TEST_F(VerifyTest, MadeUpRowsThatMeetItsOwnAreANote) {
  const auto verified =
      Verify({MakeRevision("a", {}, "CREATE TABLE a (id INTEGER PRIMARY KEY, x);", "DROP TABLE a;"),
              MakeRevision("b", {"a"}, "INSERT INTO a (id, x) VALUES (3, 'seed');",
                           "DELETE FROM a WHERE id = 3;")});
  EXPECT_EQ(Outcomes(verified), "a ok, b ok");
  EXPECT_THAT(verified[1].notes, ::testing::Contains(HasSubstr("made-up rows")));
}

TEST_F(VerifyTest, OnACopyOfARealDatabaseOnlyWhatIsPending) {
  const std::string copy = directory_ / "copy.db";
  const std::vector<Revision> revisions{
      MakeRevision("a", {}, "CREATE TABLE a (x);", "DROP TABLE a;"),
      MakeRevision("b", {"a"}, "CREATE UNIQUE INDEX u ON a (x);", "DROP INDEX u;")};
  const Graph first({revisions[0]});
  (void)CarryOut(Upgrade(copy, first));
  EXPECT_EQ(Outcomes(Verify(revisions, {}, copy)), "b ok");

  const std::string twice = directory_ / "twice.db";
  (void)CarryOut(Upgrade(twice, first));
  MakeDatabase(twice, "INSERT INTO a VALUES (1), (1)");
  EXPECT_EQ(Outcomes(Verify(revisions, {}, twice)), "b failed");
  EXPECT_THAT(Verify({revisions[0]}, {}, twice), IsEmpty());
}

}  // namespace
}  // namespace drover::migrations
