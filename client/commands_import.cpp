#include "base/import_documents.h"
#include "base/posix.h"
#include "base/text.h"
#include "client/commands.h"
#include "client/render/render.h"
#include "client/session.h"
#include "client/verbs.h"

namespace drover::client {

int RunImport(Invocation& invocation) {
  const Arguments& arguments = invocation.arguments;
  Params params = ParamsFor(invocation);
  if (!arguments.to.empty()) params.to = AbsolutePath(arguments.to, invocation.cwd);
  params.dry_run = arguments.dry_run;
  params.confirm = arguments.yes;
  params.partial = arguments.partial;
  const std::string json =
      Open(invocation).Call(invocation.verb->method, params, OptionsFor(invocation));
  const bool printed = PrintedAsJson(invocation, json);
  const auto imported = DecodeDocument<ImportDocument>(json);
  if (!printed) {
    Print(RenderImport(imported, invocation.cwd, invocation.project, invocation.out));
  }
  if (imported.error) throw FromBody(*imported.error);
  return 0;
}

}  // namespace drover::client
