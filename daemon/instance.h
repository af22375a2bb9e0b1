// The single instance: lock, socket, stale-socket rule, readiness. See docs/daemon.md.
#pragma once

#include <string>
#include <string_view>

#include "base/paths.h"
#include "base/posix.h"

namespace drover::daemon {

/// Holds the lock and the listening socket for the life of the process.
class Instance final {
 public:
  /// Creates the directories (0700) and checks them (ours, not writable by others), takes the lock
  /// (retrying for up to 2 s, since a predecessor may be on its way out), removes a stale socket,
  /// binds with mode 0600 and listens. With LISTEN_FDS=1 and LISTEN_PID ours, adopts descriptor 3
  /// instead. Throws kConflict
  /// ("daemon.running", naming the pid), kRefused ("daemon.directory", "daemon.not_a_socket": the
  /// hint is the command that repairs it) or kIo.
  explicit Instance(RuntimePaths paths);

  /// Removes the socket if it is still the one we bound.
  ~Instance();

  Instance(const Instance&) = delete;
  Instance& operator=(const Instance&) = delete;

  /// The listening, non-blocking socket; may be taken once.
  [[nodiscard]] UniqueFd TakeListener();

  /// Is the socket file still the one we bound?
  [[nodiscard]] bool SocketIsOurs() const;

  [[nodiscard]] const RuntimePaths& paths() const { return paths_; }

 private:
  RuntimePaths paths_;
  UniqueFd lock_;
  UniqueFd listener_;
  FileIdentity socket_;
  bool inherited_ = false;
};

/// Sends "READY=1", "STOPPING=1" or "RELOADING=1" (MONOTONIC_USEC is added) to $NOTIFY_SOCKET, if
/// there is one. The protocol is sd_notify(3)'s.
void NotifySystemd(std::string_view state);

/// Writes `text`, "ready\n" or that of an error, to the start-up pipe and closes it; nothing for fd
/// -1. Ignores SIGPIPE from then on.
void ReportStartup(UniqueFd& pipe, std::string_view text);

}  // namespace drover::daemon
