#include "base/text.h"
#include "client/ask.h"
#include "client/commands.h"
#include "client/render/render.h"
#include "client/session.h"
#include "client/verbs.h"

namespace drover::client {
namespace {

/// Shows what a dry run says would be destroyed.
void ShowPlan(const Invocation& invocation, Connection& connection, Params params) {
  params.dry_run = true;
  const std::string json = connection.Call(invocation.verb->method, params, OptionsFor(invocation));
  PrintError(RenderPlan(DecodeDocument<PlanDocument>(json), invocation.cwd, invocation.project,
                        invocation.err));
}

/// Asks about `refusal` and puts the answer into `params`; false when the answer is no.
bool Consent(const Invocation& invocation, Connection& connection, const Error& refusal,
             Params& params) {
  PrintError(Concat(Clean(refusal.message), "\n"));
  ShowPlan(invocation, connection, params);
  if (refusal.kind == "environment.protected") {
    params.confirm_environment = AskLine("Type the environment's name to go on: ");
    return !params.confirm_environment.empty();
  }
  params.confirm = IsYes(AskLine("Go on? [y/N] "));
  return params.confirm;
}

bool WasAnswered(const Error& refusal, const Params& params) {
  return refusal.kind == "environment.protected" ? !params.confirm_environment.empty()
                                                 : params.confirm;
}

/// What is only shown needs no daemon to go on with it.
CallOptions ChangeOptions(const Invocation& invocation, const Params& params) {
  CallOptions options = OptionsFor(invocation);
  if (params.dry_run || params.sql) return options;
  options.on_detach = [] {
    PrintError(
        "drover: detached: the migration goes on in the daemon; Ctrl-C again cancels it; drover "
        "watch shows it\n");
  };
  return options;
}

/// Carries out one request; on a terminal a refusal that a yes can lift is asked about. There are
/// two such questions, so it ends.
std::string Change(const Invocation& invocation, Connection& connection, Params params) {
  for (;;) {
    try {
      return connection.Call(invocation.verb->method, params, ChangeOptions(invocation, params));
    } catch (const Error& error) {
      const bool askable = error.code == Code::kRefused && (error.kind == "plan.destructive" ||
                                                            error.kind == "environment.protected");
      if (!askable || !CanAsk() || WasAnswered(error, params)) throw;
      if (!Consent(invocation, connection, error, params)) throw;
    }
  }
}

int RunNewRevision(const Invocation& invocation, const Params& params) {
  Connection connection = Open(invocation);
  const std::string json = connection.Call(invocation.verb->method, params, OptionsFor(invocation));
  if (PrintedAsJson(invocation, json)) return 0;
  Print(RenderNewRevision(DecodeDocument<NewRevisionDocument>(json), invocation.cwd,
                          invocation.project, invocation.out));
  return 0;
}

}  // namespace

int RunChange(Invocation& invocation) {
  const Arguments& arguments = invocation.arguments;
  Connection connection = Open(invocation);
  for (Params& params : ParamsPerEnvironment(invocation)) {
    params.target = arguments.positionals.empty() ? "head" : arguments.positionals.front();
    params.draft = arguments.draft;
    params.dry_run = arguments.dry_run;
    params.confirm = arguments.yes;
    params.confirm_environment = arguments.confirm;
    params.purge = arguments.purge;
    params.sql = arguments.sql;
    const std::string json = Change(invocation, connection, std::move(params));
    PrintPlan(invocation, json);
  }
  return 0;
}

int RunRevision(Invocation& invocation) {
  const Arguments& arguments = invocation.arguments;
  if (arguments.message.empty()) {
    throw Error(Code::kInvalid, "usage", "drover revision needs a message",
                "drover revision -m \"Add a table\"");
  }
  Params params = ParamsFor(invocation);
  params.message = arguments.message;
  params.head = arguments.head;
  params.splice = arguments.splice;
  params.branch_label = arguments.branch_label;
  params.depends_on = arguments.depends_on;
  params.rev_id = arguments.rev_id;
  params.no_draft = arguments.no_draft;
  return RunNewRevision(invocation, params);
}

int RunMerge(Invocation& invocation) {
  const Arguments& arguments = invocation.arguments;
  Params params = ParamsFor(invocation);
  params.revisions = arguments.positionals;
  params.message = arguments.message;
  params.rev_id = arguments.rev_id;
  params.branch_label = arguments.branch_label;
  return RunNewRevision(invocation, params);
}

int RunTrust(Invocation& invocation) {
  Connection connection = Open(invocation);
  const std::string json = connection.Call("trust", ParamsFor(invocation), OptionsFor(invocation));
  if (PrintedAsJson(invocation, json)) return 0;
  Print(RenderTrust(DecodeDocument<TrustDocument>(json), invocation.out));
  return 0;
}

}  // namespace drover::client
