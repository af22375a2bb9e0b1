#include "daemon/workers.h"

#include <atomic>
#include <future>
#include <gtest/gtest.h>
#include <memory>
#include <utility>
#include <vector>

namespace drover::daemon {
namespace {

TEST(WorkersTest, EveryTaskRunsAndOneThreadKeepsTheOrder) {
  std::vector<int> seen;
  std::promise<void> done;
  Workers workers(1);
  for (int i = 0; i < 100; ++i) workers.Post([&seen, i] { seen.push_back(i); });
  workers.Post([&] { done.set_value(); });
  done.get_future().wait();
  ASSERT_EQ(seen.size(), 100U);
  EXPECT_EQ(seen.front(), 0);
  EXPECT_EQ(seen.back(), 99);
}

TEST(WorkersTest, TheEndWaitsForWhatRunsAndDropsTheRest) {
  std::promise<void> begun;
  std::promise<void> gate;
  bool finished = false;
  std::atomic<int> others = 0;
  const auto held = std::make_shared<int>(1);
  auto workers = std::make_unique<Workers>(1);
  workers->Post([&] {
    begun.set_value();
    gate.get_future().wait();
    finished = true;
  });
  begun.get_future().wait();
  for (int i = 0; i < 10; ++i) workers->Post([&others, held] { ++others; });
  std::thread ender([&] { workers.reset(); });
  while (held.use_count() > 1) std::this_thread::yield();  // dropped before the end is reached
  gate.set_value();
  ender.join();
  EXPECT_TRUE(finished);
  EXPECT_EQ(others, 0);
}

TEST(WorkersTest, ThreadsShareTheWork) {
  std::promise<void> first;
  std::promise<void> second;
  std::promise<void> both;  // what has not begun at the end is dropped: wait for it
  Workers workers(2);
  workers.Post([&] {
    first.set_value();
    second.get_future().wait();
    both.set_value();
  });
  workers.Post([&] {
    first.get_future().wait();
    second.set_value();
  });
  EXPECT_EQ(both.get_future().wait_for(std::chrono::seconds(10)), std::future_status::ready);
}

TEST(WorkersTest, ALookDoesNotWaitForTheJobsUnderWay) {
  std::promise<void> gate;
  const std::shared_future<void> open = gate.get_future().share();
  std::promise<void> looked;
  Workers workers(3);
  for (int i = 0; i < 5; ++i) workers.Post([open] { open.wait(); }, Lane::kJob);
  workers.Post([&looked] { looked.set_value(); });
  EXPECT_EQ(looked.get_future().wait_for(std::chrono::seconds(10)), std::future_status::ready);
  gate.set_value();
}

TEST(WorkersTest, EveryJobRunsAlthoughOneThreadIsKeptFree) {
  std::vector<std::promise<void>> done(20);
  Workers workers(2);
  for (auto& each : done) workers.Post([&each] { each.set_value(); }, Lane::kJob);
  for (auto& each : done) {
    EXPECT_EQ(each.get_future().wait_for(std::chrono::seconds(10)), std::future_status::ready);
  }
}

TEST(WorkersTest, OneThreadServesBothLanes) {
  std::promise<void> job;
  std::promise<void> look;
  Workers workers(1);
  workers.Post([&job] { job.set_value(); }, Lane::kJob);
  workers.Post([&look] { look.set_value(); });
  EXPECT_EQ(job.get_future().wait_for(std::chrono::seconds(10)), std::future_status::ready);
  EXPECT_EQ(look.get_future().wait_for(std::chrono::seconds(10)), std::future_status::ready);
}

}  // namespace
}  // namespace drover::daemon
