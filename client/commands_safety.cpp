#include "base/posix.h"
#include "base/text.h"
#include "client/commands.h"
#include "client/consent.h"
#include "client/render/render.h"
#include "client/session.h"
#include "client/verbs.h"

namespace drover::client {
namespace {

int RunReplacement(const Invocation& invocation) {
  const Arguments& arguments = invocation.arguments;
  Connection connection = Open(invocation);
  for (Params& params : ParamsPerEnvironment(invocation)) {
    if (!arguments.positionals.empty()) params.target = arguments.positionals.front();
    if (!arguments.to.empty()) params.to = AbsolutePath(arguments.to, invocation.cwd);
    params.dry_run = arguments.dry_run;
    params.confirm = arguments.yes;
    params.confirm_environment = arguments.confirm;
    const auto preview = [&](std::string_view shown) {
      return RenderRestore(DecodeDocument<RestoreDocument>(shown), invocation.cwd,
                           invocation.project, invocation.err);
    };
    const std::string json = CallWithConsent(invocation, connection, invocation.verb->method,
                                             params, preview, OptionsFor(invocation));
    if (PrintedAsJson(invocation, json)) continue;
    Print(RenderRestore(DecodeDocument<RestoreDocument>(json), invocation.cwd, invocation.project,
                        invocation.out));
  }
  return 0;
}

}  // namespace

int RunBackup(Invocation& invocation) {
  Connection connection = Open(invocation);
  for (const Params& params : ParamsPerEnvironment(invocation)) {
    const std::string json = connection.Call("backup", params, OptionsFor(invocation));
    if (PrintedAsJson(invocation, json)) continue;
    Print(RenderBackup(DecodeDocument<BackupDocument>(json), invocation.cwd, invocation.project,
                       invocation.out));
  }
  return 0;
}

int RunBackups(Invocation& invocation) {
  const std::string json =
      Open(invocation).Call("backups", ParamsFor(invocation), OptionsFor(invocation));
  if (PrintedAsJson(invocation, json)) return 0;
  Print(RenderBackups(DecodeDocument<BackupsDocument>(json), invocation.out));
  return 0;
}

int RunRestore(Invocation& invocation) { return RunReplacement(invocation); }

int RunReset(Invocation& invocation) { return RunReplacement(invocation); }

int RunVerify(Invocation& invocation) {
  Params params = ParamsFor(invocation);
  if (!invocation.arguments.positionals.empty()) {
    params.target = invocation.arguments.positionals.front();
  }
  const std::string json = Open(invocation).Call("verify", params, OptionsFor(invocation));
  const auto verified = DecodeDocument<VerifyDocument>(json);
  if (!PrintedAsJson(invocation, json)) Print(RenderVerify(verified, invocation.out));
  return verified.outcome == "ok" ? 0 : ExitCode(Code::kInvalid);
}

int RunLog(Invocation& invocation) {
  Params params = ParamsFor(invocation);
  if (!invocation.arguments.limit.empty()) {
    const auto limit = ParseInteger(invocation.arguments.limit);
    if (!limit || *limit < 1) {
      throw Error(Code::kInvalid, "usage",
                  Concat("--limit must be a number from 1, not ", invocation.arguments.limit),
                  "drover log --limit 5");
    }
    params.limit = *limit;
  }
  const std::string json = Open(invocation).Call("log", params, OptionsFor(invocation));
  if (PrintedAsJson(invocation, json)) return 0;
  Print(RenderLog(DecodeDocument<LogDocument>(json), invocation.out));
  return 0;
}

}  // namespace drover::client
