#include "migrations/snapshots/fresh_database.h"

#include <filesystem>
#include <gmock/gmock.h>
#include <random>

#include "base/posix.h"
#include "tests/unit/migrations/apply_support.h"

namespace drover::migrations {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

/// Schema, rows, version table, and the history but for times.
std::string DumpAll(const std::string& path) {
  Connection connection(path, OpenMode::kRead);
  std::string text;
  const auto add = [&](const std::string& query) {
    Statement rows = connection.Prepare(query);
    while (rows.Step()) {
      for (int i = 0; i < rows.ColumnCount(); ++i) text += Concat(rows.Text(i), "|");
      text += "\n";
    }
  };
  add("SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY type, name");
  for (const std::string& table :
       connection.QueryColumn("SELECT name FROM sqlite_schema WHERE type = 'table' AND name <> "
                              "'drover_history' ORDER BY 1")) {
    text += Concat("== ", table, "\n");
    add(Concat("SELECT rowid, * FROM ", QuoteIdentifier(table), " ORDER BY 1"));
  }
  text += "== history\n";
  add("SELECT id, revision, down_revision, depends_on, direction, state, raw_sha256, up_sha256, "
      "down_sha256, normaliser, directives, up_sql, down_sql, applied_by, host, git_commit, "
      "git_branch, tool_version, length(applied_at) FROM drover_history ORDER BY id");
  for (const char* pragma : {"user_version", "application_id", "page_size", "encoding",
                             "auto_vacuum", "journal_mode", "quick_check"}) {
    text += Concat(pragma, " ", connection.QueryText(Concat("PRAGMA ", pragma)).value_or(""), "\n");
  }
  return text;
}

class FreshDatabaseTest : public testing::Test {
 protected:
  static constexpr SnapshotLimits kLimits{.worth = 1};

  ApplyResult Take(const std::string& name, const Graph& graph, AppliedBy by = Somebody()) {
    ApplyRequest request = Upgrade(directory_ / name, graph);
    request.by = std::move(by);
    request.durability = durability_;
    applied_.clear();
    ApplyObserver observer;
    observer.on_applied = [&](const AppliedStep& step) { applied_.push_back(step.revision); };
    return ApplyWithSnapshots(request, snapshots_, observer, std::stop_token());
  }

  std::string Replayed(const Graph& graph, AppliedBy by = Somebody()) {
    const std::string path = directory_ / "replayed.db";
    std::filesystem::remove(path);
    ApplyRequest request = Upgrade(path, graph);
    request.by = std::move(by);
    (void)CarryOut(request);
    return DumpAll(path);
  }

  /// How many revisions of the graph a snapshot saves now.
  std::size_t Kept(const Graph& graph) {
    const Plan plan = PlanUpgrade(graph, {}, "head", Drafts::kStopBefore);
    std::vector<const Revision*> chain;
    for (const Step& step : plan.steps) chain.push_back(&step.revision);
    return snapshots_.FindLongest(SnapshotKeys(SnapshotKind::kRows, chain, kVersionTable, {}))
        .length;
  }

  TempDir directory_;
  Snapshots snapshots_{directory_ / "snapshots", kLimits};
  std::vector<std::string> applied_;
  Durability durability_ = Durability::kDurable;
};

TEST_F(FreshDatabaseTest, TheSecondDatabaseIsTakenFromTheSnapshot) {
  const Graph graph = ThreeTables();
  const ApplyResult first = Take("one.db", graph);
  EXPECT_EQ(Listed(applied_), "a, b, c");
  EXPECT_EQ(Listed(first.to), "c");
  EXPECT_EQ(first.steps.size(), 3);
  EXPECT_EQ(Kept(graph), 3);
  AppliedBy other{.user = "bob", .host = "other", .tool_version = "0.2"};
  const ApplyResult second = Take("two.db", graph, other);
  EXPECT_EQ(Listed(applied_), "a, b, c");
  EXPECT_THAT(second.from, IsEmpty());
  EXPECT_EQ(Listed(second.to), "c");
  EXPECT_EQ(DumpAll(directory_ / "one.db"), Replayed(graph));
  EXPECT_EQ(DumpAll(directory_ / "two.db"), Replayed(graph, other));
  EXPECT_EQ(StatFile(directory_ / "two.db")->mode & 0777U, 0644U);
  EXPECT_EQ(Listed(Names(directory_.path())), "one.db, replayed.db, snapshots, two.db");
}

TEST_F(FreshDatabaseTest, TheHistoryIsThatOfThisRun) {
  const Graph graph = ThreeTables();
  (void)Take("one.db", graph);
  Connection(directory_ / "one.db", OpenMode::kWrite)
      .Execute("UPDATE drover_history SET applied_at = '1999-01-01T00:00:00Z'");
  (void)Take("two.db", graph);
  Connection connection(directory_ / "two.db", OpenMode::kRead);
  EXPECT_EQ(
      connection.QueryInteger("SELECT count(*) FROM drover_history WHERE applied_at > '2020'"), 3);
}

TEST_F(FreshDatabaseTest, OnlyWhatFollowsAnEditIsRunAgain) {
  (void)Take("one.db", ThreeTables());
  const Graph edited({MakeRevision("a", {}, "CREATE TABLE a (x);", "DROP TABLE a;"),
                      MakeRevision("b", {"a"}, "CREATE TABLE b (x);", "DROP TABLE b;"),
                      MakeRevision("c", {"b"}, "CREATE TABLE c (y);")});
  EXPECT_EQ(Kept(edited), 2);
  (void)Take("two.db", edited);
  EXPECT_EQ(Listed(applied_), "a, b, c");
  EXPECT_EQ(DumpAll(directory_ / "two.db"), Replayed(edited));
}

/// Runs a chain whose second revision stores what is not a function of the chain.
class UnrepeatableTest : public FreshDatabaseTest,
                         public testing::WithParamInterface<const char*> {};

TEST_P(UnrepeatableTest, EndsTheSnapshot) {
  const Graph graph({MakeRevision("a", {},
                                  "CREATE TABLE t (id INTEGER PRIMARY KEY, x, at TEXT DEFAULT "
                                  "CURRENT_TIMESTAMP, d DEFAULT (strftime('%s','now')));"),
                     MakeRevision("b", {"a"}, GetParam()),
                     MakeRevision("c", {"b"}, "CREATE TABLE c (x);")});
  (void)Take("one.db", graph);
  EXPECT_EQ(Listed(applied_), "a, b, c");
  EXPECT_EQ(Rows(directory_ / "one.db"), "c");
  EXPECT_EQ(Kept(graph), 1);
  (void)Take("two.db", graph);
  EXPECT_EQ(Rows(directory_ / "two.db"), "c");
  Connection connection(directory_ / "two.db", OpenMode::kRead);
  EXPECT_GT(connection.QueryInteger("SELECT count(*) FROM t"), 0);
  EXPECT_EQ(Kept(graph), 1);
}

INSTANTIATE_TEST_SUITE_P(
    All, UnrepeatableTest,
    testing::Values("INSERT INTO t (x, at, d) VALUES (random(), 1, 1);",
                    "INSERT INTO t (x, at, d) VALUES (randomblob(4), 1, 1);",
                    "INSERT INTO t (x, at, d) VALUES (CURRENT_TIMESTAMP, 1, 1);",
                    "INSERT INTO t (x, at, d) VALUES (CURRENT_DATE, 1, 1);",
                    "INSERT INTO t (x, at, d) VALUES (datetime('now'), 1, 1);",
                    "INSERT INTO t (x, at, d) VALUES (unixepoch(), 1, 1);",
                    "INSERT INTO t (x, d) VALUES (1, 1);", "INSERT INTO t (x, at) VALUES (1, 1);",
                    "INSERT INTO t (x, at, d) VALUES (total_changes(), 1, 1);",
                    "INSERT INTO t (x, at, d) SELECT applied_at, 1, 1 FROM DROVER_history;",
                    "INSERT INTO t (x, at, d) SELECT file, 1, 1 FROM pragma_database_list;",
                    "CREATE TRIGGER r AFTER INSERT ON t BEGIN UPDATE t SET x = random(); END;"
                    "INSERT INTO t (x, at, d) VALUES (1, 1, 1);"));

TEST_F(FreshDatabaseTest, AFunctionThatIsNotCalledDoesNoHarm) {
  const Graph graph(
      {MakeRevision("a", {},
                    "CREATE TABLE t (id INTEGER PRIMARY KEY, at TEXT DEFAULT CURRENT_TIMESTAMP,"
                    " r DEFAULT (random()));"
                    "INSERT INTO t VALUES (1, 'then', 2);"
                    "DELETE FROM t;"
                    "UPDATE t SET at = datetime('now'), r = random();"),
       MakeRevision("b", {"a"}, "CREATE TABLE b (x);")});
  (void)Take("one.db", graph);
  EXPECT_EQ(Kept(graph), 2);
}

TEST_F(FreshDatabaseTest, WithoutATransactionTheRealFileIsWorkedOn) {
  Revision wal = MakeRevision("b", {"a"}, "PRAGMA journal_mode=WAL;");
  wal.up.transaction = false;
  const Graph graph({MakeRevision("a", {}, "CREATE TABLE a (x);"), wal,
                     MakeRevision("c", {"b"}, "CREATE TABLE c (x);")});
  (void)Take("one.db", graph);
  (void)Take("two.db", graph);
  EXPECT_EQ(Kept(graph), 1);
  EXPECT_EQ(DumpAll(directory_ / "two.db"), Replayed(graph));
  EXPECT_TRUE(Connection(directory_ / "two.db", OpenMode::kRead).IsWal());
}

TEST_F(FreshDatabaseTest, AFailureIsExplainedAndLeavesTheLastCompleteRevision) {
  const Graph graph({MakeRevision("a", {}, "CREATE TABLE a (x);"),
                     MakeRevision("b", {"a"}, "CREATE TABLE b (x); NONSENSE;")});
  for (const char* name : {"one.db", "two.db"}) {
    const Error error = Caught([&] { (void)Take(name, graph); });
    EXPECT_THAT(error.message, HasSubstr("NONSENSE"));
    EXPECT_EQ(Listed(applied_), "a");
    EXPECT_EQ(Rows(directory_ / name), "a");
  }
}

TEST_F(FreshDatabaseTest, AJournalOfADatabaseThatIsGoneIsNotPlayedIntoTheNewOne) {
  const Graph graph = ThreeTables();
  (void)Take("one.db", graph);
  WriteText(directory_ / "two.db-journal", "x");
  (void)Take("two.db", graph);
  EXPECT_EQ(DumpAll(directory_ / "two.db"), Replayed(graph));
}

TEST_F(FreshDatabaseTest, OneThatIsThereIsUpgraded) {
  const Graph graph = ThreeTables();
  (void)Take("one.db", graph);
  (void)CarryOut(Upgrade(directory_ / "two.db", graph, "a"));
  Connection(directory_ / "two.db", OpenMode::kWrite).Execute("INSERT INTO a VALUES (7)");
  (void)Take("two.db", graph);
  EXPECT_EQ(Listed(applied_), "b, c");
  EXPECT_EQ(Connection(directory_ / "two.db", OpenMode::kRead).QueryInteger("SELECT x FROM a"), 7);
}

TEST_F(FreshDatabaseTest, WhatIsTooLargeIsNotKept) {
  snapshots_ = Snapshots(directory_ / "snapshots", {.largest = 100U << 10U, .worth = 1});
  const Graph graph({MakeRevision("a", {}, "CREATE TABLE a (x);"),
                     MakeRevision("b", {"a"}, "INSERT INTO a VALUES (zeroblob(1000000));")});
  (void)Take("one.db", graph);
  (void)Take("two.db", graph);
  EXPECT_EQ(Kept(graph), 1);
  EXPECT_EQ(DumpAll(directory_ / "two.db"), Replayed(graph));
}

TEST_F(FreshDatabaseTest, ACancelledOneLeavesNothing) {
  const Graph graph = ThreeTables();
  std::stop_source stop;
  stop.request_stop();
  const Error error = Caught([&] {
    (void)ApplyWithSnapshots(Upgrade(directory_ / "one.db", graph), snapshots_, ApplyObserver(),
                             stop.get_token());
  });
  EXPECT_EQ(error.code, Code::kCancelled);
  EXPECT_FALSE(StatFile(directory_ / "one.db"));
}

/// A chain of a few tables to which random things are done; some of it cannot be repeated.
class RandomChain {
 public:
  explicit RandomChain(unsigned seed) : random_(seed) {}

  Graph Make() {
    std::vector<Revision> revisions;
    const int length = 2 + Below(12);
    std::vector<RevisionId> parents;
    for (int i = 0; i < length; ++i) {
      const RevisionId id = Concat("r", i);
      Revision revision = MakeRevision(id, parents, Body(i));
      if (Below(25) == 0) revision.up.transaction = false;
      revisions.push_back(std::move(revision));
      parents = {id};
    }
    return Graph(std::move(revisions));
  }

 private:
  int Below(int limit) { return static_cast<int>(random_() % static_cast<unsigned>(limit)); }
  std::string Table() { return Concat("t", tables_ == 0 ? 0 : Below(tables_)); }

  std::string Body(int number) {
    if (tables_ == 0 || Below(4) == 0) {
      return Concat("CREATE TABLE t", tables_++, " (",
                    Below(2) == 0 ? "id INTEGER PRIMARY KEY, " : "", "x TEXT, n DEFAULT ", Below(3),
                    ", at DEFAULT CURRENT_TIMESTAMP);");
    }
    switch (Below(9)) {
      case 0:
        return Concat("CREATE INDEX i", number, " ON ", Table(), " (x, n);");
      case 1:
        return Concat("ALTER TABLE ", Table(), " ADD COLUMN c", number, " DEFAULT 'c;';");
      case 2:
        return Concat("CREATE VIEW v", number, " AS SELECT x FROM ", Table(), ";");
      case 3: {
        const std::string table = Table();
        return Concat("PRAGMA foreign_keys=OFF; DELETE FROM ", table, " WHERE n = ", Below(3),
                      "; UPDATE ", table, " SET x = x || '", number, "'; PRAGMA foreign_keys=ON;");
      }
      case 4:
        return Concat("PRAGMA user_version=", number, ";");
      case 5:
        return Below(4) > 0 ? std::string("SELECT 1;")
                            : Concat("INSERT INTO ", Table(), " (x) VALUES ('late');");
      default:
        return Concat("WITH RECURSIVE k(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM k WHERE i < ",
                      1 + Below(60), ") INSERT INTO ", Table(),
                      " (x, n, at) SELECT hex(zeroblob(i)), i % 3, 'then' FROM k;");
    }
  }

  std::mt19937 random_;
  int tables_ = 0;
};

TEST_F(FreshDatabaseTest, RandomChainsAreEqualToTheirReplay) {
  constexpr unsigned kChains = 200;
  durability_ = Durability::kScratch;  // the machine's disk is not what is tested
  std::size_t saved = 0;
  const auto without_times = [](const std::string& path) {
    // What the replay itself makes differently each time.
    Connection connection(path, OpenMode::kWrite);
    connection.Execute("PRAGMA synchronous=OFF");
    for (const std::string& table : connection.QueryColumn(
             "SELECT name FROM sqlite_schema WHERE type = 'table' AND name LIKE 't%'")) {
      connection.Execute(Concat("UPDATE ", table, " SET at = 'now' WHERE at <> 'then'"));
    }
    return DumpAll(path);
  };
  for (unsigned seed = 1; seed <= kChains; ++seed) {
    const Graph graph = RandomChain(seed).Make();
    (void)Take("first.db", graph);
    saved += Kept(graph);
    (void)Take("second.db", graph);
    ApplyRequest replay = Upgrade(directory_ / "replay.db", graph);
    replay.durability = durability_;
    (void)CarryOut(replay);
    const std::string expected = without_times(directory_ / "replay.db");
    ASSERT_EQ(without_times(directory_ / "first.db"), expected) << "seed " << seed;
    ASSERT_EQ(without_times(directory_ / "second.db"), expected) << "seed " << seed;
    for (const char* name : {"first.db", "second.db", "replay.db"}) {
      std::filesystem::remove(directory_ / name);
    }
  }
  EXPECT_GT(saved, kChains) << "snapshots must have been used";
}

}  // namespace
}  // namespace drover::migrations
