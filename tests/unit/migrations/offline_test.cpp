#include "migrations/offline.h"

#include <gmock/gmock.h>

#include "tests/unit/migrations/apply_support.h"

namespace drover::migrations {
namespace {

class OfflineTest : public testing::Test {
 protected:
  /// Feeds the script to the sqlite3 program and returns its exit code.
  int Feed(const std::string& script, const std::string& path) {
    WriteText(directory_ / "script.sql", script);
    const std::string command = Concat("sqlite3 -bail '", path, "' < '", directory_ / "script.sql",
                                       "' 2> '", directory_ / "stderr", "'");
    const int status = std::system(command.c_str());
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

  static std::string Script(const Plan& plan) {
    return OfflineScript(plan, kVersionTable, Somebody(), "2026-02-12T23:20:18Z");
  }

  TempDir directory_;
  std::string online_ = directory_ / "online.db";
  std::string offline_ = directory_ / "offline.db";
};

std::string HistoryColumns(const std::string& path) {
  std::string all;
  Connection connection(path, OpenMode::kRead);
  for (const char* column :
       {"id", "revision", "down_revision", "depends_on", "direction", "state", "raw_sha256",
        "up_sha256", "down_sha256", "normaliser", "directives", "up_sql", "down_sql", "applied_by",
        "host", "git_commit", "git_branch", "tool_version"}) {
    all += Concat(column, ": ",
                  Join(connection.QueryColumn(
                           Concat("SELECT quote(", column, ") FROM drover_history ORDER BY id")),
                       " | "),
                  "\n");
  }
  return all;
}

void ExpectSame(const std::string& online, const std::string& offline) {
  EXPECT_EQ(SchemaText(offline), SchemaText(online));
  EXPECT_EQ(Rows(offline), Rows(online));
  EXPECT_EQ(HistoryColumns(offline), HistoryColumns(online));
}

/// Scripts with every kind of end, quotes in all places, and a merge with a dependency.
std::vector<Revision> Ugly() {
  std::vector<Revision> revisions;
  revisions.push_back(
      MakeRevision("a", {}, "CREATE TABLE a (x DEFAULT 'it''s; -- so')", "DROP TABLE a -- gone;"));
  revisions.push_back(
      MakeRevision("b", {"a"}, "-- first\nCREATE TABLE b (x) -- and last;\n", "DROP TABLE b;;"));
  revisions.push_back(MakeRevision("c", {"a"},
                                   "CREATE TRIGGER t AFTER INSERT ON a BEGIN\n  SELECT CASE WHEN 1 "
                                   "THEN 2 END;\nEND;\n/* done */",
                                   "DROP TRIGGER t; /* ; */"));
  revisions.push_back(MakeRevision("m", {"b", "c"}, "", "-- nothing;"));
  revisions.push_back(MakeRevision("x", {}, "CREATE TABLE x (y);\r\n", ""));
  revisions.push_back(MakeRevision("v", {"m"}, "CREATE TABLE v (x); VACUUM; PRAGMA foreign_keys=ON",
                                   "DROP TABLE v"));
  revisions.back().up.transaction = false;
  revisions.back().depends_on = {"x"};
  revisions.back().message = "it's the last";
  revisions.push_back(
      MakeRevision("w", {"v"}, "BEGIN;\nINSERT INTO a VALUES ('größe\n.tables\n');\nCOMMIT", ""));
  return revisions;
}

TEST_F(OfflineTest, AnUpgradeGivesWhatApplyGives) {
  const Graph graph(Ugly());
  (void)CarryOut(Upgrade(online_, graph, "heads"));
  ASSERT_EQ(Feed(Script(PlanUpgrade(graph, {}, "heads", Drafts::kStopBefore)), offline_), 0)
      << ReadText(directory_ / "stderr");
  ExpectSame(online_, offline_);
  EXPECT_EQ(Query(offline_, "SELECT x FROM a"), Query(online_, "SELECT x FROM a"));
}

TEST_F(OfflineTest, ADowngradeGivesWhatApplyGives) {
  const Graph graph(Ugly());
  for (const std::string& path : {online_, offline_}) (void)CarryOut(Upgrade(path, graph, "heads"));
  (void)CarryOut(Downgrade(online_, graph, "a"));
  const std::vector<RevisionId> rows{"w"};
  ASSERT_EQ(Feed(Script(PlanDowngrade(graph, rows, "a")), offline_), 0)
      << ReadText(directory_ / "stderr");
  ExpectSame(online_, offline_);
}

TEST_F(OfflineTest, AFailureStopsInsideItsTransaction) {
  const Graph graph({MakeRevision("a", {}, "CREATE TABLE a (x);"),
                     MakeRevision("b", {"a"}, "CREATE TABLE b (x); SELECT nothing;")});
  EXPECT_NE(Feed(Script(PlanUpgrade(graph, {}, "head", Drafts::kStopBefore)), offline_), 0);
  EXPECT_EQ(Rows(offline_), "a");
  EXPECT_EQ(History(offline_), "up a done");
  EXPECT_EQ(Query(offline_, "SELECT count(*) FROM sqlite_schema WHERE name = 'b'"), "0");
}

TEST_F(OfflineTest, ForeignKeysSwitchedOnByOneMigrationAreOffForTheNext) {
  MakeDatabase(offline_,
               "PRAGMA foreign_keys=ON; CREATE TABLE p (id INTEGER PRIMARY KEY);"
               "CREATE TABLE c (p REFERENCES p (id) ON DELETE CASCADE);"
               "INSERT INTO p VALUES (1); INSERT INTO c VALUES (1);");
  Revision first = MakeRevision("a", {}, "PRAGMA foreign_keys=ON;");
  first.up.transaction = false;
  const Graph graph({first, MakeRevision("b", {"a"}, "DROP TABLE p;")});
  ASSERT_EQ(Feed(Script(PlanUpgrade(graph, {}, "head", Drafts::kStopBefore)), offline_), 0);
  EXPECT_EQ(Query(offline_, "SELECT count(*) FROM c"), "1");
}

TEST_F(OfflineTest, AnEmptyPlanIsAComment) { EXPECT_EQ(Script(Plan()), "-- nothing to do\n"); }

TEST_F(OfflineTest, WhatIsRefusedOnlineIsNotPrintedForAnotherProgram) {
  const auto kind = [](std::string sql) {
    const Graph graph({MakeRevision("a", {}, std::move(sql))});
    return Caught([&] { (void)Script(PlanUpgrade(graph, {}, "head", Drafts::kInclude)); }).kind;
  };
  EXPECT_EQ(kind("CREATE TABLE t (x);\n.shell touch /tmp/x\n"), "sql.foreign_command");
  EXPECT_EQ(kind("CREATE TABLE t (x); COMMIT; BEGIN; INSERT INTO t VALUES (1);"), "sql.refused");
  EXPECT_EQ(kind("ATTACH 'x' AS y;"), "sql.refused");
  EXPECT_EQ(kind("CREATE TABLE t (x); /* never closed"), "sql.unterminated");
}

TEST_F(OfflineTest, StatementsOfATriggerAreInPlace) {
  const Graph graph({MakeRevision("a", {},
                                  "CREATE TABLE t (x); CREATE TRIGGER tr AFTER INSERT ON t BEGIN "
                                  "SELECT CASE WHEN 1 THEN 2 END; "
                                  "DELETE FROM t; END; SAVEPOINT s; ROLLBACK TO s; RELEASE s;")});
  EXPECT_NO_THROW((void)Script(PlanUpgrade(graph, {}, "head", Drafts::kInclude)));
}

TEST_F(OfflineTest, ControlCharactersOfAMessageStayOutOfTheScript) {
  Revision revision = MakeRevision("a", {}, "CREATE TABLE a (x);");
  revision.message = "one\rtwo\x1b[31m";
  const std::string script =
      Script(PlanUpgrade(Graph({revision}), {}, "head", Drafts::kStopBefore));
  EXPECT_NE(script.find("-- upgrade to a: one two [31m\n"), script.npos) << script;
}

TEST_F(OfflineTest, AppliedAtIsAsGiven) {
  const Graph graph = ThreeTables();
  ASSERT_EQ(Feed(Script(PlanUpgrade(graph, {}, "a", Drafts::kStopBefore)), offline_), 0);
  EXPECT_EQ(Query(offline_, "SELECT applied_at FROM drover_history"), "2026-02-12T23:20:18Z");
}

}  // namespace
}  // namespace drover::migrations
