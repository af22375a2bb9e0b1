#include "environments/dotenv.h"

#include <gtest/gtest.h>
#include <string>

namespace drover::environments {
namespace {

Dotenv Settings(std::string_view text) { return ParseDotenv(text, DotenvGrammar::kSettings); }
Dotenv ComposeEnv(std::string_view text) { return ParseDotenv(text, DotenvGrammar::kCompose); }

std::string ValueIn(const Dotenv& parsed, std::string_view name = "A") {
  const DotenvEntry* entry = parsed.Find(name);
  if (entry == nullptr) return "(none)";
  return entry->binding == DotenvEntry::Binding::kInherited ? "(inherited)" : entry->value;
}
std::string Value(std::string_view text, std::string_view name = "A") {
  return ValueIn(Settings(text), name);
}
std::string ComposeValue(std::string_view text, std::string_view name = "A") {
  return ValueIn(ComposeEnv(text), name);
}
/// Of a text that compose refuses: line, column and message.
std::string ComposeProblem(std::string_view text) {
  const Dotenv parsed = ComposeEnv(text);
  if (parsed.problems.empty()) return "(none)";
  const DotenvProblem& problem = parsed.problems.front();
  return std::to_string(problem.line) + ":" + std::to_string(problem.column) + " " +
         problem.message;
}

TEST(DotenvTest, BlanksAroundTheEqualsSignAreAllowed) {
  const Dotenv parsed = Settings("DB__DB_URL = sqlite+aiosqlite:///./application.db\n");
  ASSERT_EQ(parsed.entries.size(), 1U);
  EXPECT_EQ(parsed.entries[0].name, "DB__DB_URL");
  EXPECT_EQ(parsed.entries[0].value, "sqlite+aiosqlite:///./application.db");
  EXPECT_EQ(parsed.entries[0].line, 1U);
  EXPECT_EQ(parsed.entries[0].column, 1U);
}

TEST(DotenvTest, EachEntryKnowsItsLine) {
  const Dotenv parsed = Settings("# first\r\n\r\nA=1\r\n  export B=\"x\ny\"\r\nC=3");
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
  EXPECT_TRUE(Settings("A\n").problems.empty());
}

TEST(DotenvTest, ByteOrderMarkAndLineEndsAreUnderstood) {
  EXPECT_EQ(Value("\xEF\xBB\xBF"
                  "A=1\r\nB=2"),
            "1");
  EXPECT_EQ(Value("X=1\rA=2\r"), "2");
}

TEST(DotenvTest, BadLineIsAProblemAndTheNextIsRead) {
  const Dotenv parsed = Settings("OK=1\nfoo bar=2\n=3\nB=\"open\nC='x' y\nA=5\n");
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
  EXPECT_TRUE(Settings("").entries.empty());
  EXPECT_TRUE(Settings("export ").entries.empty());
  EXPECT_TRUE(Settings("'").entries.empty());
  EXPECT_TRUE(Settings("A=\"\\").entries.empty());
  EXPECT_EQ(Settings(std::string_view("A=\0\xff\n", 6)).entries.size(), 1U);
  EXPECT_EQ(Value("A=" + std::string(1 << 20, 'x')).size(), 1U << 20U);
}

// Compose's grammar: what both share, then each difference ---------------------------------------

TEST(ComposeDotenvTest, CommonFormsAreReadAlike) {
  for (const char* text :
       {"A=x", "A = x", "export A=x", "# note\nA=x", "A=x # note", "A='x'", "A=\"x\"", "A=x\r\n",
        "\xEF\xBB\xBF"
        "A=x",
        "A=1\nA=x"}) {
    EXPECT_EQ(ComposeValue(text), "x") << text;
    EXPECT_EQ(Value(text), "x") << text;
  }
  EXPECT_EQ(ComposeValue("A=x#y"), "x#y");
  EXPECT_EQ(ComposeValue("A=\nB=1"), "");
  EXPECT_EQ(ComposeValue("A='two\nlines'\nB=2", "B"), "2");
}

TEST(ComposeDotenvTest, ColonBindsAValue) {
  EXPECT_EQ(ComposeValue("A: ./six"), "./six");
  EXPECT_EQ(Settings("A: ./six").problems.size(), 1U);
}

TEST(ComposeDotenvTest, NameAloneIsInherited) {
  EXPECT_EQ(ComposeValue("A\nB=1"), "(inherited)");
  EXPECT_EQ(ComposeValue("A"), "(inherited)");
  EXPECT_EQ(Value("A\nB=1"), "(none)");
}

TEST(ComposeDotenvTest, BadNameEndsTheFile) {
  EXPECT_EQ(ComposeProblem("OK=1\nfoo$=2\nA=3"),
            "2:4 unexpected character \"$\" in variable name \"foo$=2 …\"");
  EXPECT_EQ(ComposeValue("OK=1\nfoo$=2\nA=3"), "(none)");
  EXPECT_EQ(ComposeProblem("foo bar=2"), "1:8 key cannot contain a space");
  EXPECT_EQ(ComposeProblem("A=\"open"), "1:3 unterminated quoted value \"open");
  EXPECT_EQ(ComposeProblem("'A'=x"), "1:1 unexpected character \"'\" in variable name \"'A'=x\"");
  EXPECT_EQ(Value("'A'=x"), "x");
}

TEST(ComposeDotenvTest, EscapesInDoubleQuotes) {
  EXPECT_EQ(ComposeValue("A=\"a\\tb\\\"c\\\\d\""), "a\tb\"c\\d");
  EXPECT_EQ(ComposeValue("A=\"\\$B\""), "$$B");  // which interpolation makes $B
  EXPECT_EQ(Value("A=\"\\$B\""), "\\$B");
  EXPECT_EQ(ComposeValue("A='a\\tb\\'c'"), "a\\tb'c");
}

TEST(ComposeDotenvTest, CommentNeedsASpaceNotATab) {
  EXPECT_EQ(ComposeValue("A=x\t# note"), "x\t# note");
  EXPECT_EQ(Value("A=x\t# note"), "x");
  EXPECT_EQ(ComposeValue("A= # note"), "# note");
  EXPECT_EQ(Value("A= # note"), "");
}

TEST(ComposeDotenvTest, TextAfterAQuoteIsTheNextBinding) {
  EXPECT_EQ(ComposeValue("A='x' B=y", "B"), "y");
  EXPECT_EQ(Value("A='x' B=y", "B"), "(none)");
}

TEST(ComposeDotenvTest, LoneCarriageReturnIsABlank) {
  EXPECT_EQ(ComposeValue("X=1\rA=2", "X"), "1\rA=2");
  EXPECT_EQ(Value("X=1\rA=2"), "2");
}

TEST(ComposeDotenvTest, NamesThatBeginWithADigitSetNothing) {
  EXPECT_EQ(ComposeValue("1A=x", "1A"), "(none)");
}

TEST(ComposeDotenvTest, UglyInputIsSurvived) {
  for (const char* text : {"", "export ", "=", "A", "\"", "A='", "A=\"\\", "#", ":", "=x\n=\n"}) {
    EXPECT_EQ(ComposeValue(text, "Z"), "(none)") << text;
  }
}

}  // namespace
}  // namespace drover::environments
