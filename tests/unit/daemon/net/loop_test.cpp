#include "daemon/net/loop.h"

#include <chrono>
#include <csignal>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdexcept>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>
#include <vector>

#include "base/error.h"
#include "base/posix.h"

namespace drover::daemon {
namespace {

using std::chrono::milliseconds;

TEST(LoopTest, PostedCallbacksRunInOrder) {
  Loop loop;
  std::vector<int> seen;
  loop.Post([&] { seen.push_back(1); });
  loop.Post([&] { seen.push_back(2); });
  loop.Post([&] { loop.Stop(); });
  loop.Run();
  EXPECT_EQ(seen, (std::vector<int>{1, 2}));
}

TEST(LoopTest, OtherThreadsMayPost) {
  Loop loop;
  int sum = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&loop, &sum] {
      for (int i = 0; i < 500; ++i) {
        loop.Post([&loop, &sum] {
          if (++sum == 2000) loop.Stop();
        });
      }
    });
  }
  loop.Run();
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(sum, 2000);
}

TEST(LoopTest, ALoopCanRunAgainAfterItWasStopped) {
  Loop loop;
  loop.Post([&] { loop.Stop(); });
  loop.Run();
  bool ran = false;
  loop.Post([&] {
    ran = true;
    loop.Stop();
  });
  loop.Run();
  EXPECT_TRUE(ran);
}

TEST(LoopTest, AnExceptionOfACallbackLeavesRun) {
  Loop loop;
  loop.Post([] { throw std::runtime_error("boom"); });
  EXPECT_THROW(loop.Run(), std::runtime_error);
}

TEST(LoopTest, TimersFireInTheOrderOfTheirDelays) {
  Loop loop;
  std::vector<int> seen;
  const auto late = loop.After(milliseconds(20), [&] {
    seen.push_back(2);
    loop.Stop();
  });
  const auto early = loop.After(milliseconds(1), [&] { seen.push_back(1); });
  loop.Run();
  EXPECT_EQ(seen, (std::vector<int>{1, 2}));
}

TEST(LoopTest, ADestroyedTimerDoesNotFire) {
  Loop loop;
  bool fired = false;
  auto timer = loop.After(milliseconds(1), [&] { fired = true; });
  const auto stop = loop.After(milliseconds(10), [&] { loop.Stop(); });
  timer.reset();
  loop.Run();
  EXPECT_FALSE(fired);
}

TEST(LoopTest, ATimerThatIsDueAlreadyCanStillBeTakenBack) {
  Loop loop;
  bool fired = false;
  std::unique_ptr<Loop::Timer> second;
  // Both are due in the same turn; the first destroys the second.
  const auto first = loop.After(milliseconds(0), [&] { second.reset(); });
  second = loop.After(milliseconds(0), [&] { fired = true; });
  const auto stop = loop.After(milliseconds(10), [&] { loop.Stop(); });
  std::this_thread::sleep_for(milliseconds(2));
  loop.Run();
  EXPECT_FALSE(fired);
}

TEST(LoopTest, ATimerMayDestroyItselfInItsCallback) {
  Loop loop;
  std::unique_ptr<Loop::Timer> timer;
  timer = loop.After(milliseconds(1), [&, text = std::string(100, 'x')] {
    timer.reset();
    EXPECT_EQ(text.size(), 100U);
    loop.Stop();
  });
  loop.Run();
}

struct Ends {
  Ends() {
    int fds[2];
    if (pipe2(fds, O_CLOEXEC) != 0) std::abort();
    read_end.Reset(fds[0]);
    write_end.Reset(fds[1]);
  }
  UniqueFd read_end;
  UniqueFd write_end;
};

TEST(LoopTest, AReadableDescriptorIsReportedUntilItIsRead) {
  Loop loop;
  const Ends ends;
  int calls = 0;
  ASSERT_TRUE(WriteAll(ends.write_end.get(), "xy"));
  const auto watch = loop.OnReadable(ends.read_end.get(), [&] {
    char c = 0;
    ASSERT_EQ(read(ends.read_end.get(), &c, 1), 1);
    if (++calls == 2) loop.Stop();
  });
  loop.Run();
  EXPECT_EQ(calls, 2);
}

TEST(LoopTest, ADestroyedWatchIsSilentAndLeavesTheDescriptorOpen) {
  Loop loop;
  const Ends ends;
  bool called = false;
  auto watch = loop.OnReadable(ends.read_end.get(), [&] { called = true; });
  watch.reset();
  ASSERT_TRUE(WriteAll(ends.write_end.get(), "x"));
  const auto stop = loop.After(milliseconds(10), [&] { loop.Stop(); });
  loop.Run();
  EXPECT_FALSE(called);
  EXPECT_GE(fcntl(ends.read_end.get(), F_GETFD), 0);
}

TEST(LoopTest, AWatchMayDestroyItselfInItsCallback) {
  Loop loop;
  const Ends ends;
  int calls = 0;
  std::unique_ptr<Loop::Watch> watch;
  watch = loop.OnReadable(ends.read_end.get(), [&] {
    ++calls;
    watch.reset();
  });
  ASSERT_TRUE(WriteAll(ends.write_end.get(), "x"));
  const auto stop = loop.After(milliseconds(10), [&] { loop.Stop(); });
  loop.Run();
  EXPECT_EQ(calls, 1);
}

TEST(LoopTest, WatchingARegularFileIsAnError) {
  Loop loop;
  const UniqueFd file(open("/proc/self/exe", O_RDONLY | O_CLOEXEC));
  const auto watch = loop.OnReadable(file.get(), [] {});
  EXPECT_THROW(loop.Run(), Error);
}

TEST(LoopTest, WatchingAClosedDescriptorIsAnError) {
  Loop loop;
  EXPECT_THROW((void)loop.OnReadable(-1, [] {}), Error);
}

TEST(LoopTest, SignalsArriveAgainAndAgain) {
  Loop loop;
  std::vector<int> seen;
  loop.OnSignals({SIGUSR1, SIGUSR2}, [&](int number) {
    seen.push_back(number);
    if (seen.size() == 1) raise(SIGUSR2);
    if (seen.size() == 2) raise(SIGUSR1);
    if (seen.size() == 3) loop.Stop();
  });
  loop.Post([] { raise(SIGUSR1); });
  loop.Run();
  EXPECT_EQ(seen, (std::vector<int>{SIGUSR1, SIGUSR2, SIGUSR1}));
}

TEST(LoopTest, AWriteToABrokenPipeIsAnErrorAndNotTheEnd) {
  const Loop loop;
  Ends ends;
  ends.read_end.Reset();
  EXPECT_FALSE(WriteAll(ends.write_end.get(), "x"));
}

TEST(LoopTest, CallbacksThatNeverRanAreDestroyedWithTheLoop) {
  const auto token = std::make_shared<int>(1);
  {
    Loop loop;
    loop.Post([token] {});
    EXPECT_EQ(token.use_count(), 2);
  }
  EXPECT_EQ(token.use_count(), 1);
}

}  // namespace
}  // namespace drover::daemon
