// The io thread's event loop. Everything in daemon/ that is not a worker's job runs as a function
// called from here. Asio stays behind this header and server.h.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>

namespace drover::daemon {

/// Single-threaded event loop. All members except Post() are called on the loop's own thread (the
/// one in Run()) or before Run().
class Loop final {
 public:
  using Callback = std::function<void()>;

  /// Ignores SIGPIPE in the whole process: a peer that has gone is an error of the write, not a
  /// reason to die. Opens /dev/null as whichever of stdin, stdout and stderr is closed.
  Loop();

  /// Everything that was made from the loop (timers, watches, servers) must be gone before.
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  /// Runs `callback` on the loop's thread, soon. Thread-safe; the only member that is.
  void Post(Callback callback);

  /// Runs `callback` once after `delay`, unless the returned timer is destroyed first.
  class Timer {
   public:
    virtual ~Timer() = default;
  };
  [[nodiscard]] std::unique_ptr<Timer> After(std::chrono::milliseconds delay, Callback callback);

  /// Calls `callback` whenever `fd` is readable, until the returned watch is destroyed. Does not
  /// own the descriptor, which must stay open as long as the watch. The open file becomes
  /// non-blocking; a regular file cannot be watched and ends Run() with kIo.
  class Watch {
   public:
    virtual ~Watch() = default;
  };
  [[nodiscard]] std::unique_ptr<Watch> OnReadable(int fd, Callback callback);

  /// Calls `callback` with the signal's number each time one of `signals` arrives.
  void OnSignals(std::initializer_list<int> signals, std::function<void(int)> callback);

  /// Runs until Stop(); returns at once when that was called before. An exception from a callback
  /// propagates.
  void Run();
  void Stop();

  struct Impl;
  [[nodiscard]] Impl& impl() { return *impl_; }

 private:
  std::unique_ptr<Impl> impl_;
};

}  // namespace drover::daemon
