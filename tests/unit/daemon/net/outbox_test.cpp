#include "daemon/net/outbox.h"

#include <array>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <string>

#include "base/protocol.h"

namespace drover::daemon {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

std::string Drain(Outbox& outbox) {
  std::string all;
  std::array<iovec, 4> parts{};
  while (!outbox.empty()) {
    std::size_t bytes = 0;
    for (const iovec& part : outbox.Gather(parts)) {
      all.append(static_cast<const char*>(part.iov_base), part.iov_len);
      bytes += part.iov_len;
    }
    outbox.Consume(bytes);
  }
  return all;
}

TEST(OutboxTest, RepliesAndEventsKeepTheirOrder) {
  Outbox outbox;
  outbox.Push("1\n");
  outbox.PushEvent("2\n");
  outbox.Push("3\n");
  EXPECT_EQ(outbox.bytes(), 6U);
  EXPECT_EQ(Drain(outbox), "1\n2\n3\n");
  EXPECT_EQ(outbox.bytes(), 0U);
}

TEST(OutboxTest, APartlySentLineGoesOnWhereItStopped) {
  Outbox outbox;
  outbox.Push("abcdef\n");
  outbox.Push("gh\n");
  outbox.Consume(3);
  EXPECT_EQ(outbox.bytes(), 7U);
  EXPECT_EQ(Drain(outbox), "def\ngh\n");
}

TEST(OutboxTest, ConsumingMayEndInsideALaterLine) {
  Outbox outbox;
  for (const char* line : {"ab\n", "cd\n", "ef\n"}) outbox.Push(line);
  outbox.Consume(7);
  EXPECT_EQ(Drain(outbox), "f\n");
}

TEST(OutboxTest, TwoHundredFiftySixEventsMayWait) {
  Outbox outbox;
  for (int i = 0; i < 256; ++i) outbox.PushEvent("e\n");
  EXPECT_EQ(outbox.bytes(), 512U);
  EXPECT_THAT(Drain(outbox), Not(HasSubstr("overflow")));
}

TEST(OutboxTest, OneEventMoreTurnsAllIntoOneOverflow) {
  Outbox outbox;
  outbox.Push("reply\n");
  for (int i = 0; i < 300; ++i) outbox.PushEvent("e\n");
  const std::string sent = Drain(outbox);
  EXPECT_THAT(sent, StartsWith("reply\n{\"jsonrpc\":\"2.0\",\"method\":\"event\",\"params\":"
                               "{\"v\":1,\"event\":\"overflow\","));
  EXPECT_THAT(sent, Not(HasSubstr("e\ne\n")));
  EXPECT_EQ(sent.find("overflow"), sent.rfind("overflow"));
}

TEST(OutboxTest, AMebibyteOfEventsOverflowsToo) {
  Outbox outbox;
  outbox.PushEvent(std::string(600'000, 'a') + "\n");
  outbox.PushEvent(std::string(600'000, 'b') + "\n");
  EXPECT_LT(outbox.bytes(), 1000U);
  EXPECT_THAT(Drain(outbox), HasSubstr("overflow"));
}

TEST(OutboxTest, AnEventThatIsHalfSentIsFinishedBeforeTheOverflow) {
  Outbox outbox;
  outbox.PushEvent("first\n");
  outbox.Consume(2);
  for (int i = 0; i < 300; ++i) outbox.PushEvent("e\n");
  EXPECT_THAT(Drain(outbox), StartsWith("rst\n{\"jsonrpc\""));
}

TEST(OutboxTest, EventsFlowAgainAfterTheOverflowWasSent) {
  Outbox outbox;
  for (int i = 0; i < 300; ++i) outbox.PushEvent("e\n");
  (void)Drain(outbox);
  outbox.PushEvent("again\n");
  EXPECT_EQ(Drain(outbox), "again\n");
}

TEST(OutboxTest, RepliesAreNeverDropped) {
  Outbox outbox;
  for (int i = 0; i < 1000; ++i) outbox.Push("r\n");
  EXPECT_EQ(Drain(outbox).size(), 2000U);
}

std::string Huge(const std::string& id) {
  return EncodeResult(id, "\"" + std::string(kMaxReplyBytes, 'x') + "\"");
}

TEST(OutboxTest, AReplyBeyondTheLimitBecomesAnErrorWithItsId) {
  Outbox outbox;
  outbox.Push(Huge("17"));
  const std::string sent = Drain(outbox);
  EXPECT_THAT(sent, StartsWith("{\"jsonrpc\":\"2.0\",\"id\":17,\"error\":"));
  EXPECT_THAT(sent, HasSubstr("\"kind\":\"protocol.reply_too_large\""));
}

TEST(OutboxTest, AStringIdWithQuotesAndCommasIsRepeatedWhole) {
  Outbox outbox;
  outbox.Push(Huge(R"("a\",\"b,c")"));
  EXPECT_THAT(Drain(outbox), StartsWith(R"({"jsonrpc":"2.0","id":"a\",\"b,c","error":)"));
}

}  // namespace
}  // namespace drover::daemon
