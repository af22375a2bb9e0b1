#include "migrations/adjacency.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace drover::migrations {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

/// 1 and 2 follow 0; 3 merges both and depends on 0; 4 depends on 3.
Adjacency Below() {
  using Nodes = std::vector<std::uint32_t>;
  Adjacency below;
  below.Append({}, {});
  below.Append(Nodes{0}, {});
  below.Append(Nodes{0}, {});
  below.Append(Nodes{1, 2}, Nodes{0});
  below.Append({}, Nodes{3});
  return below;
}

TEST(AdjacencyTest, KeepsParentsApartFromDependencies) {
  const Adjacency below = Below();
  EXPECT_EQ(below.nodes(), 5U);
  EXPECT_THAT(below.All(0), IsEmpty());
  EXPECT_THAT(below.Direct(3), ElementsAre(1U, 2U));
  EXPECT_THAT(below.All(3), ElementsAre(1U, 2U, 0U));
  EXPECT_THAT(below.Direct(4), IsEmpty());
  EXPECT_THAT(below.All(4), ElementsAre(3U));
}

TEST(AdjacencyTest, TheInverseNamesChildrenFirst) {
  const Adjacency above = Below().Inverse();
  EXPECT_EQ(above.nodes(), 5U);
  EXPECT_THAT(above.Direct(0), ElementsAre(1U, 2U));
  EXPECT_THAT(above.All(0), ElementsAre(1U, 2U, 3U));
  EXPECT_THAT(above.Direct(3), IsEmpty());
  EXPECT_THAT(above.All(3), ElementsAre(4U));
  EXPECT_THAT(above.All(4), IsEmpty());
}

TEST(AdjacencyTest, NothingHasAnInverse) { EXPECT_EQ(Adjacency().Inverse().nodes(), 0U); }

}  // namespace
}  // namespace drover::migrations
