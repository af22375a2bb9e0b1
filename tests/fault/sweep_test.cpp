// "Nothing is lost", by enumeration: a fault at every call of every kind of job, in either journal
// mode. Prints the table of docs/safety.md. Short by default; DROVER_FAULTS=full tries every call
// and more power failures, DROVER_FAULTS_JOB=backup runs only the job of that name.

#include "tests/fault/sweep.h"

#include <algorithm>
#include <cstdio>
#include <gtest/gtest.h>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "base/posix.h"
#include "base/text.h"
#include "migrations/safety/backup.h"
#include "tests/fault/scenarios.h"
#include "tests/unit/migrations/apply_support.h"

namespace drover::fault {
namespace {

bool IsFull() { return EnvironmentVariable("DROVER_FAULTS") == "full"; }

/// The short form tries a few calls, and other ones each time: what it finds names its call.
SweepOptions Options(Fault fault, int seeds = 1) {
  constexpr int kStride = 97;
  if (IsFull()) return {.fault = fault, .seeds = seeds};
  return {.fault = fault,
          .first = 1 + static_cast<int>(std::random_device()() % 41U),
          .stride = kStride,
          .seeds = seeds};
}

/// One row of the table.
struct Row {
  std::string job;
  std::string journal;
  std::string fault;
  Tally tally;
};

std::vector<Row>& Rows() {
  static std::vector<Row> rows;
  return rows;
}

void Print(const Row& row) {
  const Tally& t = row.tally;
  std::printf("| %s | %s | %s | %d | %d | %d | %d | %d | %d |\n", row.job.c_str(),
              row.journal.c_str(), row.fault.c_str(), t.runs, t.before, t.between, t.after,
              t.corrupt, t.gone);
}

/// Prints everything that was swept, at the end of the program.
class Table final : public testing::Environment {
 public:
  void TearDown() override {
    if (Rows().empty()) return;
    std::printf(
        "\n| job | journal | fault | runs | before | between | after | corrupt | reported, "
        "gone |\n|---|---|---|---|---|---|---|---|---|\n");
    for (const Row& row : Rows()) Print(row);
    std::printf(
        "\n| all jobs | journal | fault | runs | before | between | after | corrupt | "
        "reported, gone |\n|---|---|---|---|---|---|---|---|---|\n");
    std::vector<Row> sums;
    for (const Row& row : Rows()) {
      auto sum = std::ranges::find_if(sums, [&](const Row& known) {
        return known.journal == row.journal && known.fault == row.fault;
      });
      if (sum == sums.end()) {
        sums.push_back({"all", row.journal, row.fault, {}});
        sum = sums.end() - 1;
      }
      sum->tally += row.tally;
    }
    for (const Row& sum : sums) Print(sum);
    std::fflush(stdout);
  }
};

const auto* const kTable = testing::AddGlobalTestEnvironment(new Table);  // GoogleTest owns it

std::string Explain(const Tally& tally) { return Join(tally.examples, "\n"); }

class SweepTest : public testing::TestWithParam<JournalMode> {
 protected:
  void Run(Scenario& scenario, const SweepOptions& options) {
    const auto only = EnvironmentVariable("DROVER_FAULTS_JOB");
    if (only && *only != scenario.name()) return;
    const Tally tally = Sweep(scenario, options);
    Rows().push_back({std::string(scenario.name()), std::string(JournalName(GetParam())),
                      std::string(FaultName(options.fault)), tally});
    EXPECT_EQ(tally.corrupt, 0) << Explain(tally);
    EXPECT_EQ(tally.gone, 0) << Explain(tally);
    EXPECT_EQ(tally.silent, 0) << Explain(tally);
    EXPECT_EQ(tally.stuck, 0) << Explain(tally);
  }

  void RunAll(const SweepOptions& options) {
    const std::size_t before = Rows().size();
    for (const ScenarioPtr& scenario : AllScenarios(GetParam())) Run(*scenario, options);
    if (GetParam() == JournalMode::kRollback) {
      Run(*CreateScenario(), options);
      // One of few calls: no stride would hit it often enough.
      SweepOptions each = options;
      each.first = each.stride = 1;
      Run(*FreshScenario(), each);
      Run(*FirstFreshScenario(), options);
    }
    int runs = 0;
    for (std::size_t i = before; i < Rows().size(); ++i) runs += Rows()[i].tally.runs;
    EXPECT_GT(runs, 10) << "the faults must fall into the jobs";
  }
};

TEST_P(SweepTest, OneCallFails) { RunAll(Options(Fault::kIoErrorOnce)); }

TEST_P(SweepTest, EveryCallFailsFromSomeCallOn) { RunAll(Options(Fault::kIoError)); }

TEST_P(SweepTest, TheDiskIsFullFromSomeCallOn) { RunAll(Options(Fault::kFull)); }

TEST_P(SweepTest, PowerFails) { RunAll(Options(Fault::kPower, IsFull() ? 6 : 2)); }

INSTANTIATE_TEST_SUITE_P(Rollback, SweepTest, testing::Values(JournalMode::kRollback));
INSTANTIATE_TEST_SUITE_P(Wal, SweepTest, testing::Values(JournalMode::kWal));

TEST(NewDirectoryTest, TheNamesOfNewDirectoriesAreDurable) {
  const migrations::TempDir directory;
  const migrations::Graph graph = migrations::ThreeTables();
  FaultVfs& vfs = FaultVfs::Instance();
  vfs.Begin(directory.path(), {});
  (void)migrations::CarryOut(migrations::Upgrade(directory / "x/y/app.db", graph));
  const std::set<std::string> synced = vfs.synced_directories();
  vfs.End();
  EXPECT_TRUE(synced.contains(directory.path()));
  EXPECT_TRUE(synced.contains(directory / "x"));
  EXPECT_TRUE(synced.contains(directory / "x/y"));
}

TEST(NewDirectoryTest, TheNamesOfNewDirectoriesOfBackupsAreDurable) {
  const migrations::TempDir directory;
  migrations::MakeDatabase(directory / "app.db", "CREATE TABLE t (x); INSERT INTO t VALUES (1);");
  FaultVfs& vfs = FaultVfs::Instance();
  vfs.Begin(directory.path(), {});
  const migrations::BackupPolicy policy{.directory = directory / "state/backups"};
  (void)migrations::TakeBackup(directory / "app.db", policy,
                               {.environment = "dev", .reason = "backup", .revisions = {}});
  const std::set<std::string> synced = vfs.synced_directories();
  vfs.End();
  EXPECT_TRUE(synced.contains(directory.path()));
  EXPECT_TRUE(synced.contains(directory / "state"));
  EXPECT_TRUE(synced.contains(directory / "state/backups"));
}

/// Without these the tables above would prove nothing: a disk that lies is seen.
class SelfTest : public testing::TestWithParam<JournalMode> {};

TEST_P(SelfTest, WithoutSyncsCorruptionIsFound) {
  const ScenarioPtr scenario = UpgradeScenario(GetParam());
  const Tally tally = Sweep(*scenario, {.fault = Fault::kPower,
                                        .syncs = Syncs::kIgnored,
                                        .stride = IsFull() ? 1 : 47,
                                        .seeds = IsFull() ? 6 : 4});
  Rows().push_back(
      {"upgrade, syncs ignored", std::string(JournalName(GetParam())), "power, no syncs", tally});
  EXPECT_GT(tally.corrupt, 0);
  EXPECT_GT(tally.gone, 0);
}

TEST_P(SelfTest, NamesThatAreNotSyncedAreLost) {
  const ScenarioPtr scenario = UpgradeScenario(GetParam());
  const Tally tally = Sweep(*scenario, {.fault = Fault::kPower,
                                        .syncs = Syncs::kFilesOnly,
                                        .stride = IsFull() ? 1 : 47,
                                        .seeds = IsFull() ? 6 : 4});
  Rows().push_back({"upgrade, names not synced", std::string(JournalName(GetParam())),
                    "power, no syncs of directories", tally});
  EXPECT_GT(tally.corrupt + tally.gone, 0);
}

TEST_P(SelfTest, ACopyThatIsNotSyncedIsLost) {
  const ScenarioPtr scenario = TransplantScenario(GetParam());
  const Tally tally = Sweep(*scenario, {.fault = Fault::kPower,
                                        .syncs = Syncs::kFilesOnly,
                                        .stride = IsFull() ? 1 : 47,
                                        .seeds = IsFull() ? 6 : 4});
  EXPECT_GT(tally.corrupt, 0) << Explain(tally);
}

INSTANTIATE_TEST_SUITE_P(Rollback, SelfTest, testing::Values(JournalMode::kRollback));
INSTANTIATE_TEST_SUITE_P(Wal, SelfTest, testing::Values(JournalMode::kWal));

}  // namespace
}  // namespace drover::fault
