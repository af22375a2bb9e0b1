#include "migrations/busy_wait.h"

#include <gmock/gmock.h>
#include <thread>

#include "migrations/apply.h"
#include "tests/unit/migrations/apply_support.h"

namespace drover::migrations {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;

Holder Python() { return {.pid = 4711, .command = "python3 app.py", .cwd = "/p"}; }

/// A database at revision a that somebody has locked.
class BusyWaitTest : public testing::Test {
 protected:
  BusyWaitTest() {
    (void)CarryOut(Upgrade(path_, graph_, "a"));
    locker_.emplace(path_, OpenMode::kWrite);
    locker_->Execute("BEGIN IMMEDIATE");
  }

  ApplyRequest Request(milliseconds patience) {
    ApplyRequest request = Upgrade(path_, graph_);
    request.busy_timeout = patience;
    request.who_holds = [] { return std::vector<Holder>{Python()}; };
    return request;
  }

  TempDir directory_;
  std::string path_ = directory_ / "app.db";
  Graph graph_ = ThreeTables();
  std::optional<Connection> locker_;
};

TEST_F(BusyWaitTest, TheErrorNamesTheHolder) {
  const Error error = RunError(Request(milliseconds(30)));
  EXPECT_EQ(error.code, Code::kBusy);
  EXPECT_EQ(error.kind, "sqlite.busy");
  EXPECT_THAT(error.message, HasSubstr("database is locked by pid 4711 (python3 app.py)"));
  EXPECT_THAT(error.message, HasSubstr(path_));
  EXPECT_THAT(error.hint, HasSubstr("pid 4711"));
}

TEST_F(BusyWaitTest, WithoutAHolderTheErrorIsSqlites) {
  ApplyRequest request = Request(milliseconds(30));
  request.who_holds = [] { return std::vector<Holder>(); };
  EXPECT_THAT(RunError(request).message, HasSubstr("database is locked"));
  request.who_holds = nullptr;
  EXPECT_EQ(RunError(request).kind, "sqlite.busy");
}

TEST_F(BusyWaitTest, AStampNamesTheHolderToo) {
  ApplyRequest request = StampTo(path_, graph_, "b");
  request.busy_timeout = milliseconds(30);
  request.who_holds = [] { return std::vector<Holder>{Python()}; };
  EXPECT_THAT(Caught([&] { (void)Stamp(request, graph_); }).message, HasSubstr("pid 4711"));
}

TEST_F(BusyWaitTest, ALongWaitIsToldAndEndsWithTheLock) {
  std::vector<ApplyProgress> told;
  ApplyObserver observer;
  observer.on_progress = [&](const ApplyProgress& progress) {
    if (!progress.waiting) return;
    told.push_back(progress);
    locker_->Execute("COMMIT");
  };
  const ApplyResult result = Apply(Request(milliseconds(20000)), observer, std::stop_token());
  EXPECT_EQ(result.steps.size(), 2U);
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(NameHolders(told[0].holders), "pid 4711 (python3 app.py)");
  EXPECT_EQ(told[0].revision, "b");
  EXPECT_GE(told[0].elapsed, milliseconds(200));
}

TEST_F(BusyWaitTest, AWaitIsCancelled) {
  std::stop_source stop;
  ApplyObserver observer;
  observer.on_progress = [&](const ApplyProgress& progress) {
    if (progress.waiting) stop.request_stop();
  };
  const Error error =
      Caught([&] { (void)Apply(Request(milliseconds(20000)), observer, stop.get_token()); });
  EXPECT_EQ(error.code, Code::kCancelled);
  EXPECT_THAT(error.message, HasSubstr("pid 4711"));
  EXPECT_EQ(Rows(path_), "a");
}

TEST_F(BusyWaitTest, WhoeverHasTheTurnIsWaitedForBeyondTheLimit) {
  std::optional<Turn> theirs(path_);
  theirs->Take();
  const std::stop_token never;
  const Turn ours(path_);
  BusyWait patient(milliseconds(30), ours, nullptr, nullptr, never);
  Connection connection(path_, OpenMode::kWrite);
  std::jthread end([&] {
    std::this_thread::sleep_for(milliseconds(300));
    locker_->Execute("COMMIT");
  });
  patient.Attach(connection);
  connection.Execute("BEGIN IMMEDIATE");
}

TEST(NameHoldersTest, SaysHowManyMoreThereAre) {
  EXPECT_EQ(NameHolders({}), "another program");
  Holder boxed = Python();
  boxed.container = true;
  EXPECT_EQ(NameHolders({boxed, Python(), Python()}),
            "pid 4711 (python3 app.py, in a container) and 2 more");
  boxed.command.clear();
  EXPECT_EQ(NameHolders({boxed}), "pid 4711");
}

}  // namespace
}  // namespace drover::migrations
