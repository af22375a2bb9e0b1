#include "migrations/safety/rehearsal.h"

#include <algorithm>
#include <chrono>
#include <utility>
#include <vector>

#include "base/posix.h"
#include "base/text.h"
#include "migrations/destruction.h"
#include "migrations/replay.h"
#include "migrations/safety/content.h"
#include "migrations/safety/losses.h"
#include "migrations/safety/transplant.h"
#include "migrations/schema.h"
#include "migrations/schema_compare.h"
#include "migrations/sql_text.h"

namespace drover::migrations {
namespace {

std::vector<RowsChanged> ListRowChanges(const DatabaseContent& before,
                                        const DatabaseContent& after) {
  std::vector<RowsChanged> changes;
  for (const auto& [key, table] : before.tables) {
    const auto now = after.tables.find(key);
    if (now == after.tables.end()) {
      changes.push_back({.table = table.name, .before = table.rows, .after = std::nullopt});
    } else if (now->second.rows != table.rows) {
      changes.push_back({.table = table.name, .before = table.rows, .after = now->second.rows});
    }
  }
  for (const auto& [key, table] : after.tables) {
    if (before.tables.contains(key)) continue;
    changes.push_back({.table = table.name, .before = std::nullopt, .after = table.rows});
  }
  return changes;
}

/// What the plan drops by a statement of its own: `kind` is "table" or "trigger". Lower-case.
std::set<std::string> FindDropped(const Plan& plan, std::string_view kind) {
  std::set<std::string> dropped;
  for (const Step& step : plan.steps) {
    Lexer lexer(step.script().sql);
    // DROP kind [IF EXISTS] [schema .] name: how far along a statement is.
    enum class At : std::uint8_t { kOutside, kDrop, kName } at = At::kOutside;
    std::string name;
    while (const std::optional<Token> token = lexer.Next()) {
      const std::string word = ToLower(NameOf(*token));
      if (at == At::kName && token->kind != TokenKind::kSymbol) {
        if (token->kind != TokenKind::kWord || (word != "if" && word != "exists")) name = word;
        continue;
      }
      if (at == At::kName && token->text == ".") continue;
      if (!name.empty()) dropped.insert(std::exchange(name, {}));
      if (word == "drop") {
        at = At::kDrop;
      } else {
        at = at == At::kDrop && word == kind ? At::kName : At::kOutside;
      }
    }
    if (!name.empty()) dropped.insert(name);
  }
  return dropped;
}

class Rehearser {
 public:
  Rehearser(const RehearsalRequest& request, const ApplyObserver& observer,
            const std::stop_token& stop)
      : request_(request), observer_(observer), stop_(stop) {}

  Rehearsal Run() {
    const auto begun = std::chrono::steady_clock::now();
    LookBefore();
    if (Apply()) {
      LookAfter();
      Judge();
    }
    rehearsal_.report.duration_ms = std::chrono::duration_cast<std::chrono::milliseconds>(
                                        std::chrono::steady_clock::now() - begun)
                                        .count();
    return std::move(rehearsal_);
  }

 private:
  void LookBefore() {
    Connection connection(request_.copy, OpenMode::kWrite);
    const std::vector<RevisionId> rows = ReadRows(connection);
    plan_ = request_.plan(rows);
    digested_ = request_.carry_out ? AllTables(connection) : FindDropped(plan_, "table");
    before_ = ReadContent(connection, request_.version_table, digested_);
    schema_ = reader_.Read(connection);
    sql_ = connection.QueryColumn(
        "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY type <> 'table', rowid");
    rehearsal_.report.bytes_before = Bytes();
  }

  /// What Python does to a table nobody says, so all of them are compared.
  [[nodiscard]] static std::set<std::string> AllTables(Connection& connection) {
    std::set<std::string> names;
    for (const std::string& name :
         connection.QueryColumn("SELECT name FROM sqlite_schema WHERE type = 'table'")) {
      names.insert(ToLower(name));
    }
    return names;
  }

  [[nodiscard]] std::vector<RevisionId> ReadRows(Connection& connection) const {
    if (FindVersionTable(connection, {request_.version_table}).empty()) return {};
    return ReadVersionRows(connection, request_.version_table);
  }

  [[nodiscard]] std::int64_t Bytes() const {
    const auto status = StatFile(request_.copy);
    return status ? static_cast<std::int64_t>(status->size) : 0;
  }

  /// False when it failed: then the report and the error say why.
  bool Apply() {
    ApplyObserver watching;
    watching.on_progress = observer_.on_progress;
    watching.on_applied = [this](const AppliedStep& step) {
      rehearsal_.report.steps.push_back(
          {.revision = step.revision,
           .direction = step.direction == Direction::kUp ? "up" : "down",
           .duration_ms = step.duration_ms});
      if (request_.carry_out && Turns(rehearsal_.report.steps.size())) LookAtTheTurn();
    };
    const ApplyRequest apply{.path = request_.copy,
                             .version_table = request_.version_table,
                             .by = request_.by,
                             .plan = request_.plan,
                             .durability = Durability::kScratch};
    try {
      ApplyResult result = request_.carry_out ? request_.carry_out(request_.copy, watching, stop_)
                                              : migrations::Apply(apply, watching, stop_);
      rehearsal_.report.warnings = std::move(result.warnings);
      return true;
    } catch (const Error& error) {
      if (error.code == Code::kCancelled) throw;
      Fail(error);
      return false;
    }
  }

  /// Is a step upwards the next one after `done` of them, the last of which went down?
  [[nodiscard]] bool Turns(std::size_t done) const {
    return done < plan_.steps.size() && plan_.steps[done - 1].direction == Direction::kDown &&
           plan_.steps[done].direction == Direction::kUp;
  }

  [[nodiscard]] bool GoesDown() const {
    return std::ranges::any_of(plan_.steps,
                               [](const Step& step) { return step.direction == Direction::kDown; });
  }

  /// What is gone there is gone, also when a new table or column takes its place.
  void LookAtTheTurn() {
    Connection connection(request_.copy, OpenMode::kWrite);
    turn_ = ReadContent(connection, request_.version_table, digested_);
  }

  void Fail(const Error& error) {
    rehearsal_.report.outcome = "failed";
    rehearsal_.report.problems.push_back(
        {.kind = error.kind, .object = error.where, .message = error.message});
    Error failure = error;
    const std::size_t done = rehearsal_.report.steps.size();
    failure.message =
        Concat("on a copy of the data ", done == 0 ? "the first" : "a later", " step fails, so ",
               request_.database, " was not touched: ", error.message);
    rehearsal_.error = std::move(failure);
  }

  void LookAfter() {
    Connection connection(request_.copy, OpenMode::kWrite);
    after_ = ReadContent(connection, request_.version_table, digested_);
    const Soundness soundness = CheckSoundness(connection);
    if (!soundness.damage.empty()) {
      Add("rehearsal.damaged", request_.database,
          Concat("the file would be damaged: ", soundness.damage));
    }
    CompareSchema(reader_.Read(connection));
    rehearsal_.report.bytes_after = Bytes();
    rehearsal_.report.tables = ListRowChanges(before_, after_);
  }

  void Add(std::string kind, std::string object, std::string message) {
    rehearsal_.report.problems.push_back(
        {.kind = std::move(kind), .object = std::move(object), .message = std::move(message)});
  }

  [[nodiscard]] bool HasProblem(std::string_view kind, std::string_view object) const {
    return std::ranges::any_of(rehearsal_.report.problems, [&](const RehearsalProblem& each) {
      return each.kind == kind && each.object == object;
    });
  }

  void AddNew(std::vector<RehearsalProblem> problems) {
    for (RehearsalProblem& each : problems) {
      if (!HasProblem(each.kind, each.object)) {
        rehearsal_.report.problems.push_back(std::move(each));
      }
    }
  }

  /// Against what the revisions make; how the database differed before is not the plan's doing.
  void CompareSchema(const SchemaImage& now) {
    if (!request_.graph) return;
    try {
      const auto expected = [&](const std::vector<RevisionId>& rows) {
        return ReplaySchema(*request_.graph, rows, request_.version_table, request_.stubs, stop_,
                            request_.snapshots);
      };
      const auto known = CompareSchemas(expected(plan_.from), schema_);
      for (const SchemaDifference& each : CompareSchemas(expected(plan_.to), now)) {
        if (std::ranges::find(known, each) != known.end()) continue;
        Add("rehearsal.schema", each.object,
            Concat("the schema would not be what the migrations say: ", each.what));
      }
    } catch (const Error& error) {
      if (error.code == Code::kCancelled) throw;
      rehearsal_.report.warnings.push_back(
          Concat("the schema was not compared with the migrations: ", error.message));
    }
  }

  [[nodiscard]] std::vector<Destruction> Destructive() const {
    std::vector<const Script*> scripts;
    for (const Step& step : plan_.steps) scripts.push_back(&step.script());
    std::vector<Destruction> all;
    for (const auto& found : ClassifyDestruction(scripts, sql_, request_.stubs)) {
      all.insert(all.end(), found.begin(), found.end());
    }
    // A trigger that goes with its table goes unsaid.
    std::erase_if(all, [](const Destruction& each) { return each.kind == "drop trigger"; });
    for (const std::string& name : FindDropped(plan_, "trigger")) {
      all.push_back({.kind = "drop trigger", .object = name});
    }
    return all;
  }

  void Judge() {
    RehearsalReport& report = rehearsal_.report;
    if (request_.carry_out && request_.losses == Losses::kUnknown) {
      if (turn_) AddNew(FindLostOnTheWay(before_, *turn_, after_));
      AddNew(FindLostObjects(before_, after_));
    }
    for (RehearsalProblem& each : CompareContent(before_, after_, Destructive())) {
      const bool rows = each.kind == "rehearsal.rows_lost";
      const bool wanted = request_.carry_out && request_.losses == Losses::kWanted && rows;
      // They went with their table, which is said.
      if (!wanted && !(rows && HasProblem("rehearsal.table_lost", each.object))) AddNew({each});
    }
    // Of all of these only damage cannot be wanted.
    const bool damaged = std::ranges::find(report.problems, "rehearsal.damaged",
                                           &RehearsalProblem::kind) != report.problems.end();
    report.outcome = report.problems.empty() ? "ok" : damaged ? "failed" : "refused";
    if (report.problems.empty()) return;
    std::vector<std::string> messages;
    for (const RehearsalProblem& each : report.problems) messages.push_back(each.message);
    rehearsal_.error =
        Error(Code::kRefused, report.problems.front().kind,
              Concat("carried out on a copy of the data, this plan does what it does not say, so ",
                     request_.database, " was not touched: ", Join(messages, "; ")),
              GoesDown() ? "mend the migration, or say --yes"
                         : "drover plan --rehearse; then mend the migration, or say --yes");
  }

  const RehearsalRequest& request_;
  const ApplyObserver& observer_;
  const std::stop_token& stop_;
  Plan plan_;
  SchemaReader reader_{request_.version_table};
  std::set<std::string> digested_;
  DatabaseContent before_;
  std::optional<DatabaseContent> turn_;  // of a plan that goes down and up again
  DatabaseContent after_;
  SchemaImage schema_;
  std::vector<std::string> sql_;
  Rehearsal rehearsal_;
};

}  // namespace

Rehearsal Rehearse(const RehearsalRequest& request, const ApplyObserver& observer,
                   const std::stop_token& stop) {
  return Rehearser(request, observer, stop).Run();
}

}  // namespace drover::migrations
