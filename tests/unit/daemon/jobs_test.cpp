#include "daemon/jobs.h"

#include <atomic>
#include <future>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/daemon/support.h"

namespace drover::daemon {
namespace {

using drover::testing::Machine;
using ::testing::ElementsAre;

TEST(InputsDigestTest, EveryInputCounts) {
  const std::string digest = InputsDigest("m", "c", "/p", {"a"});
  EXPECT_EQ(digest, InputsDigest("m", "c", "/p", {"a"}));
  EXPECT_NE(digest, InputsDigest("x", "c", "/p", {"a"}));
  EXPECT_NE(digest, InputsDigest("m", "x", "/p", {"a"}));
  EXPECT_NE(digest, InputsDigest("m", "c", "/x", {"a"}));
  EXPECT_NE(digest, InputsDigest("m", "c", "/p", {}));
}

class JobQueueTest : public ::testing::Test {
 protected:
  ~JobQueueTest() override { machine.Stop(); }

  JobQueue::Work Wait(const std::shared_future<void>& until) {
    return [this, until](const std::stop_token&) {
      const int now = ++running;
      most = std::max(most.load(), now);
      until.wait();
      --running;
      return JobOutcome{};
    };
  }
  JobQueue::Done Note(const std::string& name) {
    return [this, name](const JobOutcome& outcome) {
      ended.push_back(name + (outcome.error ? " " + outcome.error->kind : ""));
      if (ended.size() == expected) all.set_value();
    };
  }

  Machine machine{3};
  JobQueue queue{machine.loop, *machine.workers};
  std::promise<void> gate;
  std::shared_future<void> opened{gate.get_future()};
  std::atomic<int> running = 0;
  std::atomic<int> most = 0;
  std::vector<std::string> ended;
  std::size_t expected = 0;
  std::promise<void> all;
};

TEST_F(JobQueueTest, JobsOnOneFileNeverOverlapAndKeepTheirOrder) {
  expected = 3;
  machine.OnLoop([&] {
    (void)queue.Submit("/a", Wait(opened), Note("1"));
    (void)queue.Submit("/a", Wait(opened), Note("2"));
    (void)queue.Submit("/a", Wait(opened), Note("3"));
    EXPECT_THAT(queue.Busy(), ElementsAre("/a"));
  });
  gate.set_value();
  all.get_future().wait();
  machine.OnLoop([&] { EXPECT_TRUE(queue.idle()); });
  EXPECT_THAT(ended, ElementsAre("1", "2", "3"));
  EXPECT_EQ(most, 1);
}

TEST_F(JobQueueTest, AWaitingJobThatIsCancelledEndsAtOnce) {
  expected = 1;
  machine.OnLoop([&] {
    (void)queue.Submit("/a", Wait(opened), Note("1"));
    std::stop_source second = queue.Submit("/a", Wait(opened), Note("2"));
    second.request_stop();
  });
  all.get_future().wait();  // the first is still running
  machine.OnLoop([&] {
    EXPECT_THAT(ended, ElementsAre("2 job.cancelled"));
    EXPECT_FALSE(queue.idle());
    expected = 2;
    all = std::promise<void>();
  });
  gate.set_value();
  all.get_future().wait();
  EXPECT_THAT(ended, ElementsAre("2 job.cancelled", "1"));
}

TEST_F(JobQueueTest, CancellingAllAsksTheRunningOnesToStop) {
  expected = 1;
  machine.OnLoop([&] {
    (void)queue.Submit(
        "/a",
        [](const std::stop_token& stop) {
          while (!stop.stop_requested()) std::this_thread::yield();
          return JobOutcome{{}, Error(Code::kCancelled, "stopped", "stopped")};
        },
        Note("1"));
  });
  machine.OnLoop([&] { queue.CancelAll(); });
  all.get_future().wait();
  EXPECT_EQ(ended.at(0).substr(0, 1), "1");
}

}  // namespace
}  // namespace drover::daemon
