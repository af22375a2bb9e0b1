#include "migrations/schema_document.h"

#include <algorithm>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/documents.h"
#include "migrations/sqlite.h"

namespace drover::migrations {
namespace {

using testing::HasSubstr;

SchemaImage ImageFor(const std::string& sql) {
  Connection memory("", OpenMode::kMemory);
  memory.Execute(sql);
  return SchemaReader("alembic_version").Read(memory);
}

TEST(SchemaDocumentTest, AnImageSurvivesTheWayToAnotherProcess) {
  const SchemaImage image = ImageFor(
      "CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT COLLATE NOCASE DEFAULT 'x' CHECK (b <> ''), "
      "c INT AS (a + 1), UNIQUE (b)) STRICT; CREATE TABLE p (x REFERENCES t, y NOT NULL);"
      "CREATE INDEX i ON t (b DESC) WHERE a > 1; CREATE VIEW v AS SELECT a FROM t;"
      "CREATE TRIGGER r AFTER INSERT ON p BEGIN DELETE FROM p; END;"
      "CREATE VIRTUAL TABLE f USING fts5(body)");
  ScanResult result;
  result.schema = DocumentOf(image);
  const std::string json = EncodeDocument(result);
  const SchemaImage back = ImageOf(*DecodeDocument<ScanResult>(json).schema);
  EXPECT_EQ(back, image);
  EXPECT_EQ(back.Digest(), image.Digest());
  EXPECT_TRUE(ListChanges(image, back).empty());
  EXPECT_EQ(back.Find("table", "p")->facts->foreign_keys,
            image.Find("table", "p")->facts->foreign_keys);
  EXPECT_TRUE(back.Find("table", "t")->facts->Is("strict"));
}

TEST(SchemaDocumentTest, ObjectsAreSortedWhateverOrderTheyCameIn) {
  ImageDocument document = DocumentOf(ImageFor("CREATE TABLE a (x); CREATE TABLE b (x)"));
  std::ranges::reverse(document.objects);
  EXPECT_NE(ImageOf(document).Find("table", "b"), nullptr);
}

TEST(SchemaDocumentTest, OneColumnPerLineWhateverItsHistory) {
  const std::string once = WriteSchemaSql(
      ImageFor("CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT DEFAULT ',(', CHECK (a IN (1, 2)))"));
  EXPECT_EQ(once,
            "CREATE TABLE t (\n  a INTEGER PRIMARY KEY,\n  b TEXT DEFAULT ',(',\n"
            "  CHECK (a IN (1, 2))\n);\n");
  const std::string altered =
      WriteSchemaSql(ImageFor("CREATE TABLE t (a  INTEGER, x); ALTER TABLE t ADD COLUMN b TEXT"));
  EXPECT_EQ(altered, "CREATE TABLE t (\n  a  INTEGER,\n  x,\n  b TEXT\n);\n");
}

TEST(SchemaDocumentTest, CommentsKeepTheirLines) {
  const std::string sql = "CREATE TABLE t (\n  a, -- one, two\n  b /* ( */\n)";
  EXPECT_EQ(WriteSchemaSql(ImageFor(sql)), sql + ";\n");
}

TEST(SchemaDocumentTest, WhatDependsComesAfterWhatItDependsOn) {
  const std::string sql =
      WriteSchemaSql(ImageFor("CREATE TABLE z (a); CREATE VIEW a AS SELECT 1 AS one;"
                              "CREATE TRIGGER b INSTEAD OF INSERT ON a BEGIN SELECT 1; END;"
                              "CREATE VIRTUAL TABLE c USING fts5(x); CREATE INDEX i ON z (a)"));
  EXPECT_EQ(ImageFor(sql), ImageFor(WriteSchemaSql(ImageFor(sql))));
  EXPECT_LT(sql.find("CREATE VIEW"), sql.find("CREATE TRIGGER"));
  EXPECT_THAT(sql, testing::Not(HasSubstr("c_data")));
  EXPECT_EQ(WriteSchemaSql({}), "");
}

TEST(SchemaDocumentTest, ChangesHaveALineForPeople) {
  const auto changes = ListChanges(ImageFor("CREATE TABLE t (s CHECK (s IN ('open')))"),
                                   ImageFor("CREATE TABLE t (s CHECK (s IN ('open', 'held')))"));
  const std::vector<SchemaChangeEntry> entries = EntriesOf(changes);
  ASSERT_EQ(entries.size(), 1U);
  EXPECT_EQ(entries[0].line, "t.s: + held");
  EXPECT_EQ(entries[0].severity, "benign");
}

}  // namespace
}  // namespace drover::migrations
