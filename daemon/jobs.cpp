#include "daemon/jobs.h"

#include <exception>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"
#include "daemon/alembic_work.h"
#include "daemon/job_work.h"
#include "migrations/align.h"
#include "migrations/checksum.h"
#include "migrations/redo.h"
#include "migrations/safety/scratch_file.h"

namespace drover::daemon {
namespace {

/// Does the policy have to wait while, or after, this is carried out?
bool Holds(JobCommand command) {
  return command == JobCommand::kDowngrade || command == JobCommand::kStamp ||
         command == JobCommand::kRestore || GoesDownAndUp(command);
}

/// Writes `held` before the work, since the daemon of another process may look at the database the
/// moment it changes; takes it back when nothing came of it.
class HeldGuard {
 public:
  HeldGuard(const JobRequest& request, StateStore& store) : request_(request), store_(store) {
    if (!Holds(request.command)) return;
    const State state = store.Read();
    if (const auto known = state.held.find(request.path); known != state.held.end()) {
      before_ = known->second;
    }
    store.Update([&](State& change) {
      change.held[request.path] = {.since = FormatUtc(WallNow()),
                                   .by = std::string(CommandName(request.command)),
                                   .migrations = request.migrations_digest};
    });
    armed_ = true;
  }

  void TakeBack() {
    if (!armed_) return;
    store_.Update([&](State& change) {
      if (before_) {
        change.held[request_.path] = *before_;
      } else {
        change.held.erase(request_.path);
      }
    });
  }

 private:
  const JobRequest& request_;
  StateStore& store_;
  std::optional<Held> before_;
  bool armed_ = false;
};

void RememberOutcome(const JobRequest& request, StateStore& store, const JobOutcome& outcome,
                     const std::vector<migrations::RevisionId>& reached) {
  // What goes down and up again and waits for a yes leaves nothing outstanding.
  if (GoesDownAndUp(request.command) && outcome.error && outcome.error->code == Code::kRefused &&
      outcome.error->kind.starts_with("rehearsal.")) {
    return;
  }
  const State state = store.Read();
  const bool user = request.origin == JobOrigin::kUser;
  // What the user has cancelled, policy must not begin anew the moment after.
  const bool failed = outcome.error && (user || outcome.error->code != Code::kCancelled);
  const bool resets = request.command == JobCommand::kReset;
  const bool goes_up =
      request.command == JobCommand::kUpgrade || GoesDownAndUp(request.command) || resets;
  const bool resumes = (request.command == JobCommand::kUpgrade && user) || resets;
  if (!failed && !state.failures.contains(request.path) &&
      !(resumes && state.held.contains(request.path))) {
    return;
  }
  store.Update([&](State& change) {
    if (resumes) change.held.erase(request.path);
    // What a second try says about a half-applied revision is less than what the first one knew.
    const auto known = change.failures.find(request.path);
    const bool half = known != change.failures.end() &&
                      known->second.error.kind == "alembic.half_applied" && outcome.error &&
                      outcome.error->kind != "alembic.half_applied";
    if (failed && goes_up && half) {
      known->second.inputs =
          InputsDigest(request.migrations_digest, request.config_sha256, request.path, reached);
    } else if (failed && goes_up) {
      change.failures[request.path] = {
          .at = FormatUtc(WallNow()),
          .inputs =
              InputsDigest(request.migrations_digest, request.config_sha256, request.path, reached),
          .error = ToBody(*outcome.error)};
    } else if (!failed) {
      change.failures.erase(request.path);
    }
  });
}

Error Cancelled() { return {Code::kCancelled, "job.cancelled", "cancelled before it began"}; }

}  // namespace

bool GoesDownAndUp(JobCommand command) {
  return command == JobCommand::kRedo || command == JobCommand::kAlign;
}

std::string_view CommandName(JobCommand command) {
  switch (command) {
    case JobCommand::kUpgrade:
      return "upgrade";
    case JobCommand::kDowngrade:
      return "downgrade";
    case JobCommand::kStamp:
      return "stamp";
    case JobCommand::kRedo:
      return "redo";
    case JobCommand::kAlign:
      return "align";
    case JobCommand::kRepair:
      return "repair";
    case JobCommand::kRestore:
      return "restore";
    case JobCommand::kReset:
      return "reset";
  }
  return "upgrade";
}

std::string InputsDigest(std::string_view migrations_digest, std::string_view config_sha256,
                         std::string_view path, const std::vector<migrations::RevisionId>& rows) {
  return migrations::Sha256(
      Concat(migrations_digest, "\n", config_sha256, "\n", path, "\n", Join(rows, ",")));
}

migrations::Plan PlanFor(const JobRequest& request, std::span<const migrations::RevisionId> rows) {
  switch (request.command) {
    case JobCommand::kDowngrade:
      return migrations::PlanDowngrade(
          request.lineage ? request.lineage->RequireGraph() : *request.graph, rows, request.target);
    case JobCommand::kStamp:
      return migrations::PlanStamp(*request.graph, rows, request.target, request.purge);
    case JobCommand::kRedo:
      return migrations::PlanRedo(*request.graph, *request.lineage, rows, request.target);
    case JobCommand::kAlign:
      return migrations::PlanAlign(*request.graph, *request.lineage, rows, request.target,
                                   request.drafts);
    case JobCommand::kRepair:
    case JobCommand::kRestore:
    case JobCommand::kReset:
    case JobCommand::kUpgrade:
      break;
  }
  return migrations::PlanUpgrade(*request.graph, rows, request.target, request.drafts);
}

SchemaQuestion QuestionOf(const JobRequest& request) {
  return {.path = request.path,
          .version_table = request.version_table,
          .migrations_digest = request.migrations_digest,
          .graph = request.graph,
          .stubs = request.stubs,
          .snapshots = request.snapshots};
}

migrations::SafeguardRequest SafeguardOf(const JobRequest& request) {
  migrations::SafeguardRequest guard{
      .policy = request.safety,
      .path = request.path,
      .environment = request.environment,
      .reason = std::string(CommandName(request.command)),
      .version_table = request.version_table,
      .by = request.by,
      .stubs = request.stubs,
      .snapshots = request.snapshots,
      .graph = request.lineage && request.lineage->graph ? request.lineage->graph : request.graph,
      .plan = [request](auto rows) { return PlanFor(request, rows); },
      .findings = request.findings};
  if (!request.alembic) return guard;
  guard.graph = nullptr;  // what schema Python makes only Python can tell
  guard.carry_out = [request](const std::string& copy, const migrations::ApplyObserver& observer,
                              const std::stop_token& stop) {
    AlembicSetting setting = *request.alembic;
    setting.spares_others = true;
    const AlembicRunner runner(std::move(setting));
    // Were the URL not used, the rehearsal would be no rehearsal.
    const migrations::ScratchFile probe(request.path, request.safety.backup);
    runner.CheckUrl(probe.path(), stop);
    return AlembicWork(request, runner).Apply(copy, AlembicPace::kTogether, observer, stop);
  };
  using environments::DestructivePolicy;
  const DestructivePolicy policy = request.alembic->config->destructive;
  const bool goes_down = request.command == JobCommand::kDowngrade;
  if (goes_down) guard.losses = migrations::Losses::kWayDown;
  if (policy == DestructivePolicy::kAllow) guard.losses = migrations::Losses::kWanted;
  if (policy == DestructivePolicy::kRefuse && !goes_down) {
    guard.findings = migrations::Findings::kRefuse;
  }
  return guard;
}

JobOutcome CarryOut(const JobRequest& request, Journal& journal, StateStore& store,
                    const migrations::ApplyObserver& observer, const std::stop_token& stop) {
  JobOutcome outcome;
  try {
    HeldGuard held(request, store);
    JournalEntry entry{.job = NewJobId(),
                       .what = "intent",
                       .at = FormatUtcMilliseconds(WallNow()),
                       .project = request.project,
                       .environment = request.environment,
                       .target = request.path,
                       .command = std::string(CommandName(request.command)),
                       .from = request.rows,
                       .to = request.goal,
                       .by = request.origin == JobOrigin::kPolicy ? "policy" : request.by.user,
                       .pid = getpid(),
                       .duration_ms = 0,
                       .message = {}};
    if (request.alembic) entry.tool = "alembic";
    journal.Append(entry);
    std::vector<migrations::RevisionId> reached = request.rows;
    JobWork work(request, outcome);
    try {
      migrations::ApplyObserver watching = observer;
      watching.on_applied = [&](const migrations::AppliedStep& step) {
        reached = step.rows_after;
        if (observer.on_applied) observer.on_applied(step);
      };
      work.Run(watching, stop);
      reached = outcome.result.to;
    } catch (const Error& error) {
      outcome.error = error;
      if (request.alembic) outcome.output = request.alembic->record->output;
    } catch (const std::exception& error) {
      outcome.error = Error(Code::kInternal, "job.defect", error.what());
    }
    const bool returns = GoesDownAndUp(request.command);
    if (returns && outcome.error && reached != request.rows) {
      outcome.error->message += Concat("; what ", CommandName(request.command),
                                       " had done before stays: the database is at ",
                                       reached.empty() ? std::string("base") : Join(reached, ", "));
    }
    entry.what = outcome.error ? "failed" : "done";
    entry.at = FormatUtcMilliseconds(WallNow());
    entry.to = reached;
    entry.duration_ms = outcome.result.duration_ms;
    if (outcome.error) entry.message = outcome.error->message;
    if (outcome.backup) entry.backup = outcome.backup->id;
    // The journal's entry stays open only if the process dies.
    try {
      // One that has ended is no reason to wait; one that failed is remembered as a failure.
      if (returns || (outcome.error && reached == request.rows)) held.TakeBack();
      RememberOutcome(request, store, outcome, reached);
    } catch (const Error& error) {
      if (!outcome.error) outcome.error = error;
    }
    journal.Append(entry);
  } catch (const Error& error) {
    outcome.error = error;
  } catch (const std::exception& error) {
    outcome.error = Error(Code::kInternal, "job.defect", error.what());
  }
  return outcome;
}

std::stop_source JobQueue::Submit(const std::string& path, Work work, Done done) {
  const auto job = std::make_shared<Job>();
  job->work = std::move(work);
  job->done = std::move(done);
  std::stop_source stop = job->stop;
  job->when_stopped.emplace(stop.get_token(), [this, path, weak = std::weak_ptr(job)] {
    loop_.Post([this, path, weak] { DropIfWaiting(path, weak.lock()); });
  });
  auto& queue = queues_[path];
  queue.push_back(job);
  if (queue.size() == 1) StartNext(path);
  return stop;
}

void JobQueue::DropIfWaiting(const std::string& path, const std::shared_ptr<Job>& job) {
  const auto queue = queues_.find(path);
  if (!job || queue == queues_.end() || queue->second.front() == job) return;
  if (std::erase(queue->second, job) == 0) return;
  job->done({.result = {}, .error = Cancelled()});
}

void JobQueue::StartNext(const std::string& path) {
  auto work = [this, path, job = queues_[path].front()]() mutable {
    auto outcome = std::make_shared<JobOutcome>();
    if (job->stop.stop_requested()) {
      outcome->error = Cancelled();
    } else {
      *outcome = job->work(job->stop.get_token());
    }
    // The job belongs to the loop's thread, and goes back there: it may be the last to hold a
    // project or a call.
    loop_.Post([this, path, job = std::move(job), outcome] {
      auto& queue = queues_[path];
      queue.pop_front();
      if (queue.empty()) {
        queues_.erase(path);
      } else {
        StartNext(path);
      }
      job->done(std::move(*outcome));
    });
  };
  workers_.Post(std::move(work), Lane::kJob);
}

std::set<std::string> JobQueue::Busy() const {
  std::set<std::string> paths;
  for (const auto& [path, queue] : queues_) paths.insert(path);
  return paths;
}

void JobQueue::CancelAll() {
  for (const auto& [path, queue] : queues_) {
    for (const std::shared_ptr<Job>& job : queue) job->stop.request_stop();
  }
}

}  // namespace drover::daemon
