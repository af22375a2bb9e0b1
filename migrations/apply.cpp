#include "migrations/apply.h"

#include <algorithm>
#include <optional>
#include <thread>

#include "base/clock.h"
#include "base/error.h"
#include "base/posix.h"
#include "base/text.h"
#include "migrations/destruction.h"
#include "migrations/failed_commit.h"
#include "migrations/foreign_keys.h"
#include "migrations/inspect.h"
#include "migrations/script.h"

namespace drover::migrations {
namespace {

using SteadyClock = std::chrono::steady_clock;

std::int64_t MillisecondsSince(SteadyClock::time_point begin) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(SteadyClock::now() - begin).count();
}

/// BEGIN IMMEDIATE … COMMIT, rolled back unless committed.
class Transaction {
 public:
  explicit Transaction(Connection& connection) : connection_(connection) {
    connection_.Execute("BEGIN IMMEDIATE");
  }
  Transaction(const Transaction&) = delete;  // returned by elision only
  Transaction& operator=(const Transaction&) = delete;
  ~Transaction() {
    // Committed, or SQLite rolled back by itself; the connection may be closed by now.
    if (over_ || connection_.autocommit()) return;
    try {
      connection_.Execute("ROLLBACK");
    } catch (const Error&) {
      // Closing the connection rolls back as well.
    }
  }

  /// In rollback mode readers can make COMMIT busy; the transaction stays open then, and trying
  /// again is right (sqlite.org/lang_transaction.html).
  void Commit(std::chrono::milliseconds patience) {
    const SteadyClock::time_point begin = SteadyClock::now();
    for (;;) {
      try {
        connection_.Execute("COMMIT");
        over_ = true;
        return;
      } catch (const Error& error) {
        over_ = connection_.autocommit();
        const bool again =
            error.code == Code::kBusy && !over_ && SteadyClock::now() - begin < patience;
        if (!again) throw;
      }
    }
  }

  /// Is there nothing to roll back?
  [[nodiscard]] bool over() const { return over_; }

 private:
  Connection& connection_;
  bool over_ = false;
};

/// The rows are not what the plan was made from, or somebody else is at work: plan anew.
struct PlanAgain {};

enum class Purpose : std::uint8_t { kApply, kStamp };

class Applier {
 public:
  Applier(const ApplyRequest& request, const ApplyObserver& observer, const std::stop_token& stop,
          Purpose purpose)
      : request_(request),
        observer_(observer),
        stop_(stop),
        purpose_(purpose),
        turn_(EnsureDirectory(request)),
        wait_(
            request.busy_timeout, turn_, request.who_holds,
            [this](const std::vector<Holder>& holders) {
              ApplyProgress progress = progress_;
              progress.waiting = true;
              progress.holders = holders;
              Report(std::move(progress));
            },
            stop) {}

  /// Lets go of the database. SQLite rolls back what it could not before.
  void Close() {
    ledger_.reset();
    connection_.reset();
  }

  /// Why the work ended, for the user.
  [[nodiscard]] Error Explain(const Error& error) { return wait_.Explain(error, request_.path); }

  ApplyResult Run() {
    Open();
    result_.from = ledger_->Rows();
    result_.to = result_.from;
    constexpr int kReplans = 1000;  // every one means that another process made progress
    for (int attempt = 0; attempt < kReplans; ++attempt) {
      const Plan plan = request_.plan(ledger_->Rows());
      result_.warnings = plan.warnings;
      if (!plan.steps.empty() && !WaitForTurn()) continue;
      if (!plan.steps.empty() && request_.prepare) request_.prepare(plan, *connection_);
      if (RunSteps(plan)) {
        result_.to = plan.to;
        if (result_.steps.empty()) result_.from = result_.to;  // another process has done it
        Verify();
        result_.duration_ms = MillisecondsSince(begun_);
        return std::move(result_);
      }
    }
    throw Error(Code::kBusy, "version.contended",
                Concat(request_.path, ": other processes keep changing the version table"),
                "stop them, then try again");
  }

  ApplyResult Stamp(const Graph& graph) {
    Open();
    Transaction transaction(*connection_);
    const std::vector<RevisionId> rows = ledger_->Rows();
    const Plan plan = request_.plan(rows);
    ledger_->EnsureTables();
    ledger_->ReplaceRows(rows, plan.to);
    std::int64_t record = 0;
    for (const Revision* revision : StampedRevisions(plan, graph)) {
      record = ledger_->Record(MakeHistoryRow(*revision, "stamp", FormatUtc(WallNow()), 0));
    }
    Commit(transaction, plan.to, record);
    result_.from = rows;
    result_.to = plan.to;
    Verify();
    result_.warnings = plan.warnings;
    result_.duration_ms = MillisecondsSince(begun_);
    return std::move(result_);
  }

 private:
  static const std::string& EnsureDirectory(const ApplyRequest& request) {
    if (request.may_create && !StatFile(request.path)) {
      MakeDirectoriesDurably(DirectoryName(request.path), 0755);
    }
    return request.path;
  }

  void Open() {
    const auto status = StatFile(request_.path);
    if (!status && !request_.may_create) {
      throw Error(Code::kNotFound, "database.missing",
                  Concat("there is no database at ", request_.path), "drover upgrade");
    }
    if (status && status->type != FileType::kRegular) {
      const DatabaseFacts facts = Inspect(request_.path, request_.version_table);
      throw Error(*facts.problem);
    }
    Connect();
    RefuseUnversioned();
  }

  /// A connection whose settings are ours, whatever an earlier migration did to the last one.
  void Connect() {
    Close();
    connection_.emplace(request_.path, request_.may_create ? OpenMode::kCreate : OpenMode::kWrite,
                        request_.busy_timeout);
    wait_.Attach(*connection_);
    // Must be set outside a transaction; a rebuild under enforcement would cascade into children.
    connection_->Execute("PRAGMA foreign_keys=OFF");
    if (connection_->QueryInteger("PRAGMA foreign_keys") != 0) {
      throw Error(Code::kInternal, "sqlite.foreign_keys",
                  Concat(request_.path, ": foreign key enforcement cannot be switched off"));
    }
    if (request_.outfit) request_.outfit(*connection_);
    ledger_.emplace(*connection_, request_.version_table, request_.by);
    if (request_.durability == Durability::kScratch) {
      connection_->Execute("PRAGMA synchronous=OFF");
      return;
    }
    // Durable before success is reported: in rollback mode only EXTRA syncs the directory after the
    // journal is gone, which is the commit itself.
    const bool wal = connection_->QueryText("PRAGMA journal_mode").value_or("") == "wal";
    connection_->Execute(wal ? "PRAGMA synchronous=FULL" : "PRAGMA synchronous=EXTRA");
  }

  void RefuseUnversioned() {
    if (purpose_ == Purpose::kStamp) return;
    // Tables first: another process makes both in one transaction, maybe between our two looks. A
    // table that only has the version table's name is a table like any other.
    if (ReadOutline(*connection_, "").tables.empty() ||
        !FindVersionTable(*connection_, {request_.version_table}).empty()) {
      return;
    }
    throw Error(Code::kRefused, "database.unversioned",
                Concat(request_.path, " has tables but no version table ", request_.version_table,
                       ": it was not made by migrations, or by those of another tool"),
                "drover stamp REVISION, if its schema is that of a revision");
  }

  /// Leaves a process that is carrying out its plan alone until it has done. False when there was
  /// one: what is left to do must be planned anew.
  bool WaitForTurn() {
    if (turn_.mine() || !turn_.IsTaken()) return true;
    // Who has the turn and does not move, stopped between two transactions, is not waited for: our
    // own lock decides then.
    const bool taken_over = !wait_.ForTurn();
    CheckStop("waiting for another process");
    if (!taken_over) return false;
    impatient_ = true;
    return true;
  }

  /// Called with the write lock held and the rows as planned, so that of two processes only one
  /// comes out with the turn.
  void TakeTurn() {
    if (turn_.mine()) return;
    if (turn_.IsTaken() && !impatient_) throw PlanAgain();
    turn_.Take();
  }

  void CheckStop(std::string_view what) const {
    if (!stop_.stop_requested()) return;
    throw Error(Code::kCancelled, "job.cancelled",
                Concat("cancelled before ", what, "; everything before it stays applied"));
  }

  void Report(ApplyProgress progress) const {
    if (!observer_.on_progress) return;
    progress.elapsed = std::chrono::milliseconds(MillisecondsSince(begun_));
    observer_.on_progress(progress);
  }

  /// False when the rows moved under the plan and a new one is needed.
  bool RunSteps(const Plan& plan) {
    for (std::size_t i = 0; i < plan.steps.size(); ++i) {
      const Step& step = plan.steps[i];
      CheckStop(Concat("revision ", step.revision.id));
      progress_ = {};
      progress_.revision = step.revision.id;
      progress_.message = step.revision.message;
      progress_.index = i;
      progress_.steps = plan.steps.size();
      Report(progress_);
      const SteadyClock::time_point begin = SteadyClock::now();
      try {
        if (step.script().transaction) {
          RunInTransaction(step);
        } else {
          RunWithoutTransaction(step);
        }
      } catch (const PlanAgain&) {
        impatient_ = false;
        return false;
      }
      if (changes_connection_) Connect();
      changes_connection_ = false;
      AppliedStep applied{.revision = step.revision.id,
                          .direction = step.direction,
                          .message = step.revision.message,
                          .rows_after = step.rows_after,
                          .duration_ms = MillisecondsSince(begin)};
      result_.to = step.rows_after;
      if (observer_.on_applied) observer_.on_applied(applied);
      result_.steps.push_back(std::move(applied));
    }
    return true;
  }

  [[nodiscard]] Transaction Begin(const Step& step) {
    try {
      return Transaction(*connection_);
    } catch (const Error& error) {
      // Busy because somebody is doing the same work is no failure.
      if (error.code == Code::kBusy && ledger_->Rows() != step.rows_before) throw PlanAgain();
      throw;
    }
  }

  void CheckRows(const Step& step) {
    if (ledger_->Rows() != step.rows_before) throw PlanAgain();
    TakeTurn();
    // Between our look at the file and this lock somebody may have filled it.
    if (step.rows_before.empty() && !has_tables_) RefuseUnversioned();
  }

  void RefuseDangling(const Step& step, const ForeignKeyGaps& before) {
    const ForeignKeyGaps more = FindMoreGaps(before, FindForeignKeyGaps(*connection_));
    if (more.empty()) return;
    const auto& [tables, rows] = *more.begin();
    throw Error(Code::kInvalid, "sql.foreign_keys",
                Concat("revision ", step.revision.id, " leaves ",
                       Count(static_cast<std::size_t>(rows), "row"), " that ",
                       rows == 1 ? "refers" : "refer", " to nothing: ", tables.first, " -> ",
                       tables.second),
                "delete or change those rows in the same migration",
                Concat(step.revision.file, ":", step.script().line, ":1"));
  }

  /// The version table is ours: a migration that writes to it would be recorded wrongly.
  void RefuseTampering(const Step& step) {
    bool changed = true;
    try {
      changed = ledger_->Rows() != step.rows_before;
    } catch (const Error& error) {
      if (error.code != Code::kInvalid) throw;  // else the table is gone, or another one
    }
    if (!changed) return;
    throw Error(
        Code::kConflict, "version.rows_changed",
        Concat(request_.path, ": the rows of ", request_.version_table,
               " were changed while revision ", step.revision.id, " ran"),
        Concat("take the statements about ", request_.version_table, " out of the migration"),
        Concat(step.revision.file, ":", step.script().line, ":1"));
  }

  std::int64_t Record(const Step& step, const HistoryRow& row) {
    try {
      return ledger_->Record(row);
    } catch (const Error& error) {
      const bool dropped = error.code == Code::kInvalid &&
                           connection_->QueryInteger(Concat("SELECT count(*) FROM sqlite_schema "
                                                            "WHERE name = '",
                                                            kHistoryTable, "'")) == 0;
      if (!dropped) throw;
      throw Error(Code::kConflict, "history.dropped",
                  Concat("revision ", step.revision.id, " drops or renames ", kHistoryTable,
                         ", the table in which drover records what was applied"),
                  Concat("take the statements about ", kHistoryTable, " out of the migration"),
                  Concat(step.revision.file, ":", step.script().line, ":1"));
    }
  }

  void EnsureTables() {
    if (has_tables_) return;
    ledger_->EnsureTables();
  }

  [[nodiscard]] HistoryRow RowFor(const Step& step, SteadyClock::time_point begin) const {
    return MakeHistoryRow(step.revision, step.direction == Direction::kUp ? "up" : "down",
                          FormatUtc(WallNow()), MillisecondsSince(begin));
  }

  void RunInTransaction(const Step& step) {
    const SteadyClock::time_point begin = SteadyClock::now();
    Transaction transaction = Begin(step);
    CheckRows(step);
    EnsureTables();
    // Enforcement is off, so a rebuild cannot cascade; what it leaves dangling must show here.
    const bool may_destroy = MayDestroy(step.script().sql);
    const auto dangling = may_destroy ? FindForeignKeyGaps(*connection_) : ForeignKeyGaps();
    Run(step);
    if (may_destroy) RefuseDangling(step, dangling);
    RefuseTampering(step);
    ledger_->ReplaceRows(step.rows_before, step.rows_after);
    const std::int64_t record = Record(step, RowFor(step, begin));
    Commit(transaction, step.rows_after, record);
    has_tables_ = true;
  }

  /// After a failed COMMIT the truth is what is on disk, unless the transaction is still open.
  /// `record` is the last row that was written to the history; 0 for none.
  void Commit(Transaction& transaction, const std::vector<RevisionId>& rows, std::int64_t record) {
    try {
      transaction.Commit(request_.busy_timeout);
    } catch (const Error& error) {
      if (!transaction.over()) throw;
      Close();
      const bool survived = SurvivedFailedCommit(request_.path, error, [&](Connection& connection) {
        Ledger ledger(connection, request_.version_table, request_.by);
        return ledger.Rows() == rows && ledger.Has(record);
      });
      if (!survived) throw;
      Connect();
    }
  }

  void RunWithoutTransaction(const Step& step) {
    const SteadyClock::time_point begin = SteadyClock::now();
    HistoryRow row = RowFor(step, begin);
    row.state = "applying";
    std::int64_t id = 0;
    {
      Transaction transaction = Begin(step);
      CheckRows(step);
      EnsureTables();
      id = ledger_->Record(row);
      Commit(transaction, step.rows_before, id);
    }
    has_tables_ = true;
    try {
      Run(step);
      if (!connection_->autocommit()) {
        connection_->Execute("ROLLBACK");
        throw Error(Code::kInvalid, "sql.open_transaction",
                    "the migration left a transaction open; it was rolled back",
                    "end it with COMMIT",
                    Concat(step.revision.file, ":", step.script().line, ":1"));
      }
    } catch (Error& error) {
      error.message += "; it runs without a transaction, so what came before that statement stays";
      throw;
    }
    Connect();  // the script may have switched foreign keys on
    changes_connection_ = false;
    Transaction transaction(*connection_);
    RefuseTampering(step);
    ledger_->ReplaceRows(step.rows_before, step.rows_after);
    ledger_->Finish(id, MillisecondsSince(begin));
    Commit(transaction, step.rows_after, id);
  }

  void Run(const Step& step) {
    ScriptRun run = RunScript(*connection_, step.script(), step.revision.file, stop_,
                              [this](std::size_t statement, std::size_t statements) {
                                progress_.statement = statement;
                                progress_.statements = statements;
                                Report(progress_);
                              });
    changes_connection_ = run.changes_connection;
    for (std::string& notice : run.notices) result_.warnings.push_back(std::move(notice));
  }

  /// Looks at the result through a fresh connection.
  void Verify() {
    Close();
    DatabaseFacts facts;
    bool ours_is_recorded = false;
    // A commit of another process within one tick of the file's clock can make a look misleading.
    constexpr int kLooks = 3;
    const SteadyClock::time_point deadline = SteadyClock::now() + request_.busy_timeout;
    for (int look = 0; look < kLooks && !ours_is_recorded;) {
      if (look > 0) std::this_thread::sleep_for(std::chrono::milliseconds(10));
      facts = Inspect(request_.path, request_.version_table);
      if (!facts.problem && facts.rows == result_.to) return;
      // Our own commits are done: somebody else's lock is no failure of them.
      const bool locked = facts.problem && facts.problem->code == Code::kBusy;
      if (locked && SteadyClock::now() < deadline) continue;
      if (locked) {
        result_.warnings.push_back(
            Concat("committed, but not looked at again: ", facts.problem->message));
        return;
      }
      // Another process may have gone on from where we stopped; its steps follow ours then.
      ours_is_recorded = !facts.problem && (result_.steps.empty() ||
                                            facts.records.contains(result_.steps.back().revision));
      ++look;
    }
    if (facts.problem) throw Error(*facts.problem);
    if (!ours_is_recorded) {
      throw Error(Code::kDrift, "version.unexpected",
                  Concat(request_.path, " is at ", Join(facts.rows, ", "), " instead of ",
                         Join(result_.to, ", "), ": another program has written to it"),
                  "drover status");
    }
    result_.to = facts.rows;
  }

  const ApplyRequest& request_;
  const ApplyObserver& observer_;
  const std::stop_token& stop_;
  Purpose purpose_;
  SteadyClock::time_point begun_ = SteadyClock::now();
  ApplyProgress progress_;
  Turn turn_;
  BusyWait wait_;
  bool impatient_ = false;  // who has the turn has not moved for long
  std::optional<Connection> connection_;
  std::optional<Ledger> ledger_;
  bool has_tables_ = false;
  bool changes_connection_ = false;
  ApplyResult result_;
};

}  // namespace

namespace {

void TryRollBack(const std::string& path) {
  try {
    RollBackHotJournal(path);
  } catch (const Error&) {
    // What went wrong first is what the user must read.
  }
}

}  // namespace

ApplyResult Apply(const ApplyRequest& request, const ApplyObserver& observer,
                  const std::stop_token& stop) {
  if (!StatFile(request.path)) {
    // Opening creates the file: not unless there is something to put into it.
    const Plan plan = request.plan({});
    if (plan.steps.empty()) {
      return {.from = {}, .to = {}, .steps = {}, .warnings = plan.warnings, .duration_ms = 0};
    }
  }
  Applier applier(request, observer, stop, Purpose::kApply);
  try {
    return applier.Run();
  } catch (const Error& error) {
    // After an I/O error (a full disk) SQLite leaves the rollback to the next one who opens the
    // file.
    applier.Close();
    TryRollBack(request.path);
    throw applier.Explain(error);
  }
}

ApplyResult Stamp(const ApplyRequest& request, const Graph& graph) {
  const ApplyObserver nobody;
  const std::stop_token never;
  Applier applier(request, nobody, never, Purpose::kStamp);
  try {
    return applier.Stamp(graph);
  } catch (const Error& error) {
    applier.Close();
    TryRollBack(request.path);
    throw applier.Explain(error);
  }
}

}  // namespace drover::migrations
