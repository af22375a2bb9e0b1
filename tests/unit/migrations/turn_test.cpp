#include "migrations/turn.h"

#include <gmock/gmock.h>
#include <thread>

#include "migrations/apply.h"
#include "tests/unit/migrations/apply_support.h"

namespace drover::migrations {
namespace {

class TurnTest : public testing::Test {
 protected:
  TempDir directory_;
  std::string path_ = directory_ / "app.db";
};

TEST_F(TurnTest, OneHasItTheOthersSeeThat) {
  const Turn other(path_);
  {
    Turn ours(path_);
    EXPECT_FALSE(ours.IsTaken());
    ours.Take();
    EXPECT_TRUE(ours.mine());
    EXPECT_FALSE(ours.IsTaken()) << "our own mark is no other's";
    EXPECT_TRUE(other.IsTaken());
  }
  EXPECT_FALSE(other.IsTaken()) << "it ends with the object";
}

TEST_F(TurnTest, DatabasesOfOneDirectoryHaveTurnsOfTheirOwn) {
  Turn ours(path_);
  ours.Take();
  EXPECT_FALSE(Turn(directory_ / "other.db").IsTaken());
}

TEST_F(TurnTest, ItEndsWithTheProcess) {
  EXPECT_EQ(InChild([&] {
              Turn theirs(path_);
              theirs.Take();
              return raise(SIGKILL);
            }),
            -SIGKILL);
  EXPECT_FALSE(Turn(path_).IsTaken());
}

TEST_F(TurnTest, WithoutADirectoryNobodyHasIt) {
  Turn nowhere("/nowhere/app.db");
  nowhere.Take();
  EXPECT_FALSE(Turn("/nowhere/app.db").IsTaken());
}

TEST_F(TurnTest, LeavesNothingBehind) {
  Turn ours(path_);
  ours.Take();
  EXPECT_FALSE(StatFile(path_).has_value());
}

TEST_F(TurnTest, APlanWaitsForTheOneThatIsBeingCarriedOut) {
  const Graph graph = ThreeTables();
  (void)CarryOut(Upgrade(path_, graph, "a"));
  std::optional<Turn> theirs(path_);
  theirs->Take();
  ApplyResult result;
  std::jthread upgrade([&] { result = CarryOut(Upgrade(path_, graph)); });
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  EXPECT_EQ(Rows(path_), "a") << "no step of ours between two of theirs";
  theirs.reset();
  upgrade.join();
  EXPECT_EQ(result.steps.size(), 2U);
}

TEST_F(TurnTest, WhoHasItAndDoesNotMoveIsNotWaitedForForEver) {
  const Graph graph = ThreeTables();
  (void)CarryOut(Upgrade(path_, graph, "a"));
  Turn stopped(path_);
  stopped.Take();
  ApplyRequest request = Upgrade(path_, graph);
  request.busy_timeout = std::chrono::milliseconds(50);
  EXPECT_EQ(CarryOut(request).steps.size(), 2U);
}

}  // namespace
}  // namespace drover::migrations
