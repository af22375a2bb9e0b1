#include "migrations/plan.h"

#include <gmock/gmock.h>
#include <random>
#include <set>

#include "tests/unit/migrations/support.h"

namespace drover::migrations {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

using Ids = std::vector<RevisionId>;

Plan Up(const Graph& graph, const Ids& rows, std::string_view target,
        Drafts drafts = Drafts::kStopBefore) {
  return PlanUpgrade(graph, rows, target, drafts);
}

TEST(PlanUpgradeTest, RunsParentsFirstAndMovesTheRow) {
  const Graph graph = Build("a <- b <- c");
  const Plan plan = Up(graph, {}, "head");
  EXPECT_EQ(Steps(plan), "up a, up b, up c");
  EXPECT_EQ(RowsAfter(plan), "a | b | c");
  EXPECT_THAT(plan.from, IsEmpty());
  EXPECT_THAT(plan.to, ElementsAre("c"));
  EXPECT_THAT(plan.steps[1].rows_before, ElementsAre("a"));
}

TEST(PlanUpgradeTest, StopsAtTheTarget) {
  const Graph graph = Build("a <- b <- c");
  EXPECT_EQ(Steps(Up(graph, {"a"}, "b")), "up b");
  EXPECT_EQ(Steps(Up(graph, {"a"}, "+1")), "up b");
}

TEST(PlanUpgradeTest, AtTheTargetThereIsNothingToDoAndNothingToSay) {
  const Plan plan = Up(Build("a <- b"), {"b"}, "b");
  EXPECT_THAT(plan.steps, IsEmpty());
  EXPECT_THAT(plan.warnings, IsEmpty());
  EXPECT_THAT(plan.to, ElementsAre("b"));
}

TEST(PlanUpgradeTest, ATargetBehindIsLeftAloneWithAWarning) {
  const Graph graph = Build("a <- b");
  const Plan plan = Up(graph, {"b"}, "a");
  EXPECT_THAT(plan.steps, IsEmpty());
  EXPECT_THAT(plan.warnings, ElementsAre(HasSubstr("lies behind")));
  EXPECT_THAT(plan.to, ElementsAre("b"));
  EXPECT_THAT(Up(graph, {"b"}, "base").warnings, ElementsAre(HasSubstr("lies behind")));
}

TEST(PlanUpgradeTest, AMergeReplacesTheRowsOfItsParents) {
  const Graph graph = Build("a <- b; a <- c; b <- m; c <- m");
  EXPECT_EQ(RowsAfter(Up(graph, {}, "head")), "a | b | b, c | m");
}

TEST(PlanUpgradeTest, ADependencyRunsFirstAndGivesUpItsRow) {
  const Graph graph = Build("x <- y; a <- b; y <~ b");
  const Plan plan = Up(graph, {"a"}, "b");
  EXPECT_EQ(Steps(plan), "up x, up y, up b");
  EXPECT_EQ(RowsAfter(plan), "a, x | a, y | b");
}

TEST(PlanUpgradeTest, OneBranchOfTwoLeavesTheOtherRowAlone) {
  const Graph graph = Build("a <- b; a <- c <- d");
  const Plan plan = Up(graph, {"b"}, "d");
  EXPECT_EQ(Steps(plan), "up c, up d");
  EXPECT_EQ(RowsAfter(plan), "b, c | b, d");
}

TEST(PlanUpgradeTest, AnOrphanedRowIsDrift) {
  const Error error = Caught([] { (void)Up(Build("a"), {"gone"}, "head"); });
  EXPECT_EQ(error.code, Code::kDrift);
  EXPECT_EQ(error.kind, "unknown_revision");
  EXPECT_THAT(error.message, HasSubstr("gone"));
}

TEST(PlanUpgradeTest, RowsAboveEachOtherAreAConflict) {
  const Error error = Caught([] { (void)Up(Build("a <- b <- c"), {"a", "b"}, "head"); });
  EXPECT_EQ(error.code, Code::kConflict);
  EXPECT_EQ(error.kind, "overlapping_revisions");
  EXPECT_EQ(error.hint, "drover stamp --purge b");
}

TEST(PlanUpgradeTest, AStepHasTheScriptOfItsDirection) {
  const Graph graph({MakeRevision("a", {}, "CREATE TABLE t (x);", "DROP TABLE t;")});
  EXPECT_EQ(Up(graph, {}, "head").steps[0].script().sql, "CREATE TABLE t (x);");
  const Ids rows{"a"};
  EXPECT_EQ(PlanDowngrade(graph, rows, "base").steps[0].script().sql, "DROP TABLE t;");
}

Graph WithDraft(std::string_view text, std::string_view draft) {
  std::vector<Revision> revisions = Revisions(text);
  for (Revision& revision : revisions) {
    revision.up.sql = "SELECT 1;";
    if (revision.id == draft) revision.draft = true;
  }
  return Graph(std::move(revisions));
}

TEST(PlanDraftTest, APlanStopsBeforeADraftAndWhatLiesAboveIt) {
  const Graph graph = WithDraft("a <- b <- c; a <- d", "b");
  const Plan plan = Up(graph, {}, "heads");
  EXPECT_EQ(Steps(plan), "up a, up d");
  EXPECT_THAT(plan.to, ElementsAre("d"));
  EXPECT_THAT(plan.warnings, ElementsAre("stopped before b, which is a draft"));
}

TEST(PlanDraftTest, DraftsAreIncludedOnRequest) {
  EXPECT_EQ(Steps(Up(WithDraft("a <- b", "b"), {}, "head", Drafts::kInclude)), "up a, up b");
}

TEST(PlanDraftTest, ADraftNamedAsTheTargetIsRefused) {
  const Graph graph = WithDraft("a <- b", "b");
  for (const Ids& rows : {Ids{"a"}, Ids{}}) {
    const Error error = Caught([&] { (void)Up(graph, rows, "b"); });
    EXPECT_EQ(error.code, Code::kRefused);
    EXPECT_EQ(error.kind, "draft");
    EXPECT_THAT(error.hint, HasSubstr("drover upgrade b --draft"));
  }
}

TEST(PlanDraftTest, AnAppliedDraftIsNoObstacle) {
  const Plan plan = Up(WithDraft("a <- b", "a"), {"a"}, "head");
  EXPECT_EQ(Steps(plan), "up b");
}

TEST(PlanDraftTest, AutomaticApplyAlsoStopsBeforeWhatIsStillEmpty) {
  std::vector<Revision> revisions = Revisions("a <- b");
  revisions[0].up.sql = "SELECT 1;";
  revisions[1].up.sql = "\n-- nothing yet\n";
  const Graph graph(std::move(revisions));
  EXPECT_EQ(Steps(Up(graph, {}, "head", Drafts::kStopBeforeEmpty)), "up a");
  EXPECT_EQ(Steps(Up(graph, {}, "head", Drafts::kStopBefore)), "up a, up b");
}

TEST(PlanDraftTest, AnEmptyMergeIsNotStillEmpty) {
  std::vector<Revision> revisions = Revisions("a; b; a <- m; b <- m");
  revisions[0].up.sql = revisions[1].up.sql = "SELECT 1;";
  const Plan plan = Up(Graph(std::move(revisions)), {}, "head", Drafts::kStopBeforeEmpty);
  EXPECT_EQ(Steps(plan), "up a, up b, up m");
}

TEST(PendingTest, LeavesOutWhatIsAppliedAndWhatADraftHoldsBack) {
  const Graph graph = WithDraft("a <- b <- c <- d", "c");
  const Ids rows{"a"};
  const std::vector<const Revision*> pending = Pending(graph, rows);
  ASSERT_EQ(pending.size(), 1U);
  EXPECT_EQ(pending[0]->id, "b");
  const Ids unknown{"gone"};
  EXPECT_EQ(Pending(graph, unknown).size(), 2U);
}

TEST(PlanDowngradeTest, RevertsFromTheTopAndMovesTheRow) {
  const Graph graph = Build("a <- b <- c");
  const Ids rows{"c"};
  const Plan plan = PlanDowngrade(graph, rows, "a");
  EXPECT_EQ(Steps(plan), "down c, down b");
  EXPECT_EQ(RowsAfter(plan), "b | a");
  EXPECT_EQ(Steps(PlanDowngrade(graph, rows, "-1")), "down c");
  EXPECT_EQ(Steps(PlanDowngrade(graph, rows, "base")), "down c, down b, down a");
  EXPECT_THAT(PlanDowngrade(graph, rows, "base").to, IsEmpty());
}

TEST(PlanDowngradeTest, RevertingAMergeBringsBothParentsBack) {
  const Graph graph = Build("a <- b; a <- c; b <- m; c <- m");
  const Ids rows{"m"};
  const Plan plan = PlanDowngrade(graph, rows, "b");
  EXPECT_EQ(Steps(plan), "down m");
  EXPECT_THAT(plan.to, ElementsAre("b", "c"));
}

TEST(PlanDowngradeTest, RevertsDependantsOnOtherBranchesAndShowsTheDependencyAgain) {
  const Graph graph = Build("x <- y; a <- b; y <~ b");
  const Ids rows{"b"};
  const Plan plan = PlanDowngrade(graph, rows, "x");
  EXPECT_EQ(Steps(plan), "down b, down y");
  EXPECT_EQ(RowsAfter(plan), "a, y | a, x");
}

TEST(PlanDowngradeTest, ATargetThatIsNotAppliedIsInvalid) {
  const Ids rows{"a"};
  const Error error = Caught([&] { (void)PlanDowngrade(Build("a <- b"), rows, "b"); });
  EXPECT_EQ(error.code, Code::kInvalid);
  EXPECT_EQ(error.kind, "not_a_valid_downgrade_target");
}

TEST(PlanDowngradeTest, TheCurrentRowIsNothingToDo) {
  const Ids rows{"a"};
  EXPECT_THAT(PlanDowngrade(Build("a <- b"), rows, "a").steps, IsEmpty());
}

TEST(PlanDowngradeTest, ARevisionWithoutADownSectionIsIrreversible) {
  std::vector<Revision> revisions = Revisions("a <- b");
  revisions[1].down.reset();
  revisions[1].header_line = 4;
  const Graph graph(std::move(revisions));
  const Ids rows{"b"};
  const Error error = Caught([&] { (void)PlanDowngrade(graph, rows, "base"); });
  EXPECT_EQ(error.code, Code::kRefused);
  EXPECT_EQ(error.kind, "irreversible");
  EXPECT_EQ(error.where, "/m/b.sql:4:1");
}

TEST(PlanDowngradeTest, AnOrphanedRowIsDrift) {
  const Ids rows{"gone"};
  EXPECT_EQ(Caught([&] { (void)PlanDowngrade(Build("a"), rows, "base"); }).code, Code::kDrift);
}

std::string Stamped(const Graph& graph, const Ids& rows, std::string_view target,
                    Purge purge = Purge::kNo) {
  const Plan plan = PlanStamp(graph, rows, target, purge);
  EXPECT_THAT(plan.steps, IsEmpty());
  return Listed(plan.to);
}

TEST(PlanStampTest, ReplacesRelatedRowsAndKeepsOtherBranches) {
  const Graph graph = Build("a <- b <- d; a <- c");
  EXPECT_EQ(Stamped(graph, {}, "b"), "b");
  EXPECT_EQ(Stamped(graph, {"b"}, "d"), "d");
  EXPECT_EQ(Stamped(graph, {"d"}, "a"), "a");
  EXPECT_EQ(Stamped(graph, {"c"}, "d"), "c, d");
  EXPECT_EQ(Stamped(graph, {"b", "c"}, "a"), "a");
  EXPECT_EQ(Stamped(graph, {"b"}, "b"), "b");
  EXPECT_EQ(Stamped(graph, {"b", "c"}, "base"), "");
  EXPECT_EQ(Stamped(graph, {}, "heads"), "c, d");
}

TEST(PlanStampTest, UnknownRowsNeedPurge) {
  const Graph graph = Build("a <- b");
  EXPECT_EQ(Caught([&] { (void)Stamped(graph, {"gone"}, "b"); }).code, Code::kDrift);
  EXPECT_EQ(Stamped(graph, {"gone"}, "b", Purge::kYes), "b");
  EXPECT_EQ(Stamped(graph, {"a", "b"}, "base", Purge::kYes), "");
}

/// What the version table must hold, by definition: the applied revisions that are below no other.
Ids Oracle(const Graph& graph, const std::set<RevisionId>& applied) {
  Ids rows;
  for (const RevisionId& id : applied) {
    const bool covered = std::any_of(applied.begin(), applied.end(), [&](const RevisionId& other) {
      return other != id && graph.IsBelow(id, other);
    });
    if (!covered) rows.push_back(id);
  }
  return rows;
}

/// A random graph: every revision may have parents and dependencies among the earlier ones.
std::vector<Revision> RandomRevisions(std::mt19937& random, int size) {
  std::vector<Revision> revisions;
  const auto pick = [&](int below) {
    return Concat("r", std::uniform_int_distribution<int>(0, below - 1)(random));
  };
  for (int i = 0; i < size; ++i) {
    Revision revision = MakeRevision(Concat("r", i), {}, "SELECT 1;");
    const unsigned shape = std::uniform_int_distribution<unsigned>(0, 9)(random);
    if (i > 0 && shape > 0) revision.down_revision.push_back(pick(i));
    if (i > 1 && shape > 7 && pick(i) != revision.down_revision[0]) {
      const RevisionId other = pick(i);
      if (other != revision.down_revision[0]) revision.down_revision.push_back(other);
    }
    if (i > 1 && shape % 3 == 0) revision.depends_on.push_back(pick(i));
    revisions.push_back(std::move(revision));
  }
  std::shuffle(revisions.begin(), revisions.end(), random);
  return revisions;
}

/// Checks every step against the definition and returns the rows at the end.
Ids CheckSteps(const Graph& graph, const Plan& plan, std::set<RevisionId>& applied) {
  for (const Step& step : plan.steps) {
    EXPECT_EQ(step.rows_before, Oracle(graph, applied));
    if (step.direction == Direction::kUp) {
      for (const std::uint32_t lower :
           graph.Below(static_cast<std::uint32_t>(graph.IndexOf(step.revision.id)))) {
        EXPECT_TRUE(applied.contains(graph.At(lower).id)) << step.revision.id;
      }
      EXPECT_TRUE(applied.insert(step.revision.id).second) << step.revision.id;
    } else {
      for (const std::uint32_t upper :
           graph.Above(static_cast<std::uint32_t>(graph.IndexOf(step.revision.id)))) {
        EXPECT_FALSE(applied.contains(graph.At(upper).id)) << step.revision.id;
      }
      EXPECT_EQ(applied.erase(step.revision.id), 1U) << step.revision.id;
    }
    EXPECT_EQ(step.rows_after, Oracle(graph, applied));
  }
  EXPECT_EQ(plan.to, Oracle(graph, applied));
  return plan.to;
}

TEST(PlanUpgradeTest, ARowAmongSeveralIsNotBehind) {
  const Graph graph = Build("a <- b; a <- c");
  EXPECT_THAT(PlanUpgrade(graph, Ids{"b", "c"}, "b", Drafts::kInclude).warnings, IsEmpty());
  EXPECT_THAT(PlanUpgrade(graph, Ids{"b", "c"}, "a", Drafts::kInclude).warnings.size(), 1U);
}

TEST(PlanStampTest, AnOverlapSaysHowToStampWithoutLosingABranch) {
  const Graph graph = Build("a <- b; x");
  const Error error = Caught([&] {
    (void)PlanUpgrade(graph, Ids{"a", "b", "x"}, "heads", Drafts::kInclude);
  });
  EXPECT_EQ(error.kind, "overlapping_revisions");
  EXPECT_EQ(error.hint, "drover stamp --purge b x");
}

TEST(PlanLawTest, TheRowsAreTheMaximaOfTheAppliedSetAfterEveryStep) {
  std::mt19937 random(20260212);
  for (int round = 0; round < 150; ++round) {
    SCOPED_TRACE(round);
    const Graph graph(RandomRevisions(random, 1 + round % 14));
    std::set<RevisionId> applied;
    Ids rows;
    for (int move = 0; move < 6; ++move) {
      const auto index =
          std::uniform_int_distribution<std::size_t>(0, graph.revisions().size() - 1)(random);
      const RevisionId target = graph.At(index).id;
      if (applied.contains(target)) {
        const bool is_row = std::ranges::find(rows, target) != rows.end();
        const std::vector<RevisionId> children = graph.Children(target);
        const bool has_applied_child = std::ranges::any_of(
            children, [&](const RevisionId& child) { return applied.contains(child); });
        if (!is_row && !has_applied_child) {  // only a dependency of something applied
          EXPECT_EQ(Caught([&] { (void)PlanDowngrade(graph, rows, target); }).kind,
                    "not_a_valid_downgrade_target");
          continue;
        }
        rows = CheckSteps(graph, PlanDowngrade(graph, rows, target), applied);
        EXPECT_TRUE(applied.contains(target));
      } else {
        rows = CheckSteps(graph, PlanUpgrade(graph, rows, target, Drafts::kInclude), applied);
        EXPECT_TRUE(applied.contains(target));
      }
    }
    rows = CheckSteps(graph, PlanUpgrade(graph, rows, "heads", Drafts::kInclude), applied);
    EXPECT_EQ(applied.size(), graph.revisions().size());
    rows = CheckSteps(graph, PlanDowngrade(graph, rows, "base"), applied);
    EXPECT_THAT(rows, IsEmpty());
    EXPECT_TRUE(applied.empty());
  }
}

}  // namespace
}  // namespace drover::migrations
