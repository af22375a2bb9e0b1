#include "daemon/workers.h"

#include <future>
#include <gtest/gtest.h>
#include <utility>
#include <vector>

namespace drover::daemon {
namespace {

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
