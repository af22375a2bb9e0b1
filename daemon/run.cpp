#include "daemon/run.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <unistd.h>

#include "base/error.h"
#include "base/paths.h"
#include "base/posix.h"
#include "base/text.h"
#include "daemon/instance.h"
#include "daemon/net/loop.h"
#include "daemon/net/server.h"
#include "daemon/service.h"
#include "environments/strays/remedies.h"
#include "environments/strays/scan.h"
#include "environments/survey/survey.h"
#include "environments/watch.h"

namespace drover::daemon {
namespace {

constexpr std::size_t kThreads = 3;

/// What every mode but --scan stands on. Members are destroyed in reverse order: first the service,
/// then the workers that may still hold parts of it, then the loop they post to.
struct Foundation {
  explicit Foundation(const RuntimePaths& paths)
      : store((MakeDirectories(paths.state, 0700), paths.state)), journal(paths.state) {}

  Loop loop;
  StateStore store;
  Journal journal;
};

/// The socket's file can be deleted under a living daemon, by a cleaner of temporary files, say.
/// Nobody could reach it then: it ends, and the next client starts another.
class SocketGuard {
 public:
  SocketGuard(Loop& loop, const Instance& instance, std::function<void()> lost)
      : instance_(instance), lost_(std::move(lost)) {
    try {
      watcher_ = environments::MakeInotifyWatcher();
      watcher_->Watch(DirectoryName(instance.paths().socket));
      readable_ = loop.OnReadable(watcher_->descriptor(), [this] { Check(); });
    } catch (const Error& error) {
      Log(LogLevel::kWarning, "the socket is not watched", {{"err", error.message}});
    }
  }

 private:
  void Check() {
    (void)watcher_->Drain();
    if (instance_.SocketIsOurs()) return;
    readable_.reset();
    Log(LogLevel::kError, "the socket was removed; ending, so that another daemon can serve",
        {{"socket", instance_.paths().socket}});
    lost_();
  }

  const Instance& instance_;
  std::function<void()> lost_;
  std::unique_ptr<environments::Watcher> watcher_;
  std::unique_ptr<Loop::Watch> readable_;
};

/// Stops the loop when the last replies have left, or after a second: a client that does not read
/// must not keep the daemon alive.
class Farewell {
 public:
  Farewell(Loop& loop, std::function<bool()> all_gone)
      : loop_(loop), all_gone_(std::move(all_gone)) {
    Check();
  }

 private:
  void Check() {
    if (all_gone_() || ++turns_ > 100) {
      loop_.Post([this] { loop_.Stop(); });
      return;
    }
    timer_ = loop_.After(std::chrono::milliseconds(10), [this] { Check(); });
  }

  Loop& loop_;
  std::function<bool()> all_gone_;
  std::unique_ptr<Loop::Timer> timer_;
  int turns_ = 0;
};

/// The project of the working directory; empty when there is none.
std::string ProjectHere() {
  try {
    return FindProjectRoot(CurrentDirectory());
  } catch (const Error&) {
    return {};
  }
}

void LogStart(const Instance& instance, const DaemonOptions& options) {
  Log(LogLevel::kInfo, "droverd " DROVER_VERSION,
      {{"pid", Concat(getpid())},
       {"socket", instance.paths().socket},
       {"state", instance.paths().state},
       {"started_by", options.background ? "client" : "user"}});
}

/// A helper's request: everything on stdin.
std::string ReadRequest() {
  std::string input;
  std::array<char, 65536> buffer;
  for (;;) {
    const ssize_t got = read(STDIN_FILENO, buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return input;
    input.append(buffer.data(), static_cast<std::size_t>(got));
    if (input.size() > kMaxRequestBytes) {
      throw Error(Code::kInvalid, "protocol.too_large", "the request is too large");
    }
  }
}

void PrintResult(const std::string& document) {
  if (!WriteAll(STDOUT_FILENO, document + "\n")) throw SystemError("write", "the result", errno);
}

/// The JSON schema of drover.yaml: of the installation that this program belongs to, or of the
/// checkout that it was built in; empty when there is none.
std::string FindSchema() {
  const std::string program = DirectoryName(RealPath("/proc/self/exe"));
  std::string installed = AbsolutePath("../share/drover/schema/drover.schema.json", program);
  if (StatFile(installed)) return installed;
  for (std::string directory = program; directory != "/"; directory = DirectoryName(directory)) {
    std::string path = AbsolutePath("deploy/schema/drover.schema.json", directory);
    if (StatFile(path)) return path;
  }
  return {};
}

}  // namespace

int RunDaemon(const DaemonOptions& options, UniqueFd& startup) {
  const RuntimePaths paths = FindRuntimePaths();
  MakeDirectories(paths.state, 0700);
  StartLog({.format = options.log_format,
            .level = options.log_level,
            .file = options.background ? paths.log : std::string()});
  Instance instance(paths);
  LogStart(instance, options);
  Foundation base(paths);
  if (!base.store.problem().empty()) {
    Log(LogLevel::kError, "the state file was damaged", {{"err", base.store.problem()}});
  }
  std::unique_ptr<Server> server;
  std::optional<Farewell> farewell;
  std::optional<Service> service;
  {
    Workers workers(kThreads);
    service.emplace(
        base.loop, workers, base.store, base.journal,
        Service::Options{.mode = Mode::kWatch, .socket = paths.socket, .project = {}}, [&] {
          if (server) server->Close();
          farewell.emplace(base.loop, [&] { return !server || server->sessions() == 0; });
        });
    base.loop.OnSignals({SIGTERM, SIGINT, SIGHUP}, [&](int number) {
      if (number == SIGHUP) {
        Log(LogLevel::kInfo, "reading the configuration again");
        service->ReloadAll();
        return;
      }
      NotifySystemd("STOPPING=1");
      service->Stop();
    });
    service->OpenRegistered();
    server = std::make_unique<Server>(base.loop, instance.TakeListener(), service->Handler());
    const SocketGuard guard(base.loop, instance, [&] { service->Stop(); });
    NotifySystemd("READY=1");
    ReportStartup(startup, "ready\n");
    base.loop.Run();
    Log(LogLevel::kInfo, "ended");
  }
  return 0;
}

int RunStdio(const DaemonOptions&) {
  const RuntimePaths paths = FindRuntimePaths();
  // No log: every error is part of an answer, and stderr is the client's.
  Foundation base(paths);
  std::optional<Service> service;
  {
    Workers workers(kThreads);
    service.emplace(base.loop, workers, base.store, base.journal,
                    Service::Options{.mode = Mode::kAsk, .socket = {}, .project = ProjectHere()},
                    [&] { base.loop.Stop(); });
    base.loop.OnSignals({SIGTERM, SIGINT}, [&](int) { service->Stop(); });
    const StdioServer server(base.loop, service->Handler(), [&] { service->Stop(); });
    base.loop.Run();
  }
  return 0;
}

int RunScan() {
  const ScanResult result = environments::Scan(DecodeDocument<ScanRequest>(ReadRequest()));
  PrintResult(EncodeDocument(result));
  return 0;
}

int RunRemedy() {
  const RemedyResult result =
      environments::CarryOutRemedy(DecodeDocument<RemedyRequest>(ReadRequest()));
  PrintResult(EncodeDocument(result));
  return 0;
}

int RunSurvey() {
  environments::RealFiles files;
  const std::string home = EnvironmentVariable("HOME").value_or("");
  const environments::SurveySurroundings surroundings{.home = home.empty() ? home : RealPath(home),
                                                      .schema = FindSchema(),
                                                      .scan = environments::Scan};
  PrintResult(EncodeDocument(environments::SurveyProject(
      DecodeDocument<SurveyRequest>(ReadRequest()), surroundings, files)));
  return 0;
}

}  // namespace drover::daemon
