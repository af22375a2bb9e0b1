#include "migrations/schema_compare.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/text.h"

namespace drover::migrations {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

SchemaImage ImageOf(std::string_view sql) {
  Connection connection("", OpenMode::kMemory);
  connection.Execute(sql);
  return SchemaReader("my_versions").Read(connection);
}

/// "different t: column a: …", with the migrations first.
std::vector<std::string> Differences(std::string_view expected, std::string_view actual) {
  const SchemaImage one = ImageOf(expected);
  const SchemaImage two = ImageOf(actual);
  std::vector<std::string> lines;
  for (const SchemaDifference& found : CompareSchemas(one, two)) {
    lines.push_back(Concat(found.kind, " ", found.type, " ", found.object, ": ", found.what));
  }
  EXPECT_EQ(lines.empty(), one == two);
  EXPECT_EQ(lines.empty(), one.Digest() == two.Digest());
  return lines;
}

/// One of these is said by adding to the table (id INTEGER PRIMARY KEY), the other not.
void ExpectEqual(std::string_view one, std::string_view two) {
  EXPECT_THAT(Differences(one, two), IsEmpty()) << one << "\n" << two;
}

TEST(CompareSchemasTest, AnAddedColumnEqualsACreatedOne) {
  ExpectEqual(
      "CREATE TABLE t (id INTEGER PRIMARY KEY); ALTER TABLE t ADD COLUMN a TEXT DEFAULT 'x'",
      "CREATE TABLE t (\n  id INTEGER PRIMARY KEY, -- the key\n  \"a\" text DEFAULT ('x'))");
}

TEST(CompareSchemasTest, ARenamedTableEqualsACreatedOne) {
  ExpectEqual(
      "CREATE TABLE old (a INT, b INT); ALTER TABLE old RENAME TO t;"
      "ALTER TABLE t RENAME COLUMN b TO c; ALTER TABLE t DROP COLUMN a",
      "CREATE TABLE t (c INT)");
}

TEST(CompareSchemasTest, ConstraintsMayStandAnywhere) {
  ExpectEqual(
      "CREATE TABLE p (id INTEGER PRIMARY KEY);"
      "CREATE TABLE t (a INT NOT NULL PRIMARY KEY CHECK (a > 0), b INT UNIQUE,"
      " c INT REFERENCES p (id) ON DELETE CASCADE)",
      "CREATE TABLE p (id INTEGER PRIMARY KEY);"
      "CREATE TABLE t (a INT NOT NULL, b INT, c INT, CONSTRAINT k UNIQUE (b), CHECK ((a>0)),"
      " FOREIGN KEY (c) REFERENCES p(id) ON DELETE CASCADE MATCH SIMPLE, PRIMARY KEY (a))");
}

TEST(CompareSchemasTest, DefaultsThatAreSaidAloudMeanNothing) {
  ExpectEqual("CREATE TABLE t (a TEXT, b TEXT AS (a || 'x'))",
              "CREATE TABLE t (a TEXT COLLATE BINARY DEFAULT NULL NULL,"
              " b TEXT GENERATED ALWAYS AS (a||'x') VIRTUAL)");
  ExpectEqual(
      "CREATE TABLE t (a); CREATE INDEX i ON t (a);"
      "CREATE VIEW v AS SELECT a FROM t WHERE a != 1",
      "CREATE TABLE t (a); CREATE INDEX IF NOT EXISTS main.i ON t (a ASC);"
      "CREATE VIEW V AS select A from \"t\" WHERE a<>1");
}

TEST(CompareSchemasTest, EveryFactOfATableCounts) {
  struct Pair {
    std::string_view migrations;
    std::string_view here;
    std::string_view what;
  };
  const Pair kPairs[] = {
      {"CREATE TABLE t (age TEXT)", "CREATE TABLE t (age INTEGER)",
       "column age: integer here, text in the migrations"},
      {"CREATE TABLE t (a INT NOT NULL)", "CREATE TABLE t (a INT)",
       "column a: int here, int not null in the migrations"},
      {"CREATE TABLE t (a INT DEFAULT 1)", "CREATE TABLE t (a INT DEFAULT '1')",
       "column a: int default '1' here, int default 1 in the migrations"},
      {"CREATE TABLE t (a)", "CREATE TABLE t (a COLLATE NOCASE)",
       "column a: no type collate nocase here, no type in the migrations"},
      {"CREATE TABLE t (a, b AS (a))", "CREATE TABLE t (a, b AS (a) STORED)",
       "column b: no type as a stored here, no type as a virtual in the migrations"},
      {"CREATE TABLE t (a)", "CREATE TABLE t (a, b)", "column b is not in the migrations"},
      {"CREATE TABLE t (a, b)", "CREATE TABLE t (a)", "column b is missing"},
      {"CREATE TABLE t (a, b)", "CREATE TABLE t (b, a)",
       "columns in another order: b, a here, a, b in the migrations"},
      {"CREATE TABLE t (a UNIQUE)", "CREATE TABLE t (a)", "unique (a) is missing"},
      {"CREATE TABLE t (a INTEGER PRIMARY KEY AUTOINCREMENT)",
       "CREATE TABLE t (a INTEGER PRIMARY KEY)", "autoincrement is missing"},
      {"CREATE TABLE t (a)", "CREATE TABLE t (a, CHECK (a > 1))",
       "check (a > 1) is not in the migrations"},
      {"CREATE TABLE t (a REFERENCES p(b) DEFERRABLE INITIALLY DEFERRED)", "CREATE TABLE t (a)",
       "foreign key (a) references p(b) initially deferred is missing"},
      {"CREATE TABLE t (a INT) STRICT", "CREATE TABLE t (a INT)", "strict is missing"},
      {"CREATE TABLE t (a INT UNIQUE)", "CREATE TABLE t (a INT UNIQUE ON CONFLICT REPLACE)",
       "a unique on conflict replace is not in the migrations"},
  };
  for (const auto& [migrations, here, what] : kPairs) {
    EXPECT_THAT(Differences(migrations, here), ElementsAre(Concat("different table t: ", what)))
        << migrations;
  }
}

TEST(CompareSchemasTest, AKeyIsARowidOrNot) {
  EXPECT_THAT(Differences("CREATE TABLE t (a INTEGER PRIMARY KEY)",
                          "CREATE TABLE t (a INTEGER PRIMARY KEY DESC)"),
              SizeIs(2));
  EXPECT_THAT(Differences("CREATE TABLE t (a INT NOT NULL PRIMARY KEY) WITHOUT ROWID",
                          "CREATE TABLE t (a INT NOT NULL PRIMARY KEY)"),
              ElementsAre("different table t: without rowid is missing"));
  EXPECT_THAT(Differences("CREATE TABLE t (a, b, PRIMARY KEY (a, b))",
                          "CREATE TABLE t (a, b, PRIMARY KEY (b, a))"),
              SizeIs(2));
}

TEST(CompareSchemasTest, ObjectsAreMissingExtraOrDifferent) {
  EXPECT_THAT(
      Differences("CREATE TABLE a (x); CREATE TABLE b (x); CREATE INDEX i ON b (x);"
                  "CREATE TRIGGER g AFTER INSERT ON b BEGIN SELECT 1; END",
                  "CREATE TABLE b (x); CREATE TABLE c (x); CREATE INDEX i ON b (x) WHERE x > 1;"
                  "CREATE VIEW v AS SELECT 1"),
      ElementsAre("missing table a: table a is missing",
                  "extra table c: table c is not in the migrations",
                  "different index i: index on b (x) where x > 1 here, index on b (x) "
                  "in the migrations",
                  "missing trigger g: trigger g is missing",
                  "extra view v: view v is not in the migrations"));
}

TEST(CompareSchemasTest, AnIndexOfTheSameNameOnAnotherTableIsDifferent) {
  EXPECT_THAT(Differences("CREATE TABLE a (x); CREATE TABLE b (x); CREATE INDEX i ON a (x)",
                          "CREATE TABLE a (x); CREATE TABLE b (x); CREATE INDEX i ON b (x)"),
              SizeIs(1));
}

TEST(CompareSchemasTest, ToolsTablesAndSqlitesOwnAreNoPartOfIt) {
  EXPECT_THAT(
      ImageOf(
          "CREATE TABLE my_versions (version_num); CREATE INDEX vi ON my_versions (version_num);"
          "CREATE TABLE alembic_version (version_num); CREATE TABLE drover_history (id);"
          "CREATE TABLE _litestream_seq (id); CREATE TABLE libsql_wasm_func_table (x);"
          "CREATE TABLE k (a INTEGER PRIMARY KEY AUTOINCREMENT); ANALYZE; DROP TABLE k")
          .objects,
      IsEmpty());
}

TEST(CompareSchemasTest, ShadowTablesFollowTheirVirtualTable) {
  const SchemaImage image =
      ImageOf("CREATE VIRTUAL TABLE f USING fts5(a); CREATE TABLE f_notes (x)");
  ASSERT_THAT(image.objects, SizeIs(2));
  EXPECT_EQ(image.objects[0]->canonical, "create virtual table f using fts5(a)");
  EXPECT_EQ(image.objects[1]->name, "f_notes");
}

TEST(SchemaReaderTest, WhatHasNotChangedIsNotWorkedOutAgain) {
  Connection connection("", OpenMode::kMemory);
  SchemaReader reader("v");
  connection.Execute("CREATE TABLE a (x); CREATE TABLE b (x)");
  const SchemaImage before = reader.Read(connection);
  connection.Execute("ALTER TABLE b ADD COLUMN y");
  const SchemaImage after = reader.Read(connection);
  EXPECT_EQ(before.objects[0], after.objects[0]);
  EXPECT_NE(before.objects[1], after.objects[1]);
  EXPECT_EQ(after.objects[1]->facts->columns.size(), 2U);
}

/// "+ t.a text (benign)", from the first schema to the second.
std::vector<std::string> Summary(std::string_view before, std::string_view after) {
  std::vector<std::string> lines;
  for (const SchemaChange& change : ListChanges(ImageOf(before), ImageOf(after))) {
    lines.push_back(Concat(SummaryLine(change), " (", SeverityName(change.severity), ")"));
  }
  return lines;
}

TEST(ListChangesTest, AChangeIsOneLine) {
  EXPECT_THAT(Summary("CREATE TABLE t (a INT, b TEXT, c INT DEFAULT 1); CREATE TABLE gone (x);"
                      "CREATE VIEW v AS SELECT 1",
                      "CREATE TABLE t (a TEXT NOT NULL, c INT, d REAL COLLATE NOCASE UNIQUE);"
                      "CREATE INDEX i ON t (a); CREATE VIEW v AS SELECT 2"),
              ElementsAre("- table gone (breaking)", "t.a: type int -> text (risky)",
                          "t.a: + not null (risky)", "t.c: - default 1 (benign)",
                          "+ t.d real collate nocase (benign)", "- t.b (breaking)",
                          "t: + unique (d collate nocase) (risky)", "+ index i (benign)",
                          "~ view v (risky)"));
}

TEST(ListChangesTest, AnEnumerationIsToldByItsValues) {
  EXPECT_THAT(Summary("CREATE TABLE t (status TEXT CHECK (status IN ('OPEN', 'DONE')))",
                      "CREATE TABLE t (status TEXT, CHECK (status in ('OPEN', 'DONE', 'HELD')))"),
              ElementsAre("t.status: + HELD (benign)"));
  EXPECT_THAT(Summary("CREATE TABLE t (s TEXT CHECK (s IN ('a', 'b')))",
                      "CREATE TABLE t (s TEXT CHECK (s IN ('a')))"),
              ElementsAre("t.s: - b (risky)"));
}

TEST(CompareSchemasTest, AnIndexIsItsKeysNotItsText) {
  ExpectEqual("CREATE TABLE t (a TEXT COLLATE NOCASE); CREATE INDEX i ON t (a) WHERE a > 1",
              "CREATE TABLE t (a TEXT COLLATE NOCASE);"
              "CREATE INDEX \"i\" ON 't' ((a) COLLATE NOCASE ASC) WHERE ((a > 1))");
}

TEST(SchemaReaderTest, AnIndexIsReadAnewWhenItsTableHasAnotherCollation) {
  Connection connection("", OpenMode::kMemory);
  SchemaReader reader("v");
  connection.Execute("CREATE TABLE t (a TEXT COLLATE NOCASE); CREATE INDEX i ON t (a)");
  EXPECT_EQ(reader.Read(connection).Find("index", "I")->canonical, "index on t (a collate nocase)");
  connection.Execute("DROP TABLE t; CREATE TABLE t (a TEXT); CREATE INDEX i ON t (a)");
  EXPECT_EQ(reader.Read(connection).Find("index", "i")->canonical, "index on t (a)");
}

}  // namespace
}  // namespace drover::migrations
