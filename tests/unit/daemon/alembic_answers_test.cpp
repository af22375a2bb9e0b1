#include "daemon/alembic_answers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace drover::daemon {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

TEST(ParseHistoryTest, ReadsWhatAlembicPrints) {
  const auto answers = ParseHistory(
      "INFO  [alembic] something\n"
      "Rev: m (head) (mergepoint)\nMerges: b, c\nAlso depends on: d\n"
      "Path: /p/versions/m.py\n\n    Merge\n    \n    Revision ID: m\n    Revises: b, c\n\n"
      "Rev: a (branchpoint)\nParent: <base>\nBranches into: b, c\nBranch names: expand, x\n"
      "Path: /p/versions/a first.py\n\n    First\n");
  ASSERT_THAT(answers, SizeIs(2));
  const migrations::VersionAnswer& merge = answers.at("/p/versions/m.py");
  EXPECT_EQ(merge.revision, "m");
  EXPECT_THAT(merge.down_revision, ElementsAre("b", "c"));
  EXPECT_THAT(merge.depends_on, ElementsAre("d"));
  EXPECT_THAT(merge.branch_labels, IsEmpty());
  const migrations::VersionAnswer& first = answers.at("/p/versions/a first.py");
  EXPECT_THAT(first.down_revision, IsEmpty());
  EXPECT_THAT(first.branch_labels, ElementsAre("expand", "x"));
}

TEST(ParseHistoryTest, AnythingElseIsNothing) {
  EXPECT_THAT(ParseHistory(""), IsEmpty());
  EXPECT_THAT(ParseHistory("Rev:\nTraceback\n"), IsEmpty());
}

}  // namespace
}  // namespace drover::daemon
