#include "daemon/net/loop.h"

#include <asio/posix/stream_descriptor.hpp>
#include <asio/post.hpp>
#include <asio/steady_timer.hpp>
#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <unistd.h>
#include <utility>

#include "base/error.h"
#include "base/posix.h"
#include "base/text.h"
#include "daemon/net/loop_internal.h"

namespace drover::daemon {
namespace {

/// The callback outlives its handle until the handler has seen that it was cancelled: a handler
/// that is already queued cannot be taken back.
struct Pending {
  Loop::Callback callback;
  bool cancelled = false;
};

class TimerHandle final : public Loop::Timer {
 public:
  TimerHandle(asio::io_context& context, std::chrono::milliseconds delay, Loop::Callback callback)
      : timer_(context, delay), pending_(std::make_shared<Pending>()) {
    pending_->callback = std::move(callback);
    timer_.async_wait([pending = pending_](const asio::error_code& error) {
      if (error || pending->cancelled) return;
      pending->callback();
    });
  }
  ~TimerHandle() override { pending_->cancelled = true; }
  TimerHandle(const TimerHandle&) = delete;
  TimerHandle& operator=(const TimerHandle&) = delete;

 private:
  asio::steady_timer timer_;
  std::shared_ptr<Pending> pending_;
};

/// The wait and what it needs, kept alive by the handler that is under way.
class Readable final : public std::enable_shared_from_this<Readable> {
 public:
  Readable(asio::io_context& context, UniqueFd fd, Loop::Callback callback)
      : descriptor_(context, fd.get()), callback_(std::move(callback)) {
    (void)fd.Release();
  }

  void Wait() {
    descriptor_.async_wait(asio::posix::stream_descriptor::wait_read,
                           [self = shared_from_this()](const asio::error_code& error) {
                             if (self->cancelled_) return;
                             if (error) {
                               throw SystemError("watch", "a descriptor", error.value());
                             }
                             self->callback_();
                             if (!self->cancelled_) self->Wait();
                           });
  }

  void Cancel() {
    cancelled_ = true;
    asio::error_code ignored;
    descriptor_.close(ignored);
  }

 private:
  asio::posix::stream_descriptor descriptor_;
  Loop::Callback callback_;
  bool cancelled_ = false;
};

class WatchHandle final : public Loop::Watch {
 public:
  explicit WatchHandle(std::shared_ptr<Readable> readable) : readable_(std::move(readable)) {
    readable_->Wait();
  }
  ~WatchHandle() override { readable_->Cancel(); }
  WatchHandle(const WatchHandle&) = delete;
  WatchHandle& operator=(const WatchHandle&) = delete;

 private:
  std::shared_ptr<Readable> readable_;
};

/// Started with stdin closed, the loop's own descriptors would take its number, and be read as the
/// user's input.
void OpenStandardDescriptors() {
  for (;;) {
    UniqueFd null(open("/dev/null", O_RDWR | O_CLOEXEC));
    if (!null || null.get() > STDERR_FILENO) return;
    (void)null.Release();
  }
}

void WaitForSignal(asio::signal_set& signals,
                   const std::shared_ptr<std::function<void(int)>>& callback) {
  signals.async_wait([&signals, callback](const asio::error_code& error, int number) {
    if (error) return;
    WaitForSignal(signals, callback);
    (*callback)(number);
  });
}

}  // namespace

Loop::Loop() {
  std::signal(SIGPIPE, SIG_IGN);
  OpenStandardDescriptors();
  impl_ = std::make_unique<Impl>();
}

Loop::~Loop() = default;

void Loop::Post(Callback callback) { asio::post(impl_->context, std::move(callback)); }

std::unique_ptr<Loop::Timer> Loop::After(std::chrono::milliseconds delay, Callback callback) {
  return std::make_unique<TimerHandle>(impl_->context, delay, std::move(callback));
}

std::unique_ptr<Loop::Watch> Loop::OnReadable(int fd, Callback callback) {
  // A duplicate, so that neither side closes the other's descriptor.
  UniqueFd own(fcntl(fd, F_DUPFD_CLOEXEC, 3));
  if (!own) throw SystemError("watch", Concat("descriptor ", fd), errno);
  return std::make_unique<WatchHandle>(
      std::make_shared<Readable>(impl_->context, std::move(own), std::move(callback)));
}

void Loop::OnSignals(std::initializer_list<int> signals, std::function<void(int)> callback) {
  auto& set = *impl_->signals.emplace_back(std::make_unique<asio::signal_set>(impl_->context));
  for (const int signal : signals) {
    asio::error_code error;
    set.add(signal, error);
    if (error) throw SystemError("handle", Concat("signal ", signal), error.value());
  }
  WaitForSignal(set, std::make_shared<std::function<void(int)>>(std::move(callback)));
}

void Loop::Run() {
  impl_->context.run();
  impl_->context.restart();
}

void Loop::Stop() { impl_->context.stop(); }

}  // namespace drover::daemon
