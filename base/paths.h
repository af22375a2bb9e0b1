// Where the daemon's socket, lock, log and state live. Client and daemon both compute these, from
// the user id and the environment, so that they agree in a login shell, under cron and in tmux.
#pragma once

#include <string>

namespace drover {

struct RuntimePaths {
  std::string socket;  // at most 107 bytes, the size of sun_path
  std::string lock;    // beside the socket
  std::string state;   // directory: journal, trust, registered projects, log
  std::string log;
};

/// The socket is $DROVER_SOCKET, else /run/user/<uid>/drover/droverd.sock when that runtime
/// directory is ours, else droverd.sock in the state directory. The state directory is
/// $DROVER_STATE_DIR, else $XDG_STATE_HOME/drover, else $HOME/.local/state/drover. Nothing is
/// created. Throws kInvalid ("paths.home", "paths.too_long").
[[nodiscard]] RuntimePaths FindRuntimePaths();

/// The nearest directory at or above `from` that holds drover.yaml. Throws kNotFound
/// ("project.not_found") with a hint where to read about it.
[[nodiscard]] std::string FindProjectRoot(const std::string& from);

}  // namespace drover
