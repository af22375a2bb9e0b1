#include "migrations/regexp.h"

#include <gmock/gmock.h>

#include "tests/unit/migrations/support.h"

namespace drover::migrations {
namespace {

using testing::HasSubstr;

class RegexpTest : public testing::Test {
 protected:
  /// "1", "0" or "null".
  std::string Match(std::string_view text, std::string_view pattern) {
    return memory_
        .QueryText(Concat("SELECT ifnull(", QuoteLiteral(text), " REGEXP ", QuoteLiteral(pattern),
                          ", 'null')"))
        .value();
  }
  std::string Failure(std::string_view pattern) {
    return Caught([&] { (void)Match("x", pattern); }).message;
  }

  Connection memory_{"", OpenMode::kMemory};
};

TEST_F(RegexpTest, MatchesAnywhereUnlessAnchored) {
  EXPECT_EQ(Match("abc", "b"), "1");
  EXPECT_EQ(Match("abc", "^b"), "0");
  EXPECT_EQ(Match("abc", "^a.c$"), "1");
  EXPECT_EQ(Match("ABC", "abc"), "0");
  EXPECT_EQ(Match("", "^$"), "1");
  EXPECT_EQ(Match("a@b.org", "^[^@ ]+@[^@ ]+\\.[a-z]{2,}$"), "1");
}

TEST_F(RegexpTest, CharactersAreThoseOfUtf8) {
  EXPECT_EQ(Match("größe", "^.{5}$"), "1");
  EXPECT_EQ(Match("ä", "^[äöü]$"), "1");
}

TEST_F(RegexpTest, PerlsEscapesMeanWhatTheirAuthorThinks) {
  EXPECT_EQ(Match("2026-02-12", "^\\d{4}-\\d\\d-\\d\\d$"), "1");
  EXPECT_EQ(Match("d", "\\d"), "0");
  EXPECT_EQ(Match("7", "\\D"), "0");
  EXPECT_EQ(Match("a_1 b", "^\\w+\\s\\w$"), "1");
  EXPECT_EQ(Match("a\tb", "a\\tb"), "1");
  EXPECT_EQ(Match("a.b-c]7", "^[\\w.\\-\\]]+$"), "1");
  EXPECT_EQ(Match("\\", "^[\\d]$"), "0");
  EXPECT_EQ(Match("x]y", "^[^]a]+$"), "0");
  EXPECT_EQ(Match("ab1", "^[[:alpha:]\\d]+$"), "1");
}

TEST_F(RegexpTest, NullMatchesNothingAndNumbersAreText) {
  EXPECT_FALSE(memory_.QueryInteger("SELECT (NULL REGEXP 'a') IS NOT NULL") != 0);
  EXPECT_FALSE(memory_.QueryInteger("SELECT ('a' REGEXP NULL) IS NOT NULL") != 0);
  EXPECT_EQ(memory_.QueryInteger("SELECT 1234 REGEXP '^[0-9]+$'"), 1);
}

TEST_F(RegexpTest, BadPatternsAreErrorsOfTheStatement) {
  EXPECT_THAT(Failure("["), HasSubstr("regexp: \"[\": "));
  EXPECT_THAT(Failure("(a"), HasSubstr("regexp: \"(a\": "));
  EXPECT_THAT(Failure("\\p{L}"), HasSubstr("\\p is not known here"));
  EXPECT_THAT(Failure("[\\D]"), HasSubstr("\\D is not known here"));
}

TEST_F(RegexpTest, LongTextsEnd) {
  memory_.Execute("CREATE TABLE t (x)");
  memory_.Execute(
      "INSERT INTO t SELECT hex(zeroblob(500000)) || '!' FROM (SELECT 1 UNION SELECT 2)");
  EXPECT_EQ(memory_.QueryInteger("SELECT count(*) FROM t WHERE x REGEXP '^(0|00)*!$'"), 2);
}

TEST_F(RegexpTest, ServesCheckConstraints) {
  memory_.Execute("CREATE TABLE users (email TEXT CHECK (email REGEXP '^[^@]+@[^@]+$'))");
  memory_.Execute("INSERT INTO users VALUES ('a@b')");
  EXPECT_THAT(Caught([&] { memory_.Execute("INSERT INTO users VALUES ('ab')"); }).message,
              HasSubstr("CHECK constraint failed"));
}

}  // namespace
}  // namespace drover::migrations
