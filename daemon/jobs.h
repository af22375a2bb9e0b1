// Jobs: one plan being carried out on one database. One queue per database, so that two jobs on the
// same file never overlap; each job is journaled before and after.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/plan_documents.h"
#include "base/safety_documents.h"
#include "daemon/alembic_runner.h"
#include "daemon/journal.h"
#include "daemon/net/loop.h"
#include "daemon/schema_check.h"
#include "daemon/state_store.h"
#include "daemon/workers.h"
#include "migrations/apply.h"
#include "migrations/lineage.h"
#include "migrations/safety/safeguard.h"

namespace drover::daemon {

enum class JobCommand : std::uint8_t {
  kUpgrade,
  kDowngrade,
  kStamp,
  kRedo,
  kAlign,
  kRepair,
  kRestore,
  kReset
};

/// Who asked: a person, or the environment's policy.
enum class JobOrigin : std::uint8_t { kUser, kPolicy };

[[nodiscard]] std::string_view CommandName(JobCommand command);

/// What it takes back is only the means: it ends where an upgrade ends.
[[nodiscard]] bool GoesDownAndUp(JobCommand command);

struct JobRequest {
  JobCommand command = JobCommand::kUpgrade;
  JobOrigin origin = JobOrigin::kUser;
  std::string project;  // root
  std::string environment;
  std::string path;    // of the database
  std::string target;  // the revision as written
  migrations::Drafts drafts = migrations::Drafts::kStopBefore;
  migrations::Purge purge = migrations::Purge::kNo;
  std::shared_ptr<const migrations::Graph> graph;      // of the files; null while there is none
  std::shared_ptr<const migrations::Lineage> lineage;  // of what is applied; null: files only
  migrations::Format format = migrations::Format::kNative;
  std::shared_ptr<const AlembicSetting> alembic;  // when that is the format
  std::string state_directory;                    // of drover, for what it notes of Alembic's files
  std::string version_table;
  std::string migrations_digest;             // remembered with `held`
  std::string config_sha256;                 // so is this, with a failure
  std::vector<migrations::RevisionId> rows;  // as last observed, for the journal
  std::vector<migrations::RevisionId> goal;  // the rows the plan leads to, for the journal
  migrations::AppliedBy by;
  migrations::Stubs stubs;          // for replays only
  migrations::Snapshots snapshots;  // for replays and new databases
  migrations::SafetyPolicy safety;
  migrations::Findings findings = migrations::Findings::kRefuse;  // of the rehearsal
  std::optional<BackupEntry> restored;                            // restore: what is put back
};

/// What the schema of the request's database is compared with.
[[nodiscard]] SchemaQuestion QuestionOf(const JobRequest& request);

struct JobOutcome {
  migrations::ApplyResult result;
  std::optional<Error> error;
  std::optional<SchemaCheck> schema{};  // after a stamp
  std::optional<BackupEntry> backup{};  // of what was there before
  std::optional<RehearsalReport> rehearsal{};
  std::string output{};  // what the program that failed had printed, when that was not drover
};

/// Digest of everything that decides how an upgrade ends: a failure is not retried while it is
/// equal.
[[nodiscard]] std::string InputsDigest(std::string_view migrations_digest,
                                       std::string_view config_sha256, std::string_view path,
                                       const std::vector<migrations::RevisionId>& rows);

/// Makes the plan of a request from the rows of the database; used for previews as well.
[[nodiscard]] migrations::Plan PlanFor(const JobRequest& request,
                                       std::span<const migrations::RevisionId> rows);

/// What stands before the plan of a request: its backup and its rehearsal.
[[nodiscard]] migrations::SafeguardRequest SafeguardOf(const JobRequest& request);

/// Carries one job out on the calling thread: intent, work, outcome; keeps `held` and failures up
/// to date. Never throws.
[[nodiscard]] JobOutcome CarryOut(const JobRequest& request, Journal& journal, StateStore& store,
                                  const migrations::ApplyObserver& observer,
                                  const std::stop_token& stop);

/// Schedules jobs on the workers. Used on the loop's thread.
class JobQueue final {
 public:
  using Work = std::function<JobOutcome(const std::stop_token&)>;
  using Done = std::function<void(JobOutcome)>;

  JobQueue(Loop& loop, Workers& workers) : loop_(loop), workers_(workers) {}

  /// Queues work on the database at `path`; `done` is called on the loop's thread. The returned
  /// source cancels it: work that has not begun ends as cancelled at once.
  std::stop_source Submit(const std::string& path, Work work, Done done);

  /// Paths with a running or waiting job.
  [[nodiscard]] std::set<std::string> Busy() const;
  [[nodiscard]] bool Has(const std::string& path) const { return queues_.contains(path); }
  [[nodiscard]] bool idle() const { return queues_.empty(); }

  void CancelAll();

 private:
  struct Job {
    Work work;
    Done done;
    std::stop_source stop;
    std::optional<std::stop_callback<std::function<void()>>> when_stopped;
  };

  void StartNext(const std::string& path);
  void DropIfWaiting(const std::string& path, const std::shared_ptr<Job>& job);

  Loop& loop_;
  Workers& workers_;
  std::map<std::string, std::deque<std::shared_ptr<Job>>> queues_;  // front: running
};

}  // namespace drover::daemon
