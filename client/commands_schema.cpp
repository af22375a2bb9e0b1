#include "base/text.h"
#include "client/commands.h"
#include "client/consent.h"
#include "client/render/render.h"
#include "client/session.h"
#include "client/verbs.h"

namespace drover::client {
namespace {

constexpr int kDifferent = 4;

std::string AskForSchema(const Invocation& invocation, const Params& params) {
  Connection connection = Open(invocation);
  return connection.Call(invocation.verb->method, params, OptionsFor(invocation));
}

int RemedyDrift(const Invocation& invocation) {
  const Arguments& arguments = invocation.arguments;
  if (arguments.fix && arguments.adopt) {
    throw Error(Code::kInvalid, "usage", "--fix and --adopt are two ways: choose one",
                "drover drift --fix --dry-run");
  }
  const std::string_view method = arguments.fix ? "drift_fix" : "drift_adopt";
  Connection connection = Open(invocation);
  for (Params& params : ParamsPerEnvironment(invocation)) {
    params.dry_run = arguments.dry_run;
    params.confirm = arguments.yes;
    params.confirm_environment = arguments.confirm;
    if (arguments.adopt) params.message = arguments.message;
    const auto preview = [&](std::string_view shown) {
      return RenderDriftRemedy(DecodeDocument<DriftRemedyDocument>(shown), invocation.cwd,
                               invocation.project, invocation.err);
    };
    const std::string json =
        CallWithConsent(invocation, connection, method, params, preview, OptionsFor(invocation));
    if (PrintedAsJson(invocation, json)) continue;
    Print(RenderDriftRemedy(DecodeDocument<DriftRemedyDocument>(json), invocation.cwd,
                            invocation.project, invocation.out));
  }
  return 0;
}

}  // namespace

int RunSchema(Invocation& invocation) {
  const Arguments& arguments = invocation.arguments;
  if (!arguments.positionals.empty() && !arguments.environments.empty()) {
    throw Error(Code::kInvalid, "usage", "name an environment or something else, not both",
                "drover schema -e dev");
  }
  Params params = ParamsFor(invocation);
  params.cwd = invocation.cwd;
  if (!arguments.positionals.empty()) params.from = arguments.positionals.front();
  const std::string json = AskForSchema(invocation, params);
  if (PrintedAsJson(invocation, json)) return 0;
  Print(DecodeDocument<SchemaDocument>(json).sql);
  return 0;
}

int RunDiff(Invocation& invocation) {
  const Arguments& arguments = invocation.arguments;
  Params params = ParamsFor(invocation);
  params.cwd = invocation.cwd;
  if (!arguments.positionals.empty()) params.from = arguments.positionals[0];
  if (arguments.positionals.size() > 1) params.to = arguments.positionals[1];
  const std::string json = AskForSchema(invocation, params);
  const bool printed = PrintedAsJson(invocation, json);
  const auto diff = DecodeDocument<DiffDocument>(json);
  if (!printed) {
    Print(RenderSchemaDiff(diff, invocation.cwd, invocation.project, invocation.out));
  }
  return arguments.exit_code && !diff.equal ? kDifferent : 0;
}

int RunCheck(Invocation& invocation) {
  const std::string json = AskForSchema(invocation, ParamsFor(invocation));
  const bool printed = PrintedAsJson(invocation, json);
  const auto check = DecodeDocument<CheckDocument>(json);
  if (!printed) Print(RenderCheck(check, invocation.out));
  return check.ok ? 0 : kDifferent;
}

int RunDrift(Invocation& invocation) {
  const Arguments& arguments = invocation.arguments;
  if (arguments.fix || arguments.adopt) return RemedyDrift(invocation);
  if (arguments.dry_run || arguments.yes || !arguments.message.empty() ||
      !arguments.confirm.empty()) {
    throw Error(Code::kInvalid, "usage",
                "--dry-run, --yes, --confirm and -m are about --fix and --adopt",
                "drover drift --fix --dry-run");
  }
  const std::string json = AskForSchema(invocation, ParamsFor(invocation));
  const bool printed = PrintedAsJson(invocation, json);
  const auto drift = DecodeDocument<DriftDocument>(json);
  if (!printed) Print(RenderDrift(drift, invocation.cwd, invocation.project, invocation.out));
  return drift.drift ? kDifferent : 0;
}

}  // namespace drover::client
