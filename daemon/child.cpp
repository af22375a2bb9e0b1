#include "daemon/child.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <csignal>
#include <fcntl.h>
#include <optional>
#include <poll.h>
#include <spawn.h>
#include <string_view>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include "base/error.h"
#include "base/posix.h"
#include "base/text.h"

extern char** environ;

namespace drover::daemon {
namespace {

constexpr std::size_t kMaxOutput = std::size_t{64} << 20;
constexpr std::chrono::milliseconds kStopPause{50};

struct Pipe {
  UniqueFd read;
  UniqueFd write;

  Pipe() {
    std::array<int, 2> ends{};
    if (pipe2(ends.data(), O_CLOEXEC) != 0) throw SystemError("create", "a pipe", errno);
    read.Reset(ends[0]);
    write.Reset(ends[1]);
  }
};

/// What is to be done in the child before its program begins.
class SpawnActions {
 public:
  SpawnActions() { posix_spawn_file_actions_init(&actions_); }
  SpawnActions(const SpawnActions&) = delete;
  SpawnActions& operator=(const SpawnActions&) = delete;
  ~SpawnActions() { posix_spawn_file_actions_destroy(&actions_); }

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

pid_t Spawn(const ChildCommand& command, const Pipe& in, const Pipe& out) {
  SpawnActions actions;
  actions.Duplicate(in.read.get(), STDIN_FILENO);
  actions.Duplicate(out.write.get(), STDOUT_FILENO);
  if (command.errors == ChildCommand::Errors::kWithOutput) {
    actions.Duplicate(out.write.get(), STDERR_FILENO);
  } else if (command.errors == ChildCommand::Errors::kDiscarded) {
    actions.Discard(STDERR_FILENO);
  }
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

using Deadline = std::chrono::steady_clock::time_point;

int ExitCodeOf(int status) {
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/// The exit code of a child that has closed its stdout; nothing when it goes on all the same.
std::optional<int> ReapBefore(pid_t pid, Deadline deadline) {
  for (;;) {
    int status = 0;
    const pid_t ended = waitpid(pid, &status, WNOHANG);
    if (ended == pid) return ExitCodeOf(status);
    if (ended < 0 && errno != EINTR) throw SystemError("wait for", "a child process", errno);
    if (std::chrono::steady_clock::now() >= deadline) return std::nullopt;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

void KillGroup(pid_t pid) {
  kill(-pid, SIGKILL);
  while (waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
  }
}

/// Input and output of one child until it closes its stdout.
class Exchange {
 public:
  Exchange(const ChildCommand& command, Pipe& in, Pipe& out, Deadline deadline)
      : command_(command), in_(in), out_(out), deadline_(deadline), input_(command.input) {
    if (input_.empty()) in_.write.Reset();
  }

  /// False when the limit passed, or somebody asked to stop.
  [[nodiscard]] bool Run(std::string& output) {
    for (;;) {
      std::array<pollfd, 2> fds{pollfd{.fd = out_.read.get(), .events = POLLIN, .revents = 0},
                                pollfd{.fd = in_.write.get(), .events = POLLOUT, .revents = 0}};
      const int pause = Pause();
      if (pause <= 0 || command_.stop.stop_requested()) return false;
      const int ready = poll(fds.data(), in_.write ? 2 : 1, pause);
      if (ready < 0 && errno != EINTR) return true;
      if (ready <= 0) continue;
      if (in_.write && fds[1].revents != 0) Write();
      if (fds[0].revents != 0 && !Read(output)) return true;
    }
  }

 private:
  /// How long to wait for the child; asking whether to stop comes in between.
  [[nodiscard]] int Pause() const {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        deadline_ - std::chrono::steady_clock::now());
    const std::int64_t most = command_.stop.stop_possible() ? kStopPause.count() : INT_MAX;
    return static_cast<int>(std::min<std::int64_t>(left.count(), most));
  }

  void Write() {
    const ssize_t written = write(in_.write.get(), input_.data(), input_.size());
    if (written > 0) input_.remove_prefix(static_cast<std::size_t>(written));
    if (input_.empty() || (written < 0 && errno != EAGAIN && errno != EINTR)) in_.write.Reset();
  }

  bool Read(std::string& output) {
    const ssize_t got = read(out_.read.get(), buffer_.data(), buffer_.size());
    if (got <= 0) return got < 0 && errno == EINTR;
    const std::string_view piece(buffer_.data(), static_cast<std::size_t>(got));
    output.append(piece);
    if (command_.on_output) command_.on_output(piece);
    return output.size() <= kMaxOutput;
  }

  const ChildCommand& command_;
  Pipe& in_;
  Pipe& out_;
  Deadline deadline_;
  std::string_view input_;
  std::array<char, 65536> buffer_;
};

}  // namespace

ChildResult RunChild(const ChildCommand& command) {
  Pipe in;
  Pipe out;
  const pid_t pid = Spawn(command, in, out);
  in.read.Reset();
  out.write.Reset();
  // A child that does not read must not block us beyond the limit.
  fcntl(in.write.get(), F_SETFL, O_NONBLOCK);
  ChildResult result;
  const Deadline deadline = std::chrono::steady_clock::now() + command.limit;
  std::optional<int> exit_code;
  if (Exchange(command, in, out, deadline).Run(result.output)) {
    in.write.Reset();
    out.read.Reset();
    exit_code = ReapBefore(pid, deadline);
  }
  if (!exit_code) {
    KillGroup(pid);
    if (command.stop.stop_requested()) {
      throw Error(Code::kCancelled, "child.stopped",
                  Concat(command.arguments.front(), " was stopped"));
    }
    throw Error(
        Code::kTimedOut, "child.timed_out",
        Concat(command.arguments.front(), " did not finish within ", command.limit.count(), " ms"));
  }
  result.exit_code = *exit_code;
  return result;
}

}  // namespace drover::daemon
