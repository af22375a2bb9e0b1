#include <algorithm>
#include <gmock/gmock.h>
#include <thread>

#include "migrations/apply.h"
#include "tests/unit/migrations/apply_support.h"

namespace drover::migrations {
namespace {

using testing::ElementsAre;

Graph Chain(int size) {
  std::vector<Revision> revisions;
  for (int i = 0; i < size; ++i) {
    revisions.push_back(MakeRevision(
        Concat("r", 10 + i),
        i == 0 ? std::vector<RevisionId>() : std::vector<RevisionId>{Concat("r", 9 + i)},
        Concat("CREATE TABLE t", i, " (x);")));
  }
  return Graph(std::move(revisions));
}

class ApplyConcurrencyTest : public testing::Test {
 protected:
  void ExpectEachRevisionOnce(int size) {
    EXPECT_EQ(Rows(path_), Concat("r", 9 + size));
    EXPECT_EQ(Query(path_, "SELECT count(*) FROM drover_history"), Concat(size));
    EXPECT_EQ(Query(path_, "SELECT count(DISTINCT revision) FROM drover_history"), Concat(size));
    EXPECT_EQ(Query(path_, "PRAGMA integrity_check"), "ok");
  }

  TempDir directory_;
  std::string path_ = directory_ / "app.db";
};

TEST_F(ApplyConcurrencyTest, FourThreadsApplyEachRevisionOnce) {
  const Graph graph = Chain(12);
  std::vector<std::string> outcomes(4);
  {
    std::vector<std::jthread> threads;
    for (std::string& outcome : outcomes) {
      threads.emplace_back([&] {
        try {
          outcome = Listed(CarryOut(Upgrade(path_, graph)).to);
        } catch (const Error& error) {
          outcome = error.message;
        }
      });
    }
  }
  EXPECT_THAT(outcomes, ElementsAre("r21", "r21", "r21", "r21"));
  ExpectEachRevisionOnce(12);
}

TEST_F(ApplyConcurrencyTest, OneThreadAppliesAndTheOthersFindNothingToDo) {
  const Graph graph = Chain(40);
  std::vector<std::size_t> steps(8);
  {
    std::vector<std::jthread> threads;
    for (std::size_t& count : steps) {
      threads.emplace_back([&] { count = CarryOut(Upgrade(path_, graph)).steps.size(); });
    }
  }
  std::ranges::sort(steps);
  EXPECT_THAT(steps, ElementsAre(0, 0, 0, 0, 0, 0, 0, 40));
}

TEST_F(ApplyConcurrencyTest, FourProcessesApplyEachRevisionOnce) {
  const Graph graph = Chain(12);
  std::vector<pid_t> children;
  for (int i = 0; i < 4; ++i) {
    const pid_t child = fork();
    if (child == 0) {
      int code = 1;
      try {
        code = CarryOut(Upgrade(path_, graph)).to == std::vector<RevisionId>{"r21"} ? 0 : 2;
      } catch (const Error& error) {
        (void)!write(STDERR_FILENO, error.message.data(), error.message.size());
      }
      _exit(code);
    }
    children.push_back(child);
  }
  for (const pid_t child : children) {
    int status = -1;
    waitpid(child, &status, 0);
    EXPECT_EQ(status, 0);
  }
  ExpectEachRevisionOnce(12);
}

TEST_F(ApplyConcurrencyTest, RowsThatMoveBetweenPlanAndLockLeadToANewPlan) {
  const Graph graph = ThreeTables();
  ApplyRequest request = Upgrade(path_, graph);
  int plans = 0;
  request.plan = [&](std::span<const RevisionId> rows) {
    Plan plan = PlanUpgrade(graph, rows, "head", Drafts::kStopBefore);
    // The first plan is made before the file exists, the second one for its rows.
    if (++plans == 2) (void)CarryOut(Upgrade(path_, graph, "b"));
    return plan;
  };
  const ApplyResult result = CarryOut(request);
  EXPECT_EQ(plans, 3);
  EXPECT_THAT(result.to, ElementsAre("c"));
  ASSERT_EQ(result.steps.size(), 1U);
  EXPECT_EQ(result.steps[0].revision, "c");
  EXPECT_EQ(History(path_), "up a done, up b done, up c done");
}

TEST_F(ApplyConcurrencyTest, TablesThatAppearBeforeTheLockAreNotMigrated) {
  const Graph graph = ThreeTables();
  ApplyRequest request = Upgrade(path_, graph);
  int plans = 0;
  request.plan = [&](std::span<const RevisionId> rows) {
    Plan plan = PlanUpgrade(graph, rows, "head", Drafts::kStopBefore);
    if (++plans == 2) MakeDatabase(path_, "CREATE TABLE theirs (x);");
    return plan;
  };
  EXPECT_EQ(RunError(request).kind, "database.unversioned");
  EXPECT_EQ(Query(path_, "SELECT name FROM sqlite_schema"), "theirs");
}

TEST_F(ApplyConcurrencyTest, AnUpgradeWaitsForAnotherWriter) {
  const Graph graph = ThreeTables();
  (void)CarryOut(Upgrade(path_, graph, "a"));
  Connection writer(path_, OpenMode::kWrite);
  writer.Execute("BEGIN IMMEDIATE; INSERT INTO a VALUES (1);");
  std::jthread upgrade([&] { (void)CarryOut(Upgrade(path_, graph)); });
  std::this_thread::sleep_for(std::chrono::milliseconds(30));
  writer.Execute("COMMIT");
  upgrade.join();
  EXPECT_EQ(Rows(path_), "c");
  EXPECT_EQ(Query(path_, "SELECT count(*) FROM a"), "1");
}

}  // namespace
}  // namespace drover::migrations
