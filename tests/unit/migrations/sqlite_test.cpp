#include "migrations/sqlite.h"

#include <filesystem>
#include <gmock/gmock.h>

#include "migrations/archive.h"
#include "migrations/history.h"
#include "migrations/schema.h"
#include "tests/unit/migrations/support.h"

namespace drover::migrations {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(ConnectionTest, AMissingFileIsNotFoundAndNotCreated) {
  TempDir directory;
  for (const OpenMode mode : {OpenMode::kRead, OpenMode::kReadImmutable, OpenMode::kWrite}) {
    const Error error = Caught([&] { Connection(directory / "a.db", mode); });
    EXPECT_EQ(error.code, Code::kNotFound);
    EXPECT_THAT(error.message, HasSubstr(directory / "a.db"));
  }
  EXPECT_THAT(Names(directory.path()), IsEmpty());
}

TEST(ConnectionTest, AMissingDirectoryIsAnIoError) {
  TempDir directory;
  EXPECT_EQ(Caught([&] { Connection(directory / "x/a.db", OpenMode::kCreate); }).code, Code::kIo);
}

TEST(ConnectionTest, AReadingConnectionCannotWrite) {
  TempDir directory;
  MakeDatabase(directory / "a.db", "CREATE TABLE t (x)");
  for (const OpenMode mode : {OpenMode::kRead, OpenMode::kReadImmutable}) {
    Connection connection(directory / "a.db", mode);
    EXPECT_EQ(Caught([&] { connection.Execute("INSERT INTO t VALUES (1)"); }).kind,
              "sqlite.readonly");
  }
}

TEST(ConnectionTest, TheSchemaCannotBeEditedAsText) {
  Connection connection("", OpenMode::kMemory);
  connection.Execute("CREATE TABLE t (x); PRAGMA writable_schema=ON;");
  EXPECT_EQ(Caught([&] { connection.Execute("UPDATE sqlite_schema SET sql = 'x'"); }).code,
            Code::kInvalid);
}

TEST(ConnectionTest, QueriesGiveTextNumbersAndColumns) {
  Connection connection("", OpenMode::kMemory);
  EXPECT_EQ(connection.QueryText("SELECT 'a'"), "a");
  EXPECT_EQ(connection.QueryText("SELECT 1 WHERE 0"), std::nullopt);
  EXPECT_EQ(connection.QueryInteger("SELECT 40 + 2"), 42);
  EXPECT_THAT(connection.QueryColumn("VALUES ('a'), (NULL), (3)"), ElementsAre("a", "", "3"));
}

TEST(StatementTest, BindsEveryKindOfValueAndForgetsTheEarlierOnes) {
  Connection connection("", OpenMode::kMemory);
  Statement statement = connection.Prepare("SELECT ?1, ?2, ?3");
  const std::vector<SqlValue> values{std::int64_t{7}, std::string("a\0b", 3), std::monostate()};
  ASSERT_TRUE(statement.Bind(values).Step());
  EXPECT_EQ(statement.Integer(0), 7);
  EXPECT_EQ(statement.Text(1), std::string("a\0b", 3));
  EXPECT_TRUE(statement.IsNull(2));
  EXPECT_FALSE(statement.Step());
  const std::vector<SqlValue> fewer{std::int64_t{8}};
  ASSERT_TRUE(statement.Bind(fewer).Step());
  EXPECT_EQ(statement.Integer(0), 8);
  EXPECT_TRUE(statement.IsNull(1));
}

TEST(QuoteTest, NamesAndLiteralsAreQuoted) {
  EXPECT_EQ(QuoteIdentifier("a\"b"), "\"a\"\"b\"");
  EXPECT_EQ(QuoteLiteral("it's"), "'it''s'");
}

class LedgerTest : public testing::Test {
 protected:
  LedgerTest() { ledger_.EnsureTables(); }

  void Replace(std::vector<RevisionId> before, std::vector<RevisionId> after) {
    ledger_.ReplaceRows(before, after);
  }

  Connection memory_{"", OpenMode::kMemory};
  Ledger ledger_{memory_, "drover_version", {.user = "ann", .tool_version = "1"}};
};

TEST_F(LedgerTest, RowsAreReplacedWhateverTheirNumber) {
  Replace({}, {"a", "b"});
  EXPECT_THAT(ledger_.Rows(), ElementsAre("a", "b"));
  Replace({"a", "b"}, {"b", "c"});
  EXPECT_THAT(ledger_.Rows(), ElementsAre("b", "c"));
  Replace({"b", "c"}, {"m"});
  EXPECT_THAT(ledger_.Rows(), ElementsAre("m"));
  Replace({"m"}, {});
  EXPECT_THAT(ledger_.Rows(), IsEmpty());
}

TEST_F(LedgerTest, ALinearStepChangesOneRow) {
  Replace({}, {"a"});
  const std::int64_t before = memory_.QueryInteger("SELECT total_changes()");
  Replace({"a"}, {"b"});
  EXPECT_EQ(memory_.QueryInteger("SELECT total_changes()") - before, 1);
}

TEST_F(LedgerTest, ARowThatShouldBeThereAndIsNotIsAConflict) {
  const Error error = Caught([&] { Replace({"a"}, {"b"}); });
  EXPECT_EQ(error.code, Code::kConflict);
  EXPECT_EQ(error.kind, "version.rows_changed");
  EXPECT_EQ(Caught([&] { Replace({"a"}, {}); }).kind, "version.rows_changed");
}

TEST_F(LedgerTest, AnApplyingRowIsFinished) {
  HistoryRow row = MakeHistoryRow(MakeRevision("a", {}, "SELECT 'it''s'"), "up", "now", 1);
  row.state = "applying";
  EXPECT_EQ(ledger_.Record(row), 1);
  EXPECT_EQ(ReadRecords(memory_).at("a").state, "applying");
  ledger_.Finish(1, 99);
  EXPECT_EQ(ReadRecords(memory_).at("a").state, "done");
  EXPECT_EQ(memory_.QueryInteger("SELECT duration_ms FROM drover_history"), 99);
}

TEST_F(LedgerTest, TheLiteralFormInsertsTheSameRow) {
  Revision revision = MakeRevision("a", {"x", "y"}, "SELECT 'it''s'", "SELECT 2");
  revision.down->transaction = false;
  const HistoryRow row = MakeHistoryRow(revision, "down", "2026-02-12T23:20:18Z", 7);
  (void)ledger_.Record(row);
  memory_.Execute(HistoryInsertSql(row, {.user = "ann", .tool_version = "1"}));
  EXPECT_EQ(memory_.QueryInteger("SELECT count(*) FROM drover_history"), 2);
  EXPECT_EQ(memory_.QueryInteger(
                "SELECT count(*) FROM drover_history h JOIN drover_history i ON i.id = h.id + 1 "
                "WHERE h.up_sql = i.up_sql AND h.down_sql = i.down_sql AND "
                "h.down_revision = 'x,y' AND i.down_revision = 'x,y' AND "
                "i.directives = 'down transaction:false' AND h.directives = i.directives AND "
                "i.duration_ms = 7 AND i.applied_by = 'ann' AND i.host IS NULL"),
            1);
}

TEST(LedgerTablesTest, WithoutTablesThereAreNoRowsAndNoRecords) {
  Connection memory("", OpenMode::kMemory);
  Ledger ledger(memory, "drover_version", {});
  EXPECT_THAT(ledger.Rows(), IsEmpty());
  EXPECT_THAT(ReadRecords(memory), IsEmpty());
}

TEST(SchemaTest, AVersionTableIsKnownByItsColumn) {
  Connection memory("", OpenMode::kMemory);
  memory.Execute(
      "CREATE TABLE one (x); CREATE TABLE two (version_num TEXT); INSERT INTO two "
      "VALUES ('b'), (NULL), ('a');");
  EXPECT_EQ(FindVersionTable(memory, {"missing", "one", "two"}), "two");
  EXPECT_EQ(FindVersionTable(memory, {"one"}), "");
  EXPECT_THAT(ReadVersionRows(memory, "two"), ElementsAre("a", "b"));
}

TEST(ConnectionErrorTest, WhatOnlyTheApplicationKnowsIsToBeNamed) {
  Connection memory("", OpenMode::kMemory);
  try {
    memory.Execute("CREATE TABLE t (a TEXT COLLATE icu_de PRIMARY KEY)");
    FAIL() << "SQLite knows icu_de?";
  } catch (const Error& error) {
    EXPECT_EQ(error.message, "no such collation sequence: icu_de");
    EXPECT_THAT(error.hint, testing::HasSubstr("stub_collations"));
  }
}

}  // namespace
}  // namespace drover::migrations
