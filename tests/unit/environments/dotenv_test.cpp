#include "environments/dotenv.h"

#include <gtest/gtest.h>
#include <string>

namespace drover::environments {
namespace {

std::string Value(std::string_view text, std::string_view name = "A") {
  const Dotenv parsed = ParseDotenv(text);
  const DotenvEntry* entry = parsed.Find(name);
  return entry == nullptr ? "(none)" : entry->value;
}

TEST(DotenvTest, BlanksAroundTheEqualsSignAreAllowed) {
  const Dotenv parsed = ParseDotenv("DB__DB_URL = sqlite+aiosqlite:///./application.db\n");
  ASSERT_EQ(parsed.entries.size(), 1U);
  EXPECT_EQ(parsed.entries[0].name, "DB__DB_URL");
  EXPECT_EQ(parsed.entries[0].value, "sqlite+aiosqlite:///./application.db");
  EXPECT_EQ(parsed.entries[0].line, 1U);
  EXPECT_EQ(parsed.entries[0].column, 1U);
}

TEST(DotenvTest, EachEntryKnowsItsLine) {
  const Dotenv parsed = ParseDotenv("# first\r\n\r\nA=1\r\n  export B=\"x\ny\"\r\nC=3");
  ASSERT_EQ(parsed.entries.size(), 3U);
  EXPECT_EQ(parsed.entries[0].line, 3U);
  EXPECT_EQ(parsed.entries[1].line, 4U);
  EXPECT_EQ(parsed.entries[1].column, 10U);
  EXPECT_EQ(parsed.entries[1].value, "x\ny");
  EXPECT_EQ(parsed.entries[2].line, 6U);
  EXPECT_EQ(parsed.entries[2].value, "3");
}

TEST(DotenvTest, TheLastOneWins) { EXPECT_EQ(Value("A=1\nB=x\nA=2\n"), "2"); }

TEST(DotenvTest, QuotesAndEscapes) {
  EXPECT_EQ(Value("A='it # is'"), "it # is");
  EXPECT_EQ(Value("A=\"tab\\tquote\\\" # in\" # out"), "tab\tquote\" # in");
  EXPECT_EQ(Value("A='no\\tescape \\' here'"), "no\\tescape ' here");
  EXPECT_EQ(Value("'A'=1"), "1");
  EXPECT_EQ(Value("A=it's"), "it's");
}

TEST(DotenvTest, InlineCommentNeedsABlankBefore) {
  EXPECT_EQ(Value("A=x # note"), "x");
  EXPECT_EQ(Value("A=x#y"), "x#y");
  EXPECT_EQ(Value("A= # only a note"), "");
  EXPECT_EQ(Value("A=#x"), "#x");
}

TEST(DotenvTest, EmptyValueIsAValue) {
  EXPECT_EQ(Value("A=\nB=1"), "");
  EXPECT_EQ(Value("A="), "");
  EXPECT_EQ(Value("A=''"), "");
}

TEST(DotenvTest, NameWithoutEqualsSetsNothing) {
  EXPECT_EQ(Value("A\nB=1"), "(none)");
  EXPECT_EQ(Value("A\nB=1", "B"), "1");
  EXPECT_TRUE(ParseDotenv("A\n").problems.empty());
}

TEST(DotenvTest, ByteOrderMarkAndLineEndsAreUnderstood) {
  EXPECT_EQ(Value("\xEF\xBB\xBF"
                  "A=1\r\nB=2"),
            "1");
  EXPECT_EQ(Value("X=1\rA=2\r"), "2");
}

TEST(DotenvTest, BadLineIsAProblemAndTheNextIsRead) {
  const Dotenv parsed = ParseDotenv("OK=1\nfoo bar=2\n=3\nB=\"open\nC='x' y\nA=5\n");
  EXPECT_EQ(Value("OK=1\nfoo bar=2\n=3\nB=\"open\nC='x' y\nA=5\n"), "5");
  ASSERT_EQ(parsed.problems.size(), 4U);
  EXPECT_EQ(parsed.problems[0].line, 2U);
  EXPECT_EQ(parsed.problems[0].column, 5U);
  EXPECT_EQ(parsed.problems[0].message, "expected \"=\" after the name foo");
  EXPECT_EQ(parsed.problems[1].line, 3U);
  EXPECT_EQ(parsed.problems[2].message, "the quoted value of B has no end");
  EXPECT_EQ(parsed.problems[3].line, 5U);
}

TEST(DotenvTest, UglyInputIsSurvived) {
  EXPECT_TRUE(ParseDotenv("").entries.empty());
  EXPECT_TRUE(ParseDotenv("export ").entries.empty());
  EXPECT_TRUE(ParseDotenv("'").entries.empty());
  EXPECT_TRUE(ParseDotenv("A=\"\\").entries.empty());
  EXPECT_EQ(ParseDotenv(std::string_view("A=\0\xff\n", 6)).entries.size(), 1U);
  EXPECT_EQ(Value("A=" + std::string(1 << 20, 'x')).size(), 1U << 20U);
}

}  // namespace
}  // namespace drover::environments
