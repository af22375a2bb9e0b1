// One project under the daemon's care: the cycle look -> judge -> publish -> act. Start reading
// here: Look() observes on a worker, Settle() judges what was seen and starts the jobs that policy
// wants.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/daemon_documents.h"
#include "daemon/jobs.h"
#include "daemon/project_watch.h"
#include "daemon/retries.h"
#include "daemon/schema_check.h"
#include "daemon/stray_keeper.h"
#include "daemon/view.h"

namespace drover::daemon {

/// How much of the daemon's work a process does for its projects.
enum class Mode : std::uint8_t {
  kWatch,  // watch files, act by policy: the daemon
  kOnce,   // act by policy, do not watch: droverd --once
  kAsk,    // only answer: droverd --stdio
};

/// What a project uses of the process it lives in; all of it outlives the project.
struct ProjectContext {
  Loop& loop;
  Workers& workers;
  StateStore& store;
  Journal& journal;
  JobQueue& jobs;
  Mode mode = Mode::kWatch;
  std::function<void(const EventDocument&)> publish;
  std::function<bool()> stopping;
};

/// Lives on the loop's thread.
class Project final : public std::enable_shared_from_this<Project> {
 public:
  /// `root` is the real path of a directory with drover.yaml. The context must outlive the project.
  Project(const ProjectContext& context, std::string root);

  /// Resolves what a crash left open, then begins to watch and to look.
  void Start();

  using ViewCallback = std::function<void(std::shared_ptr<const View>)>;

  /// Answers with a view in which everything done before this call is seen: at once when nothing
  /// has changed.
  void Fresh(ViewCallback callback);

  /// The same, and waits a moment for the jobs that policy has begun, and for the first scan.
  void Settled(ViewCallback callback);

  /// The same, after a whole scan for strays.
  void Rescanned(ViewCallback callback);
  void RescannedTo(StrayKeeper::Depth depth, ViewCallback callback);

  /// The mount table has changed.
  void MountsChanged();

  /// Looks again, whatever has or has not changed.
  void Reload();

  /// Stops watching and acting by policy. What has been asked or begun is still ended.
  void Close();

  /// Somebody has a new revision written by another program: until what is returned is let go of,
  /// on any thread, the policy waits; what it would apply then is held until it is changed, or an
  /// explicit upgrade.
  [[nodiscard]] std::shared_ptr<void> BeginAuthoring();

  /// Queues a job of a user; `done` is called on the loop's thread.
  std::stop_source Submit(JobRequest request, migrations::ApplyObserver observer,
                          JobQueue::Done done);

  /// Queues other work on the database at `path`; a look follows it, then `done`, on the loop's
  /// thread.
  void Run(const std::string& path, JobQueue::Work work, JobQueue::Done done);

  /// A job request with everything that comes from the project filled in.
  [[nodiscard]] JobRequest Prepare(const View& view, std::size_t environment,
                                   JobCommand command) const;

  [[nodiscard]] const std::string& root() const { return root_; }

  /// May be used, and outlived, by any thread.
  [[nodiscard]] std::shared_ptr<SchemaChecker> schemas() const { return schemas_; }

  /// No look, scan or job is under way.
  [[nodiscard]] bool idle() const;

 private:
  void Look();
  [[nodiscard]] bool Quiet() const;
  void EndPatience();
  void Settle(std::shared_ptr<const Observation> seen);
  void WaitForNextLook();
  void AwaitWriter();
  void Publish(std::shared_ptr<const Observation> seen);
  void Announce(const View* before, const View& now) const;
  void ShowProgress(View& view) const;
  void ActByPolicy();
  [[nodiscard]] bool HoldNewRevisions();
  [[nodiscard]] bool Hold(std::span<const std::size_t> environments, const std::string& by);
  void AnnounceSteps(const JobRequest& request, const std::vector<migrations::AppliedStep>& steps);
  void JobEnded(const JobRequest& request, const JobOutcome& outcome);
  void AnswerWaiters();
  void StraysChanged();
  void Recover();
  void ForgetOutsideFailures(const Observation& seen);
  void Emit(EventDocument event) const;
  [[nodiscard]] bool ActsByPolicy() const { return context_.mode != Mode::kAsk && !closed_; }

  ProjectContext context_;
  std::string root_;
  std::shared_ptr<SchemaChecker> schemas_ = std::make_shared<SchemaChecker>();
  std::shared_ptr<Observer> observer_;
  std::shared_ptr<const View> view_;
  std::unique_ptr<ProjectWatch> watch_;
  std::shared_ptr<StrayKeeper> strays_;
  bool looking_ = false;
  bool look_again_ = false;
  int authors_ = 0;                  // at work on new revisions: the policy waits for them
  bool hold_new_revisions_ = false;  // what they have written is to be read first
  bool held_back_ = false;           // a look whose problems may be those of a half-finished burst
  std::unique_ptr<Loop::Timer> hold_timer_;
  std::unique_ptr<Loop::Timer> writer_timer_;  // until the look after one beside a writer
  std::chrono::milliseconds writer_pause_{};   // doubles from look to look
  std::vector<ViewCallback> patience_;         // waiting for jobs of the policy or the first scan
  std::unique_ptr<Loop::Timer> patience_timer_;
  std::vector<ViewCallback> waiting_;  // for the look after the present one
  std::vector<ViewCallback> served_by_this_look_;
  std::vector<Finding> recovered_;
  Retries retries_;
  bool outdated_ = false;  // a job has ended since the present look began
  bool closed_ = false;
  /// Jobs that are queued or running, by target path.
  struct RunningJob {
    JobCommand command;
    WallTime since;
  };
  std::map<std::string, RunningJob> running_;
  std::unique_ptr<Loop::Timer> long_job_timer_;  // until a job that a user began is shown
  /// The rows that running jobs have reached, by target path.
  std::map<std::string, std::vector<migrations::RevisionId>> reached_;
};

}  // namespace drover::daemon
