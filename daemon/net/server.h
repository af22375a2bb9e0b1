// The transport: sessions that exchange lines with clients, over the Unix socket or stdin/stdout,
// within the protocol's limits. Knows nothing of what the lines mean.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/posix.h"
#include "base/protocol.h"
#include "daemon/net/loop.h"

namespace drover::daemon {

/// One client's connection, as the dispatcher sees it. Used on the loop's thread only; kept alive
/// by whoever still owes it an answer.
class Session {
 public:
  virtual ~Session() = default;

  /// Queues a reply line (with its '\n'). Replies are never dropped; a client that does not read
  /// for 30 s is disconnected.
  virtual void Send(std::string line) = 0;

  /// Queues an event line; when 256 lines or 1 MiB wait already, events are replaced by one
  /// "overflow" event, which means: read the status again.
  virtual void SendEvent(std::string line) = 0;

  /// The session stays open until every request begun has ended, even when the client has shut
  /// down its sending side. With 256 requests under way nothing more is read. A request's reply is
  /// sent before the request ends.
  virtual void BeginRequest() = 0;
  virtual void EndRequest() = 0;

  [[nodiscard]] virtual bool closed() const = 0;
};

/// Called on the loop's thread.
struct SessionHandler {
  /// One line without its end. Lines beyond kMaxRequestBytes never arrive: the session answers
  /// "protocol.too_large" and closes.
  std::function<void(const std::shared_ptr<Session>&, std::string_view line)> on_line;
  /// The connection is gone; nothing sent to it will arrive. Never called from inside another call
  /// to the session, and not after the server has been destroyed.
  std::function<void(const std::shared_ptr<Session>&)> on_closed;
};

/// The limits of the transport that tests need to make smaller.
struct ServerLimits {
  std::size_t connections = kMaxConnections;
  std::chrono::milliseconds stall{30'000};  // a client that reads nothing for so long is closed
  std::chrono::milliseconds linger{2'000};  // how long a refused client's input is still discarded
};

/// Accepts connections on a listening Unix socket. Peers with another uid (SO_PEERCRED; root is
/// allowed) and connections beyond kMaxConnections are answered with an error and closed.
class Server final {
 public:
  /// `listener` is a bound, listening, non-blocking socket.
  Server(Loop& loop, UniqueFd listener, SessionHandler handler, ServerLimits limits = {});

  /// Cuts every session off. A session that somebody still holds is closed() from then on.
  ~Server();

  /// Stops accepting, and closes every session once what is queued for it has been sent.
  void Close();

  [[nodiscard]] std::size_t sessions() const;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

/// Serves one client on stdin and stdout (pipes, sockets or regular files), with the same session
/// code. `on_end` is called when input has ended and every begun request has been answered and
/// written out.
class StdioServer final {
 public:
  StdioServer(Loop& loop, SessionHandler handler, std::function<void()> on_end,
              ServerLimits limits = {});
  ~StdioServer();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace drover::daemon
