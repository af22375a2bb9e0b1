#include "migrations/destruction.h"

#include <gmock/gmock.h>

#include "migrations/inspect.h"
#include "migrations/sql_text.h"
#include "tests/unit/migrations/support.h"

namespace drover::migrations {
namespace {

/// Users with an index, a trigger and a view, and a log.
const std::vector<std::string>& Schema() {
  static const std::vector<std::string> schema{
      "CREATE TABLE Users (id INTEGER PRIMARY KEY, email TEXT, Age INTEGER)",
      "CREATE TABLE log (what TEXT)", "CREATE INDEX ix_email ON users (email)",
      "CREATE VIEW adults AS SELECT * FROM users WHERE age > 17",
      "CREATE TRIGGER tr AFTER DELETE ON users BEGIN INSERT INTO log VALUES ('gone'); END"};
  return schema;
}

std::string Of(std::string sql, const std::vector<std::string>& schema = Schema()) {
  const Revision revision = MakeRevision("a", {}, std::move(sql));
  const std::vector<const Script*> scripts{&revision.up};
  std::vector<std::string> texts;
  const auto found = ClassifyDestruction(scripts, schema, {});
  for (const Destruction& one : found.at(0)) {
    texts.push_back(one.kind + " " + one.object);
  }
  return Join(texts, ", ");
}

TEST(DestructionTest, WhatGoesIsNamedAsTheDatabaseNamesIt) {
  EXPECT_EQ(Of("drop table USERS"), "drop table Users");
  EXPECT_EQ(Of("ALTER TABLE users DROP COLUMN age"), Of("ALTER TABLE \"USERS\" DROP age"));
  EXPECT_EQ(Of("DROP TABLE IF EXISTS absent"), "");
}

TEST(DestructionTest, ColumnsThatGoAreNamed) {
  const std::vector<std::string> plain{"CREATE TABLE t (a, B, c)"};
  EXPECT_EQ(Of("ALTER TABLE t DROP COLUMN b", plain), "drop column t.B");
  EXPECT_EQ(Of("ALTER TABLE t RENAME COLUMN b TO d; ALTER TABLE t DROP COLUMN d", plain),
            "drop column t.B");
  EXPECT_EQ(Of("ALTER TABLE t RENAME TO u; ALTER TABLE u DROP COLUMN c", plain), "drop column t.c");
  EXPECT_EQ(Of("ALTER TABLE t ADD COLUMN d; ALTER TABLE t DROP COLUMN d", plain), "");
}

TEST(DestructionTest, ARebuildMayRenameColumns) {
  const std::vector<std::string> plain{"CREATE TABLE t (a, B)"};
  EXPECT_EQ(Of("CREATE TABLE n (a, c); INSERT INTO n (a, c) SELECT t.a, t.b AS c FROM t; "
               "DROP TABLE t; ALTER TABLE n RENAME TO t",
               plain),
            "");
  EXPECT_EQ(Of("CREATE TABLE n (a, b); INSERT INTO n (a, b) SELECT a, a AS b FROM t; "
               "DROP TABLE t; ALTER TABLE n RENAME TO t",
               plain),
            "drop column t.B");
}

TEST(DestructionTest, ARebuildLosesOnlyTheColumnsThatAreMissingAfterwards) {
  const std::vector<std::string> plain{"CREATE TABLE t (a, b)"};
  EXPECT_EQ(Of("CREATE TABLE n (a, b NOT NULL); INSERT INTO n SELECT * FROM t; DROP TABLE t; "
               "ALTER TABLE n RENAME TO t",
               plain),
            "");
  // SQLite transfers whole tables without reading columns.
  for (const char* source : {"t", "main.t", "\"t\" AS old"}) {
    EXPECT_EQ(Of(Concat("CREATE TABLE n (a, b); INSERT INTO n SELECT * FROM ", source,
                        "; DROP TABLE t; ALTER TABLE n RENAME TO t"),
                 plain),
              "")
        << source;
  }
  EXPECT_EQ(Of("CREATE TABLE n (a); INSERT INTO n SELECT a FROM t; DROP TABLE t; "
               "ALTER TABLE n RENAME TO t",
               plain),
            "drop column t.b");
  EXPECT_EQ(Of("ALTER TABLE t RENAME TO old; CREATE TABLE t (a, b); INSERT INTO t SELECT a, b FROM "
               "old; DROP TABLE old",
               plain),
            "");
  EXPECT_EQ(
      Of("CREATE TABLE n AS SELECT a, b FROM t; DROP TABLE t; ALTER TABLE n RENAME TO t", plain),
      "");
}

TEST(DestructionTest, ARebuildUnderANewNameKeepsWhatWasRenamed) {
  const std::vector<std::string> plain{"CREATE TABLE t (a, b)"};
  EXPECT_EQ(Of("ALTER TABLE t RENAME COLUMN b TO c; CREATE TABLE n (a, c NOT NULL); "
               "INSERT INTO n SELECT a, c FROM t; DROP TABLE t; ALTER TABLE n RENAME TO t",
               plain),
            "");
  EXPECT_EQ(Of("ALTER TABLE t RENAME TO u; CREATE TABLE n (a, b NOT NULL); "
               "INSERT INTO n SELECT a, b FROM u; DROP TABLE u; ALTER TABLE n RENAME TO u",
               plain),
            "");
  EXPECT_EQ(Of("ALTER TABLE t RENAME COLUMN b TO c; CREATE TABLE n (a, b); "
               "INSERT INTO n (a) SELECT a FROM t; DROP TABLE t; ALTER TABLE n RENAME TO t",
               plain),
            "drop column t.b")
      << "the column of that name afterwards is another one";
}

TEST(DestructionTest, ARebuildThatMayLeaveRowsOutLosesRows) {
  const std::vector<std::string> plain{"CREATE TABLE t (a, b)"};
  for (const char* filter : {"WHERE a > 5", "LIMIT 10", "GROUP BY a", "JOIN t AS o USING (a)"}) {
    const std::string sql = Concat("CREATE TABLE n (a, b); INSERT INTO n SELECT t.a, t.b FROM t ",
                                   filter, "; DROP TABLE t; ALTER TABLE n RENAME TO t");
    EXPECT_EQ(Of(sql, plain), "delete rows t") << filter;
    EXPECT_EQ(FindDestruction(sql).size(), 1U) << filter;
  }
}

TEST(DestructionTest, ARebuildThatCopiesNothingLosesTheTable) {
  const std::vector<std::string> plain{"CREATE TABLE t (a, b)"};
  EXPECT_EQ(Of("CREATE TABLE n (a, b); DROP TABLE t; ALTER TABLE n RENAME TO t", plain),
            "drop table t");
  EXPECT_EQ(Of("DROP TABLE t; CREATE TABLE t (a, b)", plain), "drop table t");
}

TEST(DestructionTest, RowsThatGoOrChangeAreNamed) {
  EXPECT_EQ(Of("DELETE FROM users WHERE age < 3"), "delete rows Users");
  EXPECT_EQ(Of("WITH x AS (SELECT 1) DELETE FROM users"), "delete rows Users");
  EXPECT_EQ(Of("UPDATE users SET email = lower(email)"), "update rows users.email");
  EXPECT_EQ(Of("UPDATE users SET email = 1; DROP VIEW adults"),
            "update rows Users.email, drop view adults");
  EXPECT_EQ(Of("REPLACE INTO users VALUES (1, 'a', 2)"), "update rows Users");
  EXPECT_EQ(Of("INSERT INTO users VALUES (1, 'drop', 2)"), "");
  EXPECT_EQ(Of("ALTER TABLE users ADD COLUMN nick TEXT; UPDATE users SET nick = email"), "")
      << "a new column has nothing to lose";
}

TEST(DestructionTest, TriggersAreFollowed) {
  std::vector<std::string> schema = Schema();
  schema.emplace_back("CREATE TRIGGER prune AFTER UPDATE ON users BEGIN DELETE FROM log; END");
  EXPECT_EQ(Of("UPDATE users SET age = 1; DROP INDEX ix_email", schema),
            "delete rows log, update rows Users.Age, drop index ix_email");
  EXPECT_EQ(Of("UPDATE users SET age = 1", schema), "update rows users.age");
}

TEST(DestructionTest, WhatTheScriptMadeItselfDoesNotCount) {
  EXPECT_EQ(
      Of("CREATE TABLE tmp (x); INSERT INTO tmp VALUES (1); UPDATE tmp SET x = 2; DELETE FROM "
         "tmp; DROP TABLE tmp"),
      "");
}

TEST(DestructionTest, ViewsTriggersAndIndexesThatAreGoneAfterwardsAreListed) {
  EXPECT_EQ(Of("DROP INDEX ix_email; DROP TRIGGER tr; DROP VIEW adults"),
            "drop index ix_email, drop trigger tr, drop view adults");
  EXPECT_EQ(Of("DROP INDEX ix_email; CREATE INDEX ix_email ON users (email, age)"), "");
  EXPECT_EQ(
      Of("DROP VIEW adults; CREATE TABLE n (id INTEGER PRIMARY KEY, email, age); INSERT INTO n "
         "SELECT * FROM users; DROP TABLE users; ALTER TABLE n RENAME TO users"),
      "drop index ix_email, drop trigger tr, drop view adults")
      << "a rebuild takes them along";
}

TEST(DestructionTest, ATransactionAroundItAndSavepointsChangeNothing) {
  EXPECT_EQ(Of("BEGIN; DROP TABLE log; COMMIT;"), "drop table log");
  EXPECT_EQ(Of("SAVEPOINT s; ALTER TABLE log ADD COLUMN x; ROLLBACK TO s; RELEASE s; "
               "UPDATE log SET what = 1"),
            "update rows log.what");
}

TEST(DestructionTest, LaterScriptsSeeWhatEarlierOnesHaveMade) {
  const Revision first = MakeRevision("a", {}, "CREATE TABLE t (x, y)");
  const Revision second = MakeRevision("b", {"a"}, "ALTER TABLE t DROP COLUMN y");
  const Revision third = MakeRevision("c", {"b"}, "CREATE TABLE u (x)");
  const std::vector<const Script*> scripts{&first.up, &second.up, &third.up};
  const auto found = ClassifyDestruction(scripts, {}, {});
  ASSERT_EQ(found.size(), 3U);
  EXPECT_TRUE(found[0].empty());
  EXPECT_TRUE(found[2].empty());
  EXPECT_EQ(found[1], (std::vector<Destruction>{{.kind = "drop column", .object = "t.y"}}));
}

TEST(DestructionTest, WhatCannotBeFollowedIsJudgedByItsText) {
  EXPECT_EQ(Of("UPDATE users SET email = slugify(email); DROP TABLE log"),
            "update rows users.email, drop table log");
  EXPECT_EQ(Of("DELETE FROM nowhere"), "delete rows nowhere");
  EXPECT_EQ(Of("DROP TABLE log", {"CREATE TABLE broken"}), "drop table log");
}

TEST(DestructionTest, StubsLetTheSchemaBeFollowed) {
  const std::vector<std::string> schema{"CREATE TABLE t (a, b COLLATE icu CHECK (slug(b)))"};
  const Revision revision =
      MakeRevision("a", {},
                   "CREATE TABLE n (a, b); INSERT INTO n SELECT a, slug(b) FROM t; DROP TABLE t; "
                   "ALTER TABLE n RENAME TO t; REPLACE INTO t VALUES (1, 2)");
  const std::vector<const Script*> scripts{&revision.up};
  const Stubs stubs{.functions = {"slug/1"}, .collations = {"icu"}};
  EXPECT_TRUE(ClassifyDestruction(scripts, schema, stubs).at(0).empty());
}

TEST(DestructionTest, ShadowTablesGoWithTheirVirtualTable) {
  TempDir directory;
  const std::string path = directory / "a.db";
  MakeDatabase(path, "CREATE VIRTUAL TABLE docs USING fts5(body); CREATE TABLE t (x);");
  const auto schema = InspectSchemaSql(path);
  ASSERT_TRUE(schema.has_value());
  EXPECT_EQ(Of("DROP TABLE docs; DROP TABLE t", *schema), "drop table docs, drop table t");
}

TEST(DestructionTest, OnlyDataCountsAsLost) {
  EXPECT_TRUE(LosesData({.kind = "drop column", .object = "a.b"}));
  EXPECT_FALSE(LosesData({.kind = "drop index", .object = "a"}));
  EXPECT_FALSE(LosesData({.kind = "update rows", .object = "a"}));
}

TEST(MayDestroyTest, GoesByWordsOutsideStringsAndComments) {
  EXPECT_TRUE(MayDestroy("/* */ Drop TABLE x"));
  EXPECT_TRUE(MayDestroy("WITH x AS (SELECT 1) DELETE FROM t"));
  EXPECT_FALSE(MayDestroy("CREATE TABLE a (x DEFAULT 'drop'); -- delete"));
  EXPECT_FALSE(MayDestroy("CREATE TABLE a (b REFERENCES c ON DELETE CASCADE)"));
  EXPECT_FALSE(MayDestroy("UPDATE a SET x = replace(x, ' ', '')"));
  EXPECT_TRUE(MayDestroy("SELECT 1; REPLACE INTO a VALUES (1)"));
  EXPECT_TRUE(MayDestroy("INSERT OR REPLACE INTO a VALUES (1)"));
}

}  // namespace
}  // namespace drover::migrations
