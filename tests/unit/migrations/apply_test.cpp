#include "migrations/apply.h"

#include <csignal>
#include <filesystem>
#include <gmock/gmock.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "tests/unit/migrations/apply_support.h"

namespace drover::migrations {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class ApplyTest : public testing::Test {
 protected:
  TempDir directory_;
  std::string path_ = directory_ / "app.db";
  Graph graph_ = ThreeTables();
};

TEST_F(ApplyTest, AFreshDatabaseIsCreatedAndUpgraded) {
  const ApplyResult result = CarryOut(Upgrade(path_, graph_));
  EXPECT_THAT(result.from, IsEmpty());
  EXPECT_THAT(result.to, ElementsAre("c"));
  ASSERT_EQ(result.steps.size(), 3U);
  EXPECT_EQ(result.steps[1].revision, "b");
  EXPECT_EQ(result.steps[1].direction, Direction::kUp);
  EXPECT_THAT(result.steps[1].rows_after, ElementsAre("b"));
  EXPECT_THAT(result.warnings, IsEmpty());
  EXPECT_EQ(Rows(path_), "c");
  EXPECT_EQ(History(path_), "up a done, up b done, up c done");
  EXPECT_EQ(Query(path_, "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY 1"),
            "a|b|c|drover_history|drover_version");
  EXPECT_THAT(Names(directory_.path()), ElementsAre("app.db"));
}

TEST_F(ApplyTest, MissingDirectoriesAreCreatedAndAllMayRead) {
  const mode_t before = umask(022);
  (void)CarryOut(Upgrade(directory_ / "x/y/app.db", graph_));
  umask(before);
  struct stat status {};
  ASSERT_EQ(stat((directory_ / "x/y/app.db").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0644U);
  ASSERT_EQ(stat((directory_ / "x/y").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0755U);
}

TEST_F(ApplyTest, TheHistoryRowSaysEverythingAboutTheStep) {
  Revision first = MakeRevision("a", {}, "CREATE TABLE a (x);", "DROP TABLE a;");
  Revision other = MakeRevision("o", {}, "CREATE TABLE o (x);");
  Revision last = MakeRevision("b", {"a"}, "CREATE TABLE b (x);");
  last.depends_on = {"o"};
  last.down.reset();
  last.down_sha256.clear();
  last.raw_sha256 = "beef";
  const Graph graph({first, other, last});
  (void)CarryOut(Upgrade(path_, graph, "b"));
  Connection connection(path_, OpenMode::kRead);
  const auto value = [&](std::string_view column) {
    return connection
        .QueryText(Concat("SELECT coalesce(", column, ", 'NULL') FROM drover_history ",
                          "WHERE revision = 'b'"))
        .value_or("no row");
  };
  EXPECT_EQ(value("id"), "3");
  EXPECT_EQ(value("down_revision"), "a");
  EXPECT_EQ(value("depends_on"), "o");
  EXPECT_EQ(value("direction"), "up");
  EXPECT_EQ(value("state"), "done");
  EXPECT_EQ(value("raw_sha256"), "beef");
  EXPECT_EQ(value("up_sha256"), ScriptSha256("CREATE TABLE b (x);"));
  EXPECT_EQ(value("down_sha256"), "NULL");
  EXPECT_EQ(value("normaliser"), "tokens-1");
  EXPECT_EQ(value("directives"), "NULL");
  EXPECT_EQ(value("up_sql"), "CREATE TABLE b (x);");
  EXPECT_EQ(value("down_sql"), "NULL");
  EXPECT_EQ(value("applied_at").size(), 20U);
  EXPECT_EQ(value("typeof(duration_ms)"), "integer");
  EXPECT_EQ(value("applied_by"), "ann");
  EXPECT_EQ(value("host"), "box");
  EXPECT_EQ(value("git_commit"), "c0ffee");
  EXPECT_EQ(value("git_branch"), "main");
  EXPECT_EQ(value("tool_version"), "0.1.0");
}

TEST_F(ApplyTest, NothingToDoChangesNothing) {
  (void)CarryOut(Upgrade(path_, graph_));
  const std::string before = ReadText(path_);
  const ApplyResult result = CarryOut(Upgrade(path_, graph_));
  EXPECT_THAT(result.steps, IsEmpty());
  EXPECT_THAT(result.from, ElementsAre("c"));
  EXPECT_THAT(result.to, ElementsAre("c"));
  EXPECT_EQ(ReadText(path_), before);
}

TEST_F(ApplyTest, NothingToDoOnAMissingFileCreatesNothing) {
  const Graph empty;
  const ApplyResult result = CarryOut(Upgrade(directory_ / "x/app.db", empty));
  EXPECT_THAT(result.steps, IsEmpty());
  EXPECT_THAT(Names(directory_.path()), IsEmpty());
}

TEST_F(ApplyTest, APlanThatCannotBeMadeCreatesNothing) {
  EXPECT_EQ(RunError(Upgrade(path_, graph_, "nowhere")).kind, "unknown_revision");
  EXPECT_THAT(Names(directory_.path()), IsEmpty());
}

TEST_F(ApplyTest, ADowngradeCreatesNoDatabase) {
  ApplyRequest request = Upgrade(path_, graph_);
  request.may_create = false;
  const Error error = RunError(request);
  EXPECT_EQ(error.code, Code::kNotFound);
  EXPECT_EQ(error.kind, "database.missing");
  EXPECT_THAT(error.message, HasSubstr(path_));
  EXPECT_THAT(Names(directory_.path()), IsEmpty());
}

TEST_F(ApplyTest, DowngradesRunBackwardsAndLeaveTheTablesOfDrover) {
  (void)CarryOut(Upgrade(path_, graph_));
  const ApplyResult one = CarryOut(Downgrade(path_, graph_, "-1"));
  EXPECT_THAT(one.from, ElementsAre("c"));
  EXPECT_THAT(one.to, ElementsAre("b"));
  const ApplyResult all = CarryOut(Downgrade(path_, graph_, "base"));
  EXPECT_THAT(all.to, IsEmpty());
  EXPECT_EQ(all.steps[0].direction, Direction::kDown);
  EXPECT_EQ(Query(path_, "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY 1"),
            "drover_history|drover_version");
  EXPECT_EQ(Rows(path_), "");
  EXPECT_EQ(Inspect(path_, kVersionTable).kind, DatabaseKind::kVersioned);
  EXPECT_EQ(History(path_),
            "up a done, up b done, up c done, down c done, down b done, down a done");
  (void)CarryOut(Upgrade(path_, graph_));
  EXPECT_EQ(Rows(path_), "c");
}

TEST_F(ApplyTest, TheObserverSeesEveryStepBetweenTransactions) {
  std::vector<std::string> seen;
  ApplyObserver observer;
  observer.on_progress = [&](const ApplyProgress& progress) {
    seen.push_back(Concat("begin ", progress.revision, " ", progress.index, "/", progress.steps));
  };
  observer.on_applied = [&](const AppliedStep& step) {
    seen.push_back(Concat("applied ", step.revision, " ", Rows(path_)));
  };
  (void)Apply(Upgrade(path_, graph_, "b"), observer, std::stop_token());
  EXPECT_EQ(Listed(seen), "begin a 0/2, applied a a, begin b 1/2, applied b b");
}

TEST_F(ApplyTest, AStopIsHeededBetweenRevisions) {
  std::stop_source stop;
  ApplyObserver observer;
  observer.on_applied = [&](const AppliedStep&) { stop.request_stop(); };
  const Error error =
      Caught([&] { (void)Apply(Upgrade(path_, graph_), observer, stop.get_token()); });
  EXPECT_EQ(error.code, Code::kCancelled);
  EXPECT_EQ(Rows(path_), "a");
}

TEST_F(ApplyTest, AnyVersionTableNameIsQuoted) {
  ApplyRequest request = Upgrade(path_, graph_);
  for (const char* name : {"order", "my-table", "a\"b"}) {
    request.path = directory_ / Concat(name[0], ".db");
    request.version_table = name;
    EXPECT_THAT(CarryOut(request).to, ElementsAre("c")) << name;
    EXPECT_THAT(Inspect(request.path, name).rows, ElementsAre("c")) << name;
  }
}

TEST_F(ApplyTest, ANoticeOfTheScriptBecomesAWarning) {
  const Graph graph({MakeRevision("a", {}, "PRAGMA foreign_keys=OFF;\nCREATE TABLE a (x);")});
  EXPECT_THAT(CarryOut(Upgrade(path_, graph)).warnings, ElementsAre(HasSubstr("/m/a.sql:10:1")));
}

constexpr std::string_view kFamily =
    "PRAGMA foreign_keys=ON;"
    "CREATE TABLE drover_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY);"
    "CREATE TABLE parent (id INTEGER PRIMARY KEY);"
    "CREATE TABLE child (p REFERENCES parent (id) ON DELETE CASCADE);"
    "INSERT INTO parent VALUES (1); INSERT INTO child VALUES (1);";

constexpr std::string_view kRebuild =
    "CREATE TABLE new_parent (id INTEGER PRIMARY KEY, note);"
    "INSERT INTO new_parent (id) SELECT id FROM parent;"
    "DROP TABLE parent;"
    "ALTER TABLE new_parent RENAME TO parent;";

TEST_F(ApplyTest, ARebuildDoesNotCascadeIntoChildren) {
  MakeDatabase(path_, kFamily);
  const Graph graph({MakeRevision("a", {}, std::string(kRebuild))});
  (void)CarryOut(Upgrade(path_, graph));
  EXPECT_EQ(Query(path_, "SELECT count(*) FROM child"), "1");
}

TEST_F(ApplyTest, ForeignKeysSwitchedOnByOneMigrationAreOffForTheNext) {
  MakeDatabase(path_, kFamily);
  Revision first = MakeRevision("a", {}, "PRAGMA foreign_keys=ON;");
  first.up.transaction = false;
  const Graph graph({first, MakeRevision("b", {"a"}, std::string(kRebuild))});
  (void)CarryOut(Upgrade(path_, graph));
  EXPECT_EQ(Query(path_, "SELECT count(*) FROM child"), "1");
}

TEST_F(ApplyTest, WhatAMigrationDoesToItsConnectionEndsWithIt) {
  const Graph graph({MakeRevision("a", {}, "CREATE TEMP TABLE scratch (x);"),
                     MakeRevision("b", {"a"}, "CREATE TABLE b AS SELECT * FROM scratch;")});
  const Error error = RunError(Upgrade(path_, graph));
  EXPECT_THAT(error.message, HasSubstr("no such table: scratch"));
  EXPECT_EQ(Rows(path_), "a");
}

TEST_F(ApplyTest, AFullDiskLeavesNoHotJournalBehind) {
  const Graph graph({MakeRevision("a", {}, "CREATE TABLE a (x);"),
                     MakeRevision("b", {"a"},
                                  "CREATE TABLE b (x);\n"
                                  "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n "
                                  "WHERE i < 20000) INSERT INTO b SELECT zeroblob(1000) FROM n;")});
  CarryOut(Upgrade(path_, graph, "a"));
  const int ended = InChild([&] {
    // No file may grow beyond 8 MiB: to SQLite that is a disk on which writing fails.
    const rlimit limit{.rlim_cur = 8U << 20U, .rlim_max = 8U << 20U};
    setrlimit(RLIMIT_FSIZE, &limit);
    signal(SIGXFSZ, SIG_IGN);
    return RunError(Upgrade(path_, graph)).code == Code::kIo ? 0 : 1;
  });
  EXPECT_EQ(ended, 0);
  EXPECT_FALSE(std::filesystem::exists(path_ + "-journal"));
  EXPECT_EQ(Rows(path_), "a");
  CarryOut(Upgrade(path_, graph));
  EXPECT_EQ(Rows(path_), "b");
}

TEST_F(ApplyTest, AWalDatabaseStaysOne) {
  MakeDatabase(path_, "PRAGMA journal_mode=WAL; CREATE TABLE drover_version (version_num TEXT);");
  (void)CarryOut(Upgrade(path_, graph_));
  EXPECT_EQ(Rows(path_), "c");
  EXPECT_EQ(Query(path_, "PRAGMA journal_mode"), "wal");
}

TEST_F(ApplyTest, AnEmptyFileIsADatabaseWithoutTables) {
  WriteText(path_, "");
  (void)CarryOut(Upgrade(path_, graph_));
  EXPECT_EQ(Rows(path_), "c");
}

class NoTransactionTest : public ApplyTest {
 protected:
  static Graph Single(std::string up) {
    Revision revision = MakeRevision("a", {}, std::move(up), "DROP TABLE a;");
    revision.up.transaction = false;
    return Graph({revision});
  }
};

TEST_F(NoTransactionTest, RunsWhatATransactionForbids) {
  const Graph graph = Single("CREATE TABLE a (x); VACUUM; PRAGMA journal_mode=WAL;");
  const ApplyResult result = CarryOut(Upgrade(path_, graph));
  EXPECT_THAT(result.to, ElementsAre("a"));
  EXPECT_EQ(History(path_), "up a done");
  EXPECT_EQ(Query(path_, "SELECT directives FROM drover_history"), "up transaction:false");
  EXPECT_EQ(Query(path_, "PRAGMA journal_mode"), "wal");
  EXPECT_THAT(Inspect(path_, kVersionTable).unfinished, IsEmpty());
}

TEST_F(NoTransactionTest, AFailureLeavesWhatWasDoneAndSaysSo) {
  const Graph graph = Single("CREATE TABLE a (x);\nCREATE TABLE a (x);");
  const Error error = RunError(Upgrade(path_, graph));
  EXPECT_EQ(error.where, "/m/a.sql:11:14");
  EXPECT_THAT(error.message, HasSubstr("what came before that statement stays"));
  EXPECT_EQ(Rows(path_), "");
  EXPECT_EQ(History(path_), "up a applying");
  EXPECT_THAT(Inspect(path_, kVersionTable).unfinished, ElementsAre("a"));
  EXPECT_EQ(Query(path_, "SELECT count(*) FROM a"), "0");

  const Graph repaired = Single("CREATE TABLE IF NOT EXISTS a (x);");
  (void)CarryOut(Upgrade(path_, repaired));
  EXPECT_EQ(History(path_), "up a applying, up a done");
  EXPECT_THAT(Inspect(path_, kVersionTable).unfinished, IsEmpty());
}

TEST_F(NoTransactionTest, ATransactionLeftOpenIsAnError) {
  const Graph graph = Single("BEGIN;\nCREATE TABLE a (x);");
  const Error error = RunError(Upgrade(path_, graph));
  EXPECT_EQ(error.kind, "sql.open_transaction");
  EXPECT_EQ(error.where, "/m/a.sql:10:1");
  EXPECT_EQ(Query(path_, "SELECT count(*) FROM sqlite_schema WHERE name = 'a'"), "0");
}

class StampTest : public ApplyTest {};

TEST_F(StampTest, ChangesTheRowsAndRunsNothing) {
  const ApplyResult up = Stamp(StampTo(path_, graph_, "b"), graph_);
  EXPECT_THAT(up.from, IsEmpty());
  EXPECT_THAT(up.to, ElementsAre("b"));
  EXPECT_THAT(up.steps, IsEmpty());
  EXPECT_EQ(Rows(path_), "b");
  EXPECT_EQ(History(path_), "stamp b done");
  EXPECT_EQ(Query(path_, "SELECT count(*) FROM sqlite_schema WHERE name = 'b'"), "0");
  EXPECT_THAT(Stamp(StampTo(path_, graph_, "base"), graph_).from, ElementsAre("b"));
  EXPECT_EQ(Rows(path_), "");
}

TEST_F(StampTest, AdoptsAnUnversionedDatabase) {
  MakeDatabase(path_, "CREATE TABLE a (x); INSERT INTO a VALUES (1); CREATE TABLE b (x);");
  (void)Stamp(StampTo(path_, graph_, "b"), graph_);
  EXPECT_EQ(Rows(path_), "b");
  (void)CarryOut(Upgrade(path_, graph_));
  EXPECT_EQ(Rows(path_), "c");
  EXPECT_EQ(Query(path_, "SELECT count(*) FROM a"), "1");
}

TEST_F(StampTest, PurgeForgetsRowsThatNoFileHas) {
  MakeDatabase(path_,
               "CREATE TABLE drover_version (version_num TEXT);"
               "INSERT INTO drover_version VALUES ('gone'), ('lost');");
  EXPECT_EQ(Caught([&] { (void)Stamp(StampTo(path_, graph_, "c"), graph_); }).code, Code::kDrift);
  EXPECT_EQ(Rows(path_), "gone, lost");
  (void)Stamp(StampTo(path_, graph_, "c", Purge::kYes), graph_);
  EXPECT_EQ(Rows(path_), "c");
}

TEST_F(StampTest, AMissingDatabaseIsNotFoundUnlessItMayBeCreated) {
  ApplyRequest request = StampTo(path_, graph_, "b");
  request.may_create = false;
  EXPECT_EQ(Caught([&] { (void)Stamp(request, graph_); }).kind, "database.missing");
  EXPECT_THAT(Names(directory_.path()), IsEmpty());
}

}  // namespace
}  // namespace drover::migrations
