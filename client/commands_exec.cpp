#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <unistd.h>

#include "base/init_documents.h"
#include "base/text.h"
#include "client/commands.h"
#include "client/session.h"
#include "client/verbs.h"

namespace drover::client {
namespace {

// What a shell exits with.
constexpr int kNotFoundExit = 127;
constexpr int kCannotRunExit = 126;

void CheckName(const std::string& name) {
  const auto good = [](char c) { return IsLetter(c) || c == '_' || (c >= '0' && c <= '9'); };
  if (!name.empty() && std::ranges::all_of(name, good) && !(name[0] >= '0' && name[0] <= '9')) {
    return;
  }
  throw Error(Code::kInvalid, "usage",
              Concat("--var takes the name of a variable, not \"", Excerpt(name, 40), "\""),
              "drover exec --var DATABASE_URL -- CMD");
}

void CheckExecArguments(const Arguments& arguments) {
  for (const std::string& name : arguments.vars) CheckName(name);
  if (arguments.environments.size() > 1) {
    throw Error(Code::kInvalid, "usage", "a command is run on one environment at a time",
                Concat("drover exec -e ", ShellQuote(arguments.environments.front()), " -- CMD"));
  }
  if (!arguments.positionals.empty() && arguments.positionals.front().empty()) {
    throw Error(Code::kInvalid, "usage", "the command of drover exec is empty", "drover help exec");
  }
}

/// Adds the variables of --var; they hold the URL whatever else would have set them.
void AddVariables(ExecDocument& exec, const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    std::erase_if(exec.variables, [&](const ExecVariable& each) { return each.name == name; });
    exec.variables.push_back({.name = name, .value = exec.url, .from = "--var"});
  }
}

/// The connection ends with this function: the command inherits nothing of it.
ExecDocument AskForVariables(const Invocation& invocation) {
  Connection connection = Open(invocation);
  auto exec = DecodeDocument<ExecDocument>(
      connection.Call("exec", ParamsFor(invocation), OptionsFor(invocation)));
  AddVariables(exec, invocation.arguments.vars);
  return exec;
}

std::string Explain(const ExecDocument& exec, const std::vector<std::string>& command) {
  std::string text;
  for (const ExecVariable& each : exec.variables) {
    text += Concat(Clean(each.name), "=", Clean(ShellQuote(each.value)), "  # ", Clean(each.from),
                   "\n");
  }
  if (!exec.exists) text += Concat("# ", Clean(exec.path), " does not exist yet\n");
  text += Concat("cd ", Clean(ShellQuote(exec.root)), "\n");
  for (const std::string& word : command) {
    text += Concat(&word == &command.front() ? "" : " ", Clean(ShellQuote(word)));
  }
  return command.empty() ? text : text + "\n";
}

void SetVariable(const std::string& name, const std::string& value) {
  if (setenv(name.c_str(), value.c_str(), 1) != 0) throw SystemError("set", name, errno);
}

/// Returns only when it fails: what a shell would exit with.
int Become(const ExecDocument& exec, const std::vector<std::string>& command) {
  for (const ExecVariable& each : exec.variables) SetVariable(each.name, each.value);
  if (chdir(exec.root.c_str()) != 0) throw SystemError("enter", exec.root, errno);
  SetVariable("PWD", exec.root);
  // A handler ends with exec; but a Ctrl-C just before must end us, not be lost.
  for (const int number : {SIGINT, SIGTERM}) static_cast<void>(signal(number, SIG_DFL));
  std::vector<char*> words;
  for (const std::string& word : command) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  execvp(words.front(), words.data());
  const int why = errno;
  const bool missing = why == ENOENT || why == ENOTDIR;
  const char* const text = strerrordesc_np(why);
  PrintError(Concat("drover: ", Clean(command.front()), ": ",
                    missing && command.front().find('/') == std::string::npos
                        ? "command not found"
                        : (text == nullptr ? "cannot be run" : text),
                    "\n"));
  return missing ? kNotFoundExit : kCannotRunExit;
}

}  // namespace

int RunExec(Invocation& invocation) {
  const Arguments& arguments = invocation.arguments;
  CheckExecArguments(arguments);
  const std::vector<std::string>& command = arguments.positionals;
  const ExecDocument exec = AskForVariables(invocation);
  if (command.empty() || arguments.dry_run) {
    if (PrintedAsJson(invocation, EncodeDocument(exec))) return 0;
  }
  if (arguments.dry_run || arguments.verbose) PrintError(Explain(exec, command));
  if (arguments.dry_run) return 0;
  if (!command.empty()) return Become(exec, command);
  std::string script;
  for (const ExecVariable& each : exec.variables) {
    script += Concat("export ", each.name, "=", ShellQuote(each.value), "\n");
  }
  Print(script);
  return 0;
}

}  // namespace drover::client
