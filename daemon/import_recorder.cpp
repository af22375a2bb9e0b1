#include "daemon/import_recorder.h"

#include <utility>

#include "base/error.h"
#include "base/text.h"
#include "migrations/safety/scratch_file.h"

namespace drover::daemon {
namespace {

using migrations::ScratchFile;

class Recorder {
 public:
  Recorder(const RecordRequest& request, const std::stop_token& stop)
      : request_(request),
        stop_(stop),
        filled_(request.scratch_directory),
        filled_after_(request.scratch_directory),
        empty_after_(request.scratch_directory) {}

  Recording Run() {
    try {
      has_rows_ = RunOnRows();
    } catch (const Error& error) {
      if (error.kind != "alembic.failed") throw;
      recording_.problems = {error.message};
      return std::move(recording_);
    }
    const std::string& before = has_rows_ ? filled_.path() : request_.from;
    const std::string& after = has_rows_ ? filled_after_.path() : empty_after_.path();
    const Trial best = FindBest(before, after);
    if (!best.plan.problem.empty()) {
      recording_.problems = {best.plan.problem};
      return std::move(recording_);
    }
    recording_.script = {.origin = best.plan.sql.empty() ? migrations::ScriptOrigin::kNothing
                                                         : migrations::ScriptOrigin::kRecorded,
                         .sql = best.plan.sql};
    Judge(best);
    return std::move(recording_);
  }

 private:
  /// A plan, and what it does otherwise than Alembic on the same rows.
  struct Trial {
    migrations::RecordedPlan plan;
    migrations::StateDifferences differences;

    [[nodiscard]] bool IsEqual() const {
      return plan.problem.empty() && differences.schema.empty() && differences.rows.empty();
    }
  };

  /// False when Alembic does not take made-up rows, or there is no table for any: then it has run
  /// without them.
  bool RunOnRows() {
    migrations::CopyScratchDatabase(request_.from, filled_.path());
    if (migrations::FillScratchDatabase(filled_.path(), request_.proof)) {
      if (RunOnFilled()) return true;
      RunOnEmpty();
      // Most often a column becomes NOT NULL.
      migrations::RemoveNulls(filled_.path(), empty_after_.path(), request_.proof);
      return RunOnFilled();
    }
    RunOnEmpty();
    return false;
  }

  bool RunOnFilled() {
    migrations::CopyScratchDatabase(filled_.path(), filled_after_.path());
    try {
      request_.runner.Run(request_.arguments, filled_after_.path(), stop_);
      return true;
    } catch (const Error& error) {
      if (error.kind != "alembic.failed") throw;
      return false;
    }
  }

  void RunOnEmpty() {
    migrations::CopyScratchDatabase(request_.from, empty_after_.path());
    request_.runner.Run(request_.arguments, empty_after_.path(), stop_);
  }

  /// With what Alembic has written of it in front, unless that makes it worse.
  Trial FindBest(const std::string& before, const std::string& after) {
    Trial plain = FindRenamed(before, after, {});
    if (request_.begun.empty()) return plain;
    Trial begun = FindRenamed(before, after, request_.begun);
    const bool better = begun.plan.problem.empty() && begun.differences.schema.empty() &&
                        (!plain.plan.problem.empty() ||
                         begun.differences.rows.size() <= plain.differences.rows.size());
    return better ? begun : plain;
  }

  Trial FindRenamed(const std::string& before, const std::string& after, const std::string& begun) {
    const ScratchFile middle(request_.scratch_directory);
    migrations::CopyScratchDatabase(before, middle.path());
    try {
      if (!begun.empty()) RunScript(middle.path(), begun);
    } catch (const Error& error) {
      if (error.code == Code::kCancelled) throw;
      return {.plan = {.sql = {}, .problem = error.message, .renames = {}, .drops = {}},
              .differences = {}};
    }
    const Ground ground{.before = before, .middle = middle.path(), .after = after, .begun = begun};
    std::vector<migrations::RenameHint> renames;
    if (has_rows_) renames = migrations::InferRenames(middle.path(), after, request_.proof);
    Trial best = Try(ground, renames);
    if (!has_rows_ || best.IsEqual() || best.plan.renames.empty()) return best;
    Trial guessed = Try(ground, best.plan.renames);  // of tables, say
    return guessed.IsEqual() ? guessed : best;
  }

  /// Databases before and after the step, and after what it begins with.
  struct Ground {
    const std::string& before;
    const std::string& middle;
    const std::string& after;
    const std::string& begun;
  };

  void RunScript(const std::string& path, const std::string& sql) {
    migrations::RunOnScratch(path, {.sql = sql}, request_.file, request_.proof, stop_);
  }

  Trial Try(const Ground& ground, const std::vector<migrations::RenameHint>& renames) {
    Trial trial{
        .plan = migrations::PlanRecorded(ground.middle, ground.after, renames, request_.proof),
        .differences = {}};
    if (!trial.plan.problem.empty()) return trial;
    if (!ground.begun.empty()) trial.plan.sql = Concat(ground.begun, "\n", trial.plan.sql);
    const ScratchFile copy(request_.scratch_directory);
    migrations::CopyScratchDatabase(ground.before, copy.path());
    try {
      RunScript(copy.path(), trial.plan.sql);
      trial.differences = migrations::CompareStates(
          migrations::ReadDatabaseState(ground.after, request_.proof),
          migrations::ReadDatabaseState(copy.path(), request_.proof), request_.proof.days);
    } catch (const Error& error) {
      if (error.code == Code::kCancelled) throw;
      trial.plan.problem = error.message;
    }
    return trial;
  }

  /// Says what the rows tell about the plan.
  void Judge(const Trial& best) {
    const bool loses = !best.plan.drops.empty();
    if (request_.writes_rows) {
      if (!loses || best.differences.rows.empty()) return;
      recording_.notes.push_back(
          Concat(Join(best.plan.drops, "; "), ": see whether its Python keeps what is in there"));
      return;
    }
    if (loses && !has_rows_) {
      recording_.problems.push_back(
          Concat(Join(best.plan.drops, "; "),
                 ": Alembic takes no made-up rows here that would show whether it keeps them"));
    }
    for (const std::string& each : best.differences.rows) {
      std::string text = Concat("on made-up rows, ", each);
      if (loses) text += Concat(" (", Join(best.plan.drops, "; "), ")");
      (loses ? recording_.problems : recording_.notes).push_back(std::move(text));
    }
  }

  const RecordRequest& request_;
  const std::stop_token& stop_;
  ScratchFile filled_;        // made-up rows, before
  ScratchFile filled_after_;  // and after
  ScratchFile empty_after_;
  bool has_rows_ = false;
  Recording recording_;
};

}  // namespace

Recording Record(const RecordRequest& request, const std::stop_token& stop) {
  return Recorder(request, stop).Run();
}

}  // namespace drover::daemon
