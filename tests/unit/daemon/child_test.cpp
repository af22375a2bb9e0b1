#include "daemon/child.h"

#include <chrono>
#include <csignal>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/daemon/support.h"

namespace drover::daemon {
namespace {

using drover::testing::KindOf;
using std::chrono::milliseconds;

ChildResult Shell(const std::string& script, const std::string& input = {},
                  milliseconds limit = milliseconds(20'000)) {
  return RunChild({"/bin/sh", "-c", script}, input, limit);
}

TEST(ChildTest, InputGoesInAndOutputComesOut) {
  const ChildResult result = Shell("tr a-z A-Z; exit 3", "hello");
  EXPECT_EQ(result.output, "HELLO");
  EXPECT_EQ(result.exit_code, 3);
}

TEST(ChildTest, MuchInputAndOutputAtOnceDoesNotBlock) {
  const std::string much(4'000'000, 'x');
  EXPECT_EQ(Shell("cat", much).output, much);
}

TEST(ChildTest, AChildThatDoesNotReadIsNoTrouble) {
  std::signal(SIGPIPE, SIG_IGN);
  EXPECT_EQ(Shell("exit 0", std::string(4'000'000, 'x')).exit_code, 0);
}

TEST(ChildTest, ASignalIsAnExitCodeToo) { EXPECT_EQ(Shell("kill -9 $$").exit_code, 137); }

TEST(ChildTest, AProgramThatIsNotThereIsAnError) {
  EXPECT_EQ(KindOf([] { (void)RunChild({"/nonexistent"}, "", milliseconds(1000)); }), "io.start");
}

TEST(ChildTest, TheLimitEndsAChildThatHangs) {
  EXPECT_EQ(KindOf([] { (void)Shell("exec sleep 60", "", milliseconds(50)); }), "child.timed_out");
}

TEST(ChildTest, TheLimitEndsAChildThatHasClosedItsOutputAsWell) {
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(KindOf([] { (void)Shell("exec sleep 60 >&-", "", milliseconds(50)); }),
            "child.timed_out");
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(30));
}

}  // namespace
}  // namespace drover::daemon
