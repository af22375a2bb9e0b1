#include <algorithm>
#include <cstdlib>
#include <exception>
#include <string>
#include <unistd.h>
#include <vector>

#include "base/documents.h"
#include "base/error.h"
#include "base/error_documents.h"
#include "base/paths.h"
#include "base/posix.h"
#include "base/text.h"
#include "client/arguments.h"
#include "client/commands.h"
#include "client/help.h"
#include "client/interrupt.h"
#include "client/render/render.h"
#include "client/session.h"
#include "client/terminal.h"
#include "client/verbs.h"

namespace drover::client {
namespace {

constexpr int kUsageExit = 2;

int Run(const std::vector<std::string>& words) {
  CommandLine line = ParseArguments(words);
  Invocation invocation;
  invocation.verb = line.verb;
  invocation.arguments = std::move(line.arguments);
  invocation.out = DetectStyle(STDOUT_FILENO, invocation.arguments.color_mode);
  invocation.err = DetectStyle(STDERR_FILENO, invocation.arguments.color_mode);
  if (invocation.verb == nullptr) {
    Print(RenderOverview(invocation.out));
    return 0;
  }
  if (invocation.arguments.help) {
    Print(RenderVerbHelp(*invocation.verb, invocation.out));
    return 0;
  }
  if (invocation.verb->needs_project) {
    invocation.cwd = StartDirectory(invocation.arguments);
    invocation.project = RealPath(FindProjectRoot(invocation.cwd));
  }
  CatchInterrupts();
  return invocation.verb->run(invocation);
}

int Report(const Error& error, const std::vector<std::string>& all) {
  // What follows "--" is a command's, not ours.
  const std::vector<std::string> words(all.begin(), std::find(all.begin(), all.end(), "--"));
  if (std::find(words.begin(), words.end(), "--json") != words.end()) {
    ErrorDocument document;
    document.error = ToBody(error);
    PrintError(Concat(EncodeDocument(document), "\n"));
  } else {
    const bool never = std::find(words.begin(), words.end(), "--color=never") != words.end();
    PrintError(RenderError(
        error, DetectStyle(STDERR_FILENO, never ? ColorMode::kNever : ColorMode::kAuto)));
  }
  return error.kind == "usage" ? kUsageExit : ExitCode(error.code);
}

int Main(const std::vector<std::string>& words) {
  try {
    return Run(words);
  } catch (const Error& error) {
    return Report(error, words);
  } catch (const std::exception& error) {
    return Report(Error(Code::kInternal, "internal", error.what()), words);
  }
}

}  // namespace
}  // namespace drover::client

int main(int argc, char** argv) {
  return drover::client::Main(std::vector<std::string>(argv + (argc > 0 ? 1 : 0), argv + argc));
}
