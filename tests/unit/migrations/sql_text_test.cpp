#include "migrations/sql_text.h"

#include <gmock/gmock.h>

#include "tests/unit/migrations/support.h"

namespace drover::migrations {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> Tokens(std::string_view sql) {
  std::vector<std::string> texts;
  Lexer lexer(sql);
  while (const auto token = lexer.Next()) texts.emplace_back(token->text);
  return texts;
}

TEST(LexerTest, LeavesOutWhiteSpaceAndComments) {
  EXPECT_THAT(Tokens("SELECT -- all of it;\n\t1 /* or ; more */+ 2;"),
              ElementsAre("SELECT", "1", "+", "2", ";"));
  EXPECT_THAT(Tokens("\xEF\xBB\xBFSELECT"), ElementsAre("SELECT"));
  EXPECT_THAT(Tokens(""), IsEmpty());
  EXPECT_THAT(Tokens(" -- nothing"), IsEmpty());
}

TEST(LexerTest, QuotedTokensKeepTheirQuotesAndDoubledOnes) {
  EXPECT_THAT(Tokens("'it''s; -- no' \"a\"\"b\" `c``d` [e\"f]"),
              ElementsAre("'it''s; -- no'", "\"a\"\"b\"", "`c``d`", "[e\"f]"));
}

TEST(LexerTest, WhatIsNotEndedEndsWithTheText) {
  EXPECT_THAT(Tokens("'abc"), ElementsAre("'abc"));
  EXPECT_THAT(Tokens("'abc''"), ElementsAre("'abc''"));
  EXPECT_THAT(Tokens("[abc"), ElementsAre("[abc"));
  EXPECT_THAT(Tokens("a /* b"), ElementsAre("a"));
  EXPECT_THAT(Tokens("/*/ a"), IsEmpty());
  EXPECT_THAT(Tokens("'"), ElementsAre("'"));
}

TEST(LexerTest, KnowsKindsAndOffsets) {
  Lexer lexer("größe 1.5 \"x\" 's' ;");
  const TokenKind kinds[] = {TokenKind::kWord, TokenKind::kNumber, TokenKind::kQuotedName,
                             TokenKind::kString, TokenKind::kSymbol};
  const std::size_t offsets[] = {0, 8, 12, 16, 20};
  for (int i = 0; i < 5; ++i) {
    const auto token = lexer.Next();
    ASSERT_TRUE(token.has_value());
    EXPECT_EQ(token->kind, kinds[i]) << i;
    EXPECT_EQ(token->offset, offsets[i]) << i;
  }
}

TEST(LexerTest, AnyBytesComeToAnEnd) {
  std::string bytes;
  for (int i = 0; i < 256; ++i) bytes.push_back(static_cast<char>(i));
  EXPECT_FALSE(Tokens(bytes + bytes).empty());
}

TEST(BlankPrefixTest, CountsBlanksCommentsAndSemicolons) {
  EXPECT_EQ(BlankPrefix("  ;; -- x\n/* y */SELECT"), 17U);
  EXPECT_EQ(BlankPrefix("SELECT"), 0U);
  EXPECT_EQ(BlankPrefix("-- only a comment"), 17U);
  EXPECT_EQ(BlankPrefix("/* open"), 7U);
  EXPECT_EQ(BlankPrefix(""), 0U);
  EXPECT_EQ(BlankPrefix("-1"), 0U);
}

TEST(CountStatementsTest, TriggersStringsAndBlanksSplitNothing) {
  EXPECT_EQ(CountStatements(""), 0U);
  EXPECT_EQ(CountStatements(";; -- no\n"), 0U);
  EXPECT_EQ(CountStatements("SELECT ';'; SELECT 2"), 2U);
  EXPECT_EQ(CountStatements("CREATE TRIGGER t AFTER INSERT ON a BEGIN SELECT CASE WHEN 1 THEN 2 "
                            "END; SELECT 2; END; SELECT 3;"),
            2U);
}

TEST(FindUnterminatedTest, NamesWhatIsOpenAndNothingElse) {
  EXPECT_FALSE(FindUnterminated("SELECT 'it''s', \"a\", [b], `c` /* d */ -- 'e").has_value());
  EXPECT_EQ(FindUnterminated("SELECT 'it''s").value().offset, 7U);
  EXPECT_EQ(FindUnterminated("a /* ' */ /* b").value().what, "comment");
  EXPECT_EQ(FindUnterminated("[a").value().what, "quoted name");
  EXPECT_FALSE(FindUnterminated("").has_value());
}

void ExpectPosition(std::string_view text, std::size_t offset, std::size_t line,
                    std::size_t column) {
  const TextPosition at = PositionAt(text, offset, 10);
  EXPECT_EQ(at.line, line) << text << " @" << offset;
  EXPECT_EQ(at.column, column) << text << " @" << offset;
}

TEST(PositionTest, CountsLinesAndCharacters) {
  ExpectPosition("abc\ndef", 0, 10, 1);
  ExpectPosition("abc\ndef", 3, 10, 4);
  ExpectPosition("abc\ndef", 4, 11, 1);
  ExpectPosition("größe x", 8, 10, 7);
  ExpectPosition("a\r\nb", 3, 11, 1);
  ExpectPosition("abc", 99, 10, 4);
}

TEST(NameTest, QuotesAreRemoved) {
  const auto name = [](std::string_view sql) { return NameOf(*Lexer(sql).Next()); };
  EXPECT_EQ(name("abc"), "abc");
  EXPECT_EQ(name("\"a\"\"b\""), "a\"b");
  EXPECT_EQ(name("`a``b`"), "a`b");
  EXPECT_EQ(name("[a b]"), "a b");
  EXPECT_EQ(name("'it''s'"), "it's");
  EXPECT_EQ(name("'"), "'");
}

std::string Destroys(std::string_view sql) {
  std::vector<std::string> found;
  for (const Destruction& one : FindDestruction(sql)) {
    found.push_back(Concat(one.kind, " ", one.object));
  }
  return Listed(found);
}

TEST(DestructionTest, DroppedTablesColumnsAndDeletedRowsAreFound) {
  EXPECT_EQ(Destroys("DROP TABLE accounts;"), "drop table accounts");
  EXPECT_EQ(Destroys("drop table if exists main.\"My Table\""), "drop table my table");
  EXPECT_EQ(Destroys("ALTER TABLE users DROP COLUMN age;"), "drop column users.age");
  EXPECT_EQ(Destroys("ALTER TABLE users DROP [age]"), "drop column users.age");
  EXPECT_EQ(Destroys("DELETE FROM users WHERE id > 3;"), "delete rows users");
  EXPECT_EQ(Destroys("DROP TABLE a; DELETE FROM b; ALTER TABLE c DROP d;"),
            "drop table a, delete rows b, drop column c.d");
}

TEST(DestructionTest, ADeleteBehindAWithClauseIsFound) {
  EXPECT_EQ(Destroys("WITH old AS (SELECT id FROM t) DELETE FROM t WHERE id IN old;"),
            "delete rows t");
  EXPECT_EQ(Destroys("WITH x AS (SELECT 1) INSERT INTO t SELECT * FROM x;"), "");
}

TEST(DestructionTest, HarmlessStatementsAreNotFound) {
  EXPECT_EQ(Destroys(""), "");
  EXPECT_EQ(Destroys("CREATE TABLE t (a); ALTER TABLE u ADD COLUMN b; ALTER TABLE u RENAME TO v;"
                     "DROP INDEX i; DROP VIEW w; DROP TRIGGER x; SELECT 'DROP TABLE t';"
                     "-- DROP TABLE t\n/* DELETE FROM t; */"),
            "");
}

TEST(DestructionTest, WhatTheScriptItselfCreatedDoesNotCount) {
  EXPECT_EQ(Destroys("CREATE TEMP TABLE t (a); DELETE FROM t; DROP TABLE t;"), "");
  EXPECT_EQ(Destroys("CREATE TABLE T (a, b); ALTER TABLE t DROP COLUMN b;"), "");
  EXPECT_EQ(Destroys("CREATE TABLE n (a); ALTER TABLE n RENAME TO t; DELETE FROM t;"), "");
}

TEST(DestructionTest, ATableCreatedOnlyIfMissingMayBeAnOldOne) {
  EXPECT_EQ(Destroys("CREATE TABLE IF NOT EXISTS t (a); DELETE FROM t;"), "delete rows t");
}

TEST(DestructionTest, DroppingBeforeCreatingCounts) {
  EXPECT_EQ(Destroys("DROP TABLE t; CREATE TABLE t (a);"), "drop table t");
}

TEST(DestructionTest, TheOldTableOfARebuildDoesNotCount) {
  EXPECT_EQ(Destroys("CREATE TABLE new_t (a); INSERT INTO new_t SELECT a FROM t;"
                     "DROP TABLE t; ALTER TABLE new_t RENAME TO t;"),
            "");
}

TEST(DestructionTest, TriggerBodiesAreNotStatementsOfTheScript) {
  EXPECT_EQ(Destroys("CREATE TRIGGER x AFTER INSERT ON t BEGIN\n"
                     "  DELETE FROM u; SELECT CASE WHEN 1 THEN 2 END; DELETE FROM v;\n"
                     "END;\nDROP TABLE w;"),
            "drop table w");
}

TEST(FindCommentsTest, OnlyCommentsAreComments) {
  const std::string sql = "a '-- no' /* one */ \"/* no */\" [--no] -- two\nb /* open";
  std::vector<std::string> texts;
  for (const Comment& comment : FindComments(sql)) {
    texts.emplace_back(comment.text);
    EXPECT_TRUE(sql.substr(comment.begin).starts_with(sql[comment.begin] == '-' ? "--" : "/*"));
  }
  EXPECT_EQ(texts, (std::vector<std::string>{" one ", " two", " open"}));
}

TEST(WithoutCommentsTest, StringsStayAsTheyAre) {
  EXPECT_EQ(WithoutComments(" a  INT -- years\n DEFAULT 'x  -- y' /* z */"),
            "a INT DEFAULT 'x  -- y'");
  EXPECT_EQ(WithoutComments("a/**/b"), "a b");
  EXPECT_EQ(WithoutComments("-- nothing"), "");
}

}  // namespace
}  // namespace drover::migrations
