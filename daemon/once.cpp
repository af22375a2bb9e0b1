// droverd --once: bring every environment to where its policy wants it, report, exit. For container
// entrypoints and CI.
#include <algorithm>
#include <csignal>
#include <cstdio>

#include "base/error.h"
#include "base/paths.h"
#include "base/posix.h"
#include "base/text.h"
#include "daemon/run.h"
#include "daemon/service.h"

namespace drover::daemon {
namespace {

/// Looks again until policy has nothing left to do, then hands over the last view.
class UntilQuiet : public std::enable_shared_from_this<UntilQuiet> {
 public:
  using Done = std::function<void(std::shared_ptr<const View>)>;

  UntilQuiet(Loop& loop, std::shared_ptr<Project> project, Done done)
      : loop_(loop), project_(std::move(project)), done_(std::move(done)) {}

  void Look() {
    project_->Fresh([self = shared_from_this()](const std::shared_ptr<const View>& view) {
      self->timer_.reset();  // its callback holds us
      const bool patient = std::chrono::steady_clock::now() - self->begun_ < kLockPatience;
      const bool working = std::ranges::any_of(view->verdicts, [&](const Verdict& verdict) {
        const bool locked = verdict.error && verdict.error->kind == "sqlite.busy";
        return verdict.may_apply || verdict.state == EnvironmentState::kApplying ||
               (locked && patient && verdict.state == EnvironmentState::kUnresolved);
      });
      if (!working) {
        self->done_(view);
        return;
      }
      self->timer_ = self->loop_.After(std::chrono::milliseconds(5), [self] { self->Look(); });
    });
  }

 private:
  /// How long a database that cannot even be read may stay locked by another program.
  static constexpr std::chrono::seconds kLockPatience{5};

  std::chrono::steady_clock::time_point begun_ = std::chrono::steady_clock::now();
  Loop& loop_;
  std::shared_ptr<Project> project_;
  Done done_;
  std::unique_ptr<Loop::Timer> timer_;
};

std::string Report(const StatusDocument& status) {
  std::string text;
  for (const EnvironmentStatus& environment : status.environments) {
    text +=
        Concat(environment.name, ": ", environment.state, " at ",
               environment.current.empty() ? std::string("base") : Join(environment.current, ", "),
               " (", environment.why, ")\n");
    if (environment.error && environment.error->where) {
      text += Concat("  ", *environment.error->where, "\n");
    }
  }
  for (const Finding& finding : status.findings) {
    text += Concat(finding.severity, ": ", finding.message, "\n");
  }
  return text;
}

}  // namespace

int RunOnce(const DaemonOptions& options) {
  const std::string from = options.project.empty()
                               ? CurrentDirectory()
                               : AbsolutePath(options.project, CurrentDirectory());
  const std::string root = FindProjectRoot(from);
  const RuntimePaths paths = FindRuntimePaths();
  MakeDirectories(paths.state, 0700);
  StartLog({.format = options.log_format, .level = options.log_level, .file = {}});
  Loop loop;
  StateStore store(paths.state);
  Journal journal(paths.state);
  std::optional<Service> service;
  std::shared_ptr<const View> last;
  {
    Workers workers(2);
    service.emplace(loop, workers, store, journal,
                    Service::Options{.mode = Mode::kOnce, .socket = {}, .project = {}},
                    [&] { loop.Stop(); });
    loop.OnSignals({SIGTERM, SIGINT}, [&](int) { service->Stop(); });
    std::make_shared<UntilQuiet>(loop, service->Open(root), [&](auto view) {
      last = std::move(view);
      service->Stop();
    })->Look();
    loop.Run();
  }
  if (!last) throw Error(Code::kCancelled, "job.cancelled", "stopped before it was done");
  const StatusDocument status = MakeStatus(*last, {});
  const std::string text = options.json ? EncodeDocument(status) + "\n" : Report(status);
  (void)WriteAll(1, text);
  return StatusExitCode(status);
}

}  // namespace drover::daemon
