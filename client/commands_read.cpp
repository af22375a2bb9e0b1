#include <unistd.h>

#include "base/hints.h"
#include "base/text.h"
#include "client/commands.h"
#include "client/render/render.h"
#include "client/session.h"
#include "client/shell_variables.h"
#include "client/verbs.h"

namespace drover::client {
namespace {

std::string Ask(const Invocation& invocation, const Params& params) {
  Connection connection = Open(invocation);
  return connection.Call(invocation.verb->method, params, OptionsFor(invocation));
}

/// "-1" and "base" can only mean down.
bool MeansDown(std::string_view target) {
  return target == "base" ||
         (target.size() > 1 && target[0] == '-' && target[1] >= '0' && target[1] <= '9');
}

/// The version in a status document, without decoding all of it: `daemon` comes last.
std::string DaemonVersion(std::string_view document) {
  const std::size_t daemon = document.rfind(R"("daemon":{)");
  if (daemon == std::string_view::npos) return {};
  constexpr std::string_view kKey = R"("version":")";
  const std::size_t key = document.find(kKey, daemon);
  if (key == std::string_view::npos) return {};
  const std::string_view rest = document.substr(key + kKey.size());
  return std::string(rest.substr(0, rest.find('"')));
}

int DrawHistory(const Invocation& invocation, Params params) {
  Connection connection = Open(invocation);
  const CallOptions options = OptionsFor(invocation);
  const auto current =
      DecodeDocument<CurrentDocument>(connection.Call("current", ParamsFor(invocation), options));
  const auto ask = [&] {
    return DecodeDocument<RevisionsDocument>(connection.Call("history", params, options));
  };
  const RevisionsDocument shown = ask();
  // What is applied follows from the whole history, also for a part of it.
  const bool part = !params.target.empty();
  params.target.clear();
  const RevisionsDocument whole = part ? ask() : RevisionsDocument();
  Style style = invocation.out;
  if (invocation.arguments.ascii) style.unicode = false;
  Print(RenderHistoryGraph(shown, part ? whole : shown, current, style));
  return 0;
}

void AdviseMerge(std::size_t heads) {
  if (heads == 0) return;
  PrintError(Concat("drover: there are ", heads, " heads: ", kMergeHint, "\n"));
}

}  // namespace

int RunStatus(Invocation& invocation) {
  Params params = ParamsFor(invocation);
  params.cwd = invocation.cwd;
  params.refresh = invocation.arguments.fresh;
  const std::string json = Ask(invocation, params);
  const bool printed = PrintedAsJson(invocation, json);
  if (printed && !invocation.arguments.exit_code) {
    WarnOfVersionSkew(invocation, DaemonVersion(json));
    return 0;
  }
  const auto status = DecodeDocument<StatusDocument>(json);
  if (!printed) Print(RenderStatus(status, invocation.cwd, invocation.out));
  WarnOfVersionSkew(invocation, status.daemon.version);
  return invocation.arguments.exit_code ? StatusExitCode(status) : 0;
}

int RunCurrent(Invocation& invocation) {
  const std::string json = Ask(invocation, ParamsFor(invocation));
  if (PrintedAsJson(invocation, json)) return 0;
  Print(RenderCurrent(DecodeDocument<CurrentDocument>(json), invocation.out));
  return 0;
}

int RunHistory(Invocation& invocation) {
  const std::string_view verb = invocation.verb->name;
  if (invocation.arguments.ascii && !invocation.arguments.graph) {
    throw Error(Code::kInvalid, "usage", "--ascii is about --graph",
                "drover history --graph --ascii");
  }
  Params params = ParamsFor(invocation);
  params.select = verb == "history" ? "all" : verb;
  params.target =
      verb == "show" ? invocation.arguments.positionals.front() : invocation.arguments.range;
  if (invocation.arguments.graph && !invocation.arguments.json) {
    return DrawHistory(invocation, std::move(params));
  }
  const std::string json = Ask(invocation, params);
  if (PrintedAsJson(invocation, json)) return 0;
  const auto revisions = DecodeDocument<RevisionsDocument>(json);
  if (verb == "show") {
    Print(RenderShow(revisions, invocation.out));
  } else if (verb == "history") {
    Print(RenderHistory(revisions, invocation.out));
  } else {
    Print(RenderHeads(revisions, invocation.out));
    if (verb == "heads") AdviseMerge(revisions.to_merge.size());
  }
  return 0;
}

int RunPlan(Invocation& invocation) {
  const Arguments& arguments = invocation.arguments;
  Connection connection = Open(invocation);
  if (arguments.rehearse && arguments.sql) {
    throw Error(Code::kInvalid, "usage", "--rehearse does not go with --sql",
                "drover plan --rehearse");
  }
  int code = 0;
  for (Params& params : ParamsPerEnvironment(invocation)) {
    params.target = arguments.positionals.empty() ? std::string() : arguments.positionals.front();
    const bool down = arguments.down || MeansDown(params.target);
    if (down && params.target.empty()) params.target = "-1";
    if (down) params.direction = "down";
    params.sql = arguments.sql;
    params.draft = arguments.draft;
    params.rehearse = arguments.rehearse;
    const std::string json = connection.Call("plan", params, OptionsFor(invocation));
    PrintPlan(invocation, json);
    if (!params.rehearse) continue;
    const auto plan = DecodeDocument<PlanDocument>(json);
    const std::string outcome = plan.rehearsal ? plan.rehearsal->outcome : "";
    if (outcome == "failed") code = ExitCode(Code::kInvalid);
    if (outcome == "refused") code = ExitCode(Code::kRefused);
  }
  return code;
}

int RunWhere(Invocation& invocation) {
  Params params = ParamsFor(invocation);
  params.cwd = invocation.cwd;
  Connection connection = Open(invocation);
  const auto ask = [&] { return connection.Call("where", params, OptionsFor(invocation)); };
  std::string json = ask();
  auto where = DecodeDocument<WhereDocument>(json);
  // The daemon has named the variables that matter; it learns those that this shell sets.
  params.variables = WantedVariables(where, environ);
  if (!params.variables.empty()) {
    json = ask();
    where = DecodeDocument<WhereDocument>(json);
  }
  if (PrintedAsJson(invocation, json)) return 0;
  Print(RenderWhere(where, invocation.cwd, invocation.project, invocation.out));
  return 0;
}

}  // namespace drover::client
