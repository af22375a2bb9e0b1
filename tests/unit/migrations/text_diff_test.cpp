#include "migrations/text_diff.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/text.h"

namespace drover::migrations {
namespace {

std::string Diff(std::string_view before, std::string_view after) {
  return UnifiedDiff({.name = "old", .text = before}, {.name = "new", .text = after});
}

/// "a\nb\n" from "ab".
std::string Lines(std::string_view letters) {
  std::string text;
  for (const char letter : letters) text += Concat(letter, "\n");
  return text;
}

TEST(UnifiedDiffTest, EqualTextsHaveNone) {
  EXPECT_EQ(Diff("", ""), "");
  EXPECT_EQ(Diff("a\nb\n", "a\r\nb"), "");
}

TEST(UnifiedDiffTest, OneChangedLineStandsInItsContext) {
  EXPECT_EQ(Diff(Lines("abcdefghi"), Lines("abcdXfghi")),
            "--- old\n+++ new\n@@ -2,7 +2,7 @@\n b\n c\n d\n-e\n+X\n f\n g\n h\n");
}

TEST(UnifiedDiffTest, AddedAndRemovedLines) {
  EXPECT_EQ(Diff("", "a\n"), "--- old\n+++ new\n@@ -0,0 +1 @@\n+a\n");
  EXPECT_EQ(Diff("a\n", ""), "--- old\n+++ new\n@@ -1 +0,0 @@\n-a\n");
  EXPECT_EQ(Diff("a\nc\n", "a\nb\nc\n"), "--- old\n+++ new\n@@ -1,2 +1,3 @@\n a\n+b\n c\n");
}

TEST(UnifiedDiffTest, ChangesFarApartHaveHunksOfTheirOwn) {
  EXPECT_EQ(Diff(Lines("Abcdefghijk"), Lines("bcdefghijkL")),
            "--- old\n+++ new\n@@ -1,4 +1,3 @@\n-A\n b\n c\n d\n"
            "@@ -9,3 +8,4 @@\n i\n j\n k\n+L\n");
}

TEST(UnifiedDiffTest, ChangesNearEachOtherShareAHunk) {
  EXPECT_EQ(Diff(Lines("AbcdefgH"), Lines("1bcdefg2")),
            "--- old\n+++ new\n@@ -1,8 +1,8 @@\n-A\n+1\n b\n c\n d\n e\n f\n g\n-H\n+2\n");
}

TEST(UnifiedDiffTest, TheDifferenceIsTheShortest) {
  // Myers' own example: five edits lead from ABCABBA to CBABAC.
  const std::string diff = Diff(Lines("ABCABBA"), Lines("CBABAC"));
  std::size_t edits = 0;
  for (const std::string_view line : SplitLines(diff)) {
    if (line.size() == 2 && line[0] != ' ') ++edits;
  }
  EXPECT_EQ(edits, 5U) << diff;
}

TEST(UnifiedDiffTest, TextsWithNothingInCommonAreReplacedHoweverLong) {
  std::string before;
  std::string after;
  for (int i = 0; i < 3000; ++i) {
    before += Concat("before ", i, "\n");
    after += Concat("after ", i, "\n");
  }
  const std::string diff = Diff(Concat("same\n", before), Concat("same\n", after));
  EXPECT_THAT(diff, ::testing::HasSubstr("@@ -1,3001 +1,3001 @@\n same\n-before 0\n"));
  EXPECT_THAT(diff, ::testing::HasSubstr("-before 2999\n+after 0\n"));
}

}  // namespace
}  // namespace drover::migrations
