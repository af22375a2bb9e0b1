#include <chrono>
#include <unistd.h>

#include "base/paths.h"
#include "base/text.h"
#include "client/commands.h"
#include "client/help.h"
#include "client/render/render.h"
#include "client/session.h"
#include "client/verbs.h"

namespace drover::client {
namespace {

// Longer than the daemon takes to finish or interrupt what it is doing (docs/daemon.md).
constexpr double kStopSeconds = 30;

Params HelloParams() {
  Params params;
  params.client = "drover " DROVER_VERSION;
  params.protocol = {kProtocol, kProtocol};
  return params;
}

std::string Hello(const Invocation& invocation, Connection& connection) {
  return connection.Call("hello", HelloParams(), OptionsFor(invocation));
}

void PrintDone(const Invocation& invocation, std::string_view json, std::string_view otherwise) {
  if (PrintedAsJson(invocation, json)) return;
  const auto done = DecodeDocument<DoneDocument>(json);
  Print(Concat(done.message.empty() ? otherwise : Clean(done.message), "\n"));
}

/// Asks the daemon to stop and waits until it is gone. Nothing when none was running.
std::optional<std::string> Stop(const Invocation& invocation) {
  std::optional<Connection> connection = OpenRunning(invocation);
  if (!connection) return std::nullopt;
  CallOptions options = OptionsFor(invocation);
  if (!options.deadline) {
    options.seconds = kStopSeconds;
    options.deadline = After(kStopSeconds);
  }
  const pid_t pid = connection->peer();
  std::string json = connection->Call("stop", Params(), options);
  if (!connection->WaitForEnd(options.deadline)) {
    throw Error(Code::kTimedOut, "daemon.late",
                Concat("the daemon (pid ", pid, ") was asked to stop but is still there"),
                Concat("kill ", pid));
  }
  return json;
}

}  // namespace

int RunPing(Invocation& invocation) {
  const auto begun = std::chrono::steady_clock::now();
  Connection connection = Open(invocation);
  const std::string json = connection.Call("ping", Params(), OptionsFor(invocation));
  const auto took = std::chrono::duration_cast<std::chrono::microseconds>(
      std::chrono::steady_clock::now() - begun);
  if (PrintedAsJson(invocation, json)) return 0;
  const auto hello = DecodeDocument<HelloDocument>(json);
  Print(Concat(Clean(hello.server), " (pid ", hello.pid, ") answered in ", took.count(), " µs\n"));
  return 0;
}

int RunDaemonStart(Invocation& invocation) {
  const bool running = OpenRunning(invocation).has_value();
  Connection connection = Open(invocation);
  const std::string json = Hello(invocation, connection);
  if (PrintedAsJson(invocation, json)) return 0;
  const auto hello = DecodeDocument<HelloDocument>(json);
  Print(Concat(Clean(hello.server), running ? " is running already" : " started", " (pid ",
               hello.pid, ")\n"));
  return 0;
}

int RunDaemonStop(Invocation& invocation) {
  const std::optional<std::string> json = Stop(invocation);
  DoneDocument none;
  none.message = "no daemon is running";
  PrintDone(invocation, json.value_or(EncodeDocument(none)), "stopped");
  return 0;
}

int RunDaemonRestart(Invocation& invocation) {
  const std::optional<std::string> stopped = Stop(invocation);
  Connection connection = Open(invocation);
  const std::string json = Hello(invocation, connection);
  if (PrintedAsJson(invocation, json)) return 0;
  const auto hello = DecodeDocument<HelloDocument>(json);
  Print(
      Concat(Clean(hello.server), stopped ? " restarted" : " started", " (pid ", hello.pid, ")\n"));
  return 0;
}

int RunDaemonReload(Invocation& invocation) {
  Connection connection = Open(invocation);
  PrintDone(invocation, connection.Call("reload", Params(), OptionsFor(invocation)), "reloaded");
  return 0;
}

int RunDaemonStatus(Invocation& invocation) {
  Connection connection = Open(invocation);
  const std::string json = Hello(invocation, connection);
  if (PrintedAsJson(invocation, json)) return 0;
  const auto hello = DecodeDocument<HelloDocument>(json);
  Print(RenderHello(hello, invocation.out));
  WarnOfVersionSkew(invocation, hello.version);
  return 0;
}

int RunVersion(Invocation& invocation) {
  Print(invocation.arguments.json
            ? Concat(R"({"v":1,"version":")", DROVER_VERSION, R"(","protocol":)", kProtocol, "}\n")
            : std::string("drover " DROVER_VERSION "\n"));
  return 0;
}

int RunHelp(Invocation& invocation) {
  const std::string name = Join(invocation.arguments.positionals, " ");
  if (name.empty()) {
    Print(RenderOverview(invocation.out));
    return 0;
  }
  if (name == "daemon") {
    for (const Verb& verb : Verbs()) {
      if (verb.name.starts_with("daemon ")) {
        Print(
            Concat(RenderVerbHelp(verb, invocation.out), verb.name == "daemon status" ? "" : "\n"));
      }
    }
    return 0;
  }
  const Verb* verb = FindVerb(name);
  if (verb == nullptr) {
    std::vector<std::string_view> names;
    for (const Verb& one : Verbs()) names.push_back(one.name);
    throw Error(Code::kInvalid, "usage",
                Concat("unknown verb \"", name, "\"", DidYouMean(name, names)), "drover help");
  }
  Print(RenderVerbHelp(*verb, invocation.out));
  return 0;
}

}  // namespace drover::client
