#include "client/spawn.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/documents.h"
#include "base/error.h"
#include "base/error_documents.h"
#include "base/paths.h"
#include "base/text.h"

namespace drover::client {
namespace {

constexpr std::size_t kMaxReport = 64 << 10;
constexpr int kStartupFd = 3;

bool IsProgram(const std::string& path) {
  const auto status = StatFile(path);
  return status && status->type == FileType::kRegular && access(path.c_str(), X_OK) == 0;
}

/// The daemon runs in "/", so what the user wrote relative to the working directory must be made
/// absolute, or client and daemon would disagree about the socket.
void MakeEnvironmentAbsolute() {
  for (const char* name : {"DROVER_SOCKET", "DROVER_STATE_DIR"}) {
    const auto value = EnvironmentVariable(name);
    if (value && value->front() != '/') {
      setenv(name, AbsolutePath(*value, CurrentDirectory()).c_str(), 1);
    }
  }
}

// What follows runs in a forked child: only async-signal-safe calls up to exec.

void ResetSignals() {
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  for (const int number : {SIGINT, SIGTERM, SIGPIPE, SIGHUP, SIGQUIT}) {
    static_cast<void>(signal(number, SIG_DFL));
  }
}

[[noreturn]] void ExecOrReport(const char* program, const char* const* arguments, int report) {
  execv(program, const_cast<char* const*>(arguments));
  const char* const why = strerrordesc_np(errno);
  for (const char* piece : {"cannot run ", program, ": ", why == nullptr ? "unknown" : why, "\n"}) {
    [[maybe_unused]] const ssize_t ignored = write(report, piece, std::strlen(piece));
  }
  _exit(127);
}

/// Puts `fd` at `place` without close-on-exec; `fd` must not be one of the places still needed.
void Place(int fd, int place) {
  if (fd == place) {
    fcntl(fd, F_SETFD, 0);
  } else {
    dup2(fd, place);
  }
}

[[noreturn]] void BecomeDaemon(const char* program, int report) {
  setsid();
  const pid_t grandchild = fork();
  if (grandchild != 0) _exit(grandchild < 0 ? 1 : 0);
  ResetSignals();
  [[maybe_unused]] const int ignored = chdir("/");
  // Above all the places first, so that placing one never overwrites another.
  const int high_report = fcntl(report, F_DUPFD, 10);
  const int null = fcntl(open("/dev/null", O_RDWR), F_DUPFD, 10);
  for (const int place : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) Place(null, place);
  Place(high_report, kStartupFd);
  close_range(kStartupFd + 1, ~0U, 0);
  const std::array<const char*, 5> arguments{program, "--background", "--startup-fd", "3", nullptr};
  ExecOrReport(program, arguments.data(), kStartupFd);
}

[[noreturn]] void BecomeLocal(const char* program, int socket) {
  setsid();  // Ctrl-C in the terminal is for the client, which asks for a cancellation
  ResetSignals();
  const int high = fcntl(socket, F_DUPFD, 10);
  Place(high, STDIN_FILENO);
  Place(high, STDOUT_FILENO);
  close_range(STDERR_FILENO + 1, ~0U, 0);
  const std::array<const char*, 3> arguments{program, "--stdio", nullptr};
  ExecOrReport(program, arguments.data(), STDERR_FILENO);
}

// Back in the parent.

Error StartFailed(std::string message) {
  return {Code::kUnavailable, "daemon.start_failed", std::move(message), "droverd"};
}

Error ErrorFromReport(const std::string& report) {
  const std::string text(Trim(report));
  if (text.empty()) return StartFailed("droverd ended without saying why");
  if (text.front() == '{') {
    try {
      ErrorBody body = DecodeDocument<ErrorDocument>(text).error;
      if (body.message.empty()) body = DecodeDocument<ErrorBody>(text);
      if (!body.message.empty()) return FromBody(body);
    } catch (const Error&) {
      return StartFailed(Concat("droverd did not start: ", text));
    }
  }
  return StartFailed(Concat("droverd did not start: ", text));
}

}  // namespace

std::string FindDaemonProgram() {
  if (const auto given = EnvironmentVariable("DROVERD")) {
    std::string path = *given;
    if (path.find('/') != std::string::npos) path = AbsolutePath(path, CurrentDirectory());
    if (IsProgram(path)) return path;
    throw Error(Code::kNotFound, "daemon.program",
                Concat("DROVERD names ", *given, ", which is not a program"), "unset DROVERD");
  }
  std::string beside = DirectoryName(RealPath("/proc/self/exe")) + "/droverd";
  if (IsProgram(beside)) return beside;
  for (const std::string& directory : SplitList(EnvironmentVariable("PATH").value_or(""), ':')) {
    std::string path = directory + "/droverd";
    if (directory.front() == '/' && IsProgram(path)) return path;
  }
  throw Error(Code::kNotFound, "daemon.program",
              Concat("there is no droverd in $DROVERD, as ", beside, ", or in PATH"),
              "export DROVERD=/path/to/droverd");
}

void StartDaemon(const Deadline& deadline) {
  const std::string program = FindDaemonProgram();
  MakeEnvironmentAbsolute();
  std::array<int, 2> ends;
  if (pipe2(ends.data(), O_CLOEXEC) != 0) throw SystemError("create", "a pipe", errno);
  const UniqueFd reading(ends[0]);
  UniqueFd writing(ends[1]);
  const pid_t child = fork();
  if (child < 0) throw SystemError("start", program, errno);
  if (child == 0) BecomeDaemon(program.c_str(), writing.get());
  writing.Reset();
  while (waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
  }
  const Error late(Code::kTimedOut, "daemon.start_late",
                   "droverd was started but is not ready in time", "drover daemon status");
  const std::string report = ReadWithin(reading.get(), deadline, late, [](std::string_view so_far) {
    return so_far.starts_with("ready\n") || so_far.size() > kMaxReport;
  });
  if (report.starts_with("ready\n")) return;
  Error error = ErrorFromReport(report);
  if (error.kind != "daemon.running") throw error;
}

Connection StartLocal() {
  const std::string program = FindDaemonProgram();
  std::array<int, 2> ends;
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) {
    throw SystemError("create", "a pair of sockets", errno);
  }
  UniqueFd ours(ends[0]);
  UniqueFd theirs(ends[1]);
  const pid_t child = fork();
  if (child < 0) throw SystemError("start", program, errno);
  if (child == 0) BecomeLocal(program.c_str(), theirs.get());
  return Connection(std::move(ours), child);
}

}  // namespace drover::client
