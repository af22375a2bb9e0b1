#include "migrations/schema_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace drover::migrations {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;
using testing::UnorderedElementsAre;

TEST(CanonicalSqlTest, SpacesCommentsCaseAndQuotesOfNamesMeanNothing) {
  EXPECT_EQ(CanonicalSql("CREATE TABLE \"Users\"(\n  [id] INTEGER, -- key\n `Name` /* x */ TEXT);"),
            "create table users(id integer, name text)");
  EXPECT_EQ(CanonicalSql("select a.b , count( * ) from t"), "select a.b, count(*) from t");
}

TEST(CanonicalSqlTest, LiteralsAndNamesThatNeedQuotesStay) {
  EXPECT_EQ(CanonicalSql("SELECT 'It''s  A', \"a b\", x'AB'"),
            "select 'It''s  A', \"a b\", x 'AB'");
  EXPECT_NE(CanonicalSql("SELECT 'a'"), CanonicalSql("SELECT 'A'"));
  EXPECT_NE(CanonicalSql("SELECT 'a'"), CanonicalSql("SELECT a"));
}

TEST(CanonicalSqlTest, TwoSpellingsOfAnOperatorAreOne) {
  EXPECT_EQ(CanonicalSql("a == b"), "a = b");
  EXPECT_EQ(CanonicalSql("a!=b"), CanonicalSql("a <> b"));
  EXPECT_EQ(CanonicalSql("a<=b||c->>'d'"), "a <= b || c ->> 'd'");
  EXPECT_EQ(CanonicalSql("a - -1"), "a - - 1");
}

TEST(CanonicalExpressionTest, ParenthesesAroundTheWholeGo) {
  EXPECT_EQ(CanonicalExpression("((a > 0))"), "a > 0");
  EXPECT_EQ(CanonicalExpression("(a) + (b)"), "(a) + (b)");
}

TEST(CanonicalObjectTest, AStringMayBeAName) {
  EXPECT_EQ(CanonicalObject("CREATE VIEW 'v' AS SELECT 'V'"),
            CanonicalObject("CREATE VIEW v AS SELECT 'V'"));
  EXPECT_EQ(CanonicalObject("CREATE TRIGGER 'r' AFTER INSERT ON 't' BEGIN SELECT 'T'; END"),
            CanonicalObject("CREATE TRIGGER r AFTER INSERT ON t BEGIN SELECT 'T'; END"));
}

TEST(CanonicalDefaultTest, AWordIsTheStringThatSqliteTakesItFor) {
  EXPECT_EQ(CanonicalDefault("Foo"), "'Foo'");
  EXPECT_EQ(CanonicalDefault("\"it's\""), "'it''s'");
  EXPECT_EQ(CanonicalDefault("Current_Timestamp"), "current_timestamp");
  EXPECT_EQ(CanonicalDefault("TRUE"), "true");
  EXPECT_EQ(CanonicalDefault("NULL"), "");
  EXPECT_EQ(CanonicalDefault("+5"), "5");
  EXPECT_EQ(CanonicalDefault("(1.0)"), "1.0");
  EXPECT_EQ(CanonicalDefault("'A  b'"), "'A  b'");
}

TEST(ReadIndexTextTest, KeysAreWithoutOrderAndCollation) {
  const IndexText text = ReadIndexText(
      "CREATE INDEX i ON t (a ASC, (lower(b)) COLLATE NOCASE DESC, (c + 1)) WHERE (a > ',')");
  EXPECT_THAT(text.keys, ElementsAre("a", "lower(b)", "c + 1"));
  EXPECT_EQ(text.where, "a > ','");
}

TEST(ReadTableTextTest, ReadsWhatNoPragmaTells) {
  const TableText text = ReadTableText(R"(CREATE TABLE "t" (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name VARCHAR(20) COLLATE NoCase NOT NULL ON CONFLICT IGNORE DEFAULT ('check (x)'),
    plain TEXT COLLATE BINARY UNIQUE ON CONFLICT ABORT,
    "check" INT CONSTRAINT collate CHECK ((("check" > 0))),
    double INT GENERATED ALWAYS AS (id * 2) STORED,
    parent INT REFERENCES p(id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    other INT REFERENCES p(id) NOT DEFERRABLE INITIALLY DEFERRED,
    UNIQUE (name, parent) ON CONFLICT REPLACE
    CONSTRAINT k FOREIGN KEY (other, id) REFERENCES q DEFERRABLE INITIALLY DEFERRED,
    CHECK (id <> 7)
  ))");
  EXPECT_TRUE(text.autoincrement);
  EXPECT_THAT(text.collations, ElementsAre(Pair("name", "nocase")));
  EXPECT_THAT(text.generated, ElementsAre(Pair("double", "id * 2")));
  EXPECT_THAT(text.checks, ElementsAre("check > 0", "id <> 7"));
  EXPECT_THAT(text.conflicts, ElementsAre("name not null on conflict ignore",
                                          "name, parent unique on conflict replace"));
  EXPECT_THAT(text.deferred, UnorderedElementsAre("parent", "other, id"));
}

TEST(ReadTableTextTest, WhatIsNoTableHasNothing) {
  EXPECT_THAT(ReadTableText("").checks, IsEmpty());
  EXPECT_THAT(ReadTableText("CREATE TABLE t (").checks, IsEmpty());
  EXPECT_THAT(ReadTableText("CREATE TABLE t (a, CHECK").checks, IsEmpty());
  EXPECT_THAT(ReadTableText("CREATE TABLE t (a DEFAULT").checks, IsEmpty());
  EXPECT_THAT(ReadTableText("CREATE TABLE t ()").checks, IsEmpty());
}

}  // namespace
}  // namespace drover::migrations
