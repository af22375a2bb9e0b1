#include "daemon/project.h"

#include <algorithm>
#include <numeric>
#include <pwd.h>
#include <unistd.h>
#include <utility>

#include "base/clock.h"
#include "base/posix.h"
#include "base/text.h"
#include "daemon/alembic.h"
#include "daemon/announce.h"
#include "daemon/findings.h"
#include "daemon/log.h"
#include "daemon/recovery.h"
#include "daemon/safety.h"
#include "daemon/taken_back.h"
#include "daemon/untold_steps.h"
#include "environments/git.h"

namespace drover::daemon {
namespace {

/// How long an answer waits for work that policy has just begun.
constexpr std::chrono::milliseconds kPatience{700};

/// When a job that somebody is waiting for is shown to the others, too.
constexpr std::chrono::milliseconds kLongJob{200};

/// The pauses between looks while somebody writes to a database.
constexpr std::chrono::milliseconds kFirstWriterPause{250};
constexpr std::chrono::milliseconds kLongestWriterPause{5000};

std::string UserName() {
  // Once: getpwuid is not made for several threads.
  static const std::string name = [] {
    if (const auto user = EnvironmentVariable("USER")) return *user;
    const passwd* entry = getpwuid(geteuid());
    return entry != nullptr ? std::string(entry->pw_name) : Concat("uid ", geteuid());
  }();
  return name;
}

std::string HostName() {
  static const std::string host = [] {
    char name[256] = {};
    return gethostname(name, sizeof name - 1) == 0 ? std::string(name) : std::string();
  }();
  return host;
}

/// Is there another file now where a configured database was?
bool TargetReplaced(const Observation& before, const Observation& now) {
  return std::ranges::any_of(now.targets, [&](const environments::Target& target) {
    const auto same = std::ranges::find(before.targets, target.path, &environments::Target::path);
    return target.kind == environments::TargetKind::kFile && same != before.targets.end() &&
           same->key != target.key;
  });
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
      observer_(std::make_shared<Observer>(
          root_, context.store, schemas_,
          context.mode == Mode::kWatch ? Surroundings::kDaemon : Surroundings::kShell)) {}

void Project::Start() {
  const std::weak_ptr<Project> weak = weak_from_this();
  strays_ = std::make_shared<StrayKeeper>(context_.loop, context_.workers, context_.store, [weak] {
    if (const auto self = weak.lock()) self->StraysChanged();
  });
  if (context_.mode == Mode::kWatch) {
    watch_ = std::make_unique<ProjectWatch>(
        context_.loop, root_,
        ProjectWatch::Callbacks{
            .look = [this] { Look(); },
            .signs =
                [this](const std::vector<FileSign>& signs) {
                  if (view_) strays_->Note(*view_->seen, signs);
                },
            .suspicious =
                [this](const std::vector<std::string>& paths) {
                  if (view_) strays_->ScanSome(view_->seen, paths);
                },
            .rescan =
                [this] {
                  if (view_) strays_->ScanAll(view_->seen);
                },
            .busy = [this](const std::string& path) { return context_.jobs.Has(path); }});
  }
  if (ActsByPolicy()) Recover();
  Look();
}

void Project::Recover() {
  // Before the first look: a hot journal that our own killed job left behind is rolled back here.
  auto found = std::make_shared<std::vector<Finding>>();
  looking_ = true;
  context_.workers.Post([self = shared_from_this(), found]() mutable {
    *found = RecoverJobs(self->context_.journal, self->root_);
    // The project belongs to the loop's thread: a worker must not be the last to hold it.
    Loop& loop = self->context_.loop;
    loop.Post([self = std::move(self), found] {
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
  migrations::ChangedPaths changed;
  if (watch_) changed = watch_->Begin();
  served_by_this_look_ = std::exchange(waiting_, {});
  context_.workers.Post([self = shared_from_this(), busy = context_.jobs.Busy(),
                         changed = std::move(changed)]() mutable {
    auto seen = self->observer_->Observe(busy, changed);
    Loop& loop = self->context_.loop;
    loop.Post([self = std::move(self), seen = std::move(seen)]() mutable {
      self->looking_ = false;
      self->Settle(std::move(seen));
    });
  });
}

void Project::Settle(std::shared_ptr<const Observation> seen) {
  // What was seen may be older than the end of a job, or than what the job has noted.
  if (std::exchange(outdated_, false)) {
    WaitForNextLook();
    Look();
    return;
  }
  // Several files are being saved: what is missing now may be there in a moment. Say nothing yet.
  const bool new_trouble = !seen->migration_problems.empty() &&
                           (!view_ || view_->seen->migrations_digest != seen->migrations_digest);
  if (watch_ && new_trouble && !held_back_ && watch_->restless()) {
    held_back_ = true;
    WaitForNextLook();
    hold_timer_ = context_.loop.After(Settler::kQuiet, [this] { Look(); });
    return;
  }
  held_back_ = false;
  ForgetOutsideFailures(*seen);
  if (watch_) watch_->Arm(*seen);
  const bool first = view_ == nullptr;
  const bool replaced = view_ && TargetReplaced(*view_->seen, *seen);
  std::vector<std::size_t> taken_back;
  if (view_) taken_back = FindTakenBack(*view_->seen, *seen);
  Publish(std::move(seen));
  if (replaced) strays_->ScanSome(view_->seen, {});  // somebody may go on with the old file
  // Until the first look nobody knew which files matter: what changed meanwhile was not noted.
  if (first && watch_) look_again_ = true;
  if (first && watch_) {
    strays_->ScanAll(view_->seen, [weak = weak_from_this()] {
      if (const auto self = weak.lock(); self && self->Quiet()) self->EndPatience();
    });
  }
  // Our own jobs have written their holds down before they began.
  const bool held = Hold(taken_back, "downgrade by another program");
  if (HoldNewRevisions() || held) {
    WaitForNextLook();
  } else {
    ActByPolicy();
  }
  AwaitWriter();
  AnswerWaiters();
  if (Quiet()) EndPatience();
  if (look_again_ || !waiting_.empty()) Look();
}

/// Nobody is answered with what this look has seen.
void Project::WaitForNextLook() {
  waiting_.insert(waiting_.end(), served_by_this_look_.begin(), served_by_this_look_.end());
  served_by_this_look_.clear();
  look_again_ = true;
}

/// The end of a transaction is an event; the end of its process, of a lock or of a missing
/// permission is none.
void Project::AwaitWriter() {
  writer_timer_.reset();
  if (!watch_ || (!view_->seen->being_written && !retries_.shut_out())) {
    writer_pause_ = kFirstWriterPause;
    return;
  }
  writer_timer_ = context_.loop.After(writer_pause_, [this] { Look(); });
  writer_pause_ = std::min(2 * writer_pause_, kLongestWriterPause);
}

void Project::Publish(std::shared_ptr<const Observation> seen) {
  auto view = std::make_shared<View>();
  view->seen = std::move(seen);
  view->verdicts = Judge(*view->seen, context_.jobs.Busy());
  ShowProgress(*view);
  retries_.Refuse(*view);
  view->findings = CollectFindings(*view->seen);
  view->findings.insert(view->findings.end(), recovered_.begin(), recovered_.end());
  for (Finding& finding : DetachedFindings(*view->seen, strays_->detached())) {
    view->findings.push_back(std::move(finding));
  }
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
  if (!strays_->problem().empty()) {
    view->findings.push_back({.code = "scan-failed",
                              .severity = "warning",
                              .environment = std::nullopt,
                              .message = Concat("the scan for strays failed: ", strays_->problem()),
                              .ground = "seen",
                              .fix = "drover strays",
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

void Project::Emit(EventDocument event) const {
  event.at = FormatUtcMilliseconds(WallNow());
  event.project = root_;
  context_.publish(event);
}

void Project::Announce(const View* before, const View& now) const {
  for (EventDocument& event : AnnounceChanges(before, now)) {
    if (event.event == "config" && event.error) {
      Log(LogLevel::kError, "the configuration is wrong",
          {{"where", event.error->where.value_or("")}, {"err", event.message}});
    }
    Emit(std::move(event));
  }
}

void Project::StraysChanged() {
  if (!view_) return;
  for (EventDocument& event : AnnounceStrays(view_->strays, strays_->strays())) {
    Log(LogLevel::kWarning, "stray database",
        {{"path", event.stray->path}, {"class", event.stray->kind}});
    Emit(std::move(event));
  }
  Publish(view_->seen);
}

/// A database with a running job is not opened, but the job tells how far it is.
void Project::ShowProgress(View& view) const {
  for (std::size_t i = 0; i < view.verdicts.size(); ++i) {
    Verdict& verdict = view.verdicts[i];
    const auto running = running_.find(view.seen->targets[i].path);
    if (running != running_.end() && verdict.state == EnvironmentState::kApplying) {
      verdict.why = Concat("drover ", CommandName(running->second.command), " is at work since ",
                           FormatUtc(running->second.since));
    }
    const auto reached = reached_.find(view.seen->targets[i].path);
    if (reached == reached_.end()) continue;
    verdict.current = reached->second;
    if (view.seen->graph) {
      verdict.pending = migrations::Pending(*view.seen->graph, verdict.current).size();
    }
  }
}

std::shared_ptr<void> Project::BeginAuthoring() {
  ++authors_;
  return {nullptr, [self = shared_from_this()](void*) {
            // The last who holds it may be a worker.
            Loop& loop = self->context_.loop;
            loop.Post([self] {
              --self->authors_;
              self->hold_new_revisions_ = true;
              self->outdated_ = self->looking_;
              self->Look();
            });
          }};
}

/// A revision that was just written by somebody's order is no draft where they are Alembic's; still
/// it is to be read before it is applied.
bool Project::HoldNewRevisions() {
  if (authors_ > 0 || !std::exchange(hold_new_revisions_, false)) return false;
  std::vector<std::size_t> all(view_->verdicts.size());
  std::iota(all.begin(), all.end(), std::size_t{0});
  return Hold(all, "revision");
}

/// Of these environments, those to which policy would apply something now: it waits. Was there any?
bool Project::Hold(std::span<const std::size_t> environments, const std::string& by) {
  const Held held{
      .since = FormatUtc(WallNow()), .by = by, .migrations = view_->seen->migrations_digest};
  bool noted = false;
  for (const std::size_t i : environments) {
    if (!view_->verdicts[i].may_apply) continue;
    try {
      context_.store.Update(
          [&](State& state) { state.held.insert_or_assign(view_->seen->targets[i].path, held); });
      noted = true;
    } catch (const Error& error) {
      Log(LogLevel::kError, "the state cannot be written", {{"err", error.message}});
    }
  }
  return noted;
}

void Project::ActByPolicy() {
  if (!ActsByPolicy() || context_.stopping() || authors_ > 0) return;
  if (watch_ && watch_->unfinished()) return;  // the settler will look again
  const std::shared_ptr<const View> view = view_;
  const bool wanted = std::ranges::any_of(view->verdicts, &Verdict::may_apply);
  if (wanted && watch_ && watch_->WaitForGit()) return;
  bool begun = false;
  for (std::size_t i = 0; i < view->verdicts.size(); ++i) {
    const Verdict& verdict = view->verdicts[i];
    if (!verdict.may_apply || context_.jobs.Busy().contains(view->seen->targets[i].path)) continue;
    JobRequest request = Prepare(*view, i, JobCommand::kUpgrade);
    request.origin = JobOrigin::kPolicy;
    request.target = "heads";
    request.drafts = migrations::Drafts::kStopBeforeEmpty;
    try {
      request.goal = PlanFor(request, request.rows).to;
    } catch (const Error&) {
      // The job will meet the same error, and report it.
    }
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
  if (const auto lineage = view.seen->lineages.find(request.path);
      lineage != view.seen->lineages.end()) {
    request.lineage = lineage->second;
  }
  request.format = view.config().format;
  if (request.format == migrations::Format::kAlembic) {
    request.alembic =
        std::make_shared<const AlembicSetting>(AlembicSettingFor(*view.seen, environment));
  }
  request.state_directory = context_.store.directory();
  request.version_table = view.config().version_table;
  request.migrations_digest = view.seen->migrations_digest;
  request.config_sha256 = view.config().sha256;
  request.rows = view.verdicts[environment].current;
  request.stubs = view.config().stubs;
  request.snapshots = view.seen->snapshots;
  request.safety = SafetyOf(view.config(), context_.store);
  return request;
}

std::stop_source Project::Submit(JobRequest request, migrations::ApplyObserver observer,
                                 JobQueue::Done done) {
  auto shared = std::make_shared<JobRequest>(std::move(request));
  auto self = shared_from_this();
  auto work = [self, shared, observer = std::move(observer)](const std::stop_token& stop) {
    shared->by = Identify(self->root_);
    const auto applied = std::make_shared<UntoldSteps>();
    migrations::ApplyObserver announcing = observer;
    announcing.on_applied = [&](const migrations::AppliedStep& step) {
      if (observer.on_applied) observer.on_applied(step);
      if (!applied->Add(step)) return;
      self->context_.loop.Post(
          [self, shared, applied] { self->AnnounceSteps(*shared, applied->Take()); });
    };
    JobOutcome outcome =
        CarryOut(*shared, self->context_.journal, self->context_.store, announcing, stop);
    if (shared->command == JobCommand::kStamp && !outcome.error) {
      outcome.schema = self->schemas_->Check(QuestionOf(*shared), outcome.result.to);
    }
    return outcome;
  };
  running_.insert_or_assign(shared->path,
                            RunningJob{.command = shared->command, .since = WallNow()});
  long_job_timer_ = context_.loop.After(kLongJob, [this] {
    if (view_ && !running_.empty()) Publish(view_->seen);
  });
  return context_.jobs.Submit(shared->path, std::move(work),
                              [self, shared, done = std::move(done)](JobOutcome outcome) {
                                self->JobEnded(*shared, outcome);
                                done(std::move(outcome));
                              });
}

void Project::AnnounceSteps(const JobRequest& request,
                            const std::vector<migrations::AppliedStep>& steps) {
  const LogBurst burst;
  for (const migrations::AppliedStep& step : steps) {
    const bool up = step.direction == migrations::Direction::kUp;
    EventDocument event;
    event.event = "applied";
    event.environment = request.environment;
    event.revision = step.revision;
    event.direction = up ? "up" : "down";
    event.duration_ms = step.duration_ms;
    event.message = step.message;
    if (!step.output.empty()) event.output = step.output;
    Log(LogLevel::kInfo, up ? "applied" : "reverted",
        {{"env", request.environment},
         {"rev", step.revision},
         {"dur_ms", Concat(step.duration_ms)}});
    Emit(std::move(event));
  }
  if (!steps.empty()) reached_.insert_or_assign(request.path, steps.back().rows_after);
}

void Project::Run(const std::string& path, JobQueue::Work work, JobQueue::Done done) {
  (void)context_.jobs.Submit(
      path, std::move(work),
      [self = shared_from_this(), done = std::move(done)](const JobOutcome& outcome) {
        self->outdated_ = self->looking_;
        self->Look();
        done(outcome);
      });
}

void Project::JobEnded(const JobRequest& request, const JobOutcome& outcome) {
  reached_.erase(request.path);
  running_.erase(request.path);
  if (outcome.error) {
    EventDocument event;
    event.event = "failed";
    event.environment = request.environment;
    event.error = ToBody(*outcome.error);
    event.message = outcome.error->message;
    if (!outcome.output.empty()) event.output = outcome.output;
    Log(LogLevel::kError, "the job failed",
        {{"env", request.environment},
         {"where", outcome.error->where},
         {"err", outcome.error->message}});
    Emit(std::move(event));
  } else if (!outcome.result.steps.empty() && request.origin == JobOrigin::kUser) {
    recovered_.clear();  // somebody has seen them
  }
  retries_.NoteEnd(request, outcome);
  outdated_ = looking_;
  for (const std::string& warning : outcome.result.warnings) {
    Log(LogLevel::kInfo, warning, {{"env", request.environment}});
  }
  Look();
}

void Project::ForgetOutsideFailures(const Observation& seen) {
  for (const std::string& path : retries_.TakeUnblocked(seen, context_.jobs)) {
    look_again_ = true;
    try {
      context_.store.Update([&](State& state) { state.failures.erase(path); });
    } catch (const Error& error) {
      Log(LogLevel::kError, "the state cannot be written", {{"err", error.message}});
    }
  }
}

bool Project::idle() const { return !looking_ && waiting_.empty() && view_ != nullptr; }

void Project::Fresh(ViewCallback callback) {
  waiting_.push_back(std::move(callback));
  const bool burst = watch_ && watch_->Drain();  // may begin a look, which then serves us
  if (view_ && strays_->ForgetEnded(view_->seen)) Publish(view_->seen);
  if (waiting_.empty() || burst || held_back_) return;
  if (watch_ && watch_->up_to_date() && view_ && !looking_ && DatabasesUnchanged(*view_->seen)) {
    for (const ViewCallback& each : std::exchange(waiting_, {})) each(view_);
    return;
  }
  Look();
}

void Project::Settled(ViewCallback callback) {
  Fresh([weak = weak_from_this(),
         callback = std::move(callback)](const std::shared_ptr<const View>& view) {
    const auto self = weak.lock();
    if (!self || self->Quiet()) {
      callback(view);
      return;
    }
    self->patience_.push_back(callback);
    if (self->patience_timer_) return;
    self->patience_timer_ =
        self->context_.loop.After(kPatience, [self = self.get()] { self->EndPatience(); });
  });
}

bool Project::Quiet() const {
  const bool scanning = watch_ && !strays_->complete() && view_->seen->config;
  // What takes long already will take longer.
  const bool working = std::ranges::any_of(view_->verdicts, [&](const Verdict& verdict) {
    const std::string& path = view_->seen->FindTarget(verdict.environment)->path;
    const auto running = running_.find(path);
    return verdict.state == EnvironmentState::kApplying &&
           (running == running_.end() || WallNow() - running->second.since < kPatience);
  });
  return !scanning && !working;
}

void Project::EndPatience() {
  patience_timer_.reset();
  for (const ViewCallback& callback : std::exchange(patience_, {})) callback(view_);
}

void Project::Rescanned(ViewCallback callback) {
  RescannedTo(StrayKeeper::Depth::kQuick, std::move(callback));
}

void Project::RescannedTo(StrayKeeper::Depth depth, ViewCallback callback) {
  if (watch_) watch_->DistrustEvents();
  Fresh([weak = weak_from_this(), depth,
         callback = std::move(callback)](const std::shared_ptr<const View>& view) {
    const auto self = weak.lock();
    if (!self) return;
    const auto answer = [self, callback] {
      self->Publish(self->view_->seen);
      callback(self->view_);
    };
    self->strays_->ScanAll(view->seen, answer, depth);
  });
}

void Project::MountsChanged() {
  if (watch_) watch_->MountsChanged();
}

void Project::Reload() {
  if (watch_) watch_->DistrustEvents();
  Look();
}

void Project::Close() {
  closed_ = true;
  watch_.reset();
  hold_timer_.reset();
  writer_timer_.reset();
  if (std::exchange(held_back_, false)) Look();
}

void Project::AnswerWaiters() {
  for (const ViewCallback& callback : std::exchange(served_by_this_look_, {})) callback(view_);
}

}  // namespace drover::daemon
