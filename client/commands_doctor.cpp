#include "base/doctor_documents.h"
#include "base/text.h"
#include "client/ask.h"
#include "client/commands.h"
#include "client/render/doctor.h"
#include "client/session.h"
#include "client/verbs.h"

namespace drover::client {
namespace {

Params DoctorParams(const Invocation& invocation) {
  Params params = ParamsFor(invocation);
  params.cwd = invocation.cwd;
  params.dry_run = invocation.arguments.dry_run;
  params.confirm = invocation.arguments.yes;
  return params;
}

/// The code of `drover doctor CODE` or `--explain CODE`; empty without one.
std::string CodeOf(const Arguments& arguments) {
  if (!arguments.explain.empty()) return arguments.explain;
  return arguments.positionals.empty() ? std::string() : arguments.positionals.front();
}

void CheckArguments(const Arguments& arguments) {
  const bool explains = !CodeOf(arguments).empty();
  if (!arguments.explain.empty() && !arguments.positionals.empty()) {
    throw Error(Code::kInvalid, "usage", "doctor explains one code at a time",
                Concat("drover doctor ", arguments.positionals.front()));
  }
  if (explains && arguments.fix) {
    throw Error(Code::kInvalid, "usage", "--fix takes no code: it is about everything that is safe",
                "drover doctor --fix --dry-run");
  }
  if (!arguments.fix && (arguments.dry_run || arguments.yes)) {
    throw Error(Code::kInvalid, "usage", "--dry-run and --yes are about --fix",
                "drover doctor --fix --dry-run");
  }
}

int ExplainCode(const Invocation& invocation, const std::string& code) {
  Params params;
  params.target = code;
  Connection connection = Open(invocation);
  const std::string json = connection.Call("explain", params, OptionsFor(invocation));
  if (!PrintedAsJson(invocation, json)) {
    Print(RenderExplanation(DecodeDocument<ExplainDocument>(json), invocation.out));
  }
  return 0;
}

/// Shows what would be done; asks on a terminal. What is only refused because nobody has said yes
/// is thrown again when nobody does.
std::string AskAndFix(const Invocation& invocation, Connection& connection, Params& params,
                      const Error& refusal) {
  Params dry_run = params;
  dry_run.dry_run = true;
  const auto preview = DecodeDocument<DoctorDocument>(
      connection.Call("doctor_fix", dry_run, OptionsFor(invocation)));
  if (!invocation.arguments.json) PrintError(RenderFixes(preview, invocation.err));
  if (!CanAsk() || !IsYes(AskLine("Go on? [y/N] "))) throw Error(refusal);
  params.confirm = true;
  return connection.Call("doctor_fix", params, OptionsFor(invocation));
}

std::string Fix(const Invocation& invocation, Connection& connection, Params& params) {
  try {
    return connection.Call("doctor_fix", params, OptionsFor(invocation));
  } catch (const Error& error) {
    if (error.kind != "doctor.unconfirmed") throw;
    return AskAndFix(invocation, connection, params, error);
  }
}

}  // namespace

int RunDoctor(Invocation& invocation) {
  const Arguments& arguments = invocation.arguments;
  CheckArguments(arguments);
  if (const std::string code = CodeOf(arguments); !code.empty()) {
    return ExplainCode(invocation, code);
  }
  Params params = DoctorParams(invocation);
  Connection connection = Open(invocation);
  const std::string json = arguments.fix
                               ? Fix(invocation, connection, params)
                               : connection.Call("doctor", params, OptionsFor(invocation));
  const auto doctor = DecodeDocument<DoctorDocument>(json);
  if (!PrintedAsJson(invocation, json)) {
    if (arguments.fix) Print(RenderFixes(doctor, invocation.out));
    Print(RenderDoctor(doctor, arguments.fix ? FixesShown::kNone : FixesShown::kHint,
                       invocation.cwd, invocation.out));
  }
  return doctor.healthy ? 0 : 1;
}

}  // namespace drover::client
