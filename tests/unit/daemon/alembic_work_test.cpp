#include "daemon/alembic_work.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace drover::daemon {
namespace {

using migrations::Direction;
using migrations::Plan;
using migrations::Step;
using ::testing::ElementsAre;
using Ids = std::vector<std::string>;

Step MakeAlembicStep(std::string id, Ids parents, Direction direction, Ids before, Ids after) {
  Step step;
  step.revision.id = std::move(id);
  step.revision.down_revision = std::move(parents);
  step.direction = direction;
  step.rows_before = std::move(before);
  step.rows_after = std::move(after);
  return step;
}

TEST(AlembicArgumentsTest, EachStepIsNamedSoThatNothingElseMoves) {
  const auto up = MakeAlembicStep("b", {"a"}, Direction::kUp, {"a"}, {"b"});
  EXPECT_THAT(AlembicArgumentsFor(up), ElementsAre("upgrade", "b"));
  const auto down = MakeAlembicStep("b", {"a"}, Direction::kDown, {"b"}, {"a"});
  EXPECT_THAT(AlembicArgumentsFor(down), ElementsAre("downgrade", "a"));
  const auto last = MakeAlembicStep("a", {}, Direction::kDown, {"a"}, {});
  EXPECT_THAT(AlembicArgumentsFor(last), ElementsAre("downgrade", "base"));
  const auto beside = MakeAlembicStep("b", {"a"}, Direction::kDown, {"b", "c"}, {"c"});
  EXPECT_THAT(AlembicArgumentsFor(beside), ElementsAre("downgrade", "b@a"));
  const auto root = MakeAlembicStep("r", {}, Direction::kDown, {"r"}, {"d"});
  EXPECT_THAT(AlembicArgumentsFor(root), ElementsAre("downgrade", "r@base")) << "depends on d";
  const auto above = MakeAlembicStep("r", {"a"}, Direction::kDown, {"r"}, {"d"});
  EXPECT_THAT(AlembicArgumentsFor(above), ElementsAre("downgrade", "r@a")) << "on d, above a";
  const auto merge = MakeAlembicStep("m", {"b", "c"}, Direction::kDown, {"m"}, {"b", "c"});
  EXPECT_THAT(AlembicArgumentsFor(merge), ElementsAre("downgrade", "m@b"));
}

TEST(AlembicRunTest, OneStartBringsWhatIsInALine) {
  Plan plan;
  plan.steps = {MakeAlembicStep("a", {}, Direction::kUp, {}, {"a"}),
                MakeAlembicStep("b", {"a"}, Direction::kUp, {"a"}, {"b"}),
                MakeAlembicStep("c", {"a"}, Direction::kUp, {"b"}, {"b", "c"}),
                MakeAlembicStep("m", {"b", "c"}, Direction::kUp, {"b", "c"}, {"m"}),
                MakeAlembicStep("n", {"m"}, Direction::kUp, {"m"}, {"n"})};
  EXPECT_EQ(EndOfRun(plan, 0), 2U);
  EXPECT_EQ(EndOfRun(plan, 2), 3U);
  EXPECT_EQ(EndOfRun(plan, 3), 5U);
  plan.steps[1].direction = Direction::kDown;
  EXPECT_EQ(EndOfRun(plan, 0), 1U);
  EXPECT_EQ(EndOfRun(plan, 1), 2U);
}

}  // namespace
}  // namespace drover::daemon
