#include "daemon/job_work.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

#include "base/text.h"
#include "daemon/alembic_work.h"
#include "daemon/applied_files.h"
#include "environments/processes.h"
#include "migrations/busy_wait.h"
#include "migrations/inspect.h"
#include "migrations/repair.h"
#include "migrations/safety/scratch_file.h"
#include "migrations/safety/transplant.h"
#include "migrations/snapshots/fresh_database.h"
#include "migrations/turn.h"

namespace drover::daemon {
namespace {

using WorkClock = std::chrono::steady_clock;

constexpr std::chrono::seconds kBusyTimeout{5};

std::int64_t MillisecondsFrom(WorkClock::time_point begin) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(WorkClock::now() - begin).count();
}

/// A database for Alembic to fill, with the mode that drover gives one, so that a container's user
/// can read it. Is gone again when Alembic has not come to it.
class FileForAlembic final {
 public:
  explicit FileForAlembic(const std::string& path) : path_(path) {
    if (StatFile(path_)) return;
    MakeDirectoriesDurably(DirectoryName(path_), 0755);
    try {
      CreateFile(path_, "", 0644);
      made_ = true;
    } catch (const Error& error) {
      if (error.kind != "io.exists") throw;  // somebody else was first
    }
  }
  FileForAlembic(const FileForAlembic&) = delete;
  FileForAlembic& operator=(const FileForAlembic&) = delete;
  ~FileForAlembic() {
    struct stat status {};
    if (made_ && stat(path_.c_str(), &status) == 0 && status.st_size == 0) unlink(path_.c_str());
  }

  [[nodiscard]] bool made() const { return made_; }

 private:
  const std::string path_;
  bool made_ = false;
};

/// Told by Alembic it would be an error of the revision's, and not be tried again once it is
/// mended.
void CheckWritable(const std::string& path) {
  for (const std::string& each : {path, DirectoryName(path)}) {
    if (access(each.c_str(), W_OK) == 0 || errno == ENOENT) continue;
    Error error = SystemError("write to", each, errno);
    error.hint = "make the file and its directory writable";
    throw error;
  }
}

/// Waits until no other drover, and no Alembic that a killed one has left, is at work on the
/// database, and marks it as ours: Alembic itself knows of nobody else.
void TakeTurn(migrations::Turn& turn, const std::string& path, const std::stop_token& stop) {
  CheckWritable(path);
  migrations::BusyWait wait(
      kBusyTimeout, turn, [&path] { return environments::FindLockHolders(path); }, {}, stop);
  for (;;) {
    try {
      migrations::Connection lock(path, migrations::OpenMode::kWrite);
      wait.Attach(lock);
      lock.Execute("BEGIN IMMEDIATE");
      const bool taken = turn.IsTaken();
      if (!taken) turn.Take();
      lock.Execute("ROLLBACK");
      if (!taken) return;
    } catch (const Error& error) {
      throw wait.Explain(error, path);
    }
    while (!wait.ForTurn()) {
      if (stop.stop_requested()) throw Error(Code::kCancelled, "job.cancelled", "cancelled");
    }
  }
}

}  // namespace

void JobWork::Run(const migrations::ApplyObserver& observer, const std::stop_token& stop) {
  if (request_.format == migrations::Format::kAlembic) return RunForAlembic(observer, stop);
  switch (request_.command) {
    case JobCommand::kUpgrade:
    case JobCommand::kDowngrade:
    case JobCommand::kRedo:
    case JobCommand::kAlign:
      return Apply(observer, stop);
    case JobCommand::kStamp:
      outcome_.result = migrations::Stamp(MakeApplyRequest(), *request_.graph);
      return;
    case JobCommand::kRepair:
      return Repair();
    case JobCommand::kRestore:
      return Restore(stop);
    case JobCommand::kReset:
      return Reset(observer, stop);
  }
}

/// The engine never writes to a database of Alembic's: Alembic does, and drover looks after it.
void JobWork::RunForAlembic(const migrations::ApplyObserver& observer,
                            const std::stop_token& stop) {
  switch (request_.command) {
    case JobCommand::kUpgrade:
    case JobCommand::kDowngrade:
    case JobCommand::kRedo:
    case JobCommand::kAlign:
      return ApplyWithAlembic(observer, stop);
    case JobCommand::kStamp: {
      const AlembicRunner runner(*request_.alembic);
      const migrations::ScratchFile probe(request_.path, request_.safety.backup);
      runner.CheckUrl(probe.path(), stop);
      migrations::Turn turn(request_.path);
      TakeTurn(turn, request_.path, stop);
      outcome_.result = AlembicWork(request_, runner, turn.descriptor()).Stamp(stop);
      return;
    }
    case JobCommand::kReset:
      return Reset(observer, stop);
    case JobCommand::kRestore:
      return Restore(stop);
    case JobCommand::kRepair:
      AppliedFiles(request_.state_directory).Accept(request_.path, request_.target);
      outcome_.result.from = request_.rows;
      outcome_.result.to = request_.rows;
      return;
  }
}

/// Then Alembic is not started at all: whatever is wrong with it stops nobody.
bool JobWork::NothingToDo() {
  const migrations::DatabaseFacts facts =
      migrations::Inspect(request_.path, request_.version_table);
  if (facts.problem) return false;
  migrations::Plan plan = PlanFor(request_, facts.rows);
  if (!plan.steps.empty()) return false;
  outcome_.result = {
      .from = plan.from, .to = plan.to, .steps = {}, .warnings = std::move(plan.warnings)};
  return true;
}

void JobWork::ApplyWithAlembic(const migrations::ApplyObserver& observer,
                               const std::stop_token& stop) {
  const AlembicRunner runner(*request_.alembic);
  if (NothingToDo()) return;
  const FileForAlembic file(request_.path);
  if (file.made()) return MakeNew(observer, stop);
  {
    const migrations::ScratchFile probe(request_.path, request_.safety.backup);
    runner.CheckUrl(probe.path(), stop);
  }
  migrations::Safeguard safeguard(SafeguardOf(request_));
  migrations::Turn turn(request_.path);
  AlembicWork work(request_, runner, turn.descriptor());
  bool begun = false;
  try {
    TakeTurn(turn, request_.path, stop);
    const migrations::DatabaseFacts facts =
        migrations::Inspect(request_.path, request_.version_table);
    if (facts.problem) throw Error(*facts.problem);
    const migrations::Plan plan = PlanFor(request_, facts.rows);
    work.Remember(plan);
    if (!plan.steps.empty()) {
      migrations::Connection live(request_.path, migrations::OpenMode::kRead);
      safeguard.Prepare(plan, live, observer, stop);
    }
    begun = true;
    outcome_.result = work.Apply(request_.path, AlembicPace::kOneByOne, observer, stop);
  } catch (const Error& error) {
    Note(safeguard);
    const bool half = error.kind == "alembic.half_applied";
    const bool elsewhere = error.kind == "alembic.unexpected_rows";
    if (!begun || (!half && !elsewhere && error.code != Code::kCancelled)) throw;
    Error named = error;
    if (outcome_.backup) {
      named.hint = Concat("drover restore ", outcome_.backup->id, " -e ", request_.environment);
    } else if (half) {
      named.hint = Concat("drover reset -e ", request_.environment);
    }
    throw named;
  }
  Note(safeguard);
}

/// A database that is not there yet is made elsewhere: it appears as a whole or not at all, with
/// one start of Alembic for all revisions. The file is there, and empty: others may find it
/// meanwhile.
void JobWork::MakeNew(const migrations::ApplyObserver& observer, const std::stop_token& stop) {
  migrations::Turn turn(request_.path);
  TakeTurn(turn, request_.path, stop);
  const migrations::ScratchFile fresh(request_.path, request_.safety.backup);
  migrations::ApplyObserver watching;
  watching.on_progress = observer.on_progress;
  migrations::ApplyResult result = MakeFresh(fresh.path(), watching, stop);
  migrations::Connection content(fresh.path(), migrations::OpenMode::kCreate);
  migrations::Transplant(content, request_.path, [this](migrations::Connection& live) {
    if (live.QueryInteger("SELECT count(*) FROM sqlite_schema") == 0) return;
    throw Error(Code::kConflict, "database.appeared",
                Concat("another program has put something into ", request_.path,
                       " meanwhile: it is left as it is"),
                "drover status");
  });
  Announce(std::move(result), observer);
}

/// Something made elsewhere is in its place now.
void JobWork::Announce(migrations::ApplyResult result, const migrations::ApplyObserver& observer) {
  if (request_.alembic) {
    std::vector<migrations::RevisionId> anew;
    for (const migrations::AppliedStep& step : result.steps) anew.push_back(step.revision);
    AppliedFiles(request_.state_directory).NoteJob(request_.path, result.to, *request_.graph, anew);
  }
  if (observer.on_applied) std::ranges::for_each(result.steps, observer.on_applied);
  outcome_.result = std::move(result);
}

/// What stood before the plan, whether it came to an end or not.
void JobWork::Note(const migrations::Safeguard& safeguard) {
  outcome_.backup = safeguard.backup();
  outcome_.rehearsal = safeguard.rehearsal();
  if (outcome_.rehearsal && outcome_.rehearsal->outcome == "skipped") {
    outcome_.result.warnings.push_back(Concat("not rehearsed: ", outcome_.rehearsal->reason));
  }
}

migrations::ApplyRequest JobWork::MakeApplyRequest() const {
  return {.path = request_.path,
          .version_table = request_.version_table,
          .by = request_.by,
          .busy_timeout = kBusyTimeout,
          .who_holds = [&path = request_.path] { return environments::FindLockHolders(path); },
          .plan = [this](auto rows) { return PlanFor(request_, rows); },
          .may_create =
              request_.command == JobCommand::kUpgrade || request_.command == JobCommand::kReset};
}

void JobWork::Apply(const migrations::ApplyObserver& observer, const std::stop_token& stop) {
  migrations::Safeguard safeguard(SafeguardOf(request_));
  migrations::ApplyRequest apply = MakeApplyRequest();
  apply.prepare = [&](const migrations::Plan& plan, migrations::Connection& live) {
    safeguard.Prepare(plan, live, observer, stop);
  };
  try {
    outcome_.result = migrations::ApplyWithSnapshots(apply, request_.snapshots, observer, stop);
  } catch (const Error&) {
    Note(safeguard);
    throw;
  }
  Note(safeguard);
}

void JobWork::Repair() {
  migrations::Repair({.path = request_.path,
                      .version_table = request_.version_table,
                      .by = request_.by,
                      .busy_timeout = kBusyTimeout,
                      .rows = request_.rows,
                      .rows_after = request_.goal},
                     *request_.graph->Find(request_.target));
  outcome_.result.from = request_.rows;
  outcome_.result.to = request_.goal;
}

/// Keeps what is in the database and puts `content` in its place, under one lock.
void JobWork::Replace(migrations::Connection& content, const std::stop_token& stop) {
  const migrations::BackupOccasion occasion{
      .environment = request_.environment,
      .reason = std::string(CommandName(request_.command)),
      .revisions = request_.rows,
      .spared = request_.restored ? request_.restored->id : std::string()};
  try {
    // An Alembic at work holds no lock between its statements, but it has the turn.
    std::optional<migrations::Turn> turn;
    if (request_.alembic && StatFile(request_.path)) {
      TakeTurn(turn.emplace(request_.path), request_.path, stop);
    }
    migrations::Transplant(content, request_.path, [&](migrations::Connection& live) {
      outcome_.backup = migrations::KeepLocked(live, request_.safety.backup, occasion);
    });
  } catch (const Error& error) {
    if (error.code != Code::kBusy) throw;
    Error named = error;
    const auto holders = environments::FindLockHolders(request_.path);
    if (!holders.empty()) {
      named.message = Concat(request_.path, " is in use by ", migrations::NameHolders(holders));
    }
    named.hint = "end what uses it, then try again";
    throw named;
  }
}

void JobWork::Restore(const std::stop_token& stop) {
  const auto begun = WorkClock::now();
  migrations::Connection content(request_.restored->path, migrations::OpenMode::kReadImmutable);
  migrations::CheckIntegrity(content);
  outcome_.result.from = request_.rows;
  outcome_.result.to = request_.rows;
  Replace(content, stop);
  const migrations::DatabaseFacts facts =
      migrations::Inspect(request_.path, request_.version_table);
  if (facts.problem) throw Error(*facts.problem);
  outcome_.result.to = facts.rows;
  outcome_.result.duration_ms = MillisecondsFrom(begun);
}

/// A database with everything applied, at `path`, where there is none.
migrations::ApplyResult JobWork::MakeFresh(const std::string& path,
                                           const migrations::ApplyObserver& observer,
                                           const std::stop_token& stop) const {
  if (request_.alembic) {
    const AlembicRunner runner(*request_.alembic);
    runner.CheckUrl(path, stop);  // makes it, empty
    return AlembicWork(request_, runner).Apply(path, AlembicPace::kTogether, observer, stop);
  }
  migrations::ApplyRequest apply = MakeApplyRequest();
  apply.path = path;
  apply.who_holds = {};
  apply.durability = migrations::Durability::kScratch;
  return migrations::ApplyWithSnapshots(apply, request_.snapshots, observer, stop);
}

/// What takes the database's place is made elsewhere first: a migration that fails leaves the
/// database as it was.
void JobWork::Reset(const migrations::ApplyObserver& observer, const std::stop_token& stop) {
  const auto begun = WorkClock::now();
  const migrations::ScratchFile fresh(request_.path, request_.safety.backup);
  migrations::ApplyObserver watching;
  watching.on_progress = observer.on_progress;
  migrations::ApplyResult result = MakeFresh(fresh.path(), watching, stop);
  migrations::Connection content(fresh.path(), migrations::OpenMode::kCreate);
  Replace(content, stop);
  Announce(std::move(result), observer);
  outcome_.result.from = request_.rows;
  outcome_.result.duration_ms = MillisecondsFrom(begun);
}

}  // namespace drover::daemon
