#include "client/consent.h"

#include "base/error.h"
#include "base/text.h"
#include "client/ask.h"
#include "client/render/style.h"

namespace drover::client {
namespace {

bool AsksForName(const Error& refusal) { return refusal.kind == "environment.protected"; }

bool CanBeLifted(const Error& refusal, const Params& params) {
  if (refusal.code != Code::kRefused) return false;
  if (AsksForName(refusal)) return params.confirm_environment.empty();
  const bool plain = refusal.kind == "plan.destructive" || refusal.kind.ends_with(".unconfirmed");
  return plain && !params.confirm;
}

void ShowPreview(const Invocation& invocation, Connection& connection, std::string_view method,
                 const RenderPreview& render, Params params) {
  params.dry_run = true;
  PrintError(render(connection.Call(method, params, OptionsFor(invocation))));
}

/// Puts the answer into `params`; false when it is no.
bool Ask(const Error& refusal, Params& params) {
  PrintError(Concat(Clean(refusal.message), "\n"));
  if (AsksForName(refusal)) {
    params.confirm_environment = AskLine("Type the environment's name to go on: ");
    return !params.confirm_environment.empty();
  }
  params.confirm = IsYes(AskLine("Go on? [y/N] "));
  return params.confirm;
}

}  // namespace

std::string CallWithConsent(const Invocation& invocation, Connection& connection,
                            std::string_view method, Params& params, const RenderPreview& render,
                            const CallOptions& options) {
  for (;;) {
    try {
      return connection.Call(method, params, options);
    } catch (const Error& error) {
      if (!CanBeLifted(error, params)) throw;
      if (CanAsk() || !invocation.arguments.json) {
        ShowPreview(invocation, connection, method, render, params);
      }
      if (!CanAsk() || !Ask(error, params)) throw;
    }
  }
}

}  // namespace drover::client
