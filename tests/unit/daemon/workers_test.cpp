#include "daemon/workers.h"

#include <atomic>
#include <future>
#include <gtest/gtest.h>
#include <memory>

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
  Workers workers(2);
  workers.Post([&] {
    first.set_value();
    second.get_future().wait();
  });
  workers.Post([&] {
    first.get_future().wait();
    second.set_value();
  });
}

}  // namespace
}  // namespace drover::daemon
