#include "daemon/child.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <optional>
#include <poll.h>
#include <spawn.h>
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

pid_t Spawn(const std::vector<std::string>& arguments, const Pipe& in, const Pipe& out) {
  std::vector<char*> argv;
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, in.read.get(), STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, out.write.get(), STDOUT_FILENO);
  pid_t pid = -1;
  const int error = posix_spawn(&pid, argv[0], &actions, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) throw SystemError("start", arguments.front(), error);
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

void Kill(pid_t pid) {
  kill(pid, SIGKILL);
  while (waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
  }
}

/// Exchanges input and output until the child closes its stdout; false when the limit passed.
bool Exchange(Pipe& in, Pipe& out, std::string_view input, std::string& output, Deadline deadline) {
  std::array<char, 65536> buffer;
  for (;;) {
    std::array<pollfd, 2> fds{pollfd{.fd = out.read.get(), .events = POLLIN, .revents = 0},
                              pollfd{.fd = in.write.get(), .events = POLLOUT, .revents = 0}};
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0) return false;
    const nfds_t count = in.write ? 2 : 1;
    if (poll(fds.data(), count, static_cast<int>(left.count())) < 0 && errno != EINTR) return true;
    if (in.write && fds[1].revents != 0) {
      const ssize_t written = write(in.write.get(), input.data(), input.size());
      if (written > 0) input.remove_prefix(static_cast<std::size_t>(written));
      if (input.empty() || (written < 0 && errno != EAGAIN && errno != EINTR)) in.write.Reset();
    }
    if (fds[0].revents != 0) {
      const ssize_t got = read(out.read.get(), buffer.data(), buffer.size());
      if (got == 0 || (got < 0 && errno != EINTR)) return true;
      if (got > 0) output.append(buffer.data(), static_cast<std::size_t>(got));
      if (output.size() > kMaxOutput) return true;
    }
  }
}

}  // namespace

ChildResult RunChild(const std::vector<std::string>& arguments, const std::string& input,
                     std::chrono::milliseconds limit) {
  Pipe in;
  Pipe out;
  const pid_t pid = Spawn(arguments, in, out);
  in.read.Reset();
  out.write.Reset();
  // A child that does not read must not block us beyond the limit.
  fcntl(in.write.get(), F_SETFL, O_NONBLOCK);
  ChildResult result;
  const Deadline deadline = std::chrono::steady_clock::now() + limit;
  std::optional<int> exit_code;
  if (Exchange(in, out, input, result.output, deadline)) {
    in.write.Reset();
    out.read.Reset();
    exit_code = ReapBefore(pid, deadline);
  }
  if (!exit_code) {
    Kill(pid);
    throw Error(Code::kTimedOut, "child.timed_out",
                Concat(arguments.front(), " did not finish within ", limit.count(), " ms"));
  }
  result.exit_code = *exit_code;
  return result;
}

}  // namespace drover::daemon
