#include "base/posix.h"
#include "base/text.h"
#include "client/commands.h"
#include "client/consent.h"
#include "client/render/render.h"
#include "client/session.h"
#include "client/verbs.h"

namespace drover::client {
namespace {

/// A path as the user means it; the id of an archive has no slash and names no file.
std::string PathOrArchiveOf(const Invocation& invocation) {
  const std::vector<std::string>& given = invocation.arguments.positionals;
  if (given.empty()) return {};
  const std::string& word = given.front();
  const std::string_view verb = invocation.verb->name;
  const bool may_be_id = verb == "strays restore" || verb == "strays adopt";
  const bool looks_like_id = word.find_first_not_of("0123456789abcdef-") == std::string::npos;
  if (may_be_id && looks_like_id) return word;
  return AbsolutePath(word, invocation.cwd);
}

Params StrayParams(const Invocation& invocation) {
  Params params = ParamsFor(invocation);
  params.target = PathOrArchiveOf(invocation);
  params.refresh = invocation.arguments.refresh;
  params.deep = invocation.arguments.deep;
  params.all = invocation.arguments.all;
  params.undo = invocation.arguments.undo;
  params.dry_run = invocation.arguments.dry_run;
  params.confirm = invocation.arguments.yes;
  params.confirm_environment = invocation.arguments.confirm;
  return params;
}

}  // namespace

int RunStrays(Invocation& invocation) {
  Connection connection = Open(invocation);
  const std::string json =
      connection.Call("strays", StrayParams(invocation), OptionsFor(invocation));
  if (PrintedAsJson(invocation, json)) return 0;
  const auto shown = invocation.arguments.all ? StraysShown::kAll : StraysShown::kTrouble;
  Print(RenderStrays(DecodeDocument<StraysDocument>(json), shown, invocation.cwd,
                     invocation.project, invocation.out));
  return 0;
}

int RunStraysDiff(Invocation& invocation) {
  Connection connection = Open(invocation);
  const std::string json =
      connection.Call("strays_diff", StrayParams(invocation), OptionsFor(invocation));
  if (PrintedAsJson(invocation, json)) return 0;
  Print(RenderStrayDiff(DecodeDocument<StrayDiffDocument>(json), invocation.cwd, invocation.project,
                        invocation.out));
  return 0;
}

int RunStraysRemedy(Invocation& invocation) {
  Connection connection = Open(invocation);
  Params params = StrayParams(invocation);
  if (params.target.empty()) {  // restore, of what?
    const std::string json = connection.Call("strays", params, OptionsFor(invocation));
    if (PrintedAsJson(invocation, json)) return 0;
    Print(RenderArchives(DecodeDocument<StraysDocument>(json), invocation.cwd, invocation.project,
                         invocation.out));
    return 0;
  }
  const auto preview = [&](std::string_view shown) {
    return RenderRemedy(DecodeDocument<RemedyDocument>(shown), invocation.cwd, invocation.project,
                        invocation.err);
  };
  const std::string json = CallWithConsent(invocation, connection, invocation.verb->method, params,
                                           preview, OptionsFor(invocation));
  if (PrintedAsJson(invocation, json)) return 0;
  Print(RenderRemedy(DecodeDocument<RemedyDocument>(json), invocation.cwd, invocation.project,
                     invocation.out));
  return 0;
}

}  // namespace drover::client
