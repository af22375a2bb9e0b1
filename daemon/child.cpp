#include "daemon/child.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <optional>
#include <poll.h>
#include <spawn.h>
#include <string_view>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/posix.h"
#include "base/text.h"

extern char** environ;

namespace drover::daemon {
namespace {

constexpr std::size_t kMaxOutput = std::size_t{64} << 20;
constexpr std::chrono::milliseconds kStopPause{50};

/// A file in memory, at its beginning.
UniqueFd MemoryFile(std::string_view content = {}) {
  UniqueFd file(memfd_create("drover-child", MFD_CLOEXEC));
  if (!file || !WriteAll(file.get(), content) || lseek(file.get(), 0, SEEK_SET) != 0) {
    throw SystemError("create", "a file in memory", errno);
  }
  return file;
}

void ReadFrom(int file, off_t offset, std::size_t size, std::string& text) {
  const std::size_t before = text.size();
  text.resize(before + size);
  const ssize_t got = pread(file, text.data() + before, size, offset);
  text.resize(before + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
}

std::string Content(int file) {
  struct stat status {};
  std::string text;
  if (fstat(file, &status) != 0) return text;
  const auto size = static_cast<std::size_t>(status.st_size);
  ReadFrom(file, 0, std::min(size, size > kMaxOutput ? kMaxOutput / 2 : kMaxOutput), text);
  if (size <= kMaxOutput) return text;
  text += "\n[…]\n";
  ReadFrom(file, static_cast<off_t>(size - kMaxOutput / 2), kMaxOutput / 2, text);
  return text;
}

/// What is to be done in the child before its program begins.
class SpawnActions {
 public:
  SpawnActions() { posix_spawn_file_actions_init(&actions_); }
  SpawnActions(const SpawnActions&) = delete;
  SpawnActions& operator=(const SpawnActions&) = delete;
  ~SpawnActions() { posix_spawn_file_actions_destroy(&actions_); }

  /// With both the same, the descriptor is inherited.
  void Duplicate(int from, int to) { posix_spawn_file_actions_adddup2(&actions_, from, to); }
  void Discard(int fd) {
    posix_spawn_file_actions_addopen(&actions_, fd, "/dev/null", O_WRONLY, 0);
  }
  void ChangeDirectory(const std::string& to) {
    posix_spawn_file_actions_addchdir_np(&actions_, to.c_str());
  }
  [[nodiscard]] const posix_spawn_file_actions_t* get() const { return &actions_; }

 private:
  posix_spawn_file_actions_t actions_{};
};

/// The form in which a program takes its arguments and variables.
std::vector<char*> Pointers(const std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (const std::string& text : texts) pointers.push_back(const_cast<char*>(text.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

pid_t Spawn(const ChildCommand& command, int in, int out, int errors) {
  SpawnActions actions;
  actions.Duplicate(in, STDIN_FILENO);
  actions.Duplicate(out, STDOUT_FILENO);
  switch (command.errors) {
    case ChildCommand::Errors::kInherited:
      break;
    case ChildCommand::Errors::kDiscarded:
      actions.Discard(STDERR_FILENO);
      break;
    case ChildCommand::Errors::kWithOutput:
      actions.Duplicate(out, STDERR_FILENO);
      break;
    case ChildCommand::Errors::kApart:
      actions.Duplicate(errors, STDERR_FILENO);
      break;
  }
  if (command.inherited >= 0) actions.Duplicate(command.inherited, command.inherited);
  if (!command.directory.empty()) actions.ChangeDirectory(command.directory);
  posix_spawnattr_t attributes{};
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
  const std::vector<char*> argv = Pointers(command.arguments);
  const std::vector<char*> variables = Pointers(command.variables);
  pid_t pid = -1;
  const int error = posix_spawnp(&pid, argv[0], actions.get(), &attributes, argv.data(),
                                 command.variables.empty() ? environ : variables.data());
  posix_spawnattr_destroy(&attributes);
  if (error != 0) throw SystemError("start", command.arguments.front(), error);
  return pid;
}

int ExitCodeOf(int status) {
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/// The exit code; nothing when the limit passed, or somebody asked to stop.
std::optional<int> Await(pid_t pid, const ChildCommand& command) {
  const auto deadline = std::chrono::steady_clock::now() + command.limit;
  const UniqueFd process(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
  for (;;) {
    int status = 0;
    const pid_t ended = waitpid(pid, &status, WNOHANG);
    if (ended == pid) return ExitCodeOf(status);
    if (ended < 0 && errno != EINTR) throw SystemError("wait for", "a child process", errno);
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0 || command.stop.stop_requested()) return std::nullopt;
    // Without such a descriptor (an old kernel) the pause is short.
    const bool pauses = command.stop.stop_possible() || !process;
    pollfd wanted{.fd = process.get(), .events = POLLIN, .revents = 0};
    poll(&wanted, process ? 1 : 0,
         static_cast<int>(pauses ? std::min(left, kStopPause).count() : left.count()));
  }
}

void KillGroup(pid_t pid) {
  kill(-pid, SIGKILL);
  while (waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
  }
}

}  // namespace

ChildResult RunChild(const ChildCommand& command) {
  const UniqueFd in = MemoryFile(command.input);
  const UniqueFd out = MemoryFile();
  const bool apart = command.errors == ChildCommand::Errors::kApart;
  const UniqueFd errors = apart ? MemoryFile() : UniqueFd();
  const pid_t pid = Spawn(command, in.get(), out.get(), errors.get());
  const std::optional<int> exit_code = Await(pid, command);
  if (!exit_code) {
    KillGroup(pid);
    if (command.on_killed) command.on_killed(Content(out.get()));
    if (command.stop.stop_requested()) {
      throw Error(Code::kCancelled, "child.stopped",
                  Concat(command.arguments.front(), " was stopped"));
    }
    throw Error(
        Code::kTimedOut, "child.timed_out",
        Concat(command.arguments.front(), " did not finish within ", command.limit.count(), " ms"));
  }
  return {.exit_code = *exit_code,
          .output = Content(out.get()),
          .errors = apart ? Content(errors.get()) : std::string()};
}

}  // namespace drover::daemon
