#include "daemon/observe.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/daemon/support.h"

namespace drover::daemon {
namespace {

using drover::testing::DiskProject;
using drover::testing::RunSql;
using drover::testing::Scratch;
using drover::testing::Spill;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class ObserveTest : public ::testing::Test {
 protected:
  const DiskProject disk;
  const Scratch state;
  StateStore store{state.path()};
  Observer observer{disk.root(), store};
};

TEST_F(ObserveTest, SeesConfigurationGraphTargetAndDatabase) {
  disk.Migrate("a1", "none", "SELECT 1;");
  RunSql(disk / "app.db", "CREATE TABLE t (x)");
  const auto seen = observer.Observe();
  EXPECT_EQ(seen->graph->Heads(), std::vector<std::string>{"a1"});
  EXPECT_EQ(seen->FindTarget("dev")->path, disk / "app.db");
  EXPECT_EQ(seen->FindTarget("nobody"), nullptr);
  EXPECT_EQ(seen->databases.at(disk / "app.db")->kind, migrations::DatabaseKind::kUnversioned);
  EXPECT_THAT(seen->inputs, Contains(disk / "drover.yaml"));
  EXPECT_TRUE(DatabasesUnchanged(*seen));
  RunSql(disk / "app.db", "CREATE TABLE u (x)");
  EXPECT_FALSE(DatabasesUnchanged(*seen));
}

TEST_F(ObserveTest, AnUnchangedGraphIsTheSameObject) {
  disk.Migrate("a1", "none", "SELECT 1;");
  const auto first = observer.Observe();
  EXPECT_EQ(observer.Observe()->graph, first->graph);
  disk.Migrate("b2", "a1", "SELECT 1;");
  EXPECT_NE(observer.Observe()->graph, first->graph);
}

TEST_F(ObserveTest, TheSameFilesInAnotherFolderAreSeenThere) {
  disk.Migrate("a1", "none", "SELECT 1;");
  (void)observer.Observe();
  std::filesystem::rename(disk / "migrations", disk / "moved");
  disk.Replace("drover.yaml",
               "migrations: {directory: moved}\nenvironments: {dev: {url: sqlite:///./app.db}}\n");
  EXPECT_EQ(observer.Observe()->graph->Find("a1")->file, disk / "moved/a1.sql");
}

TEST_F(ObserveTest, WithoutAConfigurationThereIsItsErrorAndNothingElse) {
  std::filesystem::remove(disk / "drover.yaml");
  const auto seen = observer.Observe();
  EXPECT_EQ(seen->config, nullptr);
  EXPECT_EQ(seen->config_error->kind, "config.not_found");
  EXPECT_THAT(seen->targets, IsEmpty());
}

TEST_F(ObserveTest, AConfigurationBehindALoopOfLinksIsAnError) {
  std::filesystem::remove(disk / "drover.yaml");
  std::filesystem::create_symlink("drover.yaml", disk / "drover.yaml");
  EXPECT_TRUE(observer.Observe()->config_error.has_value());
}

TEST_F(ObserveTest, AGoodConfigurationStaysInForceAndReturns) {
  (void)observer.Observe();
  disk.Replace("drover.yaml", "nonsense");
  const auto bad = observer.Observe();
  EXPECT_NE(bad->config, nullptr);
  EXPECT_TRUE(bad->config_error.has_value());
  disk.Configure("  dev:\n    url: sqlite:///./app.db\n");
  EXPECT_FALSE(observer.Observe()->config_error.has_value());
}

TEST_F(ObserveTest, AFolderThatCannotBeListedLeavesTheRestInPlace) {
  std::filesystem::remove(disk / "migrations");
  Spill(disk / "migrations", "a file");
  const auto seen = observer.Observe();
  EXPECT_EQ(seen->graph, nullptr);
  EXPECT_THAT(seen->migration_problems, SizeIs(1));
  EXPECT_THAT(seen->targets, SizeIs(1));
  EXPECT_THAT(seen->databases, SizeIs(1));
}

TEST_F(ObserveTest, ALineageIsTracedAnewWhenFilesOrDatabaseChange) {
  disk.Migrate("a1", "none", "SELECT 1;");
  disk.Migrate("b2", "a1", "SELECT 1;");
  RunSql(disk / "app.db",
         "CREATE TABLE drover_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY);"
         "INSERT INTO drover_version VALUES ('b2')");
  const std::string path = disk / "app.db";
  EXPECT_THAT(observer.Observe()->LineageOf(path)->orphans, IsEmpty());
  std::filesystem::remove(disk / "migrations/b2.sql");
  EXPECT_THAT(observer.Observe()->LineageOf(path)->orphans, ElementsAre("b2"));
  RunSql(path, "UPDATE drover_version SET version_num = 'a1'");
  EXPECT_THAT(observer.Observe()->LineageOf(path)->orphans, IsEmpty());
  EXPECT_EQ(observer.Observe()->LineageOf("/elsewhere"), nullptr);
}

TEST_F(ObserveTest, AFileThatCannotBeReadLeavesNoGraphToGoDownIn) {
  disk.Migrate("a1", "none", "SELECT 1;");
  disk.Replace("migrations/b2.sql", "no migration");
  const auto seen = observer.Observe();
  const migrations::Lineage* lineage = seen->LineageOf(disk / "app.db");
  ASSERT_NE(lineage, nullptr);
  EXPECT_EQ(lineage->graph, nullptr);
  EXPECT_EQ(lineage->problem->kind, "malformed_migration");
}

TEST_F(ObserveTest, ABusyDatabaseKeepsTheFactsKnownBefore) {
  const auto before = observer.Observe();
  RunSql(disk / "app.db", "CREATE TABLE t (x)");
  const auto busy = observer.Observe({disk / "app.db"});
  EXPECT_EQ(busy->databases.at(disk / "app.db"), before->databases.at(disk / "app.db"));
  EXPECT_EQ(observer.Observe()->databases.at(disk / "app.db")->kind,
            migrations::DatabaseKind::kUnversioned);
}

TEST_F(ObserveTest, ALockedDatabaseKeepsTheFactsKnownBefore) {
  RunSql(disk / "app.db", "CREATE TABLE t (x)");
  const auto before = observer.Observe();
  migrations::Connection writer(disk / "app.db", migrations::OpenMode::kWrite);
  // More than the cache holds: the file itself is being changed.
  writer.Execute("PRAGMA cache_size=1; BEGIN IMMEDIATE");
  for (int i = 0; i < 30; ++i) writer.Execute("INSERT INTO t VALUES (zeroblob(3000))");
  const auto locked = observer.Observe();
  EXPECT_TRUE(locked->being_written);
  EXPECT_EQ(locked->databases.at(disk / "app.db")->kind, migrations::DatabaseKind::kUnversioned);
  EXPECT_EQ(locked->databases.at(disk / "app.db"), before->databases.at(disk / "app.db"));
  writer.Execute("CREATE TABLE drover_version (version_num TEXT); COMMIT");
  EXPECT_EQ(observer.Observe()->databases.at(disk / "app.db")->kind,
            migrations::DatabaseKind::kVersioned);
}

TEST_F(ObserveTest, AnUnversionedDatabaseIsMatchedOnceForEachSchemaAndGraph) {
  const auto schemas = std::make_shared<SchemaChecker>();
  Observer own(disk.root(), store, schemas);
  disk.Migrate("a1", "none", "CREATE TABLE t (x);");
  RunSql(disk / "app.db", "CREATE TABLE t (x)");
  const auto match = [&] {
    const auto seen = own.Observe();
    const auto found = seen->matches.find(disk / "app.db");
    return found == seen->matches.end()
               ? std::string("none")
               : Concat(found->second.revision, " ", found->second.differences);
  };
  EXPECT_EQ(match(), "a1 0");
  RunSql(disk / "app.db", "INSERT INTO t VALUES (1)");
  EXPECT_EQ(match(), "a1 0");
  EXPECT_EQ(schemas->searches(), 1U);
  disk.Migrate("b2", "a1", "CREATE TABLE u (x);");
  EXPECT_EQ(match(), "a1 0");
  RunSql(disk / "app.db", "CREATE TABLE u (x, y)");
  EXPECT_EQ(match(), "b2 1");
  EXPECT_EQ(schemas->searches(), 3U);
  RunSql(disk / "app.db", "CREATE TABLE drover_version (version_num TEXT)");
  EXPECT_EQ(match(), "none");
}

TEST_F(ObserveTest, TrustIsThatOfTheFileAsItIs) {
  const auto seen = observer.Observe();
  EXPECT_FALSE(seen->trusted);
  store.Update([&](State& change) { change.trust[seen->config->path] = seen->config->sha256; });
  EXPECT_TRUE(observer.Observe()->trusted);
  disk.Configure("  dev:\n    url: sqlite:////etc/app.db\n");
  EXPECT_FALSE(observer.Observe()->trusted);
}

TEST_F(ObserveTest, WhatCannotBeADatabaseIsUnreadableNotFatal) {
  std::filesystem::create_directory(disk / "app.db");
  EXPECT_EQ(observer.Observe()->targets.at(0).kind, environments::TargetKind::kUnresolved);
  std::filesystem::remove(disk / "app.db");
  Spill(disk / "app.db", std::string(4096, '\xff'));
  EXPECT_EQ(observer.Observe()->databases.at(disk / "app.db")->kind,
            migrations::DatabaseKind::kUnreadable);
}

}  // namespace
}  // namespace drover::daemon
