#include "migrations/graph.h"

#include <gmock/gmock.h>
#include <utility>

#include "tests/unit/migrations/support.h"

namespace drover::migrations {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(GraphTest, AnEmptyGraphHasNothing) {
  const Graph graph{std::vector<Revision>()};
  EXPECT_TRUE(graph.empty());
  EXPECT_THAT(graph.Heads(), IsEmpty());
  EXPECT_THAT(graph.RealHeads(), IsEmpty());
  EXPECT_THAT(graph.Bases(), IsEmpty());
  EXPECT_THAT(graph.TopologicalOrder(), IsEmpty());
  EXPECT_EQ(graph.Find("a"), nullptr);
  EXPECT_EQ(graph.IndexOf("a"), -1);
  EXPECT_FALSE(graph.IsBelow("a", "a"));
}

TEST(GraphTest, HeadsBasesAndChildrenFollowParentsInLoadOrder) {
  const Graph graph = Build("b <- z; b <- c; a <- d");
  EXPECT_THAT(graph.Heads(), ElementsAre("z", "c", "d"));
  EXPECT_THAT(graph.Bases(), ElementsAre("b", "a"));
  EXPECT_THAT(graph.Children("b"), ElementsAre("z", "c"));
  EXPECT_THAT(graph.Children("unknown"), IsEmpty());
}

TEST(GraphTest, AHeadOnWhichAnotherRevisionDependsIsNoRealHead) {
  const Graph graph = Build("a <- b; x <- y; b <~ y");
  EXPECT_THAT(graph.Heads(), ElementsAre("b", "y"));
  EXPECT_THAT(graph.RealHeads(), ElementsAre("y"));
}

TEST(GraphTest, HeadsOnOneBaseWantAMergeAndLinesOfTheirOwnDoNot) {
  EXPECT_THAT(Build("a <- b").HeadsToMerge(), IsEmpty());
  EXPECT_THAT(Build("a <- b; a <- c").HeadsToMerge(), ElementsAre("b", "c"));
  EXPECT_THAT(Build("a <- b; x <- y; b <~ y").HeadsToMerge(), IsEmpty());
  EXPECT_THAT(Build("a <- b; a <- c; x <- y").HeadsToMerge(), ElementsAre("b", "c"));
  // c stands on both bases.
  EXPECT_THAT(Build("a <- b; a <- c; x <- c; x <- y; p").HeadsToMerge(),
              ElementsAre("b", "c", "y"));
}

TEST(GraphTest, ClosureFollowsParentsAndDependenciesAndIgnoresUnknownIds) {
  const Graph graph = Build("a <- b <- c; x <- y; x <~ b");
  const std::vector<RevisionId> ids{"b", "unknown"};
  EXPECT_THAT(graph.Closure(ids), ElementsAre(true, true, false, true, false));
}

TEST(GraphTest, BelowIsReflexiveTransitiveAndFalseForUnknownIds) {
  const Graph graph = Build("a <- b <- c; x <~ b");
  EXPECT_TRUE(graph.IsBelow("a", "c"));
  EXPECT_TRUE(graph.IsBelow("x", "c"));
  EXPECT_TRUE(graph.IsBelow("b", "b"));
  EXPECT_FALSE(graph.IsBelow("c", "a"));
  EXPECT_FALSE(graph.IsBelow("a", "x"));
  EXPECT_FALSE(graph.IsBelow("a", "unknown"));
  EXPECT_FALSE(graph.IsBelow("unknown", "a"));
}

TEST(GraphTest, MaximaAreTheRevisionsThatNothingAppliedCovers) {
  const Graph graph = Build("a <- b; a <- c; b <- m; c <- m; x <~ c");
  EXPECT_THAT(graph.Maxima({true, true, true, false, true}), ElementsAre("b", "c"));
  EXPECT_THAT(graph.Maxima({true, true, false, false, true}), ElementsAre("b", "x"));
  EXPECT_THAT(graph.Maxima({true, true, true, true, true}), ElementsAre("m"));
  EXPECT_THAT(graph.Maxima({false, false, false, false, false}), IsEmpty());
}

TEST(GraphTest, TheTopologicalOrderPutsParentsAndDependenciesFirst) {
  const Graph graph = Build("c <~ a; c <- d <- e; a <- e");
  std::vector<std::string> order;
  for (const std::uint32_t i : graph.TopologicalOrder()) order.push_back(graph.At(i).id);
  EXPECT_EQ(Listed(order), "c, d, a, e");
}

TEST(GraphTest, AParentThatIsAlsoADependencyCountsOnce) {
  const Graph graph = Build("a <- b; a <~ b");
  EXPECT_THAT(graph.Below(1), ElementsAre(0));
  EXPECT_THAT(graph.Above(0), ElementsAre(1));
}

TEST(GraphTest, AMovedGraphStillFindsItsRevisions) {
  Graph graph = Build("a <- b");
  Graph moved(std::move(graph));
  ASSERT_NE(moved.Find("b"), nullptr);
  EXPECT_EQ(moved.Find("b")->file, "/m/b.sql");
  graph = std::move(moved);
  EXPECT_EQ(graph.IndexOf("b"), 1);
}

TEST(GraphTest, ADependencyMayNameABranchLabel) {
  std::vector<Revision> revisions = Revisions("lib; app");
  revisions[0].branch_labels = {"library"};
  revisions[1].depends_on = {"library"};
  const Graph graph(std::move(revisions));
  EXPECT_TRUE(graph.IsBelow("lib", "app"));
}

TEST(GraphTest, AParentMayNotNameABranchLabel) {
  std::vector<Revision> revisions = Revisions("lib; app");
  revisions[0].branch_labels = {"library"};
  revisions[1].down_revision = {"library"};
  EXPECT_EQ(Caught([&] { Graph{revisions}; }).kind, "missing_referenced_revision");
}

TEST(GraphTest, TenThousandRevisionsInARowAreNoTrouble) {
  std::vector<Revision> revisions;
  for (int i = 0; i < 10000; ++i) {
    revisions.push_back(MakeRevision(
        Concat("r", i), i == 0 ? std::vector<RevisionId>() : std::vector{Concat("r", i - 1)}));
  }
  std::reverse(revisions.begin(), revisions.end());
  const Graph graph(std::move(revisions));
  EXPECT_THAT(graph.Heads(), ElementsAre("r9999"));
  EXPECT_TRUE(graph.IsBelow("r0", "r9999"));
  EXPECT_EQ(graph.TopologicalOrder().front(), 9999U);
}

Error Broken(std::string_view text) {
  return Caught([&] { (void)Build(text); });
}

TEST(GraphErrorTest, ADuplicateRevisionNamesBothFiles) {
  std::vector<Revision> revisions = Revisions("a; b");
  revisions[1].id = "a";
  revisions[1].header_line = 3;
  const Error error = Caught([&] { Graph{revisions}; });
  EXPECT_EQ(error.code, Code::kInvalid);
  EXPECT_EQ(error.kind, "duplicate_revision");
  EXPECT_EQ(error.where, "/m/b.sql:3:1");
  EXPECT_THAT(error.message, HasSubstr("/m/a.sql:1:1"));
}

TEST(GraphErrorTest, AMissingParentIsNamedWithTheFileThatWantsIt) {
  const Error error = Caught([] { Graph({MakeRevision("b", {"gone"})}); });
  EXPECT_EQ(error.code, Code::kInvalid);
  EXPECT_EQ(error.kind, "missing_referenced_revision");
  EXPECT_EQ(error.where, "/m/b.sql:1:1");
  EXPECT_EQ(error.message,
            "revision b names gone as its down_revision, but no migration file has that revision");
}

TEST(GraphErrorTest, AMissingDependencyIsNamedAsSuch) {
  Revision revision = MakeRevision("b", {});
  revision.depends_on = {"gone"};
  const Error error = Caught([&] { Graph({revision}); });
  EXPECT_EQ(error.kind, "missing_referenced_revision");
  EXPECT_THAT(error.message, HasSubstr("gone as its depends_on"));
}

TEST(GraphErrorTest, ARevisionCannotBeItsOwnParentOrDependency) {
  const Error parent = Broken("a <- a");
  EXPECT_EQ(parent.kind, "self_loop");
  EXPECT_EQ(parent.where, "/m/a.sql:1:1");
  EXPECT_EQ(Broken("a <~ a").kind, "self_loop");
}

TEST(GraphErrorTest, ACycleOfAllRevisionsIsNamed) {
  const Error error = Broken("a <- b <- c <- a");
  EXPECT_EQ(error.code, Code::kInvalid);
  EXPECT_EQ(error.kind, "cycle");
  EXPECT_EQ(error.where, "/m/a.sql:1:1");
  EXPECT_EQ(error.message, "the revisions form a cycle: a -> c -> b -> a");
}

TEST(GraphErrorTest, ACycleEnteredFromABaseAndLeftToAHeadIsFound) {
  const Error error = Broken("a <- b <- c <- d <- e; d <- b");
  EXPECT_EQ(error.kind, "cycle");
  EXPECT_EQ(error.message, "the revisions form a cycle: b -> d -> c -> b");
}

TEST(GraphErrorTest, ARevisionAboveACycleIsNotBlamed) {
  const Error error = Broken("top; b <- c <- b; c <- top");
  EXPECT_EQ(error.kind, "cycle");
  EXPECT_EQ(error.message, "the revisions form a cycle: c -> b -> c");
}

TEST(GraphErrorTest, ACycleThroughADependencyIsADependencyCycle) {
  const Error error = Broken("a <- b <- c; c <~ a");
  EXPECT_EQ(error.kind, "dependency_cycle");
  EXPECT_EQ(error.message, "the revisions form a cycle: a -> c -> b -> a");
  EXPECT_THAT(error.hint, HasSubstr("depends_on"));
}

TEST(GraphErrorTest, ADependencyOnAPlainCycleLeavesItAPlainCycle) {
  EXPECT_EQ(Broken("top; b <- c <- b; c <~ top").kind, "cycle");
}

TEST(GraphErrorTest, ABranchLabelIsTakenOnce) {
  std::vector<Revision> revisions = Revisions("a; b");
  revisions[0].branch_labels = {"app"};
  revisions[1].branch_labels = {"app"};
  const Error error = Caught([&] { Graph{revisions}; });
  EXPECT_EQ(error.kind, "duplicate_branch_label");
  EXPECT_EQ(error.where, "/m/b.sql:1:1");
  revisions[1].branch_labels = {"a"};
  EXPECT_EQ(Caught([&] { Graph{revisions}; }).kind, "duplicate_branch_label");
}

}  // namespace
}  // namespace drover::migrations
