#include "client/render/graph_layout.h"

#include <chrono>
#include <gtest/gtest.h>
#include <map>
#include <random>
#include <set>
#include <string>

#include "base/error.h"
#include "base/text.h"
#include "tests/unit/client/support.h"

namespace drover::client {
namespace {

const Style kUnicode{};

/// Nodes with their parents: "m: a b; a: r; b: r; r". Names are given by their order.
struct Graph {
  std::vector<std::string> names;
  GraphParents parents;
};

Graph Read(std::string_view text) {
  std::map<std::string, std::size_t, std::less<>> places;
  Graph graph;
  const std::vector<std::string> entries = SplitList(text, ';');
  for (const std::string& entry : entries) {
    const std::string name(Trim(std::string_view(entry).substr(0, entry.find(':'))));
    places.emplace(name, places.size());
    graph.names.push_back(name);
  }
  for (const std::string& entry : entries) {
    std::vector<std::size_t>& parents = graph.parents.emplace_back();
    const std::size_t colon = entry.find(':');
    if (colon == std::string::npos) continue;
    for (const std::string& name : SplitList(entry.substr(colon + 1), ' ')) {
      parents.push_back(places.at(name));
    }
  }
  return graph;
}

std::string Picture(const std::vector<GraphRow>& rows, const std::vector<std::string>& names,
                    const Style& style = kUnicode) {
  std::string out = "\n";
  for (const GraphRow& row : rows) {
    std::string line;
    for (std::size_t cell = 0; cell < row.cells.size(); ++cell) {
      const bool node = row.node && cell == row.lane * 2;
      line += node ? std::string_view("*") : GraphCharacter(row.cells[cell], style);
    }
    while (line.ends_with(' ')) line.pop_back();
    out += Concat(line, row.node ? " " : "", row.node ? names[*row.node] : "", "\n");
  }
  return out;
}

/// The picture of nodes that are listed in drawing order.
std::string Draw(std::string_view text, const Style& style = kUnicode) {
  const Graph graph = Read(text);
  return Picture(LayOutGraph(graph.parents), graph.names, style);
}

/// The names in drawing order; `later` as a graph of the same nodes.
std::string Order(std::string_view text, std::string_view later = {}) {
  const Graph graph = Read(text);
  std::string out;
  for (const std::size_t node : DrawingOrder(graph.parents, Read(later).parents)) {
    out += graph.names[node] + " ";
  }
  return out;
}

TEST(GraphLayoutTest, NothingIsNothing) { EXPECT_EQ(Draw(""), "\n"); }

TEST(GraphLayoutTest, ALineIsOneNodeUnderTheOther) {
  EXPECT_EQ(Draw("c: b; b: a; a"), R"(
* c
* b
* a
)");
}

TEST(GraphLayoutTest, AForkJoinsAboveTheParent) {
  EXPECT_EQ(Draw("c: a; b: a; a"), R"(
* c
│ * b
├─╯
* a
)");
}

TEST(GraphLayoutTest, AMergeOpensALaneForItsSecondParent) {
  EXPECT_EQ(Draw("m: a b; b: r; a: r; r"), R"(
* m
├─╮
│ * b
* │ a
├─╯
* r
)");
}

TEST(GraphLayoutTest, TheSidesOfADiamondMayHaveAnyLength) {
  EXPECT_EQ(Draw("m: a2 b2; b2: b1; b1: r; a2: a1; a1: r; r"), R"(
* m
├─╮
│ * b2
│ * b1
* │ a2
* │ a1
├─╯
* r
)");
}

TEST(GraphLayoutTest, AForkOfThree) {
  EXPECT_EQ(Draw("d: a; c: a; b: a; a"), R"(
* d
│ * c
├─╯
│ * b
├─╯
* a
)");
}

TEST(GraphLayoutTest, AnOctopusOfThree) {
  EXPECT_EQ(Draw("m: a b c; c: r; b: r; a: r; r"), R"(
* m
├─┬─╮
│ │ * c
│ * │ b
│ ├─╯
* │ a
├─╯
* r
)");
}

TEST(GraphLayoutTest, AnOctopusOfEight) {
  EXPECT_EQ(Draw("m: a b c d e f g h; h; g; f; e; d; c; b; a"), R"(
* m
├─┬─┬─┬─┬─┬─┬─╮
│ │ │ │ │ │ │ * h
│ │ │ │ │ │ * g
│ │ │ │ │ * f
│ │ │ │ * e
│ │ │ * d
│ │ * c
│ * b
* a
)");
}

TEST(GraphLayoutTest, ACrissCrossKeepsTwoLanes) {
  EXPECT_EQ(Draw("y: b a; x: a b; b: r; a: r; r"), R"(
* y
├─╮
│ │ * x
├─┼─╯
* │ b
│ * a
├─╯
* r
)");
}

TEST(GraphLayoutTest, EdgesPassBehindALaneThatTheyDoNotJoin) {
  EXPECT_EQ(Draw("z: r; y: q; x: r; q: r; r"), R"(
* z
│ * y
│ │ * x
├─│─╯
│ * q
├─╯
* r
)");
}

TEST(GraphLayoutTest, ALongLaneStaysStraightWhileOthersComeAndGo) {
  EXPECT_EQ(Draw("z: y; p: r; y: x w; w: v; x: v; v: u; u: r; r"), R"(
* z
│ * p
* │ y
├─│─╮
│ │ * w
* │ │ x
├─│─╯
* │ v
* │ u
├─╯
* r
)");
}

TEST(GraphLayoutTest, AMergeJoinsLanesOnBothSides) {
  EXPECT_EQ(Draw("z: a; m: q a b; y: b; a; q; b"), R"(
* z
│ * m
├─┼─╮
│ │ │ * y
│ │ ├─╯
* │ │ a
  * │ q
    * b
)");
  EXPECT_EQ(Draw("z: a; m: a c; a; c"), R"(
* z
│ * m
├─┤
* │ a
  * c
)");
  EXPECT_EQ(Draw("z: a; n: c; m: a c; a; c"), R"(
* z
│ * n
│ │ * m
├─┼─╯
* │ a
  * c
)");
}

TEST(GraphLayoutTest, OfTwoLanesTheLeftOneGoesOn) {
  // The lane of `k` is free again when `m` takes it, and the parents of `m` wait further right.
  EXPECT_EQ(Draw("k: e; y: b; e; m: b; b"), R"(
* k
│ * y
* │ e
  │
* │ m
├─╯
* b
)");
  EXPECT_EQ(Draw("k: e; y: b; x: c; e; m: b c; b; c"), R"(
* k
│ * y
│ │ * x
* │ │ e
  │ │
* │ │ m
├─┴─┤
*   │ b
    * c
)");
}

TEST(GraphLayoutTest, RootsAreNoParentsOfWhatStandsAboveThem) {
  EXPECT_EQ(Draw("b; a; c: d; d"), R"(
* b

* a

* c
* d
)");
}

TEST(GraphLayoutTest, AFreeLaneIsUsedAgain) {
  EXPECT_EQ(Draw("d: a; c: a; b: a; x; a"), R"(
* d
│ * c
├─╯
│ * b
├─╯
│ * x
* a
)");
}

TEST(GraphLayoutTest, AParentNamedTwiceIsOneEdge) {
  EXPECT_EQ(Draw("m: a a; a"), "\n* m\n* a\n");
  EXPECT_EQ(Draw("m: a b b; b; a"), "\n* m\n├─╮\n│ * b\n* a\n");
}

TEST(GraphLayoutTest, AsciiHasTheSameShape) {
  EXPECT_EQ(Draw("m: a b c; c: r; b: r; a: r; r", kAsciiPipe), R"(
* m
+-+-.
| | * c
| * | b
| +-'
* | a
+-'
* r
)");
}

TEST(GraphLayoutTest, AParentMustStandBelow) {
  for (const GraphParents& wrong : {GraphParents{{0}}, GraphParents{{}, {0}}, GraphParents{{7}}}) {
    try {
      (void)LayOutGraph(wrong);
      FAIL() << "no error";
    } catch (const Error& error) {
      EXPECT_EQ(error.kind, "graph.order");
    }
  }
}

/// The parents that a reader of the picture finds for each node, sorted.
GraphParents ReadBack(const std::vector<GraphRow>& rows, std::size_t nodes) {
  std::vector<std::set<std::size_t>> found(nodes);
  std::vector<std::set<std::size_t>> lanes(nodes + 1);  // the children whose lines run there
  std::size_t last = 0;
  std::size_t from = 0;
  for (const GraphRow& row : rows) {
    std::set<std::size_t> moved;
    for (std::size_t lane = 0; lane < lanes.size(); ++lane) {
      const int cell = lane * 2 < row.cells.size() ? row.cells[lane * 2] : 0;
      if (row.node && row.lane == lane) continue;
      const bool turns = (cell & kUp) != 0 && (cell & kDown) == 0;
      if (turns && lane != from) moved.merge(lanes[lane]);
      if ((cell & kUp) == 0 || turns) lanes[lane].clear();
      if ((cell & kDown) != 0 && (cell & (kLeft | kRight)) != 0) lanes[lane].insert(last);
    }
    lanes[from].merge(moved);
    if (!row.node) continue;
    last = *row.node;
    from = row.lane;
    for (const std::size_t child : lanes[from]) found[child].insert(last);
    lanes[from] = {last};
  }
  GraphParents parents;
  for (const auto& one : found) parents.emplace_back(one.begin(), one.end());
  return parents;
}

TEST(GraphLayoutTest, EveryPictureSaysWhatTheGraphIs) {
  std::mt19937 random(7);  // NOLINT(cert-msc51-cpp): the same graphs every time
  for (int round = 0; round < 300; ++round) {
    const std::size_t nodes = 1 + random() % 30;
    const std::size_t reach = 1 + random() % 12;
    GraphParents parents(nodes);
    for (std::size_t node = 0; node + 1 < nodes; ++node) {
      std::set<std::size_t> chosen;
      for (std::size_t wanted = random() % 4; wanted > 0; --wanted) {
        chosen.insert(std::min(nodes - 1, node + 1 + random() % reach));
      }
      parents[node].assign(chosen.begin(), chosen.end());
    }
    const std::vector<GraphRow> rows = LayOutGraph(parents);
    const std::vector<std::string> names(nodes);
    EXPECT_EQ(ReadBack(rows, nodes), parents) << Picture(rows, names);
  }
}

TEST(DrawingOrderTest, ALineStaysTogether) {
  // Two branches that the history lists in turns.
  EXPECT_EQ(Order("b2: b1; a2: a1; b1: r; a1: r; r"), "b2 b1 a2 a1 r ");
}

TEST(DrawingOrderTest, WhatWasMergedInComesFirst) {
  EXPECT_EQ(Order("m: a b; a: r; b: r; r"), "m b a r ");
}

TEST(DrawingOrderTest, OldestFirstIsTurned) { EXPECT_EQ(Order("r; a: r; b: a"), "b a r "); }

TEST(DrawingOrderTest, DependenciesStandBelowToo) {
  EXPECT_EQ(Order("a; b"), "a b ");
  EXPECT_EQ(Order("a; b", "a; b: a"), "b a ");
}

TEST(DrawingOrderTest, NodesOfACycleComeLast) { EXPECT_EQ(Order("a: b; b: a; c"), "c a b "); }

TEST(GraphLayoutTest, TenThousandRevisionsInAMoment) {
  // A main line with a branch of three at every tenth revision, each merged back.
  Graph graph;
  constexpr std::size_t kCount = 10'000;
  for (std::size_t i = 0; i < kCount; ++i) {
    std::vector<std::size_t>& parents = graph.parents.emplace_back();
    if (i + 1 < kCount) parents.push_back(i + 1);
    if (i % 10 == 0 && i + 5 < kCount) parents.push_back(i + 5);
  }
  const auto began = std::chrono::steady_clock::now();
  const std::vector<std::size_t> order = DrawingOrder(graph.parents, {});
  const std::vector<GraphRow> rows = LayOutGraph(graph.parents);
  const auto took = std::chrono::steady_clock::now() - began;
  EXPECT_EQ(order.size(), kCount);
  EXPECT_EQ(rows.size(), kCount + 2 * kCount / 10);
  EXPECT_LT(took, std::chrono::seconds(1));  // quadratic work would take longer by far
}

}  // namespace
}  // namespace drover::client
