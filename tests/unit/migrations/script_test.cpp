#include "migrations/script.h"

#include <chrono>
#include <gmock/gmock.h>
#include <thread>

#include "tests/unit/migrations/support.h"

namespace drover::migrations {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

class ScriptTest : public testing::Test {
 protected:
  ScriptTest() { memory_.Execute("BEGIN"); }

  ScriptRun Run(std::string sql) {
    return RunScript(memory_, {.sql = std::move(sql), .line = 5, .transaction = true}, "/m/a.sql",
                     stop_.get_token());
  }
  Error RunError(std::string sql) {
    return Caught([&] { (void)Run(std::move(sql)); });
  }
  /// Runs outside a transaction.
  ScriptRun RunBare(std::string sql) {
    if (!memory_.autocommit()) memory_.Execute("COMMIT");
    return RunScript(memory_, {.sql = std::move(sql), .line = 5, .transaction = false}, "/m/a.sql",
                     stop_.get_token());
  }
  Error RunBareError(std::string sql) {
    return Caught([&] { (void)RunBare(std::move(sql)); });
  }
  std::string Tables() {
    return Listed(memory_.QueryColumn("SELECT name FROM sqlite_schema ORDER BY name"));
  }

  Connection memory_{"", OpenMode::kMemory};
  std::stop_source stop_;
};

TEST_F(ScriptTest, RunsStatementByStatement) {
  const ScriptRun run =
      Run("CREATE TABLE a (x);\nINSERT INTO a VALUES (1), (2);\nSELECT x FROM a;");
  EXPECT_EQ(run.statements, 3U);
  EXPECT_THAT(run.notices, IsEmpty());
  EXPECT_FALSE(run.changes_connection);
  EXPECT_EQ(memory_.QueryInteger("SELECT count(*) FROM a"), 2);
}

TEST_F(ScriptTest, ForTheSchemaAloneNoRowsAreTouched) {
  const Script script{.sql =
                          "CREATE TABLE a (x NOT NULL); INSERT INTO a VALUES (NULL), (2);"
                          "WITH n AS (SELECT 1) INSERT INTO a SELECT * FROM n; ANALYZE;"
                          "SELECT abs(-9223372036854775808);\n-- and\nALTER TABLE a ADD y;",
                      .line = 5,
                      .transaction = true};
  const ScriptRun run = RunSchemaStatements(memory_, script, "/m/a.sql", stop_.get_token());
  EXPECT_EQ(run.statements, 6U);
  EXPECT_EQ(memory_.QueryInteger("SELECT count(*) FROM a"), 0);
  EXPECT_EQ(memory_.QueryInteger("SELECT count(*) FROM pragma_table_info('a')"), 2);
  EXPECT_EQ(Tables(), "a");
}

TEST_F(ScriptTest, SemicolonsInTriggersStringsAndCommentsSplitNothing) {
  const ScriptRun run =
      Run("CREATE TABLE a (x); CREATE TABLE log (what);\n"
          "CREATE TRIGGER t AFTER INSERT ON a BEGIN\n"
          "  INSERT INTO log VALUES (CASE WHEN new.x > 1 THEN 'big;' ELSE 'small' END);\n"
          "  UPDATE log SET what = what;\n"
          "END;\n"
          "INSERT INTO a VALUES (2); -- done; really\n/* ; */");
  EXPECT_EQ(run.statements, 4U);
  EXPECT_EQ(memory_.QueryText("SELECT what FROM log"), "big;");
}

TEST_F(ScriptTest, BlanksCommentsAndStraySemicolonsAreNoStatements) {
  EXPECT_EQ(Run("").statements, 0U);
  EXPECT_EQ(Run("-- nothing").statements, 0U);
  EXPECT_EQ(Run(";;\n/* closed */").statements, 0U);
  EXPECT_EQ(Run(";;CREATE TABLE a (x);;;CREATE TABLE b (x)").statements, 2U);
  EXPECT_EQ(Run("\xEF\xBB\xBF CREATE TABLE c (x); -- end").statements, 1U);
}

TEST_F(ScriptTest, ASyntaxErrorIsNamedWithLineColumnAndStatement) {
  const Error error = RunError("CREATE TABLE a (x);\nSELECT 1;\n  CREATE TABEL b (x);\n");
  EXPECT_EQ(error.code, Code::kInvalid);
  EXPECT_EQ(error.kind, "sqlite.error");
  EXPECT_EQ(error.where, "/m/a.sql:7:10");
  EXPECT_EQ(error.message, "near \"TABEL\": syntax error, in statement 3: CREATE TABEL b (x);");
  EXPECT_EQ(error.hint, "correct the statement and save the file");
}

TEST_F(ScriptTest, ColumnsAreCountedInCharacters) {
  EXPECT_EQ(RunError("SELECT 'größe', nothing;").where, "/m/a.sql:5:17");
}

TEST_F(ScriptTest, AFailureWhileRunningIsNamedAtItsStatement) {
  const Error error = RunError(
      "CREATE TABLE a (x UNIQUE);\nINSERT INTO a VALUES (1);\n"
      "-- again\nINSERT INTO a\n VALUES (1);");
  EXPECT_EQ(error.code, Code::kInvalid);
  EXPECT_EQ(error.kind, "sqlite.error");
  EXPECT_EQ(error.where, "/m/a.sql:8:1");
  EXPECT_THAT(error.message, StartsWith("UNIQUE constraint failed: a.x, in statement 3: INSERT"));
  EXPECT_FALSE(memory_.autocommit());
}

TEST_F(ScriptTest, TransactionControlIsRefused) {
  for (const char* statement : {"BEGIN", "BEGIN IMMEDIATE", "COMMIT", "END", "ROLLBACK"}) {
    const Error error = RunError(Concat("SELECT 1;\n  ", statement, ";"));
    EXPECT_EQ(error.code, Code::kRefused) << statement;
    EXPECT_EQ(error.kind, "sql.refused") << statement;
    EXPECT_EQ(error.where, "/m/a.sql:6:3") << statement;
    EXPECT_FALSE(memory_.autocommit()) << statement;
  }
  EXPECT_THAT(RunError("BEGIN").message, HasSubstr("BEGIN is not allowed here"));
}

TEST_F(ScriptTest, SavepointsAreAllowed) {
  EXPECT_EQ(Run("SAVEPOINT s; CREATE TABLE a (x); ROLLBACK TO s; RELEASE s;").statements, 4U);
  EXPECT_EQ(Tables(), "");
}

TEST_F(ScriptTest, OtherDatabasesAreRefused) {
  EXPECT_EQ(RunError("ATTACH ':memory:' AS other").kind, "sql.refused");
  EXPECT_EQ(RunError("ATTACH ':mem' || 'ory:' AS other").kind, "sql.refused");
  EXPECT_EQ(RunError("ATTACH '' AS other").kind, "sql.refused");
  EXPECT_EQ(RunError("DETACH other").kind, "sql.refused");
}

TEST_F(ScriptTest, OtherDatabasesAreRefusedWithoutATransactionToo) {
  EXPECT_EQ(RunBareError("ATTACH ':memory:' AS other").kind, "sql.refused");
  EXPECT_EQ(RunBareError("ATTACH ':mem' || 'ory:' AS other").kind, "sql.refused");
  EXPECT_EQ(RunBareError("ATTACH '' AS other").kind, "sql.refused");
  EXPECT_EQ(RunBareError("DETACH other").kind, "sql.refused");
  const Error error = RunBareError("VACUUM INTO '/nowhere/copy.db'");
  EXPECT_EQ(error.kind, "sql.refused");
  EXPECT_THAT(error.message, HasSubstr("VACUUM INTO"));
}

TEST_F(ScriptTest, VacuumNeedsToBeOutsideATransaction) {
  const Error error = RunError("SELECT 1; vacuum;");
  EXPECT_EQ(error.kind, "sql.refused");
  EXPECT_EQ(error.where, "/m/a.sql:5:11");
  EXPECT_THAT(error.hint, HasSubstr("transaction:false"));
  EXPECT_EQ(RunBare("VACUUM").statements, 1U);
}

TEST_F(ScriptTest, PragmasThatATransactionMakesFutileAreRefused) {
  for (const char* pragma :
       {"PRAGMA journal_mode=WAL", "pragma JOURNAL_MODE(wal)", "PRAGMA main.journal_mode=wal",
        "PRAGMA synchronous=OFF", "PRAGMA page_size=8192", "PRAGMA auto_vacuum=1",
        "PRAGMA encoding='UTF-16'", "PRAGMA WAL_checkpoint", "PRAGMA wal_checkpoint(TRUNCATE)"}) {
    const Error error = RunError(pragma);
    EXPECT_EQ(error.kind, "sql.refused") << pragma;
    EXPECT_EQ(error.where, "/m/a.sql:5:1") << pragma;
  }
}

TEST_F(ScriptTest, PragmasThatOnlyAskOrThatWorkAreAllowed) {
  EXPECT_FALSE(Run("PRAGMA journal_mode; PRAGMA foreign_keys;").changes_connection);
  const ScriptRun run = Run("PRAGMA user_version=7; PRAGMA defer_foreign_keys=ON;");
  EXPECT_TRUE(run.changes_connection);
  EXPECT_EQ(memory_.QueryInteger("PRAGMA user_version"), 7);
}

TEST_F(ScriptTest, TemporaryTablesOutliveTheScript) {
  EXPECT_TRUE(Run("CREATE TEMP TABLE t (x)").changes_connection);
  EXPECT_TRUE(Run("CREATE TEMP VIEW v AS SELECT 1").changes_connection);
}

TEST_F(ScriptTest, ForeignKeysOffFirstAndOnLastAreAcceptedWithANotice) {
  const ScriptRun run =
      Run("-- rebuild\nPRAGMA foreign_keys=OFF;\nCREATE TABLE a (x);\nPRAGMA foreign_keys = on; -- "
          "end");
  EXPECT_EQ(run.statements, 3U);
  EXPECT_THAT(run.notices, ElementsAre(StartsWith("/m/a.sql:6:1: PRAGMA foreign_keys"),
                                       StartsWith("/m/a.sql:8:1: PRAGMA foreign_keys")));
}

TEST_F(ScriptTest, ForeignKeysElsewhereAreRefused) {
  for (const char* sql :
       {"SELECT 1; PRAGMA foreign_keys=OFF; SELECT 2", "SELECT 1; PRAGMA foreign_keys=OFF",
        "PRAGMA foreign_keys=ON; SELECT 1", "SELECT 1; PRAGMA foreign_keys=ON; SELECT 2"}) {
    const Error error = RunError(sql);
    EXPECT_EQ(error.code, Code::kRefused) << sql;
    EXPECT_EQ(error.kind, "sql.refused") << sql;
  }
}

TEST_F(ScriptTest, WithoutATransactionItsControlAndPragmasAreAllowed) {
  EXPECT_EQ(RunBare("BEGIN; CREATE TABLE a (x); COMMIT; PRAGMA synchronous=OFF;").statements, 4U);
  EXPECT_EQ(Tables(), "a");
}

TEST_F(ScriptTest, AnImplicitRollbackIsCaughtAndNothingFollows) {
  const Error error = RunError(
      "CREATE TABLE a (x UNIQUE); INSERT INTO a VALUES (1);\n"
      "INSERT OR ROLLBACK INTO a VALUES (1);\nCREATE TABLE after_it (x);");
  EXPECT_EQ(error.code, Code::kInvalid);
  EXPECT_EQ(error.kind, "sql.implicit_rollback");
  EXPECT_EQ(error.where, "/m/a.sql:6:1");
  EXPECT_TRUE(memory_.autocommit());
  EXPECT_EQ(Tables(), "");
}

TEST_F(ScriptTest, ARollbackRaisedByATriggerIsCaughtAndNothingFollows) {
  const Error error = RunError(
      "CREATE TABLE a (x); CREATE TRIGGER t BEFORE INSERT ON a BEGIN\n"
      "  SELECT RAISE(ROLLBACK, 'not now');\nEND;\n"
      "INSERT INTO a VALUES (1); CREATE TABLE after_it (x);");
  EXPECT_EQ(error.kind, "sql.implicit_rollback");
  EXPECT_THAT(error.message, StartsWith("not now"));
  EXPECT_EQ(Tables(), "");
}

TEST_F(ScriptTest, AnOutermostTransactionIsLeftOutWithANotice) {
  const ScriptRun run = Run("-- dump\nBEGIN TRANSACTION;\nCREATE TABLE a (x);\nCOMMIT;\n");
  EXPECT_EQ(run.statements, 1U);
  EXPECT_THAT(run.notices,
              ElementsAre(StartsWith("/m/a.sql:6:1: BEGIN, and the COMMIT in line 8")));
  EXPECT_FALSE(memory_.autocommit()) << "drover's own transaction is still open";
  EXPECT_EQ(Tables(), "a");
}

TEST_F(ScriptTest, APairThatDoesNotWrapEverythingIsRefused) {
  EXPECT_EQ(RunError("BEGIN; CREATE TABLE a (x); COMMIT; CREATE TABLE b (x);").kind, "sql.refused");
  EXPECT_EQ(RunError("BEGIN; CREATE TABLE a (x); ROLLBACK;").kind, "sql.refused");
  EXPECT_EQ(RunError("BEGIN; CREATE TABLE a (x);").kind, "sql.refused");
  EXPECT_EQ(RunError("BEGIN; CREATE TABLE a (x); COMMIT; BEGIN; SELECT 1; COMMIT;").where,
            "/m/a.sql:5:28");
}

TEST_F(ScriptTest, ErrorsInsideAPairKeepTheirPlace) {
  EXPECT_EQ(RunError("BEGIN;\nCREATE TABEL a (x);\nCOMMIT;").where, "/m/a.sql:6:8");
}

TEST_F(ScriptTest, ADumpWithForeignKeysAroundItsTransactionRuns) {
  const ScriptRun run =
      Run("PRAGMA foreign_keys=OFF;\nBEGIN TRANSACTION;\nCREATE TABLE a (x);\nCOMMIT;\n"
          "PRAGMA foreign_keys=ON;");
  EXPECT_EQ(run.notices.size(), 3U);
  EXPECT_EQ(Tables(), "a");
}

TEST_F(ScriptTest, CommandsOfOtherProgramsAreNamed) {
  struct Case {
    const char* sql;
    const char* word;
    const char* where;
  };
  for (const Case& one : {Case{".tables\n", ".tables", "/m/a.sql:5:1"},
                          Case{"SELECT 1;\n.read other.sql\n", ".read", "/m/a.sql:6:1"},
                          Case{"CREATE TABLE a (x)\nGO\nSELECT 2;", "GO", "/m/a.sql:6:1"},
                          Case{"SELECT 1;\n  go\nSELECT 2;", "go", "/m/a.sql:6:3"},
                          Case{"SELECT 1\nGO 5\nSELECT 2;", "GO", "/m/a.sql:6:1"},
                          Case{"DELIMITER //\nSELECT 1//", "DELIMITER", "/m/a.sql:5:1"}}) {
    const Error error = RunError(one.sql);
    EXPECT_EQ(error.code, Code::kInvalid) << one.sql;
    EXPECT_EQ(error.kind, "sql.foreign_command") << one.sql;
    EXPECT_THAT(error.message, StartsWith(Concat(one.word, " is a command of "))) << one.sql;
    EXPECT_EQ(error.where, one.where) << one.sql;
    EXPECT_NE(error.hint, "") << one.sql;
  }
}

TEST_F(ScriptTest, TheSameWordsWithinStringsAndCommentsAreText) {
  EXPECT_EQ(Run("SELECT '\nGO\n.read x\n'; /*\nDELIMITER //\n*/ SELECT 2;").statements, 2U);
  EXPECT_EQ(RunError("SELECT '\nGO\n' FRM t;").kind, "sqlite.error");
}

TEST_F(ScriptTest, WhatIsNeverClosedIsNamedAtItsBeginning) {
  const Error comment = RunError("CREATE TABLE a (x);\n  /* todo\nDROP TABLE a;");
  EXPECT_EQ(comment.kind, "sql.unterminated");
  EXPECT_EQ(comment.where, "/m/a.sql:6:3");
  EXPECT_THAT(comment.message, StartsWith("the comment that begins here is never closed: /* todo"));
  EXPECT_EQ(Tables(), "") << "nothing ran";
  const Error text = RunError("SELECT 1;\nSELECT 'open;\nSELECT 2;");
  EXPECT_EQ(text.kind, "sql.unterminated");
  EXPECT_EQ(text.where, "/m/a.sql:6:8");
  EXPECT_THAT(text.message, StartsWith("the string that begins here"));
  EXPECT_THAT(RunError("SELECT \"open").message, StartsWith("the quoted name"));
  const Error unfinished = RunError("CREATE TABLE c (x);\nCREATE TABLE b (x");
  EXPECT_EQ(unfinished.kind, "sql.unterminated");
  EXPECT_EQ(unfinished.where, "/m/a.sql:6:1");
  EXPECT_EQ(Run("SELECT '/*';").statements, 1U);
}

TEST_F(ScriptTest, TheSchemaTableCannotBeWritten) {
  const Error error = RunError(
      "CREATE TABLE a (x); PRAGMA writable_schema=ON;\nUPDATE sqlite_schema SET sql = 'junk';");
  EXPECT_EQ(error.code, Code::kInvalid);
  EXPECT_THAT(error.message, HasSubstr("may not be modified"));
}

TEST_F(ScriptTest, ALongScriptTellsHowFarItHasCome) {
  std::vector<std::pair<std::size_t, std::size_t>> told;
  const std::string slow =
      "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 30000000) "
      "SELECT max(i) FROM n;";
  const Error error = Caught([&] {
    (void)RunScript(memory_,
                    {.sql = Concat("CREATE TABLE a (x);\n", slow, "SELECT ';';"),
                     .line = 1,
                     .transaction = true},
                    "/m/a.sql", stop_.get_token(),
                    [&](std::size_t statement, std::size_t statements) {
                      told.emplace_back(statement, statements);
                      stop_.request_stop();
                    });
  });
  EXPECT_EQ(error.code, Code::kCancelled);
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told[0], std::pair(std::size_t{2}, std::size_t{3}));
}

TEST_F(ScriptTest, AQuickScriptTellsNothing) {
  (void)RunScript(memory_, {.sql = "SELECT 1; SELECT 2;"}, "/m/a.sql", stop_.get_token(),
                  [](std::size_t, std::size_t) { ADD_FAILURE(); });
}

TEST_F(ScriptTest, ANulByteIsAnErrorAndNoEndlessLoop) {
  const Error error = RunError(std::string("SELECT 1;\n\0SELECT 2", 19));
  EXPECT_EQ(error.kind, "malformed_migration");
  EXPECT_EQ(error.where, "/m/a.sql:6:1");
}

TEST_F(ScriptTest, JunkIsAnErrorAndNoEndlessLoop) {
  EXPECT_EQ(RunError("\x01\x02\xFF").code, Code::kInvalid);
  EXPECT_EQ(RunError("SELECT 'open").code, Code::kInvalid);
  EXPECT_EQ(RunError("SELECT \xFF\xFE;").code, Code::kInvalid);
  EXPECT_EQ(RunError(Concat("SELECT ", std::string(5000, '('))).code, Code::kInvalid);
}

TEST_F(ScriptTest, StoppedBeforehandItRunsNothing) {
  stop_.request_stop();
  const Error error = RunError("CREATE TABLE a (x)");
  EXPECT_EQ(error.code, Code::kCancelled);
  EXPECT_EQ(Tables(), "");
}

TEST_F(ScriptTest, ALongStatementIsCancelled) {
  std::jthread canceller([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(30));
    stop_.request_stop();
  });
  const Error error = RunError(
      "CREATE TABLE a (x);\nWITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) "
      "INSERT INTO a SELECT i FROM n;");
  EXPECT_EQ(error.code, Code::kCancelled);
  EXPECT_EQ(error.where, "/m/a.sql:6:1");
  EXPECT_THAT(error.message, StartsWith("the migration was cancelled"));
}

TEST_F(ScriptTest, TheGuardLeavesWithTheScript) {
  (void)RunError("BEGIN");
  memory_.Execute("ATTACH ':memory:' AS other");
  EXPECT_EQ(memory_.QueryInteger("SELECT count(*) FROM pragma_database_list"), 2);
}

}  // namespace
}  // namespace drover::migrations
