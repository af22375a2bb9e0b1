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

TEST(LastWordsTest, TheErrorIsFoundAtTheEndOfATraceback) {
  EXPECT_EQ(
      LastWords("INFO  [alembic.runtime.migration] Context impl SQLiteImpl.\n"
                "Traceback (most recent call last):\n  File \"x.py\", line 3, in <module>\n"
                "    boom()\n"
                "sqlalchemy.exc.OperationalError: (sqlite3.OperationalError) no such table: t\n"
                "[SQL: DELETE FROM t]\n"
                "(Background on this error at: https://sqlalche.me/e/14/e3q8)\n"),
      "sqlalchemy.exc.OperationalError: (sqlite3.OperationalError) no such table: t "
      "[SQL: DELETE FROM t]");
  EXPECT_EQ(LastWords("Traceback (most recent call last):\n  boom()\n"
                      "sqlalchemy.exc.OperationalError: table t already exists\n[SQL: \n"
                      "CREATE TABLE t (\n\tid INTEGER\n)\n\n]\n(Background on this error at: x)\n"),
            "sqlalchemy.exc.OperationalError: table t already exists "
            "[SQL: CREATE TABLE t ( id INTEGER ) ]");
  EXPECT_EQ(LastWords("INFO x\nFAILED: Can't locate revision identified by 'x'\n"),
            "Can't locate revision identified by 'x'");
  EXPECT_EQ(LastWords("ERROR [alembic.util.messaging] Can't proceed\n\n"), "Can't proceed");
  EXPECT_EQ(
      LastWords("Traceback (most recent call last):\n  File \"a.py\", line 1\nKeyError: 'x'\n\n"
                "During handling of the above exception, another exception occurred:\n\n"
                "Traceback (most recent call last):\n  File \"b.py\", line 2\n    ^^^\n"
                "pydantic.ValidationError: 1 validation error for Settings\nSECRET_KEY\n"
                "  Field required\n"),
      "pydantic.ValidationError: 1 validation error for Settings SECRET_KEY Field required");
  EXPECT_EQ(LastWords("Traceback (most recent call last):\n  x()\nRuntimeError: one\ntwo\n"),
            "RuntimeError: one two");
  EXPECT_EQ(LastWords("\n \n"), "it said nothing");
}

}  // namespace
}  // namespace drover::daemon
