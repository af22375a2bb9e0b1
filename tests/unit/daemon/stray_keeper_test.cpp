#include "daemon/stray_keeper.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <string_view>

#include "daemon/run.h"
#include "tests/unit/daemon/support.h"

/// A scan starts the running program again with --scan; here that is this one.
int main(int argc, char** argv) {
  if (argc == 2 && std::string_view(argv[1]) == "--scan") return drover::daemon::RunScan();
  ::testing::InitGoogleMock(&argc, argv);
  return RUN_ALL_TESTS();
}

namespace drover::daemon {
namespace {

using drover::testing::DiskProject;
using drover::testing::kPatience;
using drover::testing::Machine;
using drover::testing::RunSql;
using drover::testing::Spill;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class StrayKeeperTest : public ::testing::Test {
 protected:
  StrayKeeperTest() {
    RunSql(disk / "app.db", "CREATE TABLE users (id INTEGER, name TEXT)");
    machine.OnLoop([&] {
      keeper = std::make_shared<StrayKeeper>(machine.loop, *machine.workers, machine.store,
                                             [this] { ++changes; });
    });
  }
  ~StrayKeeperTest() override { machine.Stop(); }

  std::shared_ptr<const Observation> Seen() {
    Observer observer(disk.root(), machine.store);
    return observer.Observe();
  }

  void ScanAll() {
    std::promise<void> done;
    const auto seen = Seen();
    machine.OnLoop([&] { keeper->ScanAll(seen, [&] { done.set_value(); }); });
    ASSERT_EQ(done.get_future().wait_for(kPatience), std::future_status::ready);
  }

  std::vector<StrayEntry> Strays() {
    std::vector<StrayEntry> strays;
    machine.OnLoop([&] { strays = keeper->strays(); });
    return strays;
  }

  DiskProject disk;
  Machine machine;
  std::shared_ptr<StrayKeeper> keeper;
  int changes = 0;
};

TEST_F(StrayKeeperTest, AProjectWithoutStraysHasNone) {
  ScanAll();
  EXPECT_THAT(Strays(), IsEmpty());
  EXPECT_TRUE(keeper->complete());
  EXPECT_EQ(keeper->problem(), "");
  EXPECT_EQ(changes, 0);
}

TEST_F(StrayKeeperTest, FindsAStrayAndForgetsItWhenItHasGone) {
  std::filesystem::create_directory(disk / "backend");
  RunSql(disk / "backend/app.db", "CREATE TABLE users (id INTEGER, name TEXT)");
  ScanAll();
  ASSERT_THAT(Strays(), SizeIs(1));
  EXPECT_EQ(Strays()[0].path, disk / "backend/app.db");
  EXPECT_EQ(Strays()[0].made_from, disk / "backend");
  EXPECT_EQ(changes, 1);
  std::filesystem::remove(disk / "backend/app.db");
  ScanAll();
  EXPECT_THAT(Strays(), IsEmpty());
  EXPECT_EQ(changes, 2);
}

TEST_F(StrayKeeperTest, ALookAtSomeFilesKeepsTheOthers) {
  std::filesystem::create_directory(disk / "one");
  RunSql(disk / "one/app.db", "CREATE TABLE users (id INTEGER, name TEXT)");
  ScanAll();
  std::filesystem::create_directory(disk / "two");
  RunSql(disk / "two/app.db", "CREATE TABLE users (id INTEGER, name TEXT)");
  const auto seen = Seen();
  machine.OnLoop([&] { keeper->ScanSome(seen, {disk / "two/app.db"}); });
  ScanAll();
  EXPECT_THAT(Strays(), SizeIs(2));
}

TEST_F(StrayKeeperTest, EveryCallerIsAnsweredAlsoWhoCallsFromAnAnswer) {
  const auto seen = Seen();
  std::promise<void> done;
  int answers = 0;
  machine.OnLoop([&] {
    keeper->ScanAll(seen, [&] {
      ++answers;
      keeper->ScanAll(seen, [&] { ++answers; });
      keeper->ScanSome(seen, {});
      keeper->ScanAll(seen, [&] {
        ++answers;
        done.set_value();
      });
    });
  });
  ASSERT_EQ(done.get_future().wait_for(kPatience), std::future_status::ready);
  machine.OnLoop([&] { EXPECT_EQ(answers, 3); });
}

TEST_F(StrayKeeperTest, WithoutAConfigurationTheAnswerComesAtOnce) {
  bool answered = false;
  machine.OnLoop(
      [&] { keeper->ScanAll(std::make_shared<const Observation>(), [&] { answered = true; }); });
  EXPECT_TRUE(answered);
}

TEST_F(StrayKeeperTest, MayBeDroppedWhileAScanRuns) {
  const auto seen = Seen();
  machine.OnLoop([&] {
    keeper->ScanAll(seen, {});
    keeper.reset();
  });
  machine.Stop();
  EXPECT_EQ(changes, 0);
}

}  // namespace
}  // namespace drover::daemon
