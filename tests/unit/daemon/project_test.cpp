#include "daemon/project.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/daemon/support.h"

namespace drover::daemon {
namespace {

using drover::testing::AskSql;
using drover::testing::DiskProject;
using drover::testing::LiveProject;
using drover::testing::MigrationText;
using drover::testing::RunSql;
using drover::testing::Spill;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr std::string_view kReport = "  dev:\n    url: sqlite:///./app.db\n";

TEST(ProjectTest, ASavedMigrationIsAppliedWithoutACommand) {
  const DiskProject disk;
  LiveProject live(disk.root());
  (void)live.Settled();
  disk.Migrate("a1", "none", "CREATE TABLE t (x);");
  const EventDocument applied = live.events.Await("applied");
  EXPECT_EQ(applied.revision, "a1");
  EXPECT_EQ(applied.environment, "dev");
  EXPECT_EQ(applied.project, disk.root());
  EXPECT_EQ(AskSql(disk / "app.db", "SELECT version_num FROM drover_version"), "a1");
}

TEST(ProjectTest, TheFirstSettledAnswerShowsWhatPolicyHasDone) {
  const DiskProject disk;
  disk.Migrate("a1", "none", "CREATE TABLE t (x);");
  LiveProject live(disk.root());
  const auto view = live.Settled();
  EXPECT_EQ(StateName(view->verdicts.at(0).state), "current");
}

TEST(ProjectTest, AnAnswerShowsWhatWasSavedJustBefore) {
  const DiskProject disk(kReport);
  LiveProject live(disk.root());
  std::string parent = "none";
  for (const std::string id : {"a1", "b2", "c3", "d4"}) {
    disk.Migrate(id, parent, "SELECT 1;");
    EXPECT_EQ(live.Fresh()->seen->graph->Heads(), std::vector<std::string>{id});
    parent = id;
  }
}

TEST(ProjectTest, AnAnswerShowsALinkedMigrationThoughNobodyEverClosesIt) {
  const DiskProject disk(kReport);
  disk.Replace("a1.txt", MigrationText("a1", "none", "SELECT 1;"));
  LiveProject live(disk.root());
  (void)live.Fresh();
  std::filesystem::create_symlink("../a1.txt", disk / "migrations/a1.sql");
  EXPECT_EQ(live.Fresh()->verdicts.at(0).pending, 1U);
}

TEST(ProjectTest, ALinkedMigrationIsAppliedAlsoWhenAnotherIsSavedMeanwhile) {
  const DiskProject disk;
  disk.Replace("a1.txt", MigrationText("a1", "none", "CREATE TABLE t (x);"));
  LiveProject live(disk.root());
  (void)live.Settled();
  std::filesystem::create_symlink("../a1.txt", disk / "migrations/a1.sql");
  disk.Migrate("b2", "a1", "CREATE TABLE u (x);");
  live.events.Await([](const EventDocument& event) { return event.revision == "b2"; });
}

TEST(ProjectTest, AFailingMigrationIsReportedOnceAndAppliedWhenItIsMended) {
  const DiskProject disk;
  LiveProject live(disk.root());
  (void)live.Settled();
  disk.Migrate("a1", "none", "CREATE TABLE t (x);\nINSERT INTO nowhere VALUES (1);");
  const EventDocument failed = live.events.Await("failed");
  EXPECT_THAT(failed.error->where.value_or(""), HasSubstr("migrations/a1.sql:7:1"));
  live.events.AwaitState("failed");
  for (int i = 0; i < 20; ++i) EXPECT_EQ(live.State(), "failed");
  RunSql(disk / "other.db", "CREATE TABLE x (y)");
  live.machine.OnLoop([&] { live.project->Reload(); });
  EXPECT_EQ(live.State(), "failed");
  EXPECT_EQ(live.events.Count("failed"), 1U);
  disk.Migrate("a1", "none", "CREATE TABLE t (x);");
  live.events.Await("applied");
  EXPECT_EQ(StateName(live.Settled()->verdicts.at(0).state), "current");
  EXPECT_EQ(live.events.Count("failed"), 1U);
}

TEST(ProjectTest, AFailureThatCannotBeRememberedOnDiskIsNotRetriedEither) {
  const DiskProject disk;
  LiveProject live(disk.root());
  (void)live.Settled();
  // Neither journal nor state can be written now.
  std::filesystem::remove_all(live.machine.state.path());
  Spill(live.machine.state.path(), "in the way");
  disk.Migrate("a1", "none", "CREATE TABLE t (x);");
  live.events.Await("failed");
  for (int i = 0; i < 20; ++i) (void)live.Fresh();
  EXPECT_LE(live.events.Count("failed"), 2U);
  std::filesystem::remove(live.machine.state.path());
}

TEST(ProjectTest, AFullDiskIsNotTriedAgainBecauseTheAttemptLeftATrace) {
  const DiskProject disk;
  disk.Migrate("a1", "none", "CREATE TABLE t (x);");
  LiveProject live(disk.root());
  (void)live.Settled();
  disk.Migrate("b2", "a1",
               "PRAGMA max_page_count=40;\nPRAGMA cache_size=1;\nINSERT INTO t WITH RECURSIVE n(i) "
               "AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 100000) SELECT hex(i) FROM n;");
  EXPECT_EQ(live.events.Await("failed").error->kind, "sqlite.full");
  for (int i = 0; i < 20; ++i) EXPECT_EQ(live.State(), "failed");
  EXPECT_EQ(live.events.Count("failed"), 1U);
  RunSql(disk / "app.db", "CREATE TABLE room (x)");
  live.machine.OnLoop([&] { live.events.Clear(); });
  EXPECT_NE(live.Settled(), nullptr);
  live.events.Await("failed");  // the database has changed: that was worth another attempt
}

TEST(ProjectTest, ADatabaseThatIsLockedIsTriedAgainWhenItHasChanged) {
  const DiskProject disk;
  disk.Migrate("a1", "none", "CREATE TABLE t (x);");
  LiveProject live(disk.root());
  (void)live.Settled();
  {
    migrations::Connection other(disk / "app.db", migrations::OpenMode::kWrite);
    other.Execute("BEGIN IMMEDIATE");
    disk.Migrate("b2", "a1", "CREATE TABLE u (x);");
    live.events.Await("failed");
    live.events.AwaitState("failed");
    EXPECT_EQ(live.events.Count("failed"), 1U);
    other.Execute("CREATE TABLE theirs (x)");
    other.Execute("COMMIT");
  }
  live.events.Await([](const EventDocument& event) { return event.revision == "b2"; });
}

TEST(ProjectTest, AnExplicitDowngradeIsHeldUntilAMigrationChanges) {
  const DiskProject disk;
  disk.Migrate("a1", "none", "CREATE TABLE t (x);", "DROP TABLE t;");
  disk.Migrate("b2", "a1", "CREATE TABLE u (x);", "DROP TABLE u;");
  LiveProject live(disk.root());
  (void)live.Settled();
  EXPECT_FALSE(live.Do(JobCommand::kDowngrade, "a1").error);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(live.State(), "held");
  EXPECT_EQ(AskSql(disk / "app.db", "SELECT version_num FROM drover_version"), "a1");
  live.events.Clear();
  disk.Migrate("c3", "b2", "CREATE TABLE v (x);");
  live.events.Await([](const EventDocument& event) { return event.revision == "c3"; });
}

TEST(ProjectTest, ADowngradeThatFailsHoldsNothing) {
  const DiskProject disk;
  disk.Migrate("a1", "none", "CREATE TABLE t (x);", "DROP TABLE nowhere;");
  LiveProject live(disk.root());
  (void)live.Settled();
  EXPECT_TRUE(live.Do(JobCommand::kDowngrade, "base").error);
  EXPECT_THAT(live.machine.store.Read().held, IsEmpty());
  EXPECT_EQ(live.State(), "current");
}

TEST(ProjectTest, AnExplicitUpgradeEndsHeld) {
  const DiskProject disk;
  disk.Migrate("a1", "none", "CREATE TABLE t (x);", "DROP TABLE t;");
  LiveProject live(disk.root());
  (void)live.Settled();
  EXPECT_FALSE(live.Do(JobCommand::kDowngrade, "base").error);
  EXPECT_EQ(live.State(), "held");
  EXPECT_FALSE(live.Do(JobCommand::kUpgrade, "head").error);
  EXPECT_EQ(live.State(), "current");
  EXPECT_THAT(live.machine.store.Read().held, IsEmpty());
}

TEST(ProjectTest, RowsThatContradictEachOtherEndNoLoop) {
  const DiskProject disk;
  disk.Migrate("a1", "none", "CREATE TABLE t (x);");
  disk.Migrate("b2", "a1", "CREATE TABLE u (x);");
  LiveProject live(disk.root());
  (void)live.Settled();
  RunSql(disk / "app.db", "INSERT INTO drover_version VALUES ('a1')");
  disk.Migrate("c3", "b2", "CREATE TABLE v (x);");
  live.events.AwaitState("conflict");
  EXPECT_EQ(live.State(), "conflict");
}

TEST(ProjectTest, AFileInPlaceOfTheMigrationFolderIsAnErrorNotACrash) {
  const DiskProject disk;
  disk.Migrate("a1", "none", "CREATE TABLE t (x);");
  LiveProject live(disk.root());
  (void)live.Settled();
  std::filesystem::remove_all(disk / "migrations");
  Spill(disk / "migrations", "not a folder");
  live.machine.OnLoop([&] { live.project->Reload(); });
  EXPECT_EQ(live.State(), "failed");
  EXPECT_NO_THROW((void)MakeStatus(*live.Fresh(), {}));
}

TEST(ProjectTest, AFolderThatIsALinkToItselfIsAnErrorNotACrash) {
  const DiskProject disk;
  std::filesystem::remove_all(disk / "migrations");
  std::filesystem::create_symlink("migrations", disk / "migrations");
  LiveProject live(disk.root());
  EXPECT_EQ(live.State(), "failed");
}

TEST(ProjectTest, AnEnvFileBehindALoopOfLinksIsAnErrorNotACrash) {
  const DiskProject disk("  dev:\n    url: ${X}\n    env_file: loop/.env\n");
  std::filesystem::create_symlink("loop", disk / "loop");
  LiveProject live(disk.root());
  EXPECT_EQ(live.State(), "unresolved");
}

TEST(ProjectTest, ADirectoryThatComesAndGoesIsNoTrouble) {
  const DiskProject disk;
  LiveProject live(disk.root());
  (void)live.Settled();
  live.machine.OnLoop([&] {  // the loop cannot look in between
    for (int i = 0; i < 50; ++i) {
      std::filesystem::create_directories(disk / "tmp/deep");
      std::filesystem::remove_all(disk / "tmp");
    }
  });
  EXPECT_EQ(live.State(), "missing");
}

TEST(ProjectTest, ABrokenConfigurationLeavesTheOldOneInForce) {
  const DiskProject disk;
  disk.Migrate("a1", "none", "CREATE TABLE t (x);");
  LiveProject live(disk.root());
  (void)live.Settled();
  disk.Replace("drover.yaml", "environments: [\n");
  const EventDocument event = live.events.Await("config");
  EXPECT_THAT(event.error->where.value_or(""), HasSubstr("drover.yaml:"));
  EXPECT_EQ(live.State(), "current");
  disk.Configure("  dev:\n    url: sqlite:///./other.db\n    on_pending: apply\n");
  live.events.Await(
      [](const EventDocument& told) { return told.event == "config" && !told.error; });
  (void)live.Settled();
  EXPECT_EQ(AskSql(disk / "other.db", "SELECT version_num FROM drover_version"), "a1");
}

TEST(ProjectTest, AConfigurationSavedWithoutAChangeIsNoNews) {
  const DiskProject disk(kReport);
  LiveProject live(disk.root());
  (void)live.Settled();
  for (int i = 0; i < 5; ++i) {
    disk.Configure(kReport);
    (void)live.Fresh();
  }
  EXPECT_EQ(live.events.Count("config"), 0U);
}

TEST(ProjectTest, AProjectThatIsDeletedAndClonedAnewIsSeen) {
  const DiskProject disk(kReport);
  LiveProject live(disk.root());
  (void)live.Settled();
  std::filesystem::remove_all(disk.root());
  const auto gone = live.Fresh();
  EXPECT_TRUE(gone->seen->config_error.has_value());
  EXPECT_EQ(live.Fresh()->daemon.watching, "polling");
  std::filesystem::create_directories(disk / "migrations");
  disk.Configure(kReport);
  disk.Migrate("a1", "none", "SELECT 1;");
  const auto back = live.Fresh();
  EXPECT_FALSE(back->seen->config_error.has_value());
  EXPECT_EQ(back->verdicts.at(0).pending, 1U);
  EXPECT_EQ(live.Fresh()->daemon.watching, "inotify");
  live.events.Clear();
  disk.Migrate("b2", "a1", "SELECT 1;");
  live.events.Await("pending");
}

TEST(ProjectTest, NothingIsAppliedWhileGitChangesTheTree) {
  const DiskProject disk;
  std::filesystem::create_directories(disk / ".git");
  Spill(disk / ".git/HEAD", "ref: refs/heads/main\n");
  LiveProject live(disk.root());
  (void)live.Settled();
  Spill(disk / ".git/index.lock", "");
  disk.Migrate("a1", "none", "CREATE TABLE t (x);");
  const auto view = live.Fresh();
  EXPECT_EQ(view->verdicts.at(0).pending, 1U) << "an answer does not wait for git";
  EXPECT_EQ(live.events.Count("applied"), 0U);
  EXPECT_FALSE(std::filesystem::exists(disk / "app.db"));
  std::filesystem::rename(disk / ".git/index.lock", disk / ".git/index");
  live.events.Await("applied");
}

TEST(ProjectTest, OneJobServesTwoEnvironmentsOnOneFile) {
  const DiskProject disk(
      "  dev:\n    url: sqlite:///./app.db\n    on_pending: apply\n"
      "  two:\n    url: sqlite:///app.db\n    on_pending: apply\n");
  disk.Migrate("a1", "none", "CREATE TABLE t (x);");
  LiveProject live(disk.root());
  const auto view = live.Settled();
  EXPECT_EQ(StateName(view->verdicts.at(0).state), "current");
  EXPECT_EQ(StateName(view->verdicts.at(1).state), "current");
  EXPECT_EQ(live.events.Count("applied"), 1U);
  EXPECT_EQ(live.machine.journal.Latest(100).size(), 2U) << "one intent, one outcome";
}

TEST(ProjectTest, AStrayIsAnnouncedWithoutARequest) {
  const DiskProject disk;
  disk.Migrate("a1", "none", "CREATE TABLE t (x);");
  std::filesystem::create_directories(disk / "backend");
  LiveProject live(disk.root());
  (void)live.Settled();
  RunSql(disk / "backend/app.db", "CREATE TABLE t (x)");
  const EventDocument event = live.events.Await("stray");
  EXPECT_EQ(event.stray->path, disk / "backend/app.db");
  EXPECT_EQ(event.stray->made_from, disk / "backend");
}

TEST(ProjectTest, FilesBesideADatabaseOutsideTheProjectAreNobodysStrays) {
  const drover::testing::Scratch outside;
  const DiskProject disk(Concat("  dev:\n    url: sqlite:///", outside.path(), "/app.db\n"));
  LiveProject live(disk.root());
  (void)live.Settled();
  RunSql(outside / "theirs.db", "CREATE TABLE t (x)");
  RunSql(outside / "app.db-copy.db", "CREATE TABLE t (x)");
  std::filesystem::create_directories(disk / "backend");
  RunSql(disk / "backend/app.db", "CREATE TABLE t (x)");
  live.events.Await("stray");
  const auto view = live.Ask(&Project::Rescanned);
  ASSERT_EQ(view->strays.size(), 1U);
  EXPECT_EQ(view->strays[0].path, disk / "backend/app.db");
}

TEST(ProjectTest, OnlyAskingChangesNothing) {
  const DiskProject disk;
  disk.Migrate("a1", "none", "CREATE TABLE t (x);");
  LiveProject live(disk.root(), Mode::kAsk);
  EXPECT_EQ(StateName(live.Settled()->verdicts.at(0).state), "missing");
  EXPECT_FALSE(std::filesystem::exists(disk / "app.db"));
}

TEST(ProjectTest, AClosedProjectAnswersButActsNoMore) {
  const DiskProject disk;
  LiveProject live(disk.root());
  (void)live.Settled();
  live.machine.OnLoop([&] { live.project->Close(); });
  disk.Migrate("a1", "none", "CREATE TABLE t (x);");
  EXPECT_EQ(live.Fresh()->verdicts.at(0).pending, 1U);
  EXPECT_EQ(live.State(), "missing");
}

TEST(ProjectTest, DroppedInTheMiddleOfALookItAnswersNobodyAndHarmsNothing) {
  const DiskProject disk;
  disk.Migrate("a1", "none", "CREATE TABLE t (x);");
  LiveProject live(disk.root());
  live.machine.OnLoop([&] {
    live.project->Settled([](const auto&) {});
    live.project.reset();
  });
}

}  // namespace
}  // namespace drover::daemon
