#include "client/session.h"

#include <cerrno>
#include <sys/sysmacros.h>
#include <thread>
#include <unistd.h>

#include "base/paths.h"
#include "base/text.h"
#include "client/progress.h"
#include "client/render/render.h"
#include "client/spawn.h"
#include "client/verbs.h"

namespace drover::client {
namespace {

constexpr double kShortSeconds = 10;
constexpr double kStartSeconds = 10;
constexpr std::chrono::milliseconds kRetryPause{10};

double SecondsFor(const Invocation& invocation) {
  if (invocation.arguments.timeout_seconds) return *invocation.arguments.timeout_seconds;
  return invocation.verb->wait == Wait::kShort ? kShortSeconds : 0;
}

double ConnectSeconds(const Invocation& invocation) {
  return invocation.arguments.timeout_seconds.value_or(kShortSeconds);
}

/// The pid in /proc/locks that holds an flock on `path`; 0 when nobody does. Looking there does not
/// disturb a daemon that is just taking the lock, as trying it would.
std::int64_t LockHolder(const std::string& path) {
  try {
    const auto status = StatFile(path);
    if (!status) return 0;
    const std::string inode = Concat(":", status->identity.inode);
    const std::string locks = ReadFile("/proc/locks", 1 << 20);
    for (const std::string_view line : SplitLines(locks)) {
      const std::vector<std::string> words = SplitList(line, ' ');
      if (words.size() >= 6 && words[1] == "FLOCK" && words[5].ends_with(inode)) {
        return ParseInteger(words[4]).value_or(0);
      }
    }
  } catch (const Error&) {
    return 0;
  }
  return 0;
}

Connection Started(const Invocation& invocation, const std::string& socket) {
  const double seconds = invocation.arguments.timeout_seconds.value_or(kStartSeconds);
  const Deadline deadline = After(seconds);
  StartDaemon(deadline);
  for (;;) {
    if (auto connection = Connect(socket, deadline)) return std::move(*connection);
    // Somebody else's daemon holds the lock and is about to listen.
    if (std::chrono::steady_clock::now() >= *deadline) throw NotRunning();
    std::this_thread::sleep_for(kRetryPause);
  }
}

}  // namespace

std::string StartDirectory(const Arguments& arguments) {
  if (arguments.directory.empty()) return CurrentDirectory();
  const std::string directory = AbsolutePath(arguments.directory, CurrentDirectory());
  const auto status = StatFile(directory);
  if (!status || status->type != FileType::kDirectory) {
    throw Error(Code::kNotFound, "project.directory",
                Concat("-C names ", directory, ", which is not a directory"), "drover -C . status");
  }
  return RealPath(directory);
}

Error NotRunning() {
  const RuntimePaths paths = FindRuntimePaths();
  const std::int64_t holder = LockHolder(paths.lock);
  if (holder > 0) {
    return {
        Code::kUnavailable, "daemon.unreachable",
        Concat("the daemon (pid ", holder, ") is running but does not listen on ", paths.socket),
        Concat("kill ", holder)};
  }
  const bool exists = StatFile(paths.socket, Follow::kNothing).has_value();
  return {Code::kUnavailable, "daemon.unreachable",
          Concat("no daemon is running: ", exists ? "nobody listens on " : "there is no socket ",
                 paths.socket),
          "drover daemon start"};
}

std::optional<Connection> OpenRunning(const Invocation& invocation) {
  return Connect(FindRuntimePaths().socket, After(ConnectSeconds(invocation)));
}

Connection Open(const Invocation& invocation) {
  const Start start = invocation.verb->start;
  if (invocation.arguments.local) {
    if (!invocation.verb->needs_project) {
      throw Error(
          Code::kInvalid, "usage",
          Concat("drover ", invocation.verb->name, " speaks of the daemon: --local has none"),
          Concat("drover ", invocation.verb->name));
    }
    return StartLocal();
  }
  if (auto connection = OpenRunning(invocation)) return std::move(*connection);
  if (start == Start::kNever) throw NotRunning();
  if (start == Start::kDaemonOrLocal && EnvironmentVariable("CI")) return StartLocal();
  const bool asked_to_start =
      invocation.verb->name == "daemon start" || invocation.verb->name == "daemon restart";
  if (EnvironmentVariable("DROVER_NO_SPAWN") && !asked_to_start) {
    Error error = NotRunning();
    error.message += ", and DROVER_NO_SPAWN forbids starting it";
    throw error;
  }
  return Started(invocation, FindRuntimePaths().socket);
}

CallOptions OptionsFor(const Invocation& invocation) {
  CallOptions options;
  options.seconds = SecondsFor(invocation);
  if (options.seconds > 0) options.deadline = After(options.seconds);
  options.on_cancel = [] { PrintError("drover: cancelling … (Ctrl-C again leaves at once)\n"); };
  if (invocation.verb->wait == Wait::kForever && isatty(STDERR_FILENO) == 1) {
    options.on_progress = [line = ProgressLine(invocation.err)](
                              const ProgressDocument& progress) mutable { line.Show(progress); };
  }
  return options;
}

Params ParamsFor(const Invocation& invocation) {
  Params params;
  params.project = invocation.project;
  params.environments = invocation.arguments.environments;
  return params;
}

std::vector<Params> ParamsPerEnvironment(const Invocation& invocation) {
  if (invocation.arguments.environments.empty()) return {ParamsFor(invocation)};
  std::vector<Params> requests;
  for (const std::string& environment : invocation.arguments.environments) {
    Params& params = requests.emplace_back(ParamsFor(invocation));
    params.environments = {environment};
  }
  return requests;
}

Params RevisionParams(const Invocation& invocation) {
  const Arguments& arguments = invocation.arguments;
  Params params = ParamsFor(invocation);
  params.message = arguments.message;
  params.head = Join(arguments.heads, " ");
  params.splice = arguments.splice;
  params.branch_label = arguments.branch_label;
  params.depends_on = arguments.depends_on;
  params.rev_id = arguments.rev_id;
  params.no_draft = arguments.no_draft;
  return params;
}

void Print(std::string_view text) {
  if (!WriteAll(STDOUT_FILENO, text)) throw SystemError("write", "to stdout", errno);
}

void PrintError(std::string_view text) {
  [[maybe_unused]] const bool written = WriteAll(STDERR_FILENO, text);
}

bool PrintedAsJson(const Invocation& invocation, std::string_view document) {
  if (!invocation.arguments.json) return false;
  Print(Concat(document, "\n"));
  return true;
}

void PrintPlan(const Invocation& invocation, std::string_view document) {
  if (PrintedAsJson(invocation, document)) return;
  const auto plan = DecodeDocument<PlanDocument>(document);
  if (invocation.arguments.sql) {
    Print(plan.sql.value_or(""));
    for (const std::string& warning : plan.warnings) {
      PrintError(Concat("warning: ", Clean(warning), "\n"));
    }
  } else {
    Print(RenderPlan(plan, invocation.cwd, invocation.project, invocation.out));
  }
}

void WarnOfVersionSkew(const Invocation& invocation, std::string_view daemon_version) {
  if (daemon_version.empty() || daemon_version == DROVER_VERSION || invocation.arguments.local)
    return;
  PrintError(Concat("drover: the daemon is version ", Clean(daemon_version),
                    ", this program is " DROVER_VERSION ": drover daemon restart\n"));
}

}  // namespace drover::client
