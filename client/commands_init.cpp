#include <algorithm>
#include <cerrno>
#include <unistd.h>

#include "base/init_documents.h"
#include "base/text.h"
#include "client/ask.h"
#include "client/commands.h"
#include "client/helper.h"
#include "client/render/render.h"
#include "client/session.h"
#include "client/spawn.h"
#include "client/verbs.h"

namespace drover::client {
namespace {

constexpr double kSurveySeconds = 120;

InitDocument Survey(const Invocation& invocation) {
  const Arguments& arguments = invocation.arguments;
  SurveyRequest request;
  request.here = arguments.here;
  request.directory = invocation.cwd;
  if (!arguments.positionals.empty()) {
    request.directory = RealPath(AbsolutePath(arguments.positionals.front(), invocation.cwd));
  }
  const Deadline deadline = After(arguments.timeout_seconds.value_or(kSurveySeconds));
  return DecodeDocument<InitDocument>(RunHelper("--survey", EncodeDocument(request), deadline));
}

/// Before anybody is asked anything.
void CheckWritable(const InitDocument& init) {
  if (access(init.root.c_str(), W_OK) == 0) return;
  Error error = SystemError("write", init.config, errno);
  error.hint = "drover init --dry-run prints what it would be";
  throw error;
}

bool Consent(const InitDocument& init, const Invocation& invocation) {
  PrintError(Concat(init.text, "\n", RenderInit(init, invocation.cwd, invocation.err)));
  return IsYes(AskLine(Concat("\nWrite ", Clean(init.config), "? [y/N] ")));
}

void Write(InitDocument& init) {
  // The folders come last: a missing one is an empty one, but one without drover.yaml is litter.
  CreateFileDurably(init.config, init.text, 0644);
  for (const std::string& directory : init.create) MakeDirectories(directory, 0755);
  init.written = true;
}

/// The environment whose database --adopt is about. Throws kNotFound ("init.nothing_to_adopt").
std::string ToAdopt(const InitDocument& init) {
  const auto found = std::ranges::find_if(init.environments, [](const ProposedEnvironment& each) {
    return each.exists && each.revision.empty();
  });
  if (found != init.environments.end()) return found->name;
  throw Error(Code::kNotFound, "init.nothing_to_adopt",
              "no environment has a database without a version table: there is nothing to adopt",
              "drover init");
}

/// By a daemon of our own, since one that runs need not know of the project.
DriftRemedyDocument Adopt(Invocation& invocation, const InitDocument& init,
                          const std::string& environment) {
  invocation.project = init.root;
  Params params = ParamsFor(invocation);
  params.environments = {environment};
  params.confirm = true;
  try {
    return DecodeDocument<DriftRemedyDocument>(
        StartLocal().Call("drift_adopt", params, OptionsFor(invocation)));
  } catch (const Error& error) {
    Error told = error;
    told.message = Concat(init.config, " is written, nothing is adopted: ", error.message);
    throw told;
  }
}

}  // namespace

int RunInit(Invocation& invocation) {
  const Arguments& arguments = invocation.arguments;
  invocation.cwd = StartDirectory(arguments);
  InitDocument init = Survey(invocation);
  if (arguments.dry_run) {
    if (PrintedAsJson(invocation, EncodeDocument(init))) return 0;
    Print(init.text);
    PrintError(RenderInit(init, invocation.cwd, invocation.err));
    return 0;
  }
  CheckWritable(init);
  const std::string adopted = arguments.adopt ? ToAdopt(init) : std::string();
  if (!arguments.yes && !arguments.json && CanAsk() && !Consent(init, invocation)) {
    throw Error(Code::kCancelled, "declined", "nothing was written", "drover init --dry-run");
  }
  Write(init);
  if (!adopted.empty()) init.adopted = Adopt(invocation, init, adopted);
  if (PrintedAsJson(invocation, EncodeDocument(init))) return 0;
  Print(RenderInit(init, invocation.cwd, invocation.out));
  return 0;
}

}  // namespace drover::client
