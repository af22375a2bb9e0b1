#include "client/interrupt.h"

#include <array>
#include <atomic>
#include <cerrno>
#include <climits>
#include <csignal>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

namespace drover::client {
namespace {

constexpr int kInterruptedExit = 130;

// Everything here is touched by the handler, so it is lock-free atomics and async-signal-safe
// calls.
std::atomic<int> interrupts = 0;
std::atomic<int> allowed = 1;
std::array<int, 2> wake_pipe{-1, -1};

void OnInterrupt(int) {
  const int saved = errno;
  if (interrupts.fetch_add(1) >= allowed.load()) _exit(kInterruptedExit);
  const char byte = 0;
  [[maybe_unused]] const ssize_t ignored = write(wake_pipe[1], &byte, 1);
  errno = saved;
}

int Milliseconds(const Deadline& deadline) {
  if (!deadline) return -1;
  const auto left =
      std::chrono::ceil<std::chrono::milliseconds>(*deadline - std::chrono::steady_clock::now());
  if (left.count() <= 0) return 0;
  return left.count() > INT_MAX ? INT_MAX : static_cast<int>(left.count());
}

}  // namespace

void CatchInterrupts() {
  if (pipe2(wake_pipe.data(), O_CLOEXEC | O_NONBLOCK) != 0)
    throw SystemError("create", "a pipe", errno);
  struct sigaction action {};
  action.sa_handler = OnInterrupt;
  sigemptyset(&action.sa_mask);
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

void AllowInterrupts(int count) { allowed = count; }

Ready WaitFor(int fd, For what, const Deadline& deadline) {
  for (;;) {
    std::array<pollfd, 2> watched{
        pollfd{.fd = fd,
               .events = what == For::kReading ? short{POLLIN} : short{POLLOUT},
               .revents = 0},
        pollfd{.fd = wake_pipe[0], .events = POLLIN, .revents = 0}};
    const int ready = poll(watched.data(), watched.size(), Milliseconds(deadline));
    if (ready < 0 && errno != EINTR) throw SystemError("wait for", "a descriptor", errno);
    if (ready > 0 && watched[1].revents != 0) {
      char byte = 0;
      [[maybe_unused]] const ssize_t ignored = read(wake_pipe[0], &byte, 1);
      return Ready::kInterrupted;
    }
    if (ready > 0) return Ready::kReady;
    if (ready == 0 && Milliseconds(deadline) == 0) return Ready::kTimedOut;
  }
}

std::string ReadWithin(int fd, const Deadline& deadline, const Error& late,
                       const std::function<bool(std::string_view)>& enough) {
  std::string text;
  std::array<char, 16384> buffer;
  for (;;) {
    switch (WaitFor(fd, For::kReading, deadline)) {
      case Ready::kReady:
        break;
      case Ready::kInterrupted:
        throw Error(Code::kCancelled, "interrupted", "interrupted");
      case Ready::kTimedOut:
        throw Error(late);
    }
    const ssize_t got = read(fd, buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return text;
    text.append(buffer.data(), static_cast<std::size_t>(got));
    if (enough(text)) return text;
  }
}

Deadline After(double seconds) {
  return std::chrono::steady_clock::now() +
         std::chrono::duration_cast<std::chrono::steady_clock::duration>(
             std::chrono::duration<double>(seconds));
}

}  // namespace drover::client
