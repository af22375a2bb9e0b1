#include "migrations/redo.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/migrations/support.h"

namespace drover::migrations {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

using Ids = std::vector<RevisionId>;

/// "down b → a | up b → b": each step with the rows after it.
std::string StepsAndRows(const Plan& plan) {
  std::vector<std::string> steps;
  for (const Step& step : plan.steps) {
    steps.push_back(Concat(step.direction == Direction::kUp ? "up " : "down ", step.revision.id,
                           " → ", Listed(step.rows_after)));
  }
  return Join(steps, " | ");
}

/// The files, and a database that has applied them with other SQL where a test says so.
struct Fixture {
  explicit Fixture(std::string_view text) : files(std::make_shared<const Graph>(Revisions(text))) {
    lineage.graph = files;
  }

  Plan Redo(const Ids& rows, std::string_view target = "") const {
    return PlanRedo(*files, lineage, rows, ResolveRedo(*files, rows, target));
  }

  std::shared_ptr<const Graph> files;
  Lineage lineage;
};

TEST(RedoTest, TheNewestIsTakenBackAndAppliedAgain) {
  const Plan plan = Fixture("a <- b").Redo({"b"});
  EXPECT_EQ(StepsAndRows(plan), "down b → a | up b → b");
  EXPECT_EQ(plan.from, plan.to);
  EXPECT_EQ(StepsAndRows(Fixture("a").Redo({"a"})), "down a →  | up a → a");
}

TEST(RedoTest, EverythingAppliedAboveGoesAndComesToo) {
  const Fixture fixture("a <- b <- c <- d; a <- x; c <~ x");
  EXPECT_EQ(StepsAndRows(fixture.Redo({"c"}, "b")), "down c → b | down b → a | up b → b | up c → c")
      << "d and x are not applied";
  EXPECT_EQ(StepsAndRows(Fixture("a <- b; a <- c; b <- m; c <- m").Redo({"m"}, "b")),
            "down m → b, c | down b → c | up b → b, c | up m → m")
      << "c is not above b";
}

TEST(RedoTest, DownIsWhatWasAppliedUpIsWhatTheFileSays) {
  Fixture fixture("a <- b");
  Revision archived = MakeRevision("b", {"a"}, "CREATE TABLE old (x);", "DROP TABLE old;");
  archived.archived = true;
  fixture.lineage.archived["b"] = archived;
  const Plan plan = fixture.Redo({"b"});
  EXPECT_EQ(plan.steps[0].script().sql, "DROP TABLE old;");
  EXPECT_FALSE(plan.steps[1].revision.archived);
  EXPECT_THAT(plan.warnings, IsEmpty());
}

TEST(RedoTest, AWayDownThatCameLaterIsUsedWithAWarning) {
  Fixture fixture("a");
  fixture.files = std::make_shared<const Graph>(
      std::vector<Revision>{MakeRevision("a", {}, "CREATE TABLE t (x);", "DROP TABLE t;")});
  fixture.lineage.graph = fixture.files;
  fixture.lineage.archived["a"] = MakeRevision("a", {}, "CREATE TABLE t (x);", "-- later\n");
  Plan plan = fixture.Redo({"a"});
  EXPECT_EQ(plan.steps[0].script().sql, "DROP TABLE t;");
  EXPECT_THAT(plan.warnings, ElementsAre(HasSubstr("had no way down when it was applied")));
  fixture.lineage.archived["a"].down.reset();
  plan = fixture.Redo({"a"});
  EXPECT_EQ(plan.steps[0].script().sql, "DROP TABLE t;");
}

TEST(RedoTest, WithoutAnyWayDownItIsIrreversible) {
  std::vector<Revision> revisions = Revisions("a <- b");
  revisions[1].down.reset();
  Fixture fixture("a");
  fixture.files = std::make_shared<const Graph>(revisions);
  fixture.lineage.graph = fixture.files;
  EXPECT_EQ(Caught([&] { (void)fixture.Redo({"b"}, "a"); }).kind, "irreversible");
}

TEST(RedoTest, WhatIsNotAppliedCannotBeRedone) {
  const Fixture fixture("a <- b; a <- c");
  EXPECT_EQ(Caught([&] { (void)fixture.Redo({}); }).kind, "nothing_to_redo");
  EXPECT_EQ(Caught([&] { (void)fixture.Redo({"a"}, "b"); }).kind, "not_applied");
  EXPECT_EQ(Caught([&] { (void)fixture.Redo({"a"}, "zz"); }).code, Code::kNotFound);
  const Error error = Caught([&] { (void)fixture.Redo({"b", "c"}); });
  EXPECT_EQ(error.kind, "ambiguous_relative");
  EXPECT_THAT(error.message, HasSubstr("b, c"));
  EXPECT_EQ(StepsAndRows(fixture.Redo({"b", "c"}, "b")), "down b → c | up b → b, c");
}

TEST(RedoTest, AnOrphanCouldNotComeUpAgain) {
  Fixture fixture("a");
  fixture.lineage.graph = std::make_shared<const Graph>(Revisions("a <- gone"));
  fixture.lineage.orphans = {"gone"};
  EXPECT_EQ(Caught([&] { (void)fixture.Redo({"gone"}, "a"); }).kind, "not_applied")
      << "the files do not know that it is";
  const Ids rows{"gone"};
  EXPECT_EQ(Caught([&] { (void)PlanRedo(*fixture.files, fixture.lineage, rows, "a"); }).kind,
            "orphan");
}

TEST(RedoTest, AFileThatNowFollowsAnUnappliedOneIsRefused) {
  Fixture fixture("a <- x <- b");
  fixture.lineage.graph = std::make_shared<const Graph>(Revisions("a <- b; a <- x"));
  const Error error = Caught([&] { (void)fixture.Redo({"b"}); });
  EXPECT_EQ(error.kind, "redo.moved");
  EXPECT_EQ(error.hint, "drover downgrade a, then drover upgrade");
  EXPECT_THAT(error.message, HasSubstr("now follows x"));
}

TEST(RedoTest, AFileThatNowFollowsAnotherAppliedOneIsMoved) {
  Fixture fixture("a <- b; a <- x; x <- c");
  fixture.lineage.graph = std::make_shared<const Graph>(Revisions("a <- b <- c; a <- x"));
  EXPECT_EQ(StepsAndRows(fixture.Redo({"c", "x"}, "c")), "down c → b, x | up c → b, c");
}

}  // namespace
}  // namespace drover::migrations
