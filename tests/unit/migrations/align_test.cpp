#include "migrations/align.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/migrations/support.h"

namespace drover::migrations {
namespace {

using ::testing::HasSubstr;

using AppliedRows = std::vector<RevisionId>;

/// `files` is what the folder has, `applied` the graph with the orphans in it.
Plan Align(std::string_view files, std::string_view applied, const AppliedRows& orphans,
           const AppliedRows& rows, const std::function<void(Revision&)>& change = {},
           std::string_view target = "head") {
  std::vector<Revision> known = Revisions(applied);
  if (change) std::ranges::for_each(known, change);
  Lineage lineage;
  lineage.orphans = orphans;
  lineage.graph = std::make_shared<const Graph>(std::move(known));
  return PlanAlign(Build(files), lineage, rows, target, Drafts::kStopBefore);
}

TEST(AlignTest, TheOtherBranchIsLeftAndThisOneEntered) {
  const Plan plan = Align("a <- x <- y", "a <- b <- c; a <- x <- y", {"c", "b"}, {"c"});
  EXPECT_EQ(Steps(plan), "down c, down b, up x, up y");
  EXPECT_EQ(RowsAfter(plan), "b | a | x | y");
  EXPECT_EQ(plan.from, AppliedRows{"c"});
  EXPECT_EQ(plan.to, AppliedRows{"y"});
}

TEST(AlignTest, WhatIsAppliedAboveAnOrphanGoesAndComesAgain) {
  const Plan plan = Align("a <- c", "a <- gone <- c", {"gone"}, {"c"});
  EXPECT_EQ(Steps(plan), "down c, down gone, up c");
}

TEST(AlignTest, ABranchBesideItStays) {
  const Plan plan =
      Align("a <- b; a <- x", "a <- b <- gone; a <- x", {"gone"}, {"gone", "x"}, {}, "heads");
  EXPECT_EQ(Steps(plan), "down gone");
  EXPECT_EQ(plan.to, (AppliedRows{"b", "x"}));
}

TEST(AlignTest, WithoutOrphansItIsAnUpgrade) {
  EXPECT_EQ(Steps(Align("a <- b", "a <- b", {}, {"a"})), "up b");
  EXPECT_EQ(Steps(Align("a <- b", "a <- b", {}, {"b"})), "");
}

TEST(AlignTest, SeveralHeadsNeedAChoice) {
  const Error error = Caught(
      [] { (void)Align("a <- x; a <- y", "a <- gone; a <- x; a <- y", {"gone"}, {"gone"}); });
  EXPECT_EQ(error.kind, "multiple_heads");
}

TEST(AlignTest, AnOrphanWithoutAWayDownIsNamed) {
  const Error error = Caught([] {
    (void)Align("a", "a <- gone <- more", {"more", "gone"}, {"more"}, [](Revision& revision) {
      if (revision.id == "gone") revision.down.reset();
    });
  });
  EXPECT_EQ(error.code, Code::kRefused);
  EXPECT_EQ(error.kind, "align.no_way_back");
  EXPECT_THAT(error.message, HasSubstr("revision gone cannot be taken back"));
  EXPECT_THAT(error.hint, HasSubstr("drover restore"));
}

}  // namespace
}  // namespace drover::migrations
