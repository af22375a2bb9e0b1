#include "daemon/git_process.h"

#include <string_view>
#include <unistd.h>
#include <utility>

#include "base/error.h"
#include "base/posix.h"

extern char** environ;

namespace drover::daemon {
namespace {

/// Our own without git's, and what keeps git to itself (git(1), "Environment Variables").
std::vector<std::string> GitVariables() {
  std::vector<std::string> variables{"LC_ALL=C", "GIT_TERMINAL_PROMPT=0", "GIT_OPTIONAL_LOCKS=0",
                                     "GIT_NO_LAZY_FETCH=1"};
  for (char** each = environ; *each != nullptr; ++each) {
    const std::string_view variable(*each);
    if (variable.starts_with("GIT_") || variable.starts_with("LC_ALL=")) continue;
    variables.emplace_back(variable);
  }
  return variables;
}

}  // namespace

ChildResult RunGit(const std::string& directory, std::vector<std::string> arguments,
                   std::string input, ChildCommand::Errors errors,
                   std::chrono::milliseconds limit) {
  std::vector<std::string> all{"git", "--no-pager",
                               "-C",  directory,
                               "-c",  "core.fsmonitor=false",
                               "-c",  "core.hooksPath=/dev/null",
                               "-c",  "log.showSignature=false",
                               "-c",  "color.ui=false"};
  all.insert(all.end(), std::make_move_iterator(arguments.begin()),
             std::make_move_iterator(arguments.end()));
  try {
    return RunChild({.arguments = std::move(all),
                     .input = std::move(input),
                     .variables = GitVariables(),
                     .errors = errors,
                     .limit = limit});
  } catch (const Error& error) {
    if (error.kind != "io.start") throw;
    throw Error(Code::kUnavailable, "git.missing",
                "git is not installed where droverd looks for it", "apt-get install git");
  }
}

}  // namespace drover::daemon
