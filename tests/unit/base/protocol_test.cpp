#include "base/protocol.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/clock.h"
#include "base/daemon_documents.h"
#include "base/plan_documents.h"
#include "base/status_documents.h"
#include "base/stray_documents.h"

namespace drover {
namespace {

using testing::ElementsAre;

template <class Action>
Error FailureOf(Action action) {
  try {
    action();
  } catch (const Error& error) {
    return error;
  }
  return {Code::kInternal, "none", "nothing was thrown"};
}

Request Decode(std::string_view line) {
  std::string id;
  return DecodeRequest(line, id);
}

TEST(ErrorTest, EveryCodeHasANameAndAnExitCode) {
  struct Row {
    Code code;
    std::string_view name;
    int exit;
  };
  for (const Row& row :
       {Row{Code::kInvalid, "invalid", 1}, Row{Code::kNotFound, "not_found", 1},
        Row{Code::kConflict, "conflict", 5}, Row{Code::kBusy, "busy", 5}, Row{Code::kIo, "io", 1},
        Row{Code::kCorrupt, "corrupt", 1}, Row{Code::kDrift, "drift", 4},
        Row{Code::kRefused, "refused", 8}, Row{Code::kCancelled, "cancelled", 130},
        Row{Code::kTimedOut, "timed_out", 7}, Row{Code::kUnavailable, "unavailable", 6},
        Row{Code::kInternal, "internal", 1}}) {
    EXPECT_EQ(CodeName(row.code), row.name);
    EXPECT_EQ(CodeFromName(row.name), row.code);
    EXPECT_EQ(ExitCode(row.code), row.exit);
  }
  EXPECT_EQ(CodeFromName("of tomorrow"), Code::kInternal);
}

TEST(ErrorTest, SystemErrorsNameTheObject) {
  const Error error = SystemError("open", "/a/b", ENOENT);
  EXPECT_EQ(error.code, Code::kNotFound);
  EXPECT_EQ(error.kind, "io.open");
  EXPECT_EQ(error.message, "cannot open /a/b: No such file or directory");
  EXPECT_EQ(SystemError("lock", "x", EAGAIN).code, Code::kBusy);
  EXPECT_EQ(SystemError("open", "x", EACCES).code, Code::kIo);
}

TEST(ErrorTest, TravelsThroughItsBody) {
  const Error error(Code::kRefused, "k", "m", "h", "f:1:2");
  const Error back = FromBody(ToBody(error));
  EXPECT_EQ(back.code, Code::kRefused);
  EXPECT_EQ(back.where, "f:1:2");
  EXPECT_EQ(ToBody(Error(Code::kIo, "k", "m")).where, std::nullopt);
}

TEST(RequestTest, DefaultsAreLeftOut) {
  EXPECT_EQ(EncodeRequest(7, "ping", {}),
            "{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"ping\",\"params\":{}}\n");
  Params params;
  params.project = "/p";
  params.environments = {"dev"};
  params.confirm = true;
  EXPECT_EQ(EncodeRequest(1, "upgrade", params),
            "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"upgrade\",\"params\":{\"project\":\"/p\","
            "\"environments\":[\"dev\"],\"confirm\":true}}\n");
}

TEST(RequestTest, RoundTrips) {
  Params params;
  params.project = "/p \"q\"\n";
  params.protocol = {1, 2};
  params.id = 9;
  const std::string line = EncodeRequest(3, "cancel", params);
  const Request request = Decode(line.substr(0, line.size() - 1));
  EXPECT_EQ(request.id_json, "3");
  EXPECT_EQ(request.id, 3);
  EXPECT_EQ(request.method, "cancel");
  EXPECT_EQ(request.params.project, "/p \"q\"\n");
  EXPECT_EQ(request.params.id, 9);
  EXPECT_THAT(request.given, ElementsAre("project", "protocol", "id"));
}

TEST(RequestTest, IdsAreEchoedAsWritten) {
  EXPECT_EQ(Decode(R"({"jsonrpc":"2.0","id":"a\"b","method":"ping"})").id_json, "\"a\\\"b\"");
  EXPECT_EQ(Decode(R"({"jsonrpc":"2.0","id":null,"method":"ping"})").id_json, "null");
  EXPECT_EQ(Decode(R"({"jsonrpc":"2.0","method":"ping"})").id_json, "");
}

TEST(RequestTest, WhatIsNoRequestIsNamed) {
  EXPECT_EQ(FailureOf([] { (void)Decode(""); }).kind, "protocol.json");
  EXPECT_EQ(FailureOf([] { (void)Decode("GET / HTTP/1.1"); }).kind, "protocol.json");
  EXPECT_EQ(FailureOf([] { (void)Decode("\xff"); }).kind, "protocol.json");
  EXPECT_EQ(FailureOf([] { (void)Decode("[]"); }).kind, "protocol.request");
  EXPECT_EQ(FailureOf([] { (void)Decode("{}"); }).kind, "protocol.request");
  EXPECT_EQ(FailureOf([] { (void)Decode(R"({"jsonrpc":"1.0","method":"x"})"); }).kind,
            "protocol.request");
  EXPECT_EQ(FailureOf([] { (void)Decode(R"({"jsonrpc":"2.0","method":7})"); }).kind,
            "protocol.request");
  EXPECT_EQ(FailureOf([] { (void)Decode(R"({"jsonrpc":"2.0","id":{},"method":"x"})"); }).kind,
            "protocol.request");
  EXPECT_EQ(FailureOf([] { (void)Decode(std::string(65, '[')); }).kind, "protocol.depth");
  // Found by the fuzzer's kind of input: the parser throws something else than for bad syntax.
  EXPECT_EQ(FailureOf([] { (void)Decode(R"({"jsonrpc":"2.0","id":1e999,"method":"x"})"); }).kind,
            "protocol.json");
}

TEST(RequestTest, AnIdThatFitsNoIntegerIsOnlyEchoed) {
  std::string id;
  const Request request =
      DecodeRequest(R"({"jsonrpc":"2.0","id":18446744073709551615,"method":"x"})", id);
  EXPECT_EQ(id, "18446744073709551615");
  EXPECT_FALSE(request.id.has_value());
}

TEST(RequestTest, WrongParametersKeepTheId) {
  std::string id;
  const auto decode = [&](std::string_view params) {
    id.clear();
    const std::string line = std::string(R"({"jsonrpc":"2.0","id":5,"method":"x","params":)") +
                             std::string(params) + "}";
    return FailureOf([&] { (void)DecodeRequest(line, id); }).kind;
  };
  EXPECT_EQ(decode(R"({"project":7})"), "protocol.params");
  EXPECT_EQ(id, "5");
  EXPECT_EQ(decode(R"({"environments":"dev"})"), "protocol.params");
  EXPECT_EQ(decode(R"({"confirm":"yes"})"), "protocol.params");
  EXPECT_EQ(decode("[1]"), "protocol.params");
  EXPECT_EQ(decode("null"), "protocol.params");
  EXPECT_EQ(decode(R"({"id":1e20})"), "protocol.params");
  EXPECT_EQ(decode(R"({"id":1.5})"), "protocol.params");
  EXPECT_EQ(decode(R"({"id":18446744073709551615})"), "protocol.params");
  EXPECT_EQ(decode(R"({"protocol":[4294967296]})"), "protocol.params");
  EXPECT_EQ(decode(R"({"id":true})"), "protocol.params");
}

TEST(ReplyTest, ResultsAreCutOutAsTheyAre) {
  const Reply reply = DecodeReply(R"({"jsonrpc":"2.0","id":4,"result":{"a": "}\"]", "b":[{}]}})");
  EXPECT_EQ(reply.id, 4);
  EXPECT_EQ(reply.result_json, R"({"a": "}\"]", "b":[{}]})");
  EXPECT_FALSE(reply.error.has_value());
}

TEST(ReplyTest, OtherSpellingsAreUnderstoodToo) {
  const Reply reply = DecodeReply(R"({ "result" : {"a":1}, "id": 4, "jsonrpc":"2.0"})");
  EXPECT_EQ(reply.id, 4);
  EXPECT_EQ(reply.result_json, R"({"a":1})");
  EXPECT_EQ(DecodeReply(R"({"jsonrpc":"2.0","id":4,"result":{},"more":{}})").result_json, "{}");
  EXPECT_EQ(DecodeReply(R"({"jsonrpc":"2.0","id":4,"result":[1]})").result_json, "[1]");
}

TEST(ReplyTest, ErrorsAndNotifications) {
  ErrorBody body;
  body.code = "busy";
  body.message = "later";
  std::string line = EncodeErrorReply("2", body);
  line.pop_back();
  EXPECT_EQ(DecodeReply(line).error->message, "later");
  line = EncodeNotification("event", R"({"event":"applied"})");
  line.pop_back();
  EXPECT_EQ(DecodeReply(line).method, "event");
  EXPECT_EQ(DecodeReply(line).result_json, R"({"event":"applied"})");
}

TEST(ReplyTest, WhatIsNoReplyIsNamed) {
  const auto kind = [](std::string_view line) {
    return FailureOf([&] { (void)DecodeReply(line); }).kind;
  };
  EXPECT_EQ(kind(""), "protocol.json");
  EXPECT_EQ(kind(R"({"jsonrpc":"2.0","id":4,"result":{"a":1})"), "protocol.json");
  EXPECT_EQ(kind(R"({"jsonrpc":"2.0","id":4,"result":{"a":1}}})"), "protocol.json");
  EXPECT_EQ(kind(R"({"jsonrpc":"2.0","id":4})"), "protocol.reply");
  EXPECT_EQ(kind("[]"), "protocol.reply");
  EXPECT_EQ(kind("7"), "protocol.reply");
  EXPECT_EQ(kind(R"({"id":4,"error":{"code":1}})"), "protocol.reply");
}

TEST(ReplyTest, ErrorNumbersFollowJsonRpc) {
  const auto number = [](std::string code, std::string kind) {
    ErrorBody body;
    body.code = std::move(code);
    body.kind = std::move(kind);
    const std::string line = EncodeErrorReply("1", body);
    const std::size_t at = line.find("\"code\":") + 7;
    return line.substr(at, line.find(',', at) - at);
  };
  EXPECT_EQ(number("invalid", "protocol.json"), "-32700");
  EXPECT_EQ(number("invalid", "protocol.request"), "-32600");
  EXPECT_EQ(number("not_found", "protocol.method"), "-32601");
  EXPECT_EQ(number("invalid", "protocol.params"), "-32602");
  EXPECT_EQ(number("internal", ""), "-32603");
  EXPECT_EQ(number("not_found", "revision.unknown"), "-32001");
}

TEST(DocumentTest, KeysAreTheContract) {
  EXPECT_EQ(EncodeDocument(DoneDocument{}), R"({"v":1,"ok":true,"message":""})");
  ErrorDocument error;
  error.error.message = "m";
  EXPECT_EQ(
      EncodeDocument(error),
      R"({"v":1,"error":{"code":"internal","kind":"","message":"m","hint":"","where":null}})");
  StraysDocument strays;
  strays.strays.resize(1);
  strays.strays[0].kind = "duplicate";
  EXPECT_EQ(
      EncodeDocument(strays),
      R"({"v":1,"project":"","strays":[{"path":"","class":"duplicate","size":0,"revision":[],)"
      R"("made_from":null,"holders":[],"score":null,"environment":null,"tables":[],)"
      R"("modified":"","message":"","fix":null,"rows":[],"fingerprint":"","hot":false,)"
      R"("ignored":false,"suspects":[],"without_wal":false}],"truncated":false,"archives":[]})");
  EXPECT_EQ(EncodeDocument(StatusDocument{}),
            R"({"v":1,"project":"","root":"","trusted":false,"environments":[],"strays":[],)"
            R"("findings":[],"next":null,"daemon":{"pid":0,"version":"","watching":""}})");
}

TEST(DocumentTest, UnknownKeysAreIgnoredMissingOnesKeepTheirDefault) {
  const auto plan =
      DecodeDocument<PlanDocument>(R"({"of_tomorrow":[{}],"applied":null,"sql":"x"})");
  EXPECT_EQ(plan.v, 1);
  EXPECT_EQ(plan.applied, std::nullopt);
  EXPECT_EQ(plan.sql, "x");
}

TEST(DocumentTest, WrongTypesAreNamed) {
  EXPECT_EQ(FailureOf([] { (void)DecodeDocument<DoneDocument>(R"({"ok":"yes"})"); }).kind,
            "protocol.document");
  EXPECT_EQ(FailureOf([] { (void)DecodeDocument<StatusDocument>(R"({"environments":{}})"); }).kind,
            "protocol.document");
  EXPECT_EQ(FailureOf([] { (void)DecodeDocument<StatusDocument>("null"); }).kind,
            "protocol.document");
  EXPECT_EQ(FailureOf([] { (void)DecodeDocument<DoneDocument>("{"); }).kind, "protocol.json");
}

TEST(DocumentTest, BytesThatAreNotUtf8AreReplaced) {
  DoneDocument done;
  done.message = "a\xff";
  EXPECT_EQ(EncodeDocument(done), "{\"v\":1,\"ok\":true,\"message\":\"a\xef\xbf\xbd\"}");
}

TEST(ClockTest, FormatsUtc) {
  const WallTime time = WallTime(std::chrono::milliseconds(1'770'938'418'042));
  EXPECT_EQ(FormatUtc(time), "2026-02-12T23:20:18Z");
  EXPECT_EQ(FormatUtcMilliseconds(time), "2026-02-12T23:20:18.042Z");
  EXPECT_EQ(FormatUtc(WallTime()), "1970-01-01T00:00:00Z");
  EXPECT_EQ(FormatUtcMilliseconds(WallTime(std::chrono::milliseconds(-1))),
            "1969-12-31T23:59:59.999Z");
}

}  // namespace
}  // namespace drover
