#include "daemon/net/server.h"

#include <chrono>
#include <future>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <memory>
#include <string>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

#include "base/text.h"
#include "tests/unit/daemon/net/client.h"
#include "tests/unit/daemon/scratch.h"

namespace drover::daemon {
namespace {

using drover::testing::Client;
using std::chrono::milliseconds;
using ::testing::HasSubstr;
using ::testing::StartsWith;

/// A server whose handler answers a few words, with its loop on a thread of its own:
/// "hold" begins a request that Release() answers, "events N SIZE" sends N events of SIZE bytes,
/// "big N" answers with N bytes, everything else is echoed with its length.
class ServerTest : public ::testing::Test {
 protected:
  void Start(ServerLimits limits = {}) {
    server_ = std::make_unique<Server>(
        loop_, drover::testing::ListenAt(socket_),
        SessionHandler{.on_line = [this](const auto& session,
                                         std::string_view line) { Answer(session, line); },
                       .on_closed = [this](const auto&) { ++closed_; }},
        limits);
    thread_ = std::thread([this] { loop_.Run(); });
  }

  void TearDown() override {
    if (!thread_.joinable()) return;
    loop_.Post([this] { loop_.Stop(); });
    thread_.join();
    server_.reset();
    for (const auto& session : held_) EXPECT_TRUE(session->closed());
  }

  void Answer(const std::shared_ptr<Session>& session, std::string_view line) {
    const std::vector<std::string> words = SplitList(line, ' ');
    if (line == "hold") {
      session->BeginRequest();
      held_.push_back(session);
    } else if (!words.empty() && words[0] == "events") {
      const std::string event(static_cast<std::size_t>(std::stoi(words[2])), 'e');
      for (int i = 0; i < std::stoi(words[1]); ++i) session->SendEvent(event + "\n");
    } else if (!words.empty() && words[0] == "big") {
      session->Send(std::string(static_cast<std::size_t>(std::stoi(words[1])), 'b') + "\n");
    } else {
      session->BeginRequest();
      session->Send(Concat(line.size(), " ", line.substr(0, 100), "\n"));
      session->EndRequest();
    }
  }

  /// Answers and ends every held request.
  void Release() {
    OnLoop([this] {
      for (const auto& session : std::exchange(held_, {})) {
        session->Send("released\n");
        session->EndRequest();
      }
    });
  }

  /// Runs `work` on the loop's thread and waits for it.
  template <class Work>
  void OnLoop(Work work) {
    std::promise<void> done;
    loop_.Post([&] {
      work();
      done.set_value();
    });
    done.get_future().get();
  }

  std::size_t Sessions() {
    std::size_t count = 0;
    OnLoop([&] { count = server_->sessions(); });
    return count;
  }

  /// Waits until `condition`, asked on the loop's thread, holds.
  template <class Condition>
  bool Eventually(Condition condition) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (std::chrono::steady_clock::now() < deadline) {
      bool holds = false;
      OnLoop([&] { holds = condition(); });
      if (holds) return true;
      std::this_thread::sleep_for(milliseconds(2));
    }
    return false;
  }

  drover::testing::Scratch scratch_;
  std::string socket_ = scratch_ / "s";
  Loop loop_;
  std::unique_ptr<Server> server_;
  std::thread thread_;
  std::vector<std::shared_ptr<Session>> held_;  // on the loop's thread
  int closed_ = 0;                              // on the loop's thread
};

TEST_F(ServerTest, ALineIsAnswered) {
  Start();
  Client client(socket_);
  client.Write("hello\n");
  EXPECT_EQ(client.ReadLine(), "5 hello");
}

TEST_F(ServerTest, ALineMayEndWithCarriageReturnAndEmptyLinesAreIgnored) {
  Start();
  Client client(socket_);
  client.Write("\n\r\nhello\r\n\n");
  EXPECT_EQ(client.ReadLine(), "5 hello");
  client.Write("again\n");
  EXPECT_EQ(client.ReadLine(), "5 again");
}

TEST_F(ServerTest, AnyByteMayStandInALine) {
  Start();
  Client client(socket_);
  client.Write(std::string_view("\0\xFF\xFE\x01\n", 5));
  EXPECT_EQ(client.ReadLine(), std::string("4 \0\xFF\xFE\x01", 6));
}

TEST_F(ServerTest, AThousandRequestsInOneWriteAreAnsweredInOrder) {
  Start();
  Client client(socket_);
  std::string all;
  for (int i = 0; i < 1000; ++i) all += Concat("request ", i, "\n");
  std::thread writer([&] { client.Write(all); });
  for (int i = 0; i < 1000; ++i) {
    const std::string request = Concat("request ", i);
    ASSERT_EQ(client.ReadLine(), Concat(request.size(), " ", request));
  }
  writer.join();
}

TEST_F(ServerTest, ALineJustBelowAndAtTheLimitIsAccepted) {
  Start();
  Client client(socket_);
  ASSERT_TRUE(client.Write(std::string(kMaxRequestBytes - 1, 'x') + "\n"));
  EXPECT_THAT(client.ReadLine().value_or(""), StartsWith("1048575 xxx"));
  ASSERT_TRUE(client.Write(std::string(kMaxRequestBytes, 'y') + "\n"));
  EXPECT_THAT(client.ReadLine().value_or(""), StartsWith("1048576 yyy"));
}

TEST_F(ServerTest, TwoMebibytesWithoutANewlineAreRefusedAndTheAnswerArrives) {
  Start();
  Client client(socket_);
  // All of it can be sent: the server goes on discarding for a while.
  EXPECT_TRUE(client.Write(std::string(2 * kMaxRequestBytes, 'x')));
  const std::string answer = client.ReadLine().value_or("");
  EXPECT_THAT(answer, StartsWith("{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":"));
  EXPECT_THAT(answer, HasSubstr("\"kind\":\"protocol.too_large\""));
  EXPECT_TRUE(client.Ended());
  client.Close();
  EXPECT_TRUE(Eventually([this] { return server_->sessions() == 0 && closed_ == 1; }));
}

TEST_F(ServerTest, APeerThatNeverStopsSendingIsCutOff) {
  Start({.linger = milliseconds(50)});
  Client client(socket_);
  const std::string block(65536, 'x');
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  bool open = true;
  while (open && std::chrono::steady_clock::now() < deadline) open = client.Write(block);
  EXPECT_FALSE(open);
}

TEST_F(ServerTest, OthersAreServedWhileOnePeerFloods) {
  Start();
  Client flood(socket_);
  std::thread flooding([&] { flood.Write(std::string(8 * kMaxRequestBytes, 'x')); });
  Client client(socket_);
  client.Write("hello\n");
  EXPECT_EQ(client.ReadLine(), "5 hello");
  flooding.join();
}

TEST_F(ServerTest, HttpIsExplainedToTheHuman) {
  Start();
  Client client(socket_);
  client.Write("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
  const std::string answer = client.ReadAll();
  EXPECT_THAT(answer, StartsWith("HTTP/1.0 400 "));
  EXPECT_THAT(answer, HasSubstr("\r\n\r\nthis is droverd, which speaks JSON-RPC 2.0"));
}

TEST_F(ServerTest, APostIsExplainedToo) {
  Start();
  Client client(socket_);
  client.Write("POST /rpc HTTP/1.1\r\n\r\n{}");
  EXPECT_THAT(client.ReadAll(), StartsWith("HTTP/1.0 400 "));
}

TEST_F(ServerTest, OnlyTheFirstLineIsTakenForHttp) {
  Start();
  Client client(socket_);
  client.Write("x\nGET it\n");
  EXPECT_EQ(client.ReadLine(), "1 x");
  EXPECT_EQ(client.ReadLine(), "6 GET it");
}

TEST_F(ServerTest, AfterAHalfCloseThePendingRequestIsStillAnswered) {
  Start();
  Client client(socket_);
  client.Write("hold\n");
  client.ShutdownWrite();
  ASSERT_TRUE(Eventually([this] { return held_.size() == 1; }));
  EXPECT_EQ(Sessions(), 1U);
  Release();
  EXPECT_EQ(client.ReadLine(), "released");
  EXPECT_TRUE(client.Ended());
  EXPECT_EQ(Sessions(), 0U);
}

TEST_F(ServerTest, ALastLineWithoutItsEndIsARequest) {
  Start();
  Client client(socket_);
  client.Write("one\ntwo");
  client.ShutdownWrite();
  EXPECT_EQ(client.ReadAll(), "3 one\n3 two\n");
}

TEST_F(ServerTest, AHalfCloseWithNothingPendingClosesAtOnce) {
  Start();
  Client client(socket_);
  client.ShutdownWrite();
  EXPECT_TRUE(client.Ended());
}

TEST_F(ServerTest, AClientThatDiesWithARequestPendingIsNoticed) {
  Start();
  Client client(socket_);
  client.Write("hold\n");
  ASSERT_TRUE(Eventually([this] { return held_.size() == 1; }));
  client.Close();
  EXPECT_TRUE(Eventually([this] { return closed_ == 1; }));
  Release();  // must be harmless
  EXPECT_EQ(Sessions(), 0U);
}

TEST_F(ServerTest, AClientThatDiesAfterAHalfCloseIsNoticed) {
  Start();
  Client client(socket_);
  client.Write("hold\n");
  client.ShutdownWrite();
  ASSERT_TRUE(Eventually([this] { return held_.size() == 1; }));
  EXPECT_EQ(Sessions(), 1U);
  client.Close();
  EXPECT_TRUE(Eventually([this] { return closed_ == 1; }));
}

TEST_F(ServerTest, NoMoreThan256RequestsAreUnderWayAtOnce) {
  Start();
  Client client(socket_);
  std::string all;
  for (int i = 0; i < 400; ++i) all += "hold\n";
  client.Write(all + "last\n");
  ASSERT_TRUE(Eventually([this] { return held_.size() >= 256; }));
  client.Write("later\n");
  std::this_thread::sleep_for(milliseconds(20));
  OnLoop([this] { EXPECT_EQ(held_.size(), 256U); });
  Release();
  ASSERT_TRUE(Eventually([this] { return held_.size() == 144; }));
  Release();
  for (int i = 0; i < 256; ++i) ASSERT_EQ(client.ReadLine(), "released");
  EXPECT_EQ(client.ReadLine(), "4 last");
  std::vector<std::string> rest;
  for (int i = 0; i < 145; ++i) rest.push_back(client.ReadLine().value_or("nothing"));
  EXPECT_THAT(rest, ::testing::Contains("5 later"));
  EXPECT_THAT(rest, ::testing::Contains("released").Times(144));
}

TEST_F(ServerTest, ALargeReplyArrivesWhole) {
  Start();
  Client client(socket_);
  client.Write("big 20000000\nnext\n");
  EXPECT_EQ(client.ReadLine().value_or("").size(), 20'000'000U);
  EXPECT_EQ(client.ReadLine(), "4 next");
}

TEST_F(ServerTest, RequestsWaitWhileTheirRepliesAreNotRead) {
  Start();
  Client client(socket_);
  for (int i = 0; i < 10; ++i) client.Write("big 3000000\n");
  client.Write("hold\n");
  std::this_thread::sleep_for(milliseconds(20));
  OnLoop([this] { EXPECT_TRUE(held_.empty()); });
  for (int i = 0; i < 10; ++i) ASSERT_EQ(client.ReadLine().value_or("").size(), 3'000'000U);
  EXPECT_TRUE(Eventually([this] { return held_.size() == 1; }));
}

TEST_F(ServerTest, EventsThatAreNotReadOverflowIntoOne) {
  Start();
  Client client(socket_);
  client.Write("events 5000 1000\nping\n");
  std::string line;
  std::size_t events = 0;
  std::size_t overflows = 0;
  while ((line = client.ReadLine().value_or("")) != "4 ping") {
    ASSERT_FALSE(line.empty());
    if (line.find("\"event\":\"overflow\"") != std::string::npos) {
      ++overflows;
    } else {
      ASSERT_EQ(line, std::string(1000, 'e')) << "a line is whole or not there";
      ++events;
    }
  }
  EXPECT_EQ(overflows, 1U);
  EXPECT_LT(events, 1000U);
  client.Write("events 1 3\n");
  EXPECT_EQ(client.ReadLine(), "eee");
}

TEST_F(ServerTest, AClientThatDoesNotReadIsDisconnected) {
  Start({.stall = milliseconds(30)});
  Client client(socket_);
  client.Write("big 3000000\n");
  EXPECT_TRUE(Eventually([this] { return closed_ == 1; }));
  EXPECT_LT(client.ReadAll().size(), 3'000'000U);
}

TEST_F(ServerTest, ASlowReaderIsNotTakenForADeadOne) {
  Start({.stall = milliseconds(300)});
  Client client(socket_);
  client.Write("big 600000\n");
  std::size_t got = 0;
  // Room for the server to write comes only after three of these steps, later than the limit.
  while (got < 600'001) {
    std::this_thread::sleep_for(milliseconds(150));
    const std::size_t more = client.ReadSome();
    ASSERT_GT(more, 0U) << "cut off after " << got;
    got += more;
  }
  EXPECT_EQ(got, 600'001U);
}

TEST_F(ServerTest, SixtyFourIdleConnectionsDoNotDelayAnother) {
  Start();
  std::vector<std::unique_ptr<Client>> idle;
  for (int i = 0; i < 64; ++i) idle.push_back(std::make_unique<Client>(socket_));
  Client half(socket_);
  half.Write("{\"half\":");
  Client client(socket_);
  client.Write("hello\n");
  EXPECT_EQ(client.ReadLine(), "5 hello");
  EXPECT_EQ(Sessions(), 66U);
}

TEST_F(ServerTest, TooManyConnectionsAreTurnedAwayUntilOneEnds) {
  Start({.connections = 2});
  Client first(socket_);
  Client second(socket_);
  first.Write("a\n");
  ASSERT_EQ(first.ReadLine(), "1 a");
  ASSERT_TRUE(Eventually([this] { return server_->sessions() == 2; }));
  Client third(socket_);
  EXPECT_THAT(third.ReadAll(), HasSubstr("\"kind\":\"protocol.too_many_connections\""));
  second.Close();
  ASSERT_TRUE(Eventually([this] { return server_->sessions() == 1; }));
  Client fourth(socket_);
  fourth.Write("b\n");
  EXPECT_EQ(fourth.ReadLine(), "1 b");
}

TEST_F(ServerTest, CloseSendsWhatIsQueuedAndAcceptsNoMore) {
  Start();
  Client client(socket_);
  client.Write("big 5000000\n");
  ASSERT_TRUE(Eventually([this] { return server_->sessions() == 1; }));
  std::this_thread::sleep_for(milliseconds(20));
  OnLoop([this] { server_->Close(); });
  EXPECT_FALSE(Client(socket_).connected());
  EXPECT_EQ(client.ReadAll().size(), 5'000'001U);
  EXPECT_TRUE(Eventually([this] { return server_->sessions() == 0; }));
}

TEST_F(ServerTest, CloseCanBeAskedForWhileAnswering) {
  server_ =
      std::make_unique<Server>(loop_, drover::testing::ListenAt(socket_),
                               SessionHandler{.on_line =
                                                  [this](const auto& session, std::string_view) {
                                                    session->Send("stopping\n");
                                                    server_->Close();
                                                  },
                                              .on_closed = [this](const auto&) { ++closed_; }});
  thread_ = std::thread([this] { loop_.Run(); });
  Client client(socket_);
  client.Write("stop\n");
  EXPECT_EQ(client.ReadAll(), "stopping\n");
  EXPECT_TRUE(Eventually([this] { return closed_ == 1; }));
}

TEST_F(ServerTest, DestroyingTheServerCutsSessionsThatAreStillHeld) {
  Start();
  Client client(socket_);
  client.Write("hold\n");
  ASSERT_TRUE(Eventually([this] { return held_.size() == 1; }));
  OnLoop([this] {
    server_.reset();
    EXPECT_TRUE(held_[0]->closed());
    held_[0]->Send("nobody hears\n");
    held_[0]->EndRequest();
  });
  EXPECT_EQ(client.ReadAll(), "");
  OnLoop([this] { EXPECT_EQ(closed_, 0) << "the handler may be gone by now"; });
}

TEST_F(ServerTest, OnClosedIsNotCalledFromInsideSend) {
  Start();
  Client client(socket_);
  client.Write("hold\n");
  ASSERT_TRUE(Eventually([this] { return held_.size() == 1; }));
  OnLoop([&] {
    client.Close();
    held_[0]->Send("x\n");
    EXPECT_TRUE(held_[0]->closed());
    EXPECT_EQ(closed_, 0);
  });
  EXPECT_TRUE(Eventually([this] { return closed_ == 1; }));
}

TEST_F(ServerTest, RunningOutOfDescriptorsDelaysButDoesNotSpin) {
  Start();
  Client waiting(socket_);
  waiting.Write("early\n");
  ASSERT_EQ(waiting.ReadLine(), "5 early");
  rlimit before{};
  getrlimit(RLIMIT_NOFILE, &before);
  const UniqueFd next(dup(0));
  Client late("/nonexistent");  // its descriptor exists before the limit falls
  rlimit tight = before;
  tight.rlim_cur = static_cast<rlim_t>(next.get()) + 2;
  setrlimit(RLIMIT_NOFILE, &tight);
  ASSERT_TRUE(late.Connect(socket_));
  late.Write("late\n");
  rusage start{};
  getrusage(RUSAGE_SELF, &start);
  std::this_thread::sleep_for(milliseconds(150));
  rusage end{};
  getrusage(RUSAGE_SELF, &end);
  waiting.Write("still\n");
  EXPECT_EQ(waiting.ReadLine(), "5 still");
  EXPECT_EQ(Sessions(), 1U);
  setrlimit(RLIMIT_NOFILE, &before);
  EXPECT_EQ(late.ReadLine(), "4 late");
  const auto spent = [](const rusage& usage) {
    return usage.ru_utime.tv_sec * 1'000'000 + usage.ru_utime.tv_usec +
           usage.ru_stime.tv_sec * 1'000'000 + usage.ru_stime.tv_usec;
  };
  EXPECT_LT(spent(end) - spent(start), 75'000);
}

TEST_F(ServerTest, AnotherUserIsTurnedAway) {
  if (geteuid() != 0) GTEST_SKIP() << "only root can become another user";
  chmod(scratch_.path().c_str(), 0755);
  Start();
  chmod(socket_.c_str(), 0666);
  const pid_t child = fork();
  if (child == 0) {
    if (setresuid(65534, 65534, 65534) != 0) _exit(2);
    Client stranger(socket_);
    const std::string answer = stranger.ReadAll();
    _exit(answer.find("\"kind\":\"protocol.peer\"") != std::string::npos ? 0 : 1);
  }
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
  EXPECT_EQ(Sessions(), 0U);
}

}  // namespace
}  // namespace drover::daemon
