#include "daemon/alembic_script.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace drover::daemon {
namespace {

using migrations::Direction;
using migrations::Graph;
using migrations::Plan;
using migrations::Step;
using ::testing::ElementsAre;
using Ids = std::vector<std::string>;

migrations::Revision Known(std::string id, Ids parents) {
  migrations::Revision revision;
  revision.id = std::move(id);
  revision.down_revision = std::move(parents);
  return revision;
}

class AlembicRangesTest : public ::testing::Test {
 protected:
  void Add(const std::string& id, Direction direction, Ids before, Ids after) {
    Step step;
    step.revision = *graph_.Find(id);
    step.direction = direction;
    step.rows_before = std::move(before);
    step.rows_after = std::move(after);
    plan_.steps.push_back(std::move(step));
  }

  [[nodiscard]] std::vector<AlembicRange> Ranges(JobCommand command = JobCommand::kUpgrade) const {
    return AlembicRangesFor(plan_, command, graph_);
  }

  [[nodiscard]] std::string Refusal(JobCommand command = JobCommand::kUpgrade) const {
    try {
      (void)Ranges(command);
    } catch (const Error& error) {
      return error.kind;
    }
    return "none";
  }

  // a - b - m, a - c - m; d stands alone.
  const Graph graph_{{Known("a", {}), Known("b", {"a"}), Known("c", {"a"}), Known("m", {"b", "c"}),
                      Known("d", {})}};
  Plan plan_;
};

TEST_F(AlembicRangesTest, OneStretchIsOneRange) {
  Add("a", Direction::kUp, {}, {"a"});
  Add("b", Direction::kUp, {"a"}, {"b"});
  const auto ranges = Ranges();
  ASSERT_EQ(ranges.size(), 1U);
  EXPECT_THAT(ranges[0].arguments, ElementsAre("upgrade", "base:b"));
  EXPECT_THAT(ranges[0].revisions, ElementsAre("a", "b"));
}

TEST_F(AlembicRangesTest, ThereAndBackAreTwo) {
  Add("m", Direction::kDown, {"m"}, {"b", "c"});
  Add("m", Direction::kUp, {"b", "c"}, {"m"});
  EXPECT_EQ(Refusal(), "alembic.offline_range") << "the way back begins with two rows";
  plan_.steps.pop_back();
  EXPECT_THAT(Ranges().at(0).arguments, ElementsAre("downgrade", "m:b"));
  plan_.steps.clear();
  Add("b", Direction::kDown, {"b"}, {"a"});
  Add("b", Direction::kUp, {"a"}, {"b"});
  ASSERT_EQ(Ranges().size(), 2U);
  EXPECT_THAT(Ranges().at(0).arguments, ElementsAre("downgrade", "b:a"));
  EXPECT_THAT(Ranges().at(1).arguments, ElementsAre("upgrade", "a:b"));
}

TEST_F(AlembicRangesTest, SeveralRowsAreSaidOnlyAsAllHeads) {
  Add("m", Direction::kUp, {"b"}, {"m"});
  Add("d", Direction::kUp, {"m"}, {"d", "m"});
  EXPECT_THAT(Ranges().at(0).arguments, ElementsAre("upgrade", "b:heads"));
  plan_.steps.clear();
  Add("c", Direction::kUp, {"b"}, {"b", "c"});
  EXPECT_EQ(Refusal(), "alembic.offline_range");
}

TEST_F(AlembicRangesTest, AStampHasNoSteps) {
  plan_.from = {"a"};
  plan_.to = {"m"};
  EXPECT_THAT(Ranges(JobCommand::kStamp).at(0).arguments, ElementsAre("stamp", "a:m"));
  plan_.from = {};
  plan_.to = {"d", "m"};
  EXPECT_THAT(Ranges(JobCommand::kStamp).at(0).arguments, ElementsAre("stamp", "base:heads"));
  plan_.from = {"b", "c"};
  EXPECT_EQ(Refusal(JobCommand::kStamp), "alembic.offline_range");
  plan_.from = plan_.to;
  EXPECT_TRUE(Ranges(JobCommand::kStamp).empty());
}

}  // namespace
}  // namespace drover::daemon
