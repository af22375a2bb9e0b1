#include "migrations/alembic/traced_statement.h"

#include <gtest/gtest.h>

#include "migrations/native_format.h"

namespace drover::migrations {
namespace {

StatementKind KindOf(std::string_view sql) { return ClassifyStatement(sql, "alembic_version"); }

TEST(TracedStatementTest, WhatChangesNothingIsLeftOut) {
  for (const std::string_view sql :
       {"", "-- nothing", "PRAGMA main.table_info(\"t\")", "PRAGMA read_uncommitted", "SELECT 1",
        "SELECT sql FROM (SELECT * FROM sqlite_master UNION ALL SELECT * FROM "
        "sqlite_temp_master) WHERE name = 't' AND type = 'table'",
        "SELECT alembic_version.version_num \nFROM alembic_version",
        "SELECT name FROM pragma_table_info('t') WHERE name = 'x'", "EXPLAIN DELETE FROM t",
        "SAVEPOINT a", "RELEASE a"}) {
    EXPECT_EQ(KindOf(sql), StatementKind::kNothing) << sql;
  }
}

TEST(TracedStatementTest, WhatAlembicDoesForItselfIsDroversBusiness) {
  for (const std::string_view sql :
       {"BEGIN IMMEDIATE", "COMMIT", "\nCREATE TABLE alembic_version (\n\tversion_num VARCHAR(32))",
        "UPDATE alembic_version SET version_num='b'",
        "CREATE TABLE _alembic_tmp_alembic_version (x)",
        "ALTER TABLE _alembic_tmp_alembic_version RENAME TO alembic_version"}) {
    EXPECT_EQ(KindOf(sql), StatementKind::kAlembics) << sql;
  }
}

TEST(TracedStatementTest, AReadOfATableOfTheUsersIsOne) {
  for (const std::string_view sql :
       {"SELECT id, name FROM accounts", "select 1 from main.accounts limit 1",
        "WITH x AS (SELECT 1) SELECT * FROM accounts, x", "SELECT count(*) FROM sqlite_master, t",
        "SELECT a.id FROM sqlite_master JOIN a ON 1", "SELECT (SELECT max(id) FROM t)",
        "SELECT count(*) FROM (accounts)",
        "SELECT 1 FROM (SELECT name FROM sqlite_master) s, accounts",
        "SELECT 1 FROM (SELECT name FROM sqlite_master), accounts",
        "SELECT 1 FROM (SELECT name FROM sqlite_master) AS s, accounts",
        "SELECT * FROM pragma_foreign_key_check", "PRAGMA foreign_key_check",
        "PRAGMA main.integrity_check(t)", "PRAGMA user_version", "SELECT last_insert_rowid()",
        "SELECT hex(randomblob(8))", "SELECT strftime('%s', 'now')"}) {
    EXPECT_EQ(KindOf(sql), StatementKind::kRead) << sql;
  }
}

TEST(TracedStatementTest, RowsAreWrittenByFourWordsAndNotByABatch) {
  for (const std::string_view sql :
       {"INSERT INTO t VALUES (1)", "UPDATE t SET x = 1", "delete from t",
        "REPLACE INTO t VALUES (1)", "INSERT INTO t SELECT * FROM u",
        "WITH x AS (SELECT 1) INSERT INTO t SELECT * FROM x"}) {
    EXPECT_EQ(KindOf(sql), StatementKind::kRows) << sql;
  }
  for (const std::string_view sql :
       {"INSERT INTO _alembic_tmp_t (id) SELECT t.id FROM t", "CREATE TABLE u AS SELECT * FROM t",
        "CREATE TRIGGER r AFTER INSERT ON t BEGIN DELETE FROM u; END", "DROP TABLE t",
        "ALTER TABLE _alembic_tmp_t RENAME TO t", "ANALYZE", "REINDEX t"}) {
    EXPECT_EQ(KindOf(sql), StatementKind::kSchema) << sql;
  }
  EXPECT_TRUE(BeginsBatch("\nCREATE TABLE _alembic_tmp_t (id)"));
  EXPECT_FALSE(BeginsBatch("CREATE TABLE t (id)"));
}

TEST(TracedStatementTest, SomeCannotBeInATransaction) {
  EXPECT_EQ(KindOf("VACUUM"), StatementKind::kElsewhere);
  EXPECT_EQ(KindOf("ATTACH 'x' AS y"), StatementKind::kElsewhere);
  EXPECT_EQ(KindOf("PRAGMA journal_mode=WAL"), StatementKind::kPragma);
  EXPECT_EQ(KindOf("PRAGMA main.user_version(3)"), StatementKind::kPragma);
}

TEST(TracedStatementTest, WhatGivesRowsBackIsKnown) {
  EXPECT_TRUE(ReturnsRows("INSERT INTO t VALUES ('x') RETURNING id"));
  EXPECT_FALSE(ReturnsRows("INSERT INTO t VALUES ('returning')"));
  EXPECT_FALSE(ReturnsRows("SELECT returning FROM t"));
}

std::string Written(std::string_view sql) { return WriteStatement(sql, StatementKind::kRows); }

TEST(TracedStatementTest, TheTextStaysAndEndsInASemicolon) {
  EXPECT_EQ(Written("\nUPDATE t SET x = 'a;\tb'\n\n"), "UPDATE t SET x = 'a;\tb';\n");
  EXPECT_EQ(Written("INSERT INTO t VALUES (1) -- why"), "INSERT INTO t VALUES (1); -- why\n");
  EXPECT_EQ(Written(" INSERT INTO t VALUES (1); "), "INSERT INTO t VALUES (1);\n");
  EXPECT_EQ(Written("-- first\nDELETE FROM t /* open"), "-- first\nDELETE FROM t;\n");
  EXPECT_EQ(Written("-- nothing"), "");
}

TEST(TracedStatementTest, ACarriageReturnInAValueIsWrittenAsOne) {
  EXPECT_EQ(Written("INSERT INTO t VALUES ('a\r\nb', 'c')"),
            "INSERT INTO t VALUES (replace('a<CR>\nb', '<CR>', char(13)), 'c');\n");
  EXPECT_EQ(Written("INSERT INTO t VALUES ('<CR>\r')"),
            "INSERT INTO t VALUES (replace('<CR><CR2>', '<CR2>', char(13)));\n");
}

TEST(TracedStatementTest, NothingBeginsASection) {
  EXPECT_EQ(Written("INSERT INTO t VALUES ('a\n-- migrate:down\nb')"),
            "INSERT INTO t VALUES (('a\n'||'-- migrate:down\nb'));\n");
  EXPECT_EQ(WriteStatement("CREATE TABLE t (\n-- migrate:up\nx)", StatementKind::kSchema),
            "CREATE TABLE t (\n-- migrate :up\nx);\n");
}

}  // namespace
}  // namespace drover::migrations
