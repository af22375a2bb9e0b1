#include "client/editor.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/posix.h"
#include "base/text.h"

namespace drover::client {
namespace {

constexpr int kShellCannotRun = 126;
constexpr int kShellNotFound = 127;

bool IsInPath(std::string_view program) {
  for (const std::string& directory : SplitList(EnvironmentVariable("PATH").value_or(""), ':')) {
    if (access(Concat(directory, "/", program).c_str(), X_OK) == 0) return true;
  }
  return false;
}

/// Leaves Ctrl-C and Ctrl-\ to the program in the foreground, as system(3) does, while it lives.
class IgnoredInterrupts final {
 public:
  IgnoredInterrupts() {
    struct sigaction ignore {};
    ignore.sa_handler = SIG_IGN;
    sigemptyset(&ignore.sa_mask);
    sigaction(SIGINT, &ignore, &interrupt_);
    sigaction(SIGQUIT, &ignore, &quit_);
  }
  IgnoredInterrupts(const IgnoredInterrupts&) = delete;
  IgnoredInterrupts& operator=(const IgnoredInterrupts&) = delete;
  ~IgnoredInterrupts() {
    sigaction(SIGINT, &interrupt_, nullptr);
    sigaction(SIGQUIT, &quit_, nullptr);
  }

 private:
  struct sigaction interrupt_ {};
  struct sigaction quit_ {};
};

/// The attributes of a child that receives every signal in the usual way.
class DefaultSignals final {
 public:
  DefaultSignals() {
    sigset_t all;
    sigset_t none;
    sigfillset(&all);
    sigemptyset(&none);
    posix_spawnattr_init(&attributes_);
    posix_spawnattr_setsigdefault(&attributes_, &all);
    posix_spawnattr_setsigmask(&attributes_, &none);
    posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
  }
  DefaultSignals(const DefaultSignals&) = delete;
  DefaultSignals& operator=(const DefaultSignals&) = delete;
  ~DefaultSignals() { posix_spawnattr_destroy(&attributes_); }

  [[nodiscard]] const posix_spawnattr_t* get() const { return &attributes_; }

 private:
  posix_spawnattr_t attributes_{};
};

/// What a shell's command ended with; its wait status.
int RunInShell(const std::string& command, const std::string& argument) {
  const std::string script = Concat(command, " \"$@\"");
  std::array<const char*, 6> words{"sh",   "-c", script.c_str(), command.c_str(), argument.c_str(),
                                   nullptr};
  const DefaultSignals attributes;
  pid_t child = 0;
  const int failure = posix_spawn(&child, "/bin/sh", nullptr, attributes.get(),
                                  const_cast<char* const*>(words.data()), environ);
  if (failure != 0) throw SystemError("start", "/bin/sh", failure);
  int status = 0;
  while (waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) throw SystemError("wait for", command, errno);
  }
  return status;
}

}  // namespace

std::string FindEditor() {
  for (const char* name : {"VISUAL", "EDITOR"}) {
    if (auto editor = EnvironmentVariable(name); editor && !Trim(*editor).empty()) return *editor;
  }
  for (const char* program : {"sensible-editor", "vi"}) {
    if (IsInPath(program)) return program;
  }
  throw Error(Code::kNotFound, "editor.not_found",
              "there is no editor: neither VISUAL nor EDITOR is set, and there is no vi",
              "export EDITOR=nano");
}

void CheckEditorTerminal() {
  if (isatty(STDIN_FILENO) == 1 && isatty(STDOUT_FILENO) == 1) return;
  throw Error(Code::kInvalid, "usage", "--edit opens an editor, which needs a terminal",
              "drover revision -m \"Add a table\"");
}

void OpenInEditor(const std::string& editor, const std::string& file) {
  const IgnoredInterrupts ignored;
  const int status = RunInShell(editor, file);
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return;
  const int code = WIFEXITED(status) ? WEXITSTATUS(status) : 0;
  const std::string hint = Concat("open ", ShellQuote(file), " yourself: it is written");
  if (code == kShellNotFound || code == kShellCannotRun) {
    throw Error(Code::kNotFound, "editor.not_found",
                Concat("the editor \"", Excerpt(editor, 60), "\" cannot be run"), hint);
  }
  const std::string how = WIFSIGNALED(status) ? Concat("was ended by signal ", WTERMSIG(status))
                                              : Concat("ended with exit code ", code);
  throw Error(Code::kIo, "editor.failed", Concat("the editor \"", Excerpt(editor, 60), "\" ", how),
              hint);
}

}  // namespace drover::client
