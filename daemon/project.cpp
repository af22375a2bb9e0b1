#include "daemon/project.h"

#include <algorithm>
#include <pwd.h>
#include <unistd.h>
#include <utility>

#include "base/clock.h"
#include "base/posix.h"
#include "base/text.h"
#include "daemon/log.h"
#include "daemon/recovery.h"
#include "environments/git.h"

namespace drover::daemon {
namespace {

/// How long an answer waits for work that policy has just begun.
constexpr std::chrono::milliseconds kPatience{700};
constexpr std::chrono::milliseconds kPoll{5};

std::string UserName() {
  if (const auto user = EnvironmentVariable("USER")) return *user;
  const passwd* entry = getpwuid(geteuid());
  return entry != nullptr ? std::string(entry->pw_name) : Concat("uid ", geteuid());
}

std::string HostName() {
  char name[256] = {};
  return gethostname(name, sizeof name - 1) == 0 ? std::string(name) : std::string();
}

migrations::AppliedBy Identify(const std::string& root) {
  const environments::GitHead git = environments::ReadGitHead(root);
  return {.user = UserName(),
          .host = HostName(),
          .git_commit = git.commit,
          .git_branch = git.branch,
          .tool_version = "drover " DROVER_VERSION};
}

}  // namespace

Project::Project(const ProjectContext& context, std::string root)
    : context_(context),
      root_(std::move(root)),
      observer_(std::make_shared<Observer>(root_, context.store)) {}

void Project::Start() {
  const std::weak_ptr<Project> weak = weak_from_this();
  strays_ = std::make_shared<StrayKeeper>(context_.loop, context_.workers, [weak] {
    if (const auto self = weak.lock()) self->StraysChanged();
  });
  if (context_.mode == Mode::kWatch) {
    watch_ = std::make_unique<ProjectWatch>(
        context_.loop, root_,
        ProjectWatch::Callbacks{.look = [this] { Look(); },
                                .suspicious =
                                    [this](const std::vector<std::string>& paths) {
                                      if (view_) strays_->ScanSome(view_->seen, paths);
                                    },
                                .rescan =
                                    [this] {
                                      if (view_) strays_->ScanAll(view_->seen);
                                    }});
  }
  if (ActsByPolicy()) Recover();
  Look();
}

void Project::Recover() {
  // Before the first look: a hot journal that our own killed job left behind is rolled back here.
  auto found = std::make_shared<std::vector<Finding>>();
  looking_ = true;
  context_.workers.Post([self = shared_from_this(), found] {
    *found = RecoverJobs(self->context_.journal, self->root_);
    self->context_.loop.Post([self, found] {
      self->recovered_ = std::move(*found);
      self->looking_ = false;
      self->Look();
    });
  });
}

void Project::Look() {
  if (looking_) {
    look_again_ = true;
    return;
  }
  looking_ = true;
  look_again_ = false;
  if (watch_) watch_->Begin();
  served_by_this_look_ = std::exchange(waiting_, {});
  context_.workers.Post([self = shared_from_this()] {
    auto seen = self->observer_->Observe();
    self->context_.loop.Post([self, seen = std::move(seen)]() mutable {
      self->looking_ = false;
      self->Settle(std::move(seen));
    });
  });
}

void Project::Settle(std::shared_ptr<const Observation> seen) {
  // Several files are being saved: what is missing now may be there in a moment. Say nothing yet.
  const bool new_trouble = !seen->migration_problems.empty() &&
                           (!view_ || view_->seen->migrations_digest != seen->migrations_digest);
  if (watch_ && new_trouble && !held_back_ && watch_->restless()) {
    held_back_ = true;
    waiting_.insert(waiting_.end(), served_by_this_look_.begin(), served_by_this_look_.end());
    served_by_this_look_.clear();
    hold_timer_ = context_.loop.After(Settler::kQuiet, [this] { Look(); });
    return;
  }
  held_back_ = false;
  ForgetBusyFailures(*seen);
  if (watch_) watch_->Arm(*seen);
  const bool first = view_ == nullptr;
  Publish(std::move(seen));
  if (first && watch_) strays_->ScanAll(view_->seen);
  ActByPolicy();
  AnswerWaiters();
  if (look_again_ || !waiting_.empty()) Look();
}

void Project::Publish(std::shared_ptr<const Observation> seen) {
  auto view = std::make_shared<View>();
  view->seen = std::move(seen);
  view->verdicts = Judge(*view->seen, context_.jobs.Busy());
  view->findings = CollectFindings(*view->seen);
  view->findings.insert(view->findings.end(), recovered_.begin(), recovered_.end());
  if (watch_ && !watch_->degraded().empty()) {
    view->findings.push_back({.code = "watch-degraded",
                              .severity = "warning",
                              .environment = std::nullopt,
                              .message = Concat("the project is polled every 2 s instead of "
                                                "watched: ",
                                                watch_->degraded()),
                              .ground = "seen",
                              .fix = std::nullopt,
                              .where = std::nullopt});
  }
  view->strays = strays_->strays();
  view->strays_truncated = strays_->truncated();
  view->daemon = {.pid = getpid(),
                  .version = DROVER_VERSION,
                  .watching = watch_ ? std::string(watch_->mode()) : "nothing"};
  if (view->seen->config) view->status_json = EncodeDocument(MakeStatus(*view, {}));
  const std::shared_ptr<const View> before = std::exchange(view_, view);
  Announce(before.get(), *view_);
}

EventDocument Project::Event(std::string_view name) const {
  EventDocument event;
  event.event = name;
  event.at = FormatUtcMilliseconds(WallNow());
  event.project = root_;
  return event;
}

void Project::Emit(EventDocument event) const { context_.publish(event); }

void Project::Announce(const View* before, const View& now) {
  const auto message = [](const View* view) -> std::string {
    if (view == nullptr || !view->seen->config_error) return "";
    return view->seen->config_error->where + view->seen->config_error->message;
  };
  if (message(before) != message(&now) || (before && before->seen->config != now.seen->config)) {
    EventDocument event = Event("config");
    event.message = "the configuration was read again";
    if (now.seen->config_error) {
      event.error = ToBody(*now.seen->config_error);
      event.message = now.seen->config_error->message;
      Log(LogLevel::kError, "the configuration is wrong",
          {{"where", now.seen->config_error->where}, {"err", event.message}});
    }
    Emit(std::move(event));
  }
  for (const Verdict& verdict : now.verdicts) {
    const Verdict* was = nullptr;
    if (before != nullptr) {
      const auto found =
          std::ranges::find(before->verdicts, verdict.environment, &Verdict::environment);
      if (found != before->verdicts.end()) was = &*found;
    }
    const bool same = was != nullptr && was->state == verdict.state &&
                      was->pending == verdict.pending && was->why == verdict.why;
    if (same) continue;
    const bool reported = verdict.pending > 0 && !verdict.may_apply &&
                          (verdict.state == EnvironmentState::kPending ||
                           verdict.state == EnvironmentState::kMissing);
    EventDocument event = Event(reported ? "pending" : "state");
    event.environment = verdict.environment;
    event.state = StateName(verdict.state);
    event.pending = static_cast<std::int64_t>(verdict.pending);
    event.message = verdict.why;
    if (verdict.error) event.error = ToBody(*verdict.error);
    Emit(std::move(event));
  }
  for (const Finding& finding : now.findings) {
    const bool known =
        before != nullptr && std::ranges::find(before->findings, finding) != before->findings.end();
    if (known || finding.code == "config-error") continue;
    EventDocument event = Event("finding");
    event.environment = finding.environment;
    event.finding = finding;
    event.message = finding.message;
    Emit(std::move(event));
  }
}

void Project::StraysChanged() {
  if (!view_) return;
  for (const StrayEntry& stray : strays_->strays()) {
    const auto known = std::ranges::find(view_->strays, stray.path, &StrayEntry::path);
    if (known != view_->strays.end() && known->kind == stray.kind) continue;
    if (stray.kind == "foreign") continue;
    EventDocument event = Event("stray");
    event.environment = stray.environment;
    event.stray = stray;
    event.message = stray.message;
    Log(LogLevel::kWarning, "stray database", {{"path", stray.path}, {"class", stray.kind}});
    Emit(std::move(event));
  }
  Publish(view_->seen);
}

void Project::ActByPolicy() {
  if (!ActsByPolicy() || context_.stopping()) return;
  if (watch_ && watch_->unfinished()) return;  // the settler will look again
  const std::shared_ptr<const View> view = view_;
  bool begun = false;
  for (std::size_t i = 0; i < view->verdicts.size(); ++i) {
    const Verdict& verdict = view->verdicts[i];
    if (!verdict.may_apply || context_.jobs.Busy().contains(view->seen->targets[i].path)) continue;
    JobRequest request = Prepare(*view, i, JobCommand::kUpgrade);
    request.origin = JobOrigin::kPolicy;
    request.target = "heads";
    request.drafts = migrations::Drafts::kStopBeforeEmpty;
    request.goal = PlanFor(request, request.rows).to;
    (void)Submit(std::move(request), {}, [](const JobOutcome&) {});
    begun = true;
  }
  if (begun) Publish(view->seen);
}

JobRequest Project::Prepare(const View& view, std::size_t environment, JobCommand command) const {
  JobRequest request;
  request.command = command;
  request.project = root_;
  request.environment = view.verdicts[environment].environment;
  request.path = view.seen->targets[environment].path;
  request.graph = view.seen->graph;
  request.version_table = view.config().version_table;
  request.migrations_digest = view.seen->migrations_digest;
  request.config_sha256 = view.config().sha256;
  request.rows = view.verdicts[environment].current;
  return request;
}

std::stop_source Project::Submit(JobRequest request, migrations::ApplyObserver observer,
                                 JobQueue::Done done) {
  auto shared = std::make_shared<JobRequest>(std::move(request));
  auto self = shared_from_this();
  auto work = [self, shared, observer = std::move(observer)](const std::stop_token& stop) {
    shared->by = Identify(self->root_);
    migrations::ApplyObserver announcing = observer;
    announcing.on_applied = [&](const migrations::AppliedStep& step) {
      if (observer.on_applied) observer.on_applied(step);
      self->context_.loop.Post([self, shared, step] {
        const bool up = step.direction == migrations::Direction::kUp;
        EventDocument event = self->Event("applied");
        event.environment = shared->environment;
        event.revision = step.revision;
        event.direction = up ? "up" : "down";
        event.duration_ms = step.duration_ms;
        event.message = step.message;
        Log(LogLevel::kInfo, up ? "applied" : "reverted",
            {{"env", shared->environment},
             {"rev", step.revision},
             {"dur_ms", Concat(step.duration_ms)}});
        self->Emit(std::move(event));
      });
    };
    return CarryOut(*shared, self->context_.journal, self->context_.store, announcing, stop);
  };
  return context_.jobs.Submit(shared->path, std::move(work),
                              [self, shared, done = std::move(done)](JobOutcome outcome) {
                                self->JobEnded(*shared, outcome);
                                done(std::move(outcome));
                              });
}

void Project::JobEnded(const JobRequest& request, const JobOutcome& outcome) {
  if (outcome.error) {
    EventDocument event = Event("failed");
    event.environment = request.environment;
    event.error = ToBody(*outcome.error);
    event.message = outcome.error->message;
    Log(LogLevel::kError, "the job failed",
        {{"env", request.environment},
         {"where", outcome.error->where},
         {"err", outcome.error->message}});
    Emit(std::move(event));
    if (outcome.error->code == Code::kBusy) busy_failures_.insert(request.path);
  } else if (!outcome.result.steps.empty()) {
    recovered_.clear();
  }
  for (const std::string& warning : outcome.result.warnings) {
    Log(LogLevel::kInfo, warning, {{"env", request.environment}});
  }
  Look();
}

/// A lock that is gone is no change of the inputs, but it is what the job was waiting for.
void Project::ForgetBusyFailures(const Observation& seen) {
  if (!view_ || busy_failures_.empty()) return;
  std::erase_if(busy_failures_, [&](const std::string& path) {
    const auto before = view_->seen->footprints.find(path);
    const auto now = seen.footprints.find(path);
    const bool changed = before == view_->seen->footprints.end() || now == seen.footprints.end() ||
                         before->second != now->second;
    if (!changed) return false;
    context_.store.Update([&](State& state) { state.failures.erase(path); });
    look_again_ = true;
    return true;
  });
}

bool Project::idle() const { return !looking_ && waiting_.empty() && view_ != nullptr; }

void Project::Fresh(ViewCallback callback) {
  const bool due = watch_ && watch_->Drain();
  const bool watching = watch_ && watch_->degraded().empty();
  const bool current =
      watching && view_ && !looking_ && !due && !held_back_ && DatabasesUnchanged(*view_->seen);
  if (current) {
    callback(view_);
    return;
  }
  waiting_.push_back(std::move(callback));
  if (!due && !held_back_) Look();
}

void Project::Settled(ViewCallback callback) {
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  SettledBefore(deadline, std::move(callback));
}

void Project::SettledBefore(std::chrono::steady_clock::time_point deadline, ViewCallback callback) {
  Fresh([weak = weak_from_this(), deadline,
         callback = std::move(callback)](const std::shared_ptr<const View>& view) {
    const auto self = weak.lock();
    const bool working = std::ranges::any_of(view->verdicts, [](const Verdict& verdict) {
      return verdict.state == EnvironmentState::kApplying;
    });
    const bool scanning = self && self->watch_ && !self->strays_->complete() && view->seen->config;
    if (!self || (!working && !scanning) || std::chrono::steady_clock::now() > deadline) {
      callback(view);
      return;
    }
    self->patience_.push_back({.deadline = deadline, .callback = callback});
    self->ContinuePatience();
  });
}

void Project::ContinuePatience() {
  if (patience_timer_) return;
  patience_timer_ = context_.loop.After(kPoll, [this] {
    patience_timer_.reset();
    for (Patience& patience : std::exchange(patience_, {})) {
      SettledBefore(patience.deadline, std::move(patience.callback));
    }
  });
}

void Project::Rescanned(ViewCallback callback) {
  Fresh([weak = weak_from_this(), callback](const std::shared_ptr<const View>& view) {
    const auto self = weak.lock();
    if (!self) return;
    self->strays_->ScanAll(view->seen, [self, callback] {
      self->Publish(self->view_->seen);
      callback(self->view_);
    });
  });
}

void Project::Reload() { Look(); }

void Project::AnswerWaiters() {
  for (const ViewCallback& callback : std::exchange(served_by_this_look_, {})) callback(view_);
}

}  // namespace drover::daemon
