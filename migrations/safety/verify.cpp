#include "migrations/safety/verify.h"

#include <optional>
#include <unistd.h>

#include "base/posix.h"
#include "base/text.h"
#include "migrations/destruction.h"
#include "migrations/safety/content.h"
#include "migrations/safety/database_copy.h"
#include "migrations/safety/losses.h"
#include "migrations/schema.h"
#include "migrations/schema_compare.h"
#include "migrations/schema_diff/synthetic.h"
#include "migrations/snapshots/fresh_database.h"

namespace drover::migrations {
namespace {

enum class Fill : std::uint8_t { kMadeUpRows, kNothing };

/// What a private database looks like at a station.
struct Station {
  SchemaImage schema;
  DatabaseContent content;
};

class Verifier {
 public:
  Verifier(const VerifyRequest& request, const std::stop_token& stop)
      : request_(request), stop_(stop), trial_(request.directory + "/trial.db") {
    main_ = request.copy.empty() ? request.directory + "/main.db" : request.copy;
  }

  std::vector<VerifiedRevision> Run() {
    const Graph& graph = *request_.graph;
    applied_.assign(graph.revisions().size(), false);
    if (request_.copy.empty()) {
      SkipUnselected();
    } else {
      applied_ = graph.Closure(RowsOf(main_));
    }
    for (const std::uint32_t index : graph.TopologicalOrder()) {
      if (applied_[index]) continue;
      const Step step = UpStep(index);
      if (request_.selected[index]) answer_.push_back(Verify(step));
      if (!Advance(step, index)) break;
    }
    return std::move(answer_);
  }

 private:
  /// What comes before the first revision to be verified, as far as it need not be run again.
  void SkipUnselected() {
    if (request_.take) return;
    std::vector<std::uint32_t> order;
    std::vector<Step> steps;
    for (const std::uint32_t index : request_.graph->TopologicalOrder()) {
      if (request_.selected[index]) break;
      steps.push_back(UpStep(index));
      order.push_back(index);
      applied_[index] = true;
    }
    const FreshDatabase fresh =
        MakeFresh({.steps = steps, .version_table = request_.version_table, .by = request_.by},
                  request_.snapshots, ApplyObserver(), stop_);
    if (!fresh.steps.empty()) CreateFile(main_, fresh.content, 0600);
    for (std::size_t i = fresh.steps.size(); i < order.size(); ++i) applied_[order[i]] = false;
  }

  [[nodiscard]] std::vector<RevisionId> RowsOf(const std::string& path) const {
    Connection connection(path, OpenMode::kRead);
    if (FindVersionTable(connection, {request_.version_table}).empty()) return {};
    return ReadVersionRows(connection, request_.version_table);
  }

  [[nodiscard]] Step UpStep(std::uint32_t index) const {
    std::vector<bool> then = applied_;
    then[index] = true;
    return {.revision = request_.graph->At(index),
            .direction = Direction::kUp,
            .rows_before = request_.graph->Maxima(applied_),
            .rows_after = request_.graph->Maxima(then),
            .destructive = {}};
  }

  static Step Inverse(const Step& up) {
    Step down = up;
    down.direction = Direction::kDown;
    std::swap(down.rows_before, down.rows_after);
    return down;
  }

  /// Throws what Apply throws.
  void Take(const Step& step, const std::string& path) const {
    if (request_.take) {
      request_.take(step, path);
      return;
    }
    const ApplyRequest apply{.path = path,
                             .version_table = request_.version_table,
                             .by = request_.by,
                             .plan =
                                 [&step](std::span<const RevisionId> rows) {
                                   Plan plan{.from = {rows.begin(), rows.end()},
                                             .to = step.rows_after,
                                             .steps = {},
                                             .warnings = {}};
                                   if (plan.from != plan.to) plan.steps.push_back(step);
                                   return plan;
                                 },
                             .may_create = true,
                             .durability = Durability::kScratch};
    (void)Apply(apply, ApplyObserver(), stop_);
  }

  /// The main database goes on; false when it cannot, which is said of the last revision verified.
  bool Advance(const Step& step, std::uint32_t index) {
    try {
      Take(step, main_);
      applied_[index] = true;
      return true;
    } catch (const Error& error) {
      if (error.code == Code::kCancelled) throw;
      const bool said = !answer_.empty() && answer_.back().revision == step.revision.id;
      if (!said) answer_.push_back(Failed(step, error.message));
      return false;
    }
  }

  static VerifiedRevision About(const Step& step) {
    VerifiedRevision verified;
    verified.revision = step.revision.id;
    verified.message = step.revision.message;
    verified.file = step.revision.file;
    verified.outcome = "ok";
    return verified;
  }

  static VerifiedRevision Failed(const Step& step, std::string why) {
    VerifiedRevision verified = About(step);
    verified.outcome = "failed";
    verified.problems.push_back(std::move(why));
    return verified;
  }

  VerifiedRevision Verify(const Step& up) {
    if (!request_.copy.empty()) return Try(up, Fill::kNothing);
    VerifiedRevision filled = Try(up, Fill::kMadeUpRows);
    if (filled.outcome != "failed" || went_up_) return filled;
    VerifiedRevision empty = Try(up, Fill::kNothing);
    if (empty.outcome == "failed") return empty;
    for (const std::string& problem : filled.problems) {
      empty.notes.push_back(Concat("with made-up rows in its tables: ", problem));
    }
    return empty;
  }

  VerifiedRevision Try(const Step& up, Fill fill) {
    unlink(trial_.c_str());
    if (StatFile(main_)) CopyPrivateFile(main_, trial_);
    VerifiedRevision verified = About(up);
    try {
      if (fill == Fill::kMadeUpRows) FillTrial();
      const Station before = Look();
      std::vector<std::string> schema = SchemaSql();
      went_up_ = false;
      Take(up, trial_);
      went_up_ = true;
      const Station above = Look();
      NoteLosses(up, schema, verified);
      if (!up.revision.down) {
        verified.outcome = "irreversible";
        return verified;
      }
      const Step down = Inverse(up);
      schema = SchemaSql();
      Take(down, trial_);
      Compare("after its way down", before, Look(), Losses({&up, &down}, schema), verified);
      Take(up, trial_);
      Compare("up again", above, Look(), std::nullopt, verified);
    } catch (const Error& error) {
      if (error.code == Code::kCancelled) throw;
      verified.problems.push_back(error.where.empty() ? error.message
                                                      : Concat(error.where, ": ", error.message));
    }
    if (!verified.problems.empty()) verified.outcome = "failed";
    return verified;
  }

  void FillTrial() {
    Connection connection(trial_, OpenMode::kCreate);
    RegisterStubs(connection, request_.stubs);
    connection.Execute("BEGIN");
    (void)FillTables(connection, reader_.Read(connection), CheckRule::kObey);
    connection.Execute("COMMIT");
  }

  [[nodiscard]] Station Look() {
    Connection connection(trial_, OpenMode::kCreate);
    Station station{.schema = reader_.Read(connection), .content = {}};
    std::set<std::string> tables;
    for (const auto& object : station.schema.objects) {
      if (object->type == "table") tables.insert(ToLower(object->name));
    }
    station.content = ReadContent(connection, request_.version_table, tables);
    return station;
  }

  [[nodiscard]] std::vector<std::string> SchemaSql() const {
    Connection connection(trial_, OpenMode::kCreate);
    return connection.QueryColumn(
        "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY type <> 'table', rowid");
  }

  [[nodiscard]] std::vector<Destruction> Losses(const std::vector<const Step*>& steps,
                                                const std::vector<std::string>& schema) const {
    std::vector<Destruction> losses;
    for (const Step* step : steps) {
      const Script* const script = &step->script();
      for (const auto& found : ClassifyDestruction({&script, 1}, schema, request_.stubs)) {
        losses.insert(losses.end(), found.begin(), found.end());
      }
    }
    return losses;
  }

  void NoteLosses(const Step& up, const std::vector<std::string>& schema,
                  VerifiedRevision& verified) const {
    for (const Destruction& each : Losses({&up}, schema)) {
      if (!LosesData(each)) continue;
      verified.notes.push_back(
          Concat("loses data that its way down cannot bring back: ", each.kind, " ", each.object));
    }
  }

  /// With `losses` also the rows.
  void Compare(std::string_view where, const Station& expected, const Station& actual,
               const std::optional<std::vector<Destruction>>& losses,
               VerifiedRevision& verified) const {
    for (const SchemaDifference& each : CompareSchemas(expected.schema, actual.schema)) {
      verified.problems.push_back(
          Concat(where, ", ", each.type, " ", each.object, ": ", each.what));
    }
    if (!losses) return;
    for (const RehearsalProblem& each : CompareContent(expected.content, actual.content, *losses)) {
      if (each.kind == "rehearsal.trigger_lost") continue;  // the schema says so
      const bool unsaid = request_.take && each.kind == "rehearsal.rows_lost";
      (unsaid ? verified.notes : verified.problems).push_back(Concat(where, ", ", each.message));
    }
  }

  const VerifyRequest& request_;
  const std::stop_token& stop_;
  std::string main_;
  std::string trial_;
  SchemaReader reader_{request_.version_table};
  std::vector<bool> applied_;
  bool went_up_ = false;  // the last trial, the first time
  std::vector<VerifiedRevision> answer_;
};

}  // namespace

std::vector<VerifiedRevision> VerifyRevisions(const VerifyRequest& request,
                                              const std::stop_token& stop) {
  return Verifier(request, stop).Run();
}

}  // namespace drover::migrations
