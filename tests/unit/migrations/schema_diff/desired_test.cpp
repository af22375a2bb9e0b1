#include "migrations/schema_diff/desired.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "tests/unit/migrations/support.h"

namespace drover::migrations {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

DesiredSchema Loaded(const std::string& sql) {
  return LoadDesiredSchema({.sql = sql, .file = "schema.sql"});
}

/// "schema.view at schema.sql:2:1: message".
std::string Refusal(const std::string& sql) {
  const Error error = Caught([&] { (void)Loaded(sql); });
  return Concat(error.kind, " at ", error.where, ": ", error.message);
}

TEST(LoadDesiredSchemaTest, ReadsObjectsInTheAuthorsOrder) {
  const DesiredSchema schema = Loaded(
      "-- the schema\nPRAGMA foreign_keys=ON;\nBEGIN;\n"
      "CREATE TABLE b (x);\nCREATE TABLE IF NOT EXISTS main.a (y);\nCREATE INDEX i ON a (y);\n"
      "COMMIT;\n");
  EXPECT_THAT(schema.order, ElementsAre("table\tb", "table\ta", "index\ti"));
  EXPECT_EQ(schema.image.objects.size(), 3U);
}

TEST(LoadDesiredSchemaTest, AnErrorHasItsPlace) {
  EXPECT_EQ(Refusal("CREATE TABLE a (x);\n\n  CREATE TABLE b (y,, z);"),
            "schema.sql at schema.sql:3:21: near \",\": syntax error");
  EXPECT_THAT(Refusal("CREATE TABLE a (x"), HasSubstr("incomplete input"));
  EXPECT_THAT(Refusal("CREATE TABLE a (x DEFAULT 'y);"), HasSubstr("sql.unterminated"));
  EXPECT_THAT(Refusal(std::string("CREATE TABLE a (x);\0CREATE", 26)), HasSubstr("NUL byte"));
}

TEST(LoadDesiredSchemaTest, RowsHaveNoPlace) {
  EXPECT_THAT(Refusal("CREATE TABLE a (x);\nINSERT INTO a VALUES (1);"),
              HasSubstr("schema.statement at schema.sql:2:1"));
  EXPECT_THAT(Refusal("ATTACH 'x.db' AS y;"), HasSubstr("attach"));
  EXPECT_THAT(Refusal("PRAGMA writable_schema=ON;"), HasSubstr("schema.statement"));
  EXPECT_THAT(Refusal("CREATE TEMP TABLE a (x);"), HasSubstr("not authorized"));
}

TEST(LoadDesiredSchemaTest, SeedBlocksArePassedOver) {
  const DesiredSchema schema = Loaded(
      "CREATE TABLE a (x);\n-- drover:seed\nINSERT INTO a VALUES ('one;two');\n-- drover:end\n"
      "CREATE TABLE b (y);");
  EXPECT_EQ(schema.image.objects.size(), 2U);
  EXPECT_EQ(schema.database->QueryInteger("SELECT count(*) FROM a"), 0);
}

TEST(LoadDesiredSchemaTest, ADoubleQuotedStringIsAMisspeltColumn) {
  EXPECT_THAT(Refusal("CREATE TABLE t (a);\nCREATE INDEX i ON t (\"nosuch\");"),
              HasSubstr("schema.sql at schema.sql:2:"));
}

TEST(LoadDesiredSchemaTest, AViewMustCompile) {
  EXPECT_EQ(Refusal("CREATE TABLE t (a);\nCREATE VIEW v AS SELECT b FROM t;"),
            "schema.view at schema.sql:2:1: view v cannot work: no such column: b");
}

TEST(LoadDesiredSchemaTest, ATriggerMustCompileAndIsFoundAmongOthers) {
  EXPECT_EQ(Refusal("CREATE TABLE t (a);\n"
                    "CREATE TRIGGER fine AFTER INSERT ON t BEGIN DELETE FROM t WHERE a = 1; END;\n"
                    "CREATE TRIGGER bad AFTER INSERT ON t BEGIN DELETE FROM t WHERE b = 1; END;"),
            "schema.trigger at schema.sql:3:1: trigger bad cannot work: no such column: b");
  EXPECT_THAT(Refusal("CREATE TABLE t (a); CREATE VIEW v AS SELECT a FROM t;"
                      "CREATE TRIGGER r INSTEAD OF UPDATE ON v BEGIN SELECT NEW.x; END;"),
              HasSubstr("no such column: NEW.x"));
  EXPECT_EQ(Loaded("CREATE TABLE t (a); CREATE VIEW v AS SELECT a FROM t;"
                   "CREATE TRIGGER r INSTEAD OF UPDATE ON v BEGIN SELECT NEW.a; END;")
                .image.objects.size(),
            3U);
}

TEST(LoadDesiredSchemaTest, ComputedColumnsMustNotGoInARing) {
  EXPECT_EQ(Refusal("CREATE TABLE t (a INT, b INT AS (b + 1));"),
            "schema.table at schema.sql:1:1: table t cannot work: generated column loop on \"b\"");
}

TEST(LoadDesiredSchemaTest, AForeignKeyNeedsItsParent) {
  EXPECT_EQ(Refusal("CREATE TABLE p (id);\nCREATE TABLE c (x REFERENCES q(id));"),
            "schema.foreign_key at schema.sql:2:1: table c references table q, which does not "
            "exist");
  EXPECT_THAT(Refusal("CREATE TABLE c (x REFERENCES p(id));\nCREATE TABLE p (id);"),
              HasSubstr("foreign key mismatch"));
}

TEST(LoadDesiredSchemaTest, AnEndlessStatementEnds) {
  EXPECT_THAT(Refusal("CREATE TABLE t AS WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 "
                      "FROM n) SELECT randomblob(100000) FROM n;"),
              HasSubstr("schema.too_large"));
}

TEST(LoadDesiredSchemaTest, AHintAboveATableSpeaksOfIt) {
  EXPECT_THAT(Loaded("-- @renamed from=old\nCREATE TABLE t (a);").hints.renames,
              ElementsAre(RenameHint{"t", "", "old"}));
  EXPECT_THAT(Loaded("CREATE TABLE s (a); -- @renamed from=old\nCREATE TABLE t (a);").hints.renames,
              IsEmpty());
}

TEST(CrossCheckTest, TextAndPragmasMustAgree) {
  Connection connection("", OpenMode::kMemory);
  connection.Execute("CREATE TABLE t (a INT PRIMARY KEY, b REFERENCES t(a))");
  SchemaImage image = SchemaReader("v").Read(connection);
  EXPECT_NO_THROW(CrossCheck(image));
  auto wrong = std::make_shared<SchemaObject>(*image.objects[0]);
  wrong->sql = "CREATE TABLE t (a INT PRIMARY KEY, b INT)";
  image.objects[0] = wrong;
  EXPECT_EQ(Caught([&] { CrossCheck(image); }).kind, "schema.misread");
}

}  // namespace
}  // namespace drover::migrations
