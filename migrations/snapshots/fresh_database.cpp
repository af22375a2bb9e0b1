#include "migrations/snapshots/fresh_database.h"

#include <algorithm>
#include <iterator>

#include "base/clock.h"
#include "base/error.h"
#include "base/posix.h"
#include "base/text.h"
#include "migrations/failed_commit.h"
#include "migrations/safety/scratch_file.h"
#include "migrations/snapshots/repeatable.h"

namespace drover::migrations {
namespace {

using FreshClock = std::chrono::steady_clock;

class FreshMaker {
 public:
  FreshMaker(const FreshRequest& request, const Snapshots& snapshots, const ApplyObserver& observer,
             const std::stop_token& stop)
      : request_(request), snapshots_(snapshots), observer_(observer), stop_(stop) {}

  FreshDatabase Make() {
    NameChain();
    const Snapshots::Found found = snapshots_.FindLongest(keys_);
    TakeOver(found);
    const std::size_t begin = fresh_.steps.size();
    const std::size_t end = FindEnd(begin, found.repeatable);
    if (snapshots_.IsWorthIt(begin, end)) Build(begin, end);
    return std::move(fresh_);
  }

 private:
  void NameChain() {
    std::vector<const Revision*> chain;
    chain.reserve(request_.steps.size());
    for (const Step& step : request_.steps) chain.push_back(&step.revision);
    keys_ = SnapshotKeys(SnapshotKind::kRows, chain, request_.version_table, {});
  }

  /// The first step from `begin` on that must be run for each database by itself.
  [[nodiscard]] std::size_t FindEnd(std::size_t begin, std::size_t repeatable) const {
    for (std::size_t i = begin; i < repeatable; ++i) {
      const Script& script = request_.steps[i].script();
      if (!script.transaction || LooksAround(script.sql)) return i;
    }
    return std::max(begin, repeatable);
  }

  /// Makes a snapshot ours: its history is that of this run.
  void TakeOver(const Snapshots::Found& found) {
    Connection database("", OpenMode::kMemory);
    if (!found.CopyTo(database)) return;
    database.Execute("BEGIN");
    std::vector<AppliedStep> steps;
    {
      Ledger ledger(database, request_.version_table, request_.by);
      const std::string now = FormatUtc(WallNow());
      for (const Step& step : request_.steps.first(found.length)) {
        (void)ledger.Record(MakeHistoryRow(step.revision, "up", now, 0));
        steps.push_back({.revision = step.revision.id,
                         .direction = Direction::kUp,
                         .message = step.revision.message,
                         .rows_after = step.rows_after});
      }
      if (ledger.Rows() != request_.steps[found.length - 1].rows_after) return;
    }
    database.Execute("COMMIT");
    fresh_.content = database.ToBytes();
    fresh_.steps = std::move(steps);
  }

  /// Runs the steps from `begin` to `end` on a private file.
  void Build(std::size_t begin, std::size_t end) {
    try {
      const ScratchFile file(snapshots_.directory());
      if (begin > 0) CreateFile(file.path(), fresh_.content, 0600);
      for (const std::size_t station : snapshots_.Stations(begin, end)) {
        const bool arrived = Advance(file.path(), station);
        if (!made_.empty()) TakeIn(file.path());
        if (snapshots_.IsWorthIt(begin, fresh_.steps.size())) {
          snapshots_.Keep(keys_[fresh_.steps.size() - 1], WithoutHistory());
        }
        if (!arrived) return;
      }
    } catch (const Error& error) {
      // The private file's own trouble: what was made before it stands.
      if (error.code == Code::kCancelled) throw;
    }
  }

  /// Applies what is left up to `station`; false when a step could not be, and why is no matter: on
  /// the database itself it will succeed, or be explained.
  bool Advance(const std::string& path, std::size_t station) {
    const ApplyRequest apply{
        .path = path,
        .version_table = request_.version_table,
        .by = request_.by,
        .plan = [&](std::span<const RevisionId> rows) { return PlanAhead(rows, station); },
        .may_create = true,
        .durability = Durability::kScratch,
        .outfit =
            [&](Connection& connection) {
              connection.Execute(Concat("PRAGMA max_page_count=", MostPages()));
              RefuseUnrepeatable(connection);
            }};
    ApplyObserver watching;
    watching.on_applied = [&](const AppliedStep& step) { made_.push_back(step); };
    watching.on_progress = [&](const ApplyProgress& made) {
      if (!observer_.on_progress) return;
      ApplyProgress progress = made;
      progress.index = fresh_.steps.size() + made_.size();
      progress.steps = request_.steps.size();
      observer_.on_progress(progress);
    };
    try {
      (void)Apply(apply, watching, stop_);
      return true;
    } catch (const Error& error) {
      if (error.code == Code::kCancelled) throw;
      // Next time, too, but for a disk that is full or a file that is in use.
      const bool again = error.code == Code::kInvalid || error.code == Code::kRefused ||
                         error.code == Code::kConflict || error.kind == "sqlite.full";
      const std::size_t failed = fresh_.steps.size() + made_.size();
      if (again && failed < station) snapshots_.Bar(keys_[failed]);
      return false;
    }
  }

  [[nodiscard]] std::uint64_t MostPages() const {
    constexpr std::uint64_t kPageSize = 4096;  // SQLite's default: nothing has chosen another one
    return snapshots_.limits().largest / kPageSize;
  }

  [[nodiscard]] Plan PlanAhead(std::span<const RevisionId> rows, std::size_t station) const {
    Plan plan{.from = {rows.begin(), rows.end()},
              .to = request_.steps[station - 1].rows_after,
              .steps = {},
              .warnings = {}};
    const auto ahead = request_.steps.first(station).subspan(fresh_.steps.size() + made_.size());
    if (plan.from != plan.to) plan.steps.assign(ahead.begin(), ahead.end());
    return plan;
  }

  /// What was made on the private file, which nobody has open now.
  void TakeIn(const std::string& path) {
    fresh_.content = ReadFile(path, snapshots_.limits().largest);
    std::ranges::move(made_, std::back_inserter(fresh_.steps));
    made_.clear();
  }

  [[nodiscard]] std::string WithoutHistory() const {
    Connection made = Connection::OfBytes(fresh_.content);
    Connection database("", OpenMode::kMemory);
    database.CopyFrom(made);
    database.Execute(Concat("DELETE FROM ", kHistoryTable));
    return database.ToBytes();
  }

  const FreshRequest& request_;
  const Snapshots& snapshots_;
  const ApplyObserver& observer_;
  const std::stop_token& stop_;
  std::vector<std::string> keys_;
  FreshDatabase fresh_;
  std::vector<AppliedStep> made_;  // on the private file, and not yet taken in
};

/// A journal of a database that is gone would be played into the new one.
bool IsFree(const std::string& path) {
  const auto exists = [&](const char* suffix) {
    return StatFile(path + suffix, Follow::kNothing).has_value();
  };
  return !exists("") && !exists("-journal") && !exists("-wal");
}

void CreateDatabase(const ApplyRequest& request, const std::string& content) {
  constexpr mode_t kMode = 0644;  // as Connection makes them
  if (request.durability == Durability::kScratch) {
    CreateFile(request.path, content, kMode);
    return;
  }
  MakeDirectoriesDurably(DirectoryName(request.path), 0755);
  if (!CreateFileUnseen(request.path, content, kMode)) {
    CreateFileDurably(request.path, content, kMode);
  }
}

/// False when there is a file of that name by now. Throws kIo; "sqlite.not_durable" when the
/// database is there all the same, and a power failure might take it away.
bool PutInPlace(const ApplyRequest& request, const FreshDatabase& fresh) {
  try {
    CreateDatabase(request, fresh.content);
    return true;
  } catch (const Error& error) {
    if (error.kind == "io.exists") return false;
    const bool survived = SurvivedFailedCommit(request.path, error, [&](Connection& connection) {
      return Ledger(connection, request.version_table, request.by).Rows() ==
             fresh.steps.back().rows_after;
    });
    if (!survived) throw;
    return true;
  }
}

}  // namespace

FreshDatabase MakeFresh(const FreshRequest& request, const Snapshots& snapshots,
                        const ApplyObserver& observer, const std::stop_token& stop) {
  if (!snapshots.Serve(request.steps.size())) return {};
  return FreshMaker(request, snapshots, observer, stop).Make();
}

ApplyResult ApplyWithSnapshots(const ApplyRequest& request, const Snapshots& snapshots,
                               const ApplyObserver& observer, const std::stop_token& stop) {
  const FreshClock::time_point begun = FreshClock::now();
  if (!request.may_create || !IsFree(request.path)) return Apply(request, observer, stop);
  const Plan plan = request.plan({});
  const FreshRequest wanted{
      .steps = plan.steps, .version_table = request.version_table, .by = request.by};
  FreshDatabase fresh = MakeFresh(wanted, snapshots, observer, stop);
  if (fresh.steps.empty() || !IsFree(request.path) || !PutInPlace(request, fresh)) {
    return Apply(request, observer, stop);
  }
  if (observer.on_applied) std::ranges::for_each(fresh.steps, observer.on_applied);
  ApplyResult result{.from = {}, .to = plan.to, .steps = {}, .warnings = plan.warnings};
  // What is whole was read before it was written: nothing is left to be verified there.
  if (fresh.steps.size() < plan.steps.size()) {
    // What was there to be kept aside was nothing: the rows are those of this plan.
    ApplyRequest rest = request;
    rest.prepare = {};
    result = Apply(rest, observer, stop);
    result.from.clear();
  }
  result.steps.insert(result.steps.begin(), std::make_move_iterator(fresh.steps.begin()),
                      std::make_move_iterator(fresh.steps.end()));
  result.duration_ms =
      std::chrono::duration_cast<std::chrono::milliseconds>(FreshClock::now() - begun).count();
  return result;
}

}  // namespace drover::migrations
