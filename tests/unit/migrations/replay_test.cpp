#include "migrations/replay.h"

#include <gmock/gmock.h>

#include "migrations/inspect.h"
#include "migrations/schema_compare.h"
#include "tests/unit/migrations/apply_support.h"

namespace drover::migrations {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

class ReplayTest : public testing::Test {
 protected:
  static SchemaImage Of(const Graph& graph, std::vector<RevisionId> rows, const Stubs& stubs = {}) {
    return ReplaySchema(graph, rows, kVersionTable, stubs, {});
  }

  static std::string Objects(const SchemaImage& image) {
    std::vector<std::string> names;
    for (const auto& object : image.objects) names.push_back(object->name);
    return Listed(names);
  }

  static SchemaImage Live(std::string_view sql) {
    Connection connection("", OpenMode::kMemory);
    connection.Execute(sql);
    return SchemaReader(kVersionTable).Read(connection);
  }

  /// "c 0 1": revision, differences, equal revisions below.
  static std::string Nearest(const Graph& graph, std::string_view live,
                             const SearchLimits& limits = {}) {
    const auto match = FindNearestRevision(graph, Live(live), kVersionTable, {}, limits);
    if (!match) return "nothing";
    return Concat(match->revision, " ", match->differences, " ", match->equal_below);
  }
};

TEST_F(ReplayTest, MakesTheSchemaOfARevisionAndAllBelowIt) {
  const Graph graph = ThreeTables();
  EXPECT_EQ(Objects(Of(graph, {"b"})), "a, b");
  EXPECT_THAT(Of(graph, {}).objects, IsEmpty());
}

TEST_F(ReplayTest, MakesTheSameSchemaAsAnUpgrade) {
  TempDir directory;
  const std::string path = directory / "app.db";
  Revision rebuild = MakeRevision(
      "b", {"a"},
      "BEGIN; CREATE TABLE n (id INTEGER PRIMARY KEY, e TEXT COLLATE NOCASE UNIQUE, g AS (e||'x'));"
      "INSERT INTO n (id, e) SELECT id, e FROM t; DROP TABLE t; ALTER TABLE n RENAME TO t;"
      "CREATE TRIGGER r AFTER INSERT ON t BEGIN SELECT 1; END; COMMIT; VACUUM;");
  rebuild.up.transaction = false;
  const Graph graph({MakeRevision("a", {},
                                  "CREATE TABLE t (id INTEGER PRIMARY KEY, e TEXT);"
                                  "CREATE VIRTUAL TABLE f USING fts5(body);"
                                  "INSERT INTO f VALUES ('x'); ANALYZE;"
                                  "CREATE TABLE copy AS SELECT id AS i, e FROM t;"),
                     rebuild});
  (void)CarryOut(Upgrade(path, graph));
  const SchemaImage live = InspectSchema(path, kVersionTable);
  EXPECT_EQ(Objects(live), "copy, f, t, r");
  EXPECT_THAT(CompareSchemas(Of(graph, {"b"}), live), IsEmpty());
}

TEST_F(ReplayTest, AMigrationOfDataNeitherNeedsDataNorWritesIt) {
  const Graph graph({MakeRevision("a", {}, "CREATE TABLE t (x NOT NULL CHECK (x > 0));"),
                     MakeRevision("b", {"a"},
                                  "INSERT INTO t SELECT max(x) FROM t;"
                                  "WITH n AS (SELECT 0 AS x) INSERT INTO t SELECT x FROM n;"
                                  "CREATE TABLE u (x);")});
  EXPECT_EQ(Objects(Of(graph, {"b"})), "t, u");
}

TEST_F(ReplayTest, AnErrorNamesRevisionFileAndStatement) {
  const Graph graph({MakeRevision("a", {}, "\nALTER TABLE gone ADD COLUMN x;")});
  const Error error = Caught([&] { (void)Of(graph, {"a"}); });
  EXPECT_EQ(error.message,
            "revision a: no such table: gone, in statement 1: ALTER TABLE gone ADD COLUMN x;");
  EXPECT_EQ(error.where, "/m/a.sql:11:1");
}

TEST_F(ReplayTest, ARowWithoutAFileIsNamed) {
  EXPECT_EQ(Caught([&] { (void)Of(ThreeTables(), {"gone"}); }).message,
            "no migration file has revision gone");
}

TEST_F(ReplayTest, OtherFilesAreOutOfReach) {
  TempDir directory;
  for (const std::string sql : {"ATTACH '%' AS x; CREATE TABLE x.t (a);", "VACUUM INTO '%';"}) {
    std::string up = sql;
    up.replace(up.find('%'), 1, directory / "other.db");
    Revision revision = MakeRevision("a", {}, up);
    revision.up.transaction = false;
    const Graph graph({revision});
    try {
      (void)Of(graph, {"a"});
    } catch (const Error& error) {
      EXPECT_EQ(error.code, Code::kRefused);
    }
  }
  EXPECT_THAT(Names(directory.path()), IsEmpty());
}

TEST_F(ReplayTest, AScriptWithoutEndRunsOutOfSpace) {
  const Graph graph({MakeRevision("a", {},
                                  "CREATE TABLE t AS WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL "
                                  "SELECT x + 1 FROM c) SELECT x, zeroblob(60000) FROM c;")});
  EXPECT_EQ(Caught([&] { (void)Of(graph, {"a"}); }).kind, "sqlite.full");
}

TEST_F(ReplayTest, StopEndsIt) {
  std::stop_source stop;
  stop.request_stop();
  const Graph graph = ThreeTables();
  const std::vector<RevisionId> rows{"c"};
  EXPECT_EQ(
      Caught([&] { (void)ReplaySchema(graph, rows, kVersionTable, {}, stop.get_token()); }).code,
      Code::kCancelled);
}

TEST_F(ReplayTest, TemporaryTablesEndWithTheirRevision) {
  const Graph graph({MakeRevision("a", {}, "CREATE TEMP TABLE \"s p\" (x); CREATE TABLE t (x);"),
                     MakeRevision("b", {"a"},
                                  "CREATE TEMP TABLE \"s p\" (x);"
                                  "PRAGMA legacy_alter_table=ON;")});
  EXPECT_EQ(Objects(Of(graph, {"b"})), "t");
}

TEST_F(ReplayTest, StubsStandInForWhatTheApplicationRegisters) {
  const Graph graph(
      {MakeRevision("a", {},
                    "CREATE TABLE t (x TEXT COLLATE icu CHECK (slug(x, 1)), y AS (hash(x)));"
                    "CREATE INDEX i ON t (x COLLATE icu);")});
  const Error error = Caught([&] { (void)Of(graph, {"a"}); });
  EXPECT_THAT(error.hint, HasSubstr("migrations.stub_"));
  EXPECT_EQ(Objects(Of(graph, {"a"}, {.functions = {"slug/2", "hash"}, .collations = {"icu"}})),
            "t, i");
  EXPECT_THAT(Caught([&] {
                (void)Of(graph, {"a"}, {.functions = {"slug/1", "hash"}, .collations = {"icu"}});
              }).message,
              HasSubstr("wrong number of arguments"));
  EXPECT_EQ(
      Caught([&] { (void)Of(graph, {"a"}, {.functions = {"slug/x"}, .collations = {}}); }).kind,
      "stub.malformed");
}

TEST_F(ReplayTest, TheCacheReplaysAgainOnlyWhatChanged) {
  ReplayCache cache;
  const std::vector<RevisionId> rows{"c"};
  const auto schema = [&](const Graph& graph, const Stubs& stubs = {}) {
    return Objects(cache.Schema(graph, rows, kVersionTable, stubs, {}));
  };
  EXPECT_EQ(schema(ThreeTables()), "a, b, c");
  EXPECT_EQ(schema(ThreeTables()), "a, b, c");
  EXPECT_EQ(cache.misses(), 1U);
  EXPECT_EQ(schema(ThreeTables(), {.functions = {"f"}, .collations = {}}), "a, b, c");
  EXPECT_EQ(cache.misses(), 2U);
  EXPECT_EQ(schema(Graph({MakeRevision("c", {}, "CREATE TABLE z (x);")})), "z");
  EXPECT_EQ(cache.misses(), 3U);
  for (int i = 0; i < 8; ++i) {
    (void)schema(Graph({MakeRevision("c", {}, Concat("CREATE TABLE z", i, " (x);"))}));
  }
  EXPECT_EQ(schema(ThreeTables()), "a, b, c");
  EXPECT_EQ(cache.misses(), 12U);
}

TEST_F(ReplayTest, AnUnversionedDatabaseIsFoundByItsSchema) {
  const Graph graph = ThreeTables();
  EXPECT_EQ(Nearest(graph, "CREATE TABLE a (x); CREATE TABLE b (x)"), "b 0 0");
  EXPECT_EQ(Nearest(graph, "CREATE TABLE a (x); CREATE TABLE c (x); CREATE TABLE b (x)"), "c 0 0");
  EXPECT_EQ(Nearest(graph, "CREATE TABLE a (x, y); CREATE TABLE b (x)"), "b 1 0");
  EXPECT_EQ(Nearest(graph, "CREATE TABLE a (x INT, y)"), "a 2 0");
  EXPECT_EQ(Nearest(graph, "CREATE TABLE other (x, y, z)"), "nothing");
  EXPECT_EQ(Nearest(graph, "CREATE TABLE alembic_version (x)"), "nothing");
}

TEST_F(ReplayTest, OfEquallyNearRevisionsTheNewestIsNamed) {
  const Graph graph({MakeRevision("a", {}, "CREATE TABLE t (x);"),
                     MakeRevision("b", {"a"}, "ALTER TABLE t ADD COLUMN y TEXT;")});
  EXPECT_EQ(Nearest(graph, "CREATE TABLE t (x, y INT)"), "b 1 0");
}

TEST_F(ReplayTest, OfRevisionsWithOneSchemaTheNewestIsNamed) {
  const Graph graph({MakeRevision("a", {}, "CREATE TABLE a (x);"),
                     MakeRevision("b", {"a"}, "INSERT INTO a VALUES (1);"),
                     MakeRevision("c", {"b"}, "CREATE TABLE c (x);")});
  EXPECT_EQ(Nearest(graph, "CREATE TABLE a (x)"), "b 0 1");
}

TEST_F(ReplayTest, TheSearchClimbsEveryBranch) {
  std::vector<Revision> revisions = Revisions("r <- a <- m; r <- b <- m; r <- l");
  for (Revision& revision : revisions) {
    revision.up.sql = Concat("CREATE TABLE ", revision.id, " (x);");
  }
  const Graph graph(std::move(revisions));
  EXPECT_EQ(Nearest(graph, "CREATE TABLE r (x); CREATE TABLE l (x)"), "l 0 0");
  EXPECT_EQ(Nearest(graph, "CREATE TABLE r (x)"), "r 0 0");
  EXPECT_EQ(Nearest(graph,
                    "CREATE TABLE r (x); CREATE TABLE a (x); CREATE TABLE b (x);"
                    "CREATE TABLE m (x)"),
            "m 0 0");
}

TEST_F(ReplayTest, TheSearchStopsAtLimitsDraftsAndFailures) {
  const std::string live = "CREATE TABLE a (x); CREATE TABLE b (x); CREATE TABLE c (x)";
  EXPECT_EQ(Nearest(ThreeTables(), live, {.revisions = 2, .time = std::chrono::seconds(10)}),
            "b 1 0");
  EXPECT_EQ(Nearest(ThreeTables(), live, {.revisions = 9, .time = std::chrono::seconds(-1)}),
            "nothing");
  Revision draft = MakeRevision("b", {"a"}, "CREATE TABLE b (x);");
  draft.draft = true;
  EXPECT_EQ(Nearest(Graph({MakeRevision("a", {}, "CREATE TABLE a (x);"), draft}), live), "a 2 0");
  EXPECT_EQ(Nearest(Graph({MakeRevision("a", {}, "CREATE TABLE a (x);"),
                           MakeRevision("b", {"a"}, "DROP TABLE nothing;")}),
                    live),
            "a 2 0");
}

TEST_F(ReplayTest, InspectSchemaLeavesNoTrace) {
  TempDir directory;
  const std::string path = directory / "app.db";
  {
    Connection connection(path, OpenMode::kCreate);
    connection.Execute("PRAGMA journal_mode=WAL; CREATE TABLE t (x)");
  }
  EXPECT_EQ(Objects(InspectSchema(path, kVersionTable)), "t");
  EXPECT_THAT(Names(directory.path()), testing::ElementsAre("app.db"));
  EXPECT_EQ(Caught([&] { (void)InspectSchema(directory / "none.db", kVersionTable); }).kind,
            "database.missing");
}

/// A chain of `count` tables; the last one has `column`.
Graph TableChain(int count, std::string_view column) {
  std::vector<Revision> revisions;
  std::vector<RevisionId> parents;
  for (int i = 0; i < count; ++i) {
    revisions.push_back(
        MakeRevision(Concat("r", i), parents,
                     Concat("CREATE TABLE t", i, " (", i == count - 1 ? column : "x",
                            " DEFAULT (f()));"
                            "INSERT INTO t",
                            i, " DEFAULT VALUES;")));
    parents = {Concat("r", i)};
  }
  return Graph(std::move(revisions));
}

TEST_F(ReplayTest, ASnapshotSavesWhatWasReplayedBefore) {
  const TempDir directory;
  const Snapshots snapshots(directory / "snapshots", {.worth = 4});
  const Stubs stubs{.functions = {"f"}, .collations = {}};
  const auto replayed = [&](const Graph& graph, std::string head) {
    return ReplaySchema(graph, std::vector<RevisionId>{std::move(head)}, kVersionTable, stubs, {},
                        snapshots);
  };
  const Graph graph = TableChain(9, "x");
  EXPECT_EQ(replayed(graph, "r8"), Of(graph, {"r8"}, stubs));
  EXPECT_EQ(Names(snapshots.directory()).size(), 2) << "at the end, and one before";
  EXPECT_EQ(replayed(graph, "r8"), Of(graph, {"r8"}, stubs));
  const Graph edited = TableChain(9, "y");
  EXPECT_EQ(replayed(edited, "r8"), Of(edited, {"r8"}, stubs));
  EXPECT_EQ(Names(snapshots.directory()).size(), 2) << "one step is not worth another file";
}

TEST_F(ReplayTest, WhatASnapshotHoldsIsNotRunAgain) {
  const TempDir directory;
  const Snapshots snapshots(directory / "snapshots", {.worth = 2});
  const Stubs stubs{.functions = {"f"}, .collations = {}};
  const Graph graph = TableChain(3, "x");
  const std::vector<const Revision*> chain{graph.Find("r0"), graph.Find("r1")};
  Connection other("", OpenMode::kMemory);
  other.Execute("CREATE TABLE other (x)");
  snapshots.Keep(SnapshotKeys(SnapshotKind::kSchema, chain, kVersionTable, stubs).back(),
                 other.ToBytes());
  const std::vector<RevisionId> rows{"r2"};
  EXPECT_EQ(Objects(ReplaySchema(graph, rows, kVersionTable, stubs, {}, snapshots)), "other, t2");
}

TEST_F(ReplayTest, ABrokenSnapshotIsReplayed) {
  const TempDir directory;
  const Snapshots snapshots(directory / "snapshots", {.worth = 4});
  const Stubs stubs{.functions = {"f"}, .collations = {}};
  const Graph graph = TableChain(9, "x");
  const std::vector<RevisionId> rows{"r8"};
  const SchemaImage whole = ReplaySchema(graph, rows, kVersionTable, stubs, {}, snapshots);
  for (const std::string& name : Names(snapshots.directory())) {
    WriteText(Concat(snapshots.directory(), "/", name), "broken");
  }
  EXPECT_EQ(ReplaySchema(graph, rows, kVersionTable, stubs, {}, snapshots), whole);
}

}  // namespace
}  // namespace drover::migrations
