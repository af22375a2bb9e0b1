// The client's end of the protocol: one stream socket, lines out, lines in, a deadline on
// everything. Not for several threads.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <sys/types.h>

#include "base/daemon_documents.h"
#include "base/posix.h"
#include "base/protocol.h"
#include "client/interrupt.h"

namespace drover::client {

/// What a call needs besides the request.
struct CallOptions {
  Deadline deadline;
  double seconds = 0;  // what the deadline was made from, for the message
  std::function<void(const ProgressDocument&)> on_progress;  // may be empty
  std::function<void()> on_cancel;  // Ctrl-C has asked to cancel; may be empty
  /// Set for a job, which a daemon carries on without us: the first Ctrl-C calls this, and leaves
  /// unless a second one, which cancels, follows soon.
  std::function<void()> on_detach;
};

class Connection final {
 public:
  /// Takes a connected stream socket. `child` is the process at the other end when we started it
  /// ourselves: it is ended and reaped by the destructor.
  explicit Connection(UniqueFd socket, pid_t child = -1);
  ~Connection();
  Connection(Connection&& other) noexcept;
  Connection& operator=(Connection&&) = delete;

  /// Sends a request and returns its id. Several may be under way at once. Throws kUnavailable
  /// ("daemon.lost"), kTimedOut ("daemon.late"), kCancelled ("interrupted").
  std::int64_t Send(std::string_view method, const Params& params, const Deadline& deadline);

  /// The next message, or nothing when the deadline passes. Throws kUnavailable ("daemon.lost") at
  /// the end of the stream, kCancelled ("interrupted") for Ctrl-C, kInvalid for what is no message.
  [[nodiscard]] std::optional<Reply> Receive(const Deadline& deadline);

  /// Sends a request and waits for its result, which is returned as JSON text; notifications other
  /// than progress are dropped. Ctrl-C sends `cancel` and goes on waiting; of a daemon's job
  /// the first one only detaches. Throws what the daemon answered, and what Send and Receive throw;
  /// kTimedOut ("daemon.late") when nobody answers; kCancelled ("detached").
  [[nodiscard]] std::string Call(std::string_view method, const Params& params,
                                 const CallOptions& options);

  /// Waits until the other end has closed. False when the deadline passes first.
  [[nodiscard]] bool WaitForEnd(const Deadline& deadline);

  /// Is the other end a process of ours (--local)?
  [[nodiscard]] bool local() const { return child_ > 0; }

  /// The process at the other end, or -1.
  [[nodiscard]] pid_t peer() const;

 private:
  [[nodiscard]] Error Lost() const;
  [[nodiscard]] Error Late(double seconds) const;
  [[nodiscard]] Error StillRunning(std::string_view method, double seconds) const;
  std::optional<std::string> TakeLine();
  void EndChild();

  UniqueFd socket_;
  pid_t child_ = -1;
  std::int64_t next_id_ = 1;
  std::string buffer_;
  std::size_t searched_ = 0;  // bytes of buffer_ that are known to hold no line end
};

/// Connects to the daemon's socket. Nothing when no daemon listens there (no file, or refused).
/// Throws kUnavailable ("daemon.unreachable") naming the socket for everything else.
[[nodiscard]] std::optional<Connection> Connect(const std::string& path, const Deadline& deadline);

}  // namespace drover::client
