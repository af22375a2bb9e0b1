#include "client/helper.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/documents.h"
#include "base/error.h"
#include "base/error_documents.h"
#include "base/posix.h"
#include "base/protocol.h"
#include "base/text.h"
#include "client/spawn.h"

namespace drover::client {
namespace {

/// A child that does not outlive this object.
class HelperProcess final {
 public:
  HelperProcess(const std::string& program, const std::string& mode, int socket) {
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, socket, STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, socket, STDOUT_FILENO);
    const std::array<const char*, 3> words{program.c_str(), mode.c_str(), nullptr};
    const int failure = posix_spawn(&pid_, program.c_str(), &actions, nullptr,
                                    const_cast<char* const*>(words.data()), environ);
    posix_spawn_file_actions_destroy(&actions);
    if (failure != 0) throw SystemError("start", program, failure);
  }
  HelperProcess(const HelperProcess&) = delete;
  HelperProcess& operator=(const HelperProcess&) = delete;
  ~HelperProcess() {
    if (pid_ <= 0) return;
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }

  /// Waits for its end; the exit code, or -1 when a signal ended it.
  [[nodiscard]] int Wait() {
    int status = 0;
    while (waitpid(pid_, &status, 0) < 0) {
      if (errno != EINTR) break;
    }
    pid_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

 private:
  pid_t pid_ = -1;
};

}  // namespace

std::string RunHelper(std::string_view mode, const std::string& request, const Deadline& deadline) {
  const std::string program = FindDaemonProgram();
  std::array<int, 2> ends;
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) {
    throw SystemError("create", "a pair of sockets", errno);
  }
  const UniqueFd ours(ends[0]);
  UniqueFd theirs(ends[1]);
  HelperProcess helper(program, std::string(mode), theirs.get());
  theirs.Reset();
  // MSG_NOSIGNAL: one that ended at once is told about by its exit code.
  [[maybe_unused]] const ssize_t sent =
      send(ours.get(), request.data(), request.size(), MSG_NOSIGNAL);
  shutdown(ours.get(), SHUT_WR);
  const Error late(Code::kTimedOut, "helper.late", "looking at the project takes too long",
                   "--timeout SECONDS, or a .droverignore that names its largest folders");
  const std::string read = ReadWithin(ours.get(), deadline, late, [](std::string_view so_far) {
    return so_far.size() > kMaxReplyBytes;
  });
  std::string answer(Trim(read));
  const int code = helper.Wait();
  if (code == 0) return answer;
  if (answer.starts_with("{")) {
    const ErrorBody error = DecodeDocument<ErrorDocument>(answer).error;
    if (!error.message.empty()) throw FromBody(error);
  }
  throw Error(
      Code::kUnavailable, "helper.failed",
      code < 0 ? Concat(program, " ", mode, " was ended by a signal")
               : Concat(program, " ", mode, " ended with exit code ", code),
      Concat(ShellQuote(program), " --version: it must be that of drover, " DROVER_VERSION));
}

}  // namespace drover::client
