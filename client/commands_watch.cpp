#include <algorithm>

#include "base/text.h"
#include "client/commands.h"
#include "client/render/render.h"
#include "client/session.h"
#include "client/verbs.h"

namespace drover::client {
namespace {

constexpr double kWaitSeconds = 60;
// Events say when to look again; this is for what no event tells, and for a droverd that has none.
constexpr double kLookAgainSeconds = 1;

std::string Describe(const EnvironmentStatus& environment) {
  std::string text = Concat(environment.name, " is ", environment.state);
  if (environment.pending > 0) {
    text += Concat(" (", Count(static_cast<std::size_t>(environment.pending), "migration"),
                   " pending)");
  }
  if (environment.error) {
    text += Concat(": ", environment.error->message);
  } else if (!environment.why.empty()) {
    text += Concat(": ", environment.why);
  }
  return text;
}

/// The error that waiting longer cannot mend, if there is one.
std::optional<Error> Hopeless(const StatusDocument& status) {
  for (const EnvironmentStatus& environment : status.environments) {
    const bool failed = environment.state == "failed";
    if (!failed && environment.state != "conflict") continue;
    const Code code = failed ? Code::kInvalid : Code::kConflict;
    Error error{code, Concat("environment.", environment.state), Describe(environment),
                status.next.value_or("drover status")};
    if (environment.error) {
      if (!environment.error->kind.empty()) error.kind = environment.error->kind;
      if (!environment.error->hint.empty()) error.hint = environment.error->hint;
      error.where = environment.error->where.value_or("");
    }
    return error;
  }
  return std::nullopt;
}

bool AllCurrent(const StatusDocument& status) {
  return std::all_of(status.environments.begin(), status.environments.end(),
                     [](const EnvironmentStatus& one) { return one.state == "current"; });
}

Error StillWaiting(const StatusDocument& status, double seconds) {
  std::string message = Concat("after ", static_cast<std::int64_t>(seconds + 0.5), " s ");
  bool first = true;
  for (const EnvironmentStatus& environment : status.environments) {
    if (environment.state == "current") continue;
    message += Concat(first ? "" : "; ", Describe(environment));
    first = false;
  }
  return {Code::kTimedOut, "wait.timed_out", std::move(message),
          status.next.value_or("drover status")};
}

/// Waits for an event or until it is time to look again; takes every event that is there already.
void AwaitChange(Connection& connection, const Deadline& deadline) {
  const Deadline look_again = std::min(*deadline, *After(kLookAgainSeconds));
  if (!connection.Receive(look_again)) return;
  while (connection.Receive(After(0))) {
  }
}

/// Subscribes; a droverd that cannot tell events is asked again and again instead.
void TrySubscribe(Connection& connection, const Params& params, const CallOptions& options) {
  try {
    [[maybe_unused]] const std::string done = connection.Call("subscribe", params, options);
  } catch (const Error& error) {
    if (!connection.local()) throw;
  }
}

}  // namespace

int RunWait(Invocation& invocation) {
  CallOptions options;
  options.seconds = invocation.arguments.timeout_seconds.value_or(kWaitSeconds);
  options.deadline = After(options.seconds);
  Connection connection = Open(invocation);
  Params subscription;
  subscription.project = invocation.project;
  TrySubscribe(connection, subscription, options);
  Params params = ParamsFor(invocation);
  params.cwd = invocation.cwd;
  for (;;) {
    const std::string json = connection.Call("status", params, options);
    const auto status = DecodeDocument<StatusDocument>(json);
    if (AllCurrent(status)) {
      if (!PrintedAsJson(invocation, json)) {
        for (const EnvironmentStatus& environment : status.environments) {
          Print(Concat(StateMark("current", invocation.out), " ", Clean(environment.name),
                       " is current at ", Clean(Join(environment.current, ", ")), "\n"));
        }
      }
      return 0;
    }
    if (std::optional<Error> error = Hopeless(status)) throw Error(*error);
    if (std::chrono::steady_clock::now() >= *options.deadline) {
      throw StillWaiting(status, options.seconds);
    }
    AwaitChange(connection, options.deadline);
    if (std::chrono::steady_clock::now() >= *options.deadline) {
      throw StillWaiting(status, options.seconds);
    }
  }
}

namespace {

int Watch(Invocation& invocation) {
  Connection connection = Open(invocation);
  CallOptions options = OptionsFor(invocation);
  if (!options.deadline) {
    options.seconds = 10;
    options.deadline = After(options.seconds);
  }
  Params params;
  params.project = invocation.project;
  [[maybe_unused]] const std::string done = connection.Call("subscribe", params, options);
  PrintError(invocation.arguments.json
                 ? std::string()
                 : Concat("watching ", Clean(invocation.project), " (Ctrl-C ends)\n"));
  const Deadline end =
      invocation.arguments.timeout_seconds ? options.deadline : Deadline(std::nullopt);
  for (;;) {
    const std::optional<Reply> reply = connection.Receive(end);
    if (!reply) return 0;
    if (reply->method != "event") continue;
    if (PrintedAsJson(invocation, reply->result_json)) continue;
    Print(RenderEvent(DecodeDocument<EventDocument>(reply->result_json), invocation.cwd,
                      invocation.project, invocation.out));
  }
}

}  // namespace

int RunWatch(Invocation& invocation) {
  try {
    return Watch(invocation);
  } catch (const Error& error) {
    // Ctrl-C is how one ends it, and no error.
    if (error.kind != "interrupted") throw;
    return ExitCode(error.code);
  }
}

}  // namespace drover::client
