#include "client/connection.h"

#include <array>
#include <cerrno>
#include <cmath>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <thread>
#include <utility>

#include "base/error.h"
#include "base/text.h"

namespace drover::client {
namespace {

constexpr std::size_t kReadSize = std::size_t{64} << 10;
constexpr double kCancelSeconds = 30;
constexpr double kChildSeconds = 5;
constexpr double kDetachSeconds = 2;

Error Interrupted() { return {Code::kCancelled, "interrupted", "interrupted"}; }

Error Unreachable(const std::string& path, int error_number) {
  return {Code::kUnavailable, "daemon.unreachable",
          Concat("cannot connect to the daemon's socket ", path, ": ", std::strerror(error_number)),
          error_number == EACCES ? Concat("ls -ld ", ShellQuote(DirectoryName(path)))
                                 : std::string("drover daemon restart")};
}

/// The letter in /proc/PID/stat: 'T' for a stopped process; ' ' when there is none.
char ProcessState(pid_t pid) {
  try {
    const std::string stat = ReadFile(Concat("/proc/", pid, "/stat"), 4096);
    const std::size_t end = stat.rfind(") ");
    return end == std::string::npos || end + 2 >= stat.size() ? ' ' : stat[end + 2];
  } catch (const Error&) {
    return ' ';
  }
}

std::string FormatSeconds(double seconds) {
  const auto tenths = std::lround(seconds * 10);
  return tenths % 10 == 0 ? Concat(tenths / 10, " s") : Concat(tenths / 10, ".", tenths % 10, " s");
}

}  // namespace

Connection::Connection(UniqueFd socket, pid_t child) : socket_(std::move(socket)), child_(child) {}

Connection::Connection(Connection&& other) noexcept
    : socket_(std::move(other.socket_)),
      child_(std::exchange(other.child_, -1)),
      next_id_(other.next_id_),
      buffer_(std::move(other.buffer_)),
      searched_(other.searched_) {}

Connection::~Connection() { EndChild(); }

void Connection::EndChild() {
  if (child_ <= 0) return;
  // End of input is how a droverd on stdin is asked to go; signals follow when it does not listen.
  socket_.Reset();
  const auto ended_by = [this](const Deadline& deadline) {
    for (auto pause = std::chrono::microseconds(200);; pause *= 2) {
      const pid_t ended = waitpid(child_, nullptr, WNOHANG);
      if (ended == child_ || (ended < 0 && errno == ECHILD)) return true;
      if (std::chrono::steady_clock::now() >= *deadline) return false;
      std::this_thread::sleep_for(std::min(pause, std::chrono::microseconds(20'000)));
    }
  };
  if (!ended_by(After(kChildSeconds))) {
    kill(child_, SIGTERM);
    if (!ended_by(After(kChildSeconds))) {
      kill(child_, SIGKILL);
      waitpid(child_, nullptr, 0);
    }
  }
  child_ = -1;
}

Error Connection::Lost() const {
  if (local()) {
    return {Code::kUnavailable, "daemon.lost", "droverd --stdio ended before it had answered",
            "droverd --version"};
  }
  return {Code::kUnavailable, "daemon.lost",
          "the daemon closed the connection before it had answered", "drover daemon status"};
}

/// A job that takes long is no sign of a daemon in trouble.
Error Connection::StillRunning(std::string_view method, double seconds) const {
  const pid_t pid = peer();
  if (pid > 0 && ProcessState(pid) == 'T') return Late(seconds);
  return {Code::kTimedOut, "job.still_running",
          Concat("the ", method, " is still running after ", FormatSeconds(seconds),
                 local() ? "; it is undone" : "; it goes on in the daemon"),
          "drover status"};
}

Error Connection::Late(double seconds) const {
  const pid_t pid = peer();
  const bool stopped = pid > 0 && ProcessState(pid) == 'T';
  const std::string who = local()   ? std::string("droverd --stdio")
                          : pid > 0 ? Concat("the daemon (pid ", pid, ")")
                                    : std::string("the daemon");
  std::string message = seconds > 0 ? Concat(who, " did not answer within ", FormatSeconds(seconds))
                                    : Concat(who, " did not answer in time");
  if (stopped) message += ": it is stopped";
  std::string hint = "drover daemon status";
  if (pid > 0) hint = Concat(stopped ? "kill -CONT " : "kill ", pid);
  return {Code::kTimedOut, "daemon.late", std::move(message), std::move(hint)};
}

pid_t Connection::peer() const {
  if (local()) return child_;
  ucred credentials{};
  socklen_t size = sizeof credentials;
  if (getsockopt(socket_.get(), SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0) return -1;
  return credentials.pid;
}

std::int64_t Connection::Send(std::string_view method, const Params& params,
                              const Deadline& deadline) {
  const std::int64_t id = next_id_++;
  const std::string line = EncodeRequest(id, method, params);
  if (line.size() > kMaxRequestBytes) {
    throw Error(Code::kInvalid, "protocol.too_large",
                Concat("the request is larger than ", kMaxRequestBytes, " bytes"));
  }
  for (std::string_view rest = line; !rest.empty();) {
    const ssize_t sent = send(socket_.get(), rest.data(), rest.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent >= 0) {
      rest.remove_prefix(static_cast<std::size_t>(sent));
    } else if (errno == EAGAIN) {
      const Ready ready = WaitFor(socket_.get(), For::kWriting, deadline);
      if (ready == Ready::kInterrupted) throw Interrupted();
      if (ready == Ready::kTimedOut) throw Late(0);
    } else if (errno == EPIPE || errno == ECONNRESET) {
      // Its last words, if any, are still to be read: Receive() finds them or the end.
      break;
    } else if (errno != EINTR) {
      throw Lost();
    }
  }
  return id;
}

std::optional<std::string> Connection::TakeLine() {
  const std::size_t end = buffer_.find('\n', searched_);
  if (end == std::string::npos) {
    searched_ = buffer_.size();
    return std::nullopt;
  }
  searched_ = 0;
  if (end + 1 == buffer_.size()) {
    std::string line = std::exchange(buffer_, {});
    line.pop_back();
    return line;
  }
  std::string line = buffer_.substr(0, end);
  buffer_.erase(0, end + 1);
  return line;
}

std::optional<Reply> Connection::Receive(const Deadline& deadline) {
  for (;;) {
    if (const std::optional<std::string> line = TakeLine()) return DecodeReply(*line);
    if (buffer_.size() > kMaxReplyBytes) {
      throw Error(Code::kInvalid, "protocol.too_large",
                  Concat("the daemon sent more than ", kMaxReplyBytes, " bytes in one line"),
                  "drover daemon restart");
    }
    // Left uninitialised: clearing 64 KiB would cost a small reply more than reading it does.
    std::array<char, kReadSize> piece;
    const ssize_t got = recv(socket_.get(), piece.data(), piece.size(), MSG_DONTWAIT);
    const int error_number = errno;
    if (got > 0) {
      buffer_.append(piece.data(), static_cast<std::size_t>(got));
      continue;
    }
    if (got == 0 || (error_number != EAGAIN && error_number != EINTR)) throw Lost();
    switch (WaitFor(socket_.get(), For::kReading, deadline)) {
      case Ready::kReady:
        break;
      case Ready::kTimedOut:
        return std::nullopt;
      case Ready::kInterrupted:
        throw Interrupted();
    }
  }
}

std::string Connection::Call(std::string_view method, const Params& params,
                             const CallOptions& options) {
  Deadline deadline = options.deadline;
  double seconds = options.seconds;
  const bool detachable = options.on_detach && !local();
  if (detachable) AllowInterrupts(2);
  bool detaching = false;
  bool cancelling = false;
  const std::int64_t id = Send(method, params, deadline);
  for (;;) {
    std::optional<Reply> reply;
    try {
      reply = Receive(deadline);
    } catch (const Error& error) {
      if (error.code != Code::kCancelled) throw;
      if (detachable && !detaching && !cancelling) {
        detaching = true;
        options.on_detach();
        deadline = After(kDetachSeconds);
        continue;
      }
      detaching = false;
      cancelling = true;
      if (options.on_cancel) options.on_cancel();
      Params cancel;
      cancel.id = id;
      seconds = kCancelSeconds;
      deadline = After(kCancelSeconds);
      [[maybe_unused]] const std::int64_t cancel_id = Send("cancel", cancel, deadline);
      continue;
    }
    if (!reply) {
      if (detaching) {
        throw Error(Code::kCancelled, "detached",
                    Concat("the ", method, " goes on in the daemon without this program"),
                    "drover watch");
      }
      if (options.on_cancel) throw StillRunning(method, seconds);
      throw Late(seconds);
    }
    if (reply->id == id) {
      if (reply->error) throw FromBody(*reply->error);
      return std::move(reply->result_json);
    }
    // A complaint without an id is about a line the daemon could not read: ours.
    if (!reply->id && reply->error) throw FromBody(*reply->error);
    if (!reply->id && reply->method == "progress" && options.on_progress) {
      options.on_progress(DecodeDocument<ProgressDocument>(reply->result_json));
    }
  }
}

bool Connection::WaitForEnd(const Deadline& deadline) {
  try {
    while (Receive(deadline)) {
    }
    return false;
  } catch (const Error& error) {
    if (error.kind == "daemon.lost") return true;
    throw;
  }
}

std::optional<Connection> Connect(const std::string& path, const Deadline& deadline) {
  UniqueFd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) throw SystemError("create", "a socket", errno);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) throw Unreachable(path, ENAMETOOLONG);
  std::memcpy(address.sun_path, path.data(), path.size());
  for (;;) {
    if (connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) {
      return Connection(std::move(fd));
    }
    if (errno == ENOENT || errno == ECONNREFUSED) return std::nullopt;
    if (errno == EINTR) continue;
    if (errno != EAGAIN) throw Unreachable(path, errno);
    // The queue of connections is full: the daemon is stopped or overrun. There is nothing to poll.
    if (deadline && std::chrono::steady_clock::now() >= *deadline) {
      throw Error(Code::kTimedOut, "daemon.late",
                  Concat("the daemon does not accept connections on ", path),
                  "drover daemon restart");
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
}

}  // namespace drover::client
