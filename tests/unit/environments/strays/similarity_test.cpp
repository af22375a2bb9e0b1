#include "environments/strays/similarity.h"

#include <gtest/gtest.h>
#include <vector>

namespace drover::environments {
namespace {

using Outline = std::vector<std::string>;

TEST(SimilarityTest, EqualOutlinesScoreOne) {
  const Outline outline{"a.id integer", "a.name text"};
  EXPECT_EQ(Similarity(outline, outline), 1.0);
}

TEST(SimilarityTest, NothingToCompareHasNoScore) {
  EXPECT_EQ(Similarity(Outline{}, Outline{"a.id integer"}), std::nullopt);
  EXPECT_EQ(Similarity(Outline{"a.id integer"}, Outline{}), std::nullopt);
}

TEST(SimilarityTest, SharedColumnsAreWeighedAgainstAllColumns) {
  EXPECT_EQ(Similarity(Outline{"a.id integer", "a.x text"}, Outline{"a.id integer", "b.y text"}),
            0.33);
  EXPECT_EQ(Similarity(Outline{"a.id integer"}, Outline{"b.id integer"}), 0.0);
}

TEST(SimilarityTest, AnotherTypeCountsOneHalf) {
  EXPECT_EQ(Similarity(Outline{"a.id integer"}, Outline{"a.id bigint"}), 0.5);
  EXPECT_EQ(Similarity(Outline{"a.id "}, Outline{"a.id bigint"}), 0.5);
}

TEST(SimilarityTest, OnlyEqualOutlinesScoreOneAfterRounding) {
  Outline left;
  for (int i = 1000; i < 2000; ++i) left.push_back("t.c" + std::to_string(i) + " text");
  Outline right = left;
  right.pop_back();
  EXPECT_EQ(Similarity(left, right), 0.99);
}

}  // namespace
}  // namespace drover::environments
