#include "client/connection.h"

#include <cstring>
#include <functional>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <thread>
#include <unistd.h>

#include "base/error.h"
#include "base/text.h"

namespace drover::client {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

/// A connection whose other end is in the test's hands.
struct Pair {
  Pair() {
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) std::abort();
    client.emplace(UniqueFd(ends[0]));
    daemon = UniqueFd(ends[1]);
  }
  void Say(std::string_view text) const { ASSERT_TRUE(WriteAll(daemon.get(), text)); }
  [[nodiscard]] std::string Heard() const {
    std::string text(65536, '\0');
    const ssize_t got = recv(daemon.get(), text.data(), text.size(), MSG_DONTWAIT);
    text.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    return text;
  }
  std::optional<Connection> client;
  UniqueFd daemon;
};

Error FailureOf(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    return error;
  }
  return {Code::kInternal, "none", "nothing was thrown"};
}

CallOptions Briefly(double seconds) {
  CallOptions options;
  options.seconds = seconds;
  options.deadline = After(seconds);
  return options;
}

TEST(ConnectionTest, CallsAndGetsTheDocumentAsItWasSent) {
  Pair pair;
  pair.Say("{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"v\":1, \"ok\":true}}\n");
  EXPECT_EQ(pair.client->Call("ping", {}, Briefly(5)), "{\"v\":1, \"ok\":true}");
  EXPECT_EQ(pair.Heard(), "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\",\"params\":{}}\n");
}

TEST(ConnectionTest, AReplyMayComeInPieces) {
  Pair pair;
  std::thread daemon([&] {
    for (const char* piece :
         {"{\"jsonrpc\":\"2.0\",", "\"id\":1,\"result\":{\"v\"", ":1}", "}\n"}) {
      pair.Say(piece);
      std::this_thread::yield();
    }
  });
  EXPECT_EQ(pair.client->Call("ping", {}, Briefly(5)), "{\"v\":1}");
  daemon.join();
}

TEST(ConnectionTest, AReplyMayBeLarge) {
  Pair pair;
  const std::string text(std::size_t{3} << 20, 'x');
  std::thread daemon([&] {
    pair.Say(Concat(R"({"jsonrpc":"2.0","id":1,"result":{"message":")", text, "\"}}\n"));
  });
  EXPECT_EQ(pair.client->Call("ping", {}, Briefly(20)).size(), text.size() + 14);
  daemon.join();
}

TEST(ConnectionTest, AnErrorReplyIsThrownAsTheDaemonMeantIt) {
  Pair pair;
  ErrorBody body;
  body.code = "conflict";
  body.kind = "revision.ambiguous";
  body.message = "98 is several revisions";
  body.hint = "drover history";
  body.where = "a:1:2";
  pair.Say(EncodeErrorReply("1", body));
  const Error error = FailureOf([&] { (void)pair.client->Call("plan", {}, Briefly(5)); });
  EXPECT_EQ(error.code, Code::kConflict);
  EXPECT_EQ(error.kind, "revision.ambiguous");
  EXPECT_EQ(error.hint, "drover history");
  EXPECT_EQ(error.where, "a:1:2");
}

TEST(ConnectionTest, ProgressReachesTheCallerEventsDoNot) {
  Pair pair;
  pair.Say(EncodeNotification("event", R"({"event":"applied"})"));
  pair.Say(EncodeNotification("progress", R"({"id":1,"step":2,"steps":3,"revision":"b2"})"));
  pair.Say(EncodeResult("1", "{}"));
  CallOptions options = Briefly(5);
  std::vector<std::int64_t> steps;
  options.on_progress = [&](const ProgressDocument& progress) { steps.push_back(progress.step); };
  EXPECT_EQ(pair.client->Call("upgrade", {}, options), "{}");
  EXPECT_THAT(steps, testing::ElementsAre(2));
}

TEST(ConnectionTest, AnswersToOtherRequestsAreNotTakenForOurs) {
  Pair pair;
  (void)pair.client->Send("subscribe", {}, After(5));
  pair.Say(EncodeResult("1", R"({"first":1})") + EncodeResult("2", R"({"second":2})"));
  EXPECT_EQ(pair.client->Call("status", {}, Briefly(5)), R"({"second":2})");
}

TEST(ConnectionTest, RequestsArePipelined) {
  Pair pair;
  EXPECT_EQ(pair.client->Send("status", {}, After(5)), 1);
  EXPECT_EQ(pair.client->Send("ping", {}, After(5)), 2);
  pair.Say(EncodeResult("2", "{}") + EncodeResult("1", "{}"));
  EXPECT_EQ(pair.client->Receive(After(5))->id, 2);
  EXPECT_EQ(pair.client->Receive(After(5))->id, 1);
}

TEST(ConnectionTest, ASilentDaemonIsLate) {
  Pair pair;
  const Error error = FailureOf([&] { (void)pair.client->Call("status", {}, Briefly(0.05)); });
  EXPECT_EQ(error.code, Code::kTimedOut);
  EXPECT_EQ(error.kind, "daemon.late");
  EXPECT_EQ(error.message, Concat("the daemon (pid ", getpid(), ") did not answer within 0.1 s"));
}

TEST(ConnectionTest, ADaemonThatDoesNotReadIsLateToo) {
  Pair pair;
  Params params;
  params.message = std::string(900'000, 'x');
  const Error error = FailureOf([&] {
    for (int i = 0; i < 100; ++i) (void)pair.client->Send("revision", params, After(0.05));
  });
  EXPECT_EQ(error.kind, "daemon.late");
}

TEST(ConnectionTest, ADaemonThatGoesAwayIsLost) {
  Pair pair;
  pair.Say("{\"jsonrpc\":\"2.0\",\"id\":1,\"resu");
  pair.daemon.Reset();
  const Error error = FailureOf([&] { (void)pair.client->Receive(After(5)); });
  EXPECT_EQ(error.code, Code::kUnavailable);
  EXPECT_EQ(error.kind, "daemon.lost");
  EXPECT_EQ(FailureOf([&] { (void)pair.client->Call("ping", {}, Briefly(5)); }).kind,
            "daemon.lost");
}

TEST(ConnectionTest, LastWordsOfADaemonThatClosesAreHeard) {
  Pair pair;
  ErrorBody body;
  body.code = "invalid";
  body.kind = "protocol.request";
  pair.Say(EncodeErrorReply("", body));
  pair.daemon.Reset();
  EXPECT_EQ(FailureOf([&] { (void)pair.client->Call("ping", {}, Briefly(5)); }).kind,
            "protocol.request");
}

TEST(ConnectionTest, GarbageIsRefused) {
  for (const char* garbage :
       {"hello\n", "\n", "[]\n", "{\"id\":1}\n", "\xff\xfe\n", "{\"id\":1,\"error\":{}}\n"}) {
    Pair pair;
    pair.Say(garbage);
    EXPECT_EQ(FailureOf([&] { (void)pair.client->Receive(After(5)); }).code, Code::kInvalid)
        << garbage;
  }
}

TEST(ConnectionTest, ARequestThatIsTooLargeIsNotSent) {
  Pair pair;
  Params params;
  params.message = std::string(kMaxRequestBytes, 'x');
  EXPECT_EQ(FailureOf([&] { (void)pair.client->Send("revision", params, After(5)); }).kind,
            "protocol.too_large");
  EXPECT_EQ(pair.Heard(), "");
}

TEST(ConnectionTest, WaitsForTheEnd) {
  Pair pair;
  EXPECT_FALSE(pair.client->WaitForEnd(After(0)));
  pair.Say(EncodeNotification("event", "{}"));
  pair.daemon.Reset();
  EXPECT_TRUE(pair.client->WaitForEnd(After(5)));
}

class ConnectTest : public testing::Test {
 protected:
  ConnectTest() {
    std::string pattern = testing::TempDir() + "drover-connect-XXXXXX";
    directory_ = mkdtemp(pattern.data());
    path_ = directory_ + "/s";
  }
  ~ConnectTest() override {
    unlink(path_.c_str());
    rmdir(directory_.c_str());
  }
  ConnectTest(const ConnectTest&) = delete;
  ConnectTest& operator=(const ConnectTest&) = delete;

  [[nodiscard]] UniqueFd Bind() const {
    UniqueFd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path_.data(), path_.size());
    EXPECT_EQ(bind(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    return fd;
  }

  std::string directory_;
  std::string path_;
};

TEST_F(ConnectTest, NoSocketAndNobodyListeningAreOrdinaryAnswers) {
  EXPECT_FALSE(Connect(path_, After(1)).has_value());
  const UniqueFd bound = Bind();
  EXPECT_FALSE(Connect(path_, After(1)).has_value());
  ASSERT_EQ(listen(bound.get(), 1), 0);
  EXPECT_TRUE(Connect(path_, After(1)).has_value());
}

TEST_F(ConnectTest, ADaemonThatAcceptsNobodyIsLate) {
  const UniqueFd bound = Bind();
  ASSERT_EQ(listen(bound.get(), 0), 0);
  const auto first = Connect(path_, After(1));
  const Error error = FailureOf([&] {
    const auto second = Connect(path_, After(0.02));
    const auto third = Connect(path_, After(0.02));
  });
  EXPECT_EQ(error.code, Code::kTimedOut);
  EXPECT_EQ(error.message, Concat("the daemon does not accept connections on ", path_));
}

TEST_F(ConnectTest, APathThatIsTooLongIsNamed) {
  const Error error = FailureOf([&] { (void)Connect(std::string(200, 'x'), After(1)); });
  EXPECT_EQ(error.code, Code::kUnavailable);
  EXPECT_THAT(error.message, StartsWith("cannot connect to the daemon's socket xxx"));
}

}  // namespace
}  // namespace drover::client
