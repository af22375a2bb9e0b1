#include "daemon/child.h"

#include <chrono>
#include <csignal>
#include <fcntl.h>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stop_token>
#include <string>
#include <thread>

#include "tests/unit/daemon/support.h"

namespace drover::daemon {
namespace {

using drover::testing::KindOf;
using std::chrono::milliseconds;

ChildResult Shell(const std::string& script, const std::string& input = {},
                  milliseconds limit = milliseconds(20'000)) {
  return RunChild({.arguments = {"/bin/sh", "-c", script}, .input = input, .limit = limit});
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
  EXPECT_EQ(KindOf([] { (void)RunChild({.arguments = {"/nonexistent"}}); }), "io.start");
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

TEST(ChildTest, DirectoryVariablesAndStderrAreAsAsked) {
  const ChildResult result = RunChild({.arguments = {"sh", "-c", "pwd; echo $WHO >&2"},
                                       .directory = "/usr",
                                       .variables = {"PATH=/usr/bin:/bin", "WHO=me"},
                                       .errors = ChildCommand::Errors::kWithOutput});
  EXPECT_EQ(result.output, "/usr\nme\n");
  const ChildResult silent = RunChild(
      {.arguments = {"sh", "-c", "echo gone >&2"}, .errors = ChildCommand::Errors::kDiscarded});
  EXPECT_EQ(silent.output, "");
  const ChildResult apart = RunChild({.arguments = {"sh", "-c", "echo told; echo blamed >&2"},
                                      .errors = ChildCommand::Errors::kApart});
  EXPECT_EQ(apart.output, "told\n");
  EXPECT_EQ(apart.errors, "blamed\n");
}

TEST(ChildTest, WhatAChildHadPrintedBeforeItWasKilledIsNotLost) {
  std::string printed;
  EXPECT_THROW((void)RunChild({.arguments = {"sh", "-c", "echo begun; sleep 60"},
                               .limit = std::chrono::milliseconds(300),
                               .on_killed = [&](const std::string& output) { printed = output; }}),
               Error);
  EXPECT_EQ(printed, "begun\n");
}

TEST(ChildTest, WhatStaysInTheBackgroundIsNotWaitedFor) {
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(Shell("sleep 60 & echo done").output, "done\n");
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(30));
}

TEST(ChildTest, OfVeryMuchOutputTheEndIsKept) {
  const ChildResult result = Shell("head -c 70000000 /dev/zero; echo end");
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_TRUE(result.output.ends_with("end\n"));
  EXPECT_LT(result.output.size(), 68'000'000U);
}

TEST(ChildTest, ADescriptorIsInheritedWhenItIsNamed) {
  const UniqueFd file(open("/dev/null", O_RDONLY | O_CLOEXEC));
  const std::string script = Concat("[ -e /proc/self/fd/", file.get(), " ] && echo there");
  EXPECT_EQ(Shell(script).output, "");
  const ChildResult result = RunChild({.arguments = {"sh", "-c", script}, .inherited = file.get()});
  EXPECT_EQ(result.output, "there\n");
}

TEST(ChildTest, WhoeverIsAskedToStopTakesHisChildrenWithHim) {
  const drover::testing::Scratch scratch;
  const std::string told = scratch / "pid";
  std::stop_source stop;
  const std::jthread asking([&] {
    while (!StatFile(told) || drover::testing::Slurp(told).empty()) {
      std::this_thread::sleep_for(milliseconds(1));
    }
    stop.request_stop();
  });
  const auto run = [&] {
    (void)RunChild({.arguments = {"sh", "-c", Concat("sleep 60 & echo $! > ", told, "; wait")},
                    .stop = stop.get_token()});
  };
  EXPECT_EQ(KindOf(run), "child.stopped");
  const std::string seen = drover::testing::Slurp(told);
  const std::string process = "/proc/" + seen.substr(0, seen.find('\n')) + "/stat";
  const auto begin = std::chrono::steady_clock::now();
  const auto alive = [&] {  // init, or nobody in a container, has yet to reap it
    std::ifstream file(process);
    std::string line;
    return std::getline(file, line) && line.find(") Z") == std::string::npos;
  };
  while (alive() && std::chrono::steady_clock::now() - begin < std::chrono::seconds(20)) {
    std::this_thread::sleep_for(milliseconds(10));
  }
  EXPECT_FALSE(alive());
}

}  // namespace
}  // namespace drover::daemon
