#include "base/paths.h"

#include <unistd.h>

#include "base/error.h"
#include "base/posix.h"
#include "base/text.h"

namespace drover {
namespace {

constexpr std::size_t kMaxSocketPath = 107;

std::string StateDirectory() {
  if (const auto given = EnvironmentVariable("DROVER_STATE_DIR")) {
    return AbsolutePath(*given, CurrentDirectory());
  }
  if (const auto xdg = EnvironmentVariable("XDG_STATE_HOME"); xdg && xdg->front() == '/') {
    return *xdg + "/drover";
  }
  if (const auto home = EnvironmentVariable("HOME"); home && home->front() == '/') {
    return *home + "/.local/state/drover";
  }
  throw Error(Code::kInvalid, "paths.home", "neither HOME nor DROVER_STATE_DIR is set",
              "export DROVER_STATE_DIR=/some/directory");
}

std::string SocketPath(const std::string& state) {
  if (const auto given = EnvironmentVariable("DROVER_SOCKET")) {
    return AbsolutePath(*given, CurrentDirectory());
  }
  // With an explicit state directory everything of this daemon stays together.
  if (EnvironmentVariable("DROVER_STATE_DIR")) return state + "/droverd.sock";
  const std::string runtime = Concat("/run/user/", getuid());
  const auto status = StatFile(runtime);
  if (status && status->type == FileType::kDirectory && status->owner == getuid()) {
    return runtime + "/drover/droverd.sock";
  }
  return state + "/droverd.sock";
}

}  // namespace

RuntimePaths FindRuntimePaths() {
  RuntimePaths paths;
  paths.state = StateDirectory();
  paths.socket = SocketPath(paths.state);
  if (paths.socket.size() > kMaxSocketPath) {
    throw Error(Code::kInvalid, "paths.too_long",
                Concat("the socket path ", paths.socket, " is longer than ", kMaxSocketPath,
                       " bytes, the limit of the system"),
                "export DROVER_SOCKET=/a/shorter/path.sock");
  }
  paths.lock = DirectoryName(paths.socket) + "/droverd.lock";
  paths.log = paths.state + "/droverd.log";
  return paths;
}

std::string FindProjectRoot(const std::string& from) {
  for (std::string directory = from;; directory = DirectoryName(directory)) {
    const std::string candidate = directory == "/" ? "/drover.yaml" : directory + "/drover.yaml";
    if (StatFile(candidate)) return directory;
    if (directory == "/") break;
  }
  throw Error(Code::kNotFound, "project.not_found",
              Concat("there is no drover.yaml in ", from, " or above it"),
              "drover init, or -C DIR for a project elsewhere");
}

}  // namespace drover
