#include <csignal>
#include <filesystem>
#include <gmock/gmock.h>
#include <sys/stat.h>
#include <thread>

#include "migrations/apply.h"
#include "tests/unit/migrations/apply_support.h"

namespace drover::migrations {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class ApplyFailureTest : public testing::Test {
 protected:
  /// The first revision is good, the second one is `sql`.
  static Graph Second(std::string sql) {
    return Graph({MakeRevision("a", {}, "CREATE TABLE a (x);", "DROP TABLE a;"),
                  MakeRevision("b", {"a"}, std::move(sql))});
  }

  void ExpectOnlyTheFirst() {
    EXPECT_EQ(Rows(path_), "a");
    EXPECT_EQ(History(path_), "up a done");
    EXPECT_EQ(Query(path_, "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY 1"),
              "a|drover_history|drover_version");
    EXPECT_EQ(Query(path_, "PRAGMA integrity_check"), "ok");
  }

  TempDir directory_;
  std::string path_ = directory_ / "app.db";
};

TEST_F(ApplyFailureTest, AFailureLeavesTheLastCompleteRevisionAndNoTrace) {
  const Graph graph = Second("CREATE TABLE b (x);\nINSERT INTO a VALUES (1);\nSELECT nothing;");
  const Error error = RunError(Upgrade(path_, graph));
  EXPECT_EQ(error.code, Code::kInvalid);
  EXPECT_EQ(error.where, "/m/b.sql:12:8");
  EXPECT_THAT(error.message, HasSubstr("statement 3: SELECT nothing;"));
  ExpectOnlyTheFirst();
  EXPECT_EQ(Query(path_, "SELECT count(*) FROM a"), "0");
  EXPECT_THAT(Names(directory_.path()), ElementsAre("app.db"));
}

TEST_F(ApplyFailureTest, AnImplicitRollbackLeavesTheLastCompleteRevision) {
  const Graph graph = Second(
      "CREATE TABLE b (x UNIQUE); INSERT INTO b VALUES (1);"
      "INSERT OR ROLLBACK INTO b VALUES (1); CREATE TABLE c (x);");
  EXPECT_EQ(RunError(Upgrade(path_, graph)).kind, "sql.implicit_rollback");
  ExpectOnlyTheFirst();
}

TEST_F(ApplyFailureTest, AFullDatabaseLeavesTheLastCompleteRevision) {
  const Graph graph = Second(
      "CREATE TABLE b (x); PRAGMA max_page_count=10;"
      "INSERT INTO b SELECT zeroblob(100000);");
  const Error error = RunError(Upgrade(path_, graph));
  EXPECT_EQ(error.code, Code::kIo);
  EXPECT_EQ(error.kind, "sqlite.full");
  EXPECT_THAT(error.message, testing::StartsWith(Concat(path_, ": database or disk is full, in ")));
  EXPECT_THAT(error.hint, HasSubstr("free some space"));
  ExpectOnlyTheFirst();
}

TEST_F(ApplyFailureTest, ACancelledStatementLeavesTheLastCompleteRevision) {
  const Graph graph = Second(
      "CREATE TABLE b (x); WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) "
      "INSERT INTO b SELECT i FROM n;");
  std::stop_source stop;
  std::jthread canceller;
  ApplyObserver observer;
  observer.on_progress = [&](const ApplyProgress& progress) {
    if (progress.index != 1) return;
    canceller = std::jthread([&] {
      std::this_thread::sleep_for(std::chrono::milliseconds(30));
      stop.request_stop();
    });
  };
  const Error error =
      Caught([&] { (void)Apply(Upgrade(path_, graph), observer, stop.get_token()); });
  EXPECT_EQ(error.code, Code::kCancelled);
  ExpectOnlyTheFirst();
}

TEST_F(ApplyFailureTest, AKilledProcessLeavesTheLastCompleteRevision) {
  const Graph graph = ThreeTables();
  EXPECT_EQ(InChild([&] {
              (void)CarryOut(Upgrade(path_, graph, "a"));
              Connection connection(path_, OpenMode::kWrite);
              connection.Execute("PRAGMA cache_size=1; BEGIN IMMEDIATE; CREATE TABLE b (x);");
              connection.Execute(
                  "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 500) "
                  "INSERT INTO b SELECT randomblob(2000) FROM n;");
              raise(SIGKILL);
              return 0;
            }),
            -SIGKILL);
  EXPECT_GT(std::filesystem::file_size(path_), 100000U);
  const Graph next = Second("CREATE TABLE b (x);");
  (void)CarryOut(Upgrade(path_, next));
  EXPECT_EQ(History(path_), "up a done, up b done");
  EXPECT_EQ(Query(path_, "SELECT count(*) FROM b"), "0");
  EXPECT_EQ(Query(path_, "PRAGMA integrity_check"), "ok");
}

TEST_F(ApplyFailureTest, AMigrationThatDropsTheHistoryIsRolledBack) {
  const Error error =
      RunError(Upgrade(path_, Second("CREATE TABLE b (x);\nDROP TABLE drover_history;")));
  EXPECT_EQ(error.code, Code::kConflict);
  EXPECT_EQ(error.kind, "history.dropped");
  EXPECT_THAT(error.where, HasSubstr("/m/b.sql:"));
  ExpectOnlyTheFirst();
}

TEST_F(ApplyFailureTest, AMigrationThatWritesToTheVersionTableIsRolledBack) {
  for (const char* sql :
       {"UPDATE drover_version SET version_num = 'b';", "DELETE FROM drover_version;",
        "INSERT INTO drover_version VALUES ('b');", "INSERT INTO drover_version VALUES ('x');",
        "DROP TABLE drover_version;"}) {
    const Graph graph = Second(Concat("CREATE TABLE b (x);", sql));
    const Error error = RunError(Upgrade(path_, graph));
    EXPECT_EQ(error.code, Code::kConflict) << sql;
    EXPECT_EQ(error.kind, "version.rows_changed") << sql;
    EXPECT_EQ(error.where, "/m/b.sql:10:1") << sql;
    ExpectOnlyTheFirst();
  }
}

TEST_F(ApplyFailureTest, AnUnversionedDatabaseIsLeftAlone) {
  MakeDatabase(path_, "CREATE TABLE theirs (x);");
  const std::string before = ReadText(path_);
  const Error error = RunError(Upgrade(path_, ThreeTables()));
  EXPECT_EQ(error.code, Code::kRefused);
  EXPECT_EQ(error.kind, "database.unversioned");
  EXPECT_THAT(error.hint, HasSubstr("drover stamp"));
  EXPECT_EQ(ReadText(path_), before);
}

TEST_F(ApplyFailureTest, ATableThatOnlyHasTheNameOfTheVersionTableMakesNoVersion) {
  MakeDatabase(path_, "CREATE TABLE drover_version (number INTEGER);");
  const Graph graph = ThreeTables();
  EXPECT_EQ(RunError(Upgrade(path_, graph)).kind, "database.unversioned");
  EXPECT_EQ(Inspect(path_, kVersionTable).problem->kind, "version_table.other");
}

TEST_F(ApplyFailureTest, AnOrphanedDatabaseIsDriftAndUnchanged) {
  MakeDatabase(path_,
               "CREATE TABLE drover_version (version_num TEXT PRIMARY KEY);"
               "INSERT INTO drover_version VALUES ('gone');");
  const std::string before = ReadText(path_);
  EXPECT_EQ(RunError(Upgrade(path_, ThreeTables())).code, Code::kDrift);
  EXPECT_EQ(ReadText(path_), before);
}

TEST_F(ApplyFailureTest, ADirectoryInPlaceOfTheDatabaseIsNamed) {
  std::filesystem::create_directory(path_);
  const Error error = RunError(Upgrade(path_, ThreeTables()));
  EXPECT_EQ(error.kind, "database_is_directory");
  EXPECT_EQ(error.hint, "rmdir " + path_);
}

TEST_F(ApplyFailureTest, AFifoInPlaceOfTheDatabaseIsNamedAndDoesNotHang) {
  ASSERT_EQ(mkfifo(path_.c_str(), 0600), 0);
  EXPECT_EQ(RunError(Upgrade(path_, ThreeTables())).kind, "database_is_not_a_file");
}

TEST_F(ApplyFailureTest, AFileThatIsNoDatabaseIsUnchanged) {
  const std::string text(5000, 'x');
  WriteText(path_, text);
  const Error error = RunError(Upgrade(path_, ThreeTables()));
  EXPECT_EQ(error.code, Code::kCorrupt);
  EXPECT_EQ(error.kind, "sqlite.not_a_database");
  EXPECT_THAT(error.message, HasSubstr(path_));
  EXPECT_EQ(ReadText(path_), text);
}

TEST_F(ApplyFailureTest, AReadOnlyFileIsAnIoError) {
  const Graph graph = ThreeTables();
  (void)CarryOut(Upgrade(path_, graph, "a"));
  ASSERT_EQ(chmod(directory_.path().c_str(), 0777), 0);
  ASSERT_EQ(chmod(path_.c_str(), 0444), 0);
  EXPECT_EQ(AsNobody([&] {
              const Error error = RunError(Upgrade(path_, graph));
              return error.code == Code::kIo && error.kind == "sqlite.readonly" ? 0 : 1;
            }),
            0);
  EXPECT_EQ(Rows(path_), "a");
}

TEST_F(ApplyFailureTest, AReadOnlyDirectoryIsAnIoErrorAndNothingIsCreated) {
  const Graph graph = ThreeTables();
  ASSERT_EQ(chmod(directory_.path().c_str(), 0555), 0);
  EXPECT_EQ(AsNobody([&] {
              return RunError(Upgrade(path_, graph)).code == Code::kIo &&
                             RunError(Upgrade(directory_ / "x/app.db", graph)).code == Code::kIo
                         ? 0
                         : 1;
            }),
            0);
  EXPECT_THAT(Names(directory_.path()), IsEmpty());
}

TEST_F(ApplyFailureTest, ABusyWriterIsNamedWithThePathAndNothingIsChanged) {
  const Graph graph = ThreeTables();
  (void)CarryOut(Upgrade(path_, graph, "a"));
  Connection writer(path_, OpenMode::kWrite);
  writer.Execute("BEGIN IMMEDIATE");
  ApplyRequest request = Upgrade(path_, graph);
  request.busy_timeout = std::chrono::milliseconds(20);
  const Error error = RunError(request);
  EXPECT_EQ(error.code, Code::kBusy);
  EXPECT_EQ(error.kind, "sqlite.busy");
  EXPECT_THAT(error.message, HasSubstr(path_));
  writer.Execute("COMMIT");
  EXPECT_EQ(Rows(path_), "a");
}

TEST_F(ApplyFailureTest, ACommitThatReadersPreventIsNoSuccess) {
  const Graph graph = ThreeTables();
  (void)CarryOut(Upgrade(path_, graph, "a"));
  Connection reader(path_, OpenMode::kRead);
  reader.Execute("BEGIN");
  EXPECT_EQ(reader.QueryInteger("SELECT count(*) FROM drover_version"), 1);
  // To base: no rows, as if a database that cannot be read were the success.
  ApplyRequest request = Downgrade(path_, graph, "base");
  request.busy_timeout = std::chrono::milliseconds(20);
  EXPECT_EQ(RunError(request).code, Code::kBusy);
  reader.Execute("COMMIT");
  EXPECT_EQ(Rows(path_), "a");
  EXPECT_EQ(History(path_), "up a done");
}

}  // namespace
}  // namespace drover::migrations
