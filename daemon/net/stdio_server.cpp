#include <array>
#include <atomic>
#include <cerrno>
#include <fcntl.h>
#include <poll.h>
#include <string_view>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>
#include <utility>

#include "base/error.h"
#include "daemon/net/server.h"
#include "daemon/net/session.h"

namespace drover::daemon {
namespace {

/// Bytes on their way from one descriptor to another.
class ByteMover final {
 public:
  ByteMover(int from, int to, std::size_t chunk) : from_(from), to_(to), chunk_(chunk) {}

  [[nodiscard]] bool wants_input() const { return open_ && waiting_.empty(); }
  [[nodiscard]] bool wants_output() const { return !waiting_.empty(); }
  [[nodiscard]] bool finished() const { return !open_ && waiting_.empty(); }
  [[nodiscard]] int from() const { return from_; }
  [[nodiscard]] int to() const { return to_; }

  void Read() {
    const ssize_t got = read(from_, buffer_.data(), buffer_.size());
    if (got > 0) {
      waiting_ = {buffer_.data(), static_cast<std::size_t>(got)};
    } else if (got == 0 || (errno != EAGAIN && errno != EINTR)) {
      open_ = false;  // input that cannot be read has ended
    }
  }

  void Write() {
    const std::string_view part = waiting_.substr(0, chunk_);
    const ssize_t sent = write(to_, part.data(), part.size());
    if (sent >= 0) {
      waiting_.remove_prefix(static_cast<std::size_t>(sent));
    } else if (errno != EAGAIN && errno != EINTR) {
      Break();
    }
  }

  /// Nobody takes the output any more.
  void Break() {
    open_ = false;
    broken_ = true;
    waiting_ = {};
  }
  [[nodiscard]] bool broken() const { return broken_; }

 private:
  int from_;
  int to_;
  std::size_t chunk_;
  std::array<char, std::size_t{64} * 1024> buffer_{};
  std::string_view waiting_;
  bool open_ = true;
  bool broken_ = false;
};

/// How much may be written to `fd`, once poll() reports room, without blocking: a pipe and a
/// terminal promise a page.
std::size_t WriteChunk(int fd) {
  struct stat status {};
  const bool file = fstat(fd, &status) == 0 && S_ISREG(status.st_mode);
  return file ? std::size_t{64} * 1024 : 4096;
}

/// Moves bytes between stdin, the session's socket and stdout until the session has ended or
/// `stop` becomes readable. The session never touches stdin and stdout themselves: epoll refuses
/// regular files, and making them non-blocking would change them for the shell that shares them.
void Pump(int socket, int stop) {
  ByteMover input(STDIN_FILENO, socket, std::size_t{64} * 1024);
  ByteMover output(socket, STDOUT_FILENO, WriteChunk(STDOUT_FILENO));
  bool input_ended = false;
  while (!output.finished()) {
    if (input.finished() && !std::exchange(input_ended, true)) shutdown(socket, SHUT_WR);
    // poll() skips the entries whose descriptor is negative.
    std::array<pollfd, 5> set{{
        {.fd = stop, .events = POLLIN, .revents = 0},
        {.fd = input.wants_input() ? input.from() : -1, .events = POLLIN, .revents = 0},
        {.fd = input.wants_output() ? input.to() : -1, .events = POLLOUT, .revents = 0},
        {.fd = output.wants_input() ? output.from() : -1, .events = POLLIN, .revents = 0},
        {.fd = output.wants_output() ? output.to() : -1, .events = POLLOUT, .revents = 0},
    }};
    if (poll(set.data(), set.size(), -1) < 0) {
      if (errno == EINTR) continue;
      return;
    }
    if (set[0].revents != 0) return;
    if (set[1].revents != 0) input.Read();
    if (set[2].revents != 0) input.Write();
    if (set[3].revents != 0) output.Read();
    if ((set[4].revents & (POLLERR | POLLNVAL)) != 0) {
      output.Break();
    } else if (set[4].revents != 0) {
      output.Write();
    }
  }
}

}  // namespace

struct StdioServer::Impl {
  Impl(Loop& loop, SessionHandler handler, std::function<void()> on_end, ServerLimits limits)
      : owner(std::make_shared<SessionOwner>()) {
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) != 0) {
      throw SystemError("create", "a socket pair", errno);
    }
    UniqueFd near(ends[0]);
    far.Reset(ends[1]);
    stop.Reset(eventfd(0, EFD_CLOEXEC));
    if (!stop) throw SystemError("create", "an event descriptor", errno);

    owner->handler = std::move(handler);
    owner->limits = limits;
    owner->on_gone = [](const std::shared_ptr<Session>&) {};
    session = std::make_shared<StreamSession>(loop, std::move(near), owner);
    session->Start();
    pump = std::thread([this, &loop, on_end = std::move(on_end), weak = std::weak_ptr(owner)] {
      Pump(far.get(), stop.get());
      far.Reset();  // an output that fails ends the session
      loop.Post([on_end, weak] {
        const auto alive = weak.lock();
        if (alive && !alive->detached && on_end) on_end();
      });
    });
  }

  ~Impl() {
    owner->detached = true;
    session->Cut();
    const std::uint64_t one = 1;
    (void)!write(stop.get(), &one, sizeof one);
    pump.join();
  }

  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  std::shared_ptr<SessionOwner> owner;
  std::shared_ptr<StreamSession> session;
  UniqueFd far;
  UniqueFd stop;
  std::thread pump;
};

StdioServer::StdioServer(Loop& loop, SessionHandler handler, std::function<void()> on_end,
                         ServerLimits limits)
    : impl_(std::make_unique<Impl>(loop, std::move(handler), std::move(on_end), limits)) {}

StdioServer::~StdioServer() = default;

}  // namespace drover::daemon
