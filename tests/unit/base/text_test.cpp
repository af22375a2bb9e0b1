#include "base/text.h"

#include <array>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace drover {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::array<std::string_view, 3> kVerbs{"status", "stamp", "upgrade"};

TEST(TextTest, ConcatJoinsStringsCharactersAndNumbers) {
  EXPECT_EQ(Concat("a", 'b', 3, std::string("c"), std::int64_t{-9'000'000'000'000'000'000}),
            "ab3c-9000000000000000000");
  EXPECT_EQ(Concat(), "");
}

TEST(TextTest, TrimTakesWhiteSpaceOfBothEnds) {
  EXPECT_EQ(Trim(" \t\r\n a b \v\f"), "a b");
  EXPECT_EQ(Trim("   "), "");
  EXPECT_EQ(Trim(""), "");
  EXPECT_EQ(Trim("\xc3\xa9 "), "\xc3\xa9");
}

TEST(TextTest, SplitListDropsWhatIsEmpty) {
  EXPECT_THAT(SplitList(" a, b ,,c,", ','), ElementsAre("a", "b", "c"));
  EXPECT_THAT(SplitList(",, ,", ','), IsEmpty());
  EXPECT_THAT(SplitList("", ','), IsEmpty());
}

TEST(TextTest, SplitLinesKnowsBothLineEnds) {
  EXPECT_THAT(SplitLines("a\r\nb\n\nc"), ElementsAre("a", "b", "", "c"));
  EXPECT_THAT(SplitLines("a\n"), ElementsAre("a"));
  EXPECT_THAT(SplitLines("\n"), ElementsAre(""));
  EXPECT_THAT(SplitLines("a\rb"), ElementsAre("a\rb"));
  EXPECT_THAT(SplitLines(""), IsEmpty());
}

TEST(TextTest, JoinPutsTheSeparatorBetween) {
  const std::vector<std::string> pieces{"a", "", "b"};
  EXPECT_EQ(Join(pieces, ", "), "a, , b");
  EXPECT_EQ(Join({}, ", "), "");
}

TEST(TextTest, ToLowerIsAsciiOnly) { EXPECT_EQ(ToLower("AZaz[@É"), "azaz[@É"); }

TEST(TextTest, CountKnowsThePlural) {
  EXPECT_EQ(Count(0, "migration"), "0 migrations");
  EXPECT_EQ(Count(1, "migration"), "1 migration");
  EXPECT_EQ(Count(2, "process", "processes"), "2 processes");
}

TEST(TextTest, ParseIntegerTakesTheWholeOrNothing) {
  EXPECT_EQ(ParseInteger("-12"), -12);
  EXPECT_EQ(ParseInteger("9223372036854775807"), INT64_MAX);
  EXPECT_EQ(ParseInteger("9223372036854775808"), std::nullopt);
  EXPECT_EQ(ParseInteger("12a"), std::nullopt);
  EXPECT_EQ(ParseInteger(" 1"), std::nullopt);
  EXPECT_EQ(ParseInteger("+1"), std::nullopt);
  EXPECT_EQ(ParseInteger(""), std::nullopt);
}

TEST(TextTest, IsHexWantsLowerCaseOfASensibleLength) {
  EXPECT_TRUE(IsHex("981cbaae32a1"));
  EXPECT_TRUE(IsHex(std::string(64, 'f')));
  EXPECT_FALSE(IsHex("981"));
  EXPECT_FALSE(IsHex("981CBAAE"));
  EXPECT_FALSE(IsHex("head"));
  EXPECT_FALSE(IsHex(std::string(65, 'f')));
}

TEST(TextTest, ClosestMatchForgivesTypingErrors) {
  EXPECT_EQ(ClosestMatch("stauts", kVerbs), "status");
  EXPECT_EQ(ClosestMatch("upgrad", kVerbs), "upgrade");
  EXPECT_EQ(ClosestMatch("status", kVerbs), "status");
  EXPECT_EQ(ClosestMatch("x", kVerbs), std::nullopt);
  EXPECT_EQ(ClosestMatch("downgrade", kVerbs), std::nullopt);
  EXPECT_EQ(ClosestMatch("status", {}), std::nullopt);
}

TEST(TextTest, DidYouMeanIsATailOrNothing) {
  EXPECT_EQ(DidYouMean("stamo", kVerbs), ", did you mean \"stamp\"?");
  EXPECT_EQ(DidYouMean("frobnicate", kVerbs), "");
}

TEST(TextTest, GlobsMatchWithinAndAcrossDirectories) {
  EXPECT_TRUE(MatchesGlob("*.db", "a.db"));
  EXPECT_FALSE(MatchesGlob("*.db", "x/a.db"));
  EXPECT_TRUE(MatchesGlob("tests/**", "tests/a/b.db"));
  EXPECT_TRUE(MatchesGlob("a/**/b", "a/b"));
  EXPECT_TRUE(MatchesGlob("a/**/b", "a/x/y/b"));
  EXPECT_TRUE(MatchesGlob("**/x.db", "x.db"));
  EXPECT_FALSE(MatchesGlob("**/x.db", "ax.db"));
  EXPECT_FALSE(MatchesGlob("a/**/b", "a/xb"));
  EXPECT_FALSE(MatchesGlob("**/x.db", "x/"));
  EXPECT_TRUE(MatchesGlob("a?c", "abc"));
  EXPECT_FALSE(MatchesGlob("a?c", "a/c"));
  EXPECT_FALSE(MatchesGlob("a", "ab"));
  EXPECT_TRUE(MatchesGlob("", ""));
  EXPECT_FALSE(MatchesGlob("", "a"));
}

TEST(TextTest, GlobsGoBackToTheOuterStarWhenTheInnerCannotCross) {
  EXPECT_TRUE(MatchesGlob("**/*.db", "a/b/c.db"));
  EXPECT_TRUE(MatchesGlob("**/tests/*.db", "x/tests/y/tests/a.db"));
}

TEST(TextTest, AHostileGlobEndsSoon) {
  EXPECT_FALSE(MatchesGlob("*a*a*a*a*a*a*a*a*a*a*b", std::string(2000, 'a')));
}

TEST(TextTest, ShellQuoteMakesOneWord) {
  EXPECT_EQ(ShellQuote("/a/b-c.db"), "/a/b-c.db");
  EXPECT_EQ(ShellQuote("a b"), "'a b'");
  EXPECT_EQ(ShellQuote("it's"), "'it'\\''s'");
  EXPECT_EQ(ShellQuote(""), "''");
  EXPECT_EQ(ShellQuote("$(rm)"), "'$(rm)'");
}

TEST(TextTest, ExcerptIsOneShortLine) {
  EXPECT_EQ(Excerpt("  SELECT 1\nFROM t", 100), "SELECT 1 …");
  EXPECT_EQ(Excerpt("abcdef", 3), "abc…");
  EXPECT_EQ(Excerpt("aéé", 2), "a…");
  EXPECT_EQ(Excerpt("abc", 3), "abc");
  EXPECT_EQ(Excerpt("", 3), "");
}

}  // namespace
}  // namespace drover
