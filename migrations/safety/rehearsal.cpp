#include "migrations/safety/rehearsal.h"

#include <algorithm>
#include <chrono>
#include <utility>
#include <vector>

#include "base/posix.h"
#include "base/text.h"
#include "migrations/destruction.h"
#include "migrations/replay.h"
#include "migrations/safety/transplant.h"
#include "migrations/schema.h"
#include "migrations/schema_compare.h"
#include "migrations/sql_text.h"

namespace drover::migrations {
namespace {

/// What the statements of a plan admit to, by lower-case name.
class Declared {
 public:
  explicit Declared(std::span<const Destruction> destructive) {
    for (const Destruction& each : destructive) {
      declared_.insert(Concat(each.kind, " ", ToLower(each.object)));
    }
  }

  [[nodiscard]] bool Has(std::string_view kind, std::string_view object) const {
    return declared_.contains(Concat(kind, " ", object));
  }

 private:
  std::set<std::string> declared_;
};

std::string Rows(std::int64_t rows) { return Count(static_cast<std::size_t>(rows), "row"); }

void FindLostRows(const DatabaseContent& before, const DatabaseContent& after,
                  const Declared& declared, std::vector<RehearsalProblem>& problems) {
  for (const auto& [key, table] : before.tables) {
    const auto now = after.tables.find(key);
    if (now == after.tables.end() || now->second.rows >= table.rows) continue;
    if (declared.Has("delete rows", key) || declared.Has("drop table", key)) continue;
    problems.push_back(
        {.kind = "rehearsal.rows_lost",
         .object = table.name,
         .message = Concat(table.name, " would be left with ", now->second.rows, " of its ",
                           Rows(table.rows), ", though nothing says so")});
  }
}

void FindMovedValues(const TableContent& before, const TableContent& after, const std::string& key,
                     const Declared& declared, std::vector<RehearsalProblem>& problems) {
  if (before.rows != after.rows) return;
  for (const auto& [column, digest] : after.columns) {
    const auto own = before.columns.find(column);
    if (own == before.columns.end() || own->second == digest) continue;
    const std::string object = Concat(key, ".", column);
    if (declared.Has("update rows", object) || declared.Has("drop column", object)) continue;
    const auto other = std::ranges::find_if(before.columns, [&](const auto& each) {
      return each.first != column && each.second == digest;
    });
    if (other == before.columns.end()) continue;
    problems.push_back({.kind = "rehearsal.values_moved",
                        .object = Concat(before.name, ".", column),
                        .message = Concat(before.name, ".", column, " would hold what was in ",
                                          before.name, ".", other->first)});
  }
}

void FindLostTriggers(const DatabaseContent& before, const DatabaseContent& after,
                      const Declared& declared, std::vector<RehearsalProblem>& problems) {
  for (const auto& [key, each] : before.attachments) {
    if (each.type != "trigger" || after.attachments.contains(key)) continue;
    if (!after.tables.contains(each.table) || declared.Has("drop trigger", ToLower(each.name))) {
      continue;
    }
    problems.push_back(
        {.kind = "rehearsal.trigger_lost",
         .object = each.name,
         .message = Concat(
             "the trigger ", each.name, " would go with the old ",
             before.tables.contains(each.table) ? before.tables.at(each.table).name : each.table,
             " and not come back")});
  }
}

void FindDanglingReferences(const DatabaseContent& before, const DatabaseContent& after,
                            std::vector<RehearsalProblem>& problems) {
  for (const auto& [tables, rows] : FindMoreGaps(before.gaps, after.gaps)) {
    const std::string reference = Concat(tables.first, " -> ", tables.second);
    problems.push_back(
        {.kind = "rehearsal.foreign_keys",
         .object = reference,
         .message = Concat(Rows(rows), " would refer to nothing (", reference, ")")});
  }
}

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
    for (RehearsalProblem& each : CompareContent(before_, after_, Destructive())) {
      const bool wanted = request_.carry_out && request_.losses == Losses::kWanted &&
                          each.kind == "rehearsal.rows_lost";
      if (!wanted) report.problems.push_back(std::move(each));
    }
    if (request_.carry_out && request_.losses == Losses::kUnknown) {
      for (RehearsalProblem& each : FindLostObjects(before_, after_)) {
        report.problems.push_back(std::move(each));
      }
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
              "drover plan --rehearse; then mend the migration, or say --yes");
  }

  const RehearsalRequest& request_;
  const ApplyObserver& observer_;
  const std::stop_token& stop_;
  Plan plan_;
  SchemaReader reader_{request_.version_table};
  std::set<std::string> digested_;
  DatabaseContent before_;
  DatabaseContent after_;
  SchemaImage schema_;
  std::vector<std::string> sql_;
  Rehearsal rehearsal_;
};

}  // namespace

std::vector<RehearsalProblem> CompareContent(const DatabaseContent& before,
                                             const DatabaseContent& after,
                                             std::span<const Destruction> destructive) {
  const Declared declared(destructive);
  std::vector<RehearsalProblem> problems;
  FindLostRows(before, after, declared, problems);
  for (const auto& [key, table] : before.tables) {
    const auto now = after.tables.find(key);
    if (now != after.tables.end()) {
      FindMovedValues(table, now->second, key, declared, problems);
    }
  }
  FindLostTriggers(before, after, declared, problems);
  FindDanglingReferences(before, after, problems);
  return problems;
}

std::vector<RehearsalProblem> FindLostObjects(const DatabaseContent& before,
                                              const DatabaseContent& after) {
  std::vector<RehearsalProblem> problems;
  for (const auto& [key, table] : before.tables) {
    if (table.rows == 0) continue;
    const auto now = after.tables.find(key);
    if (now == after.tables.end()) {
      problems.push_back(
          {.kind = "rehearsal.table_lost",
           .object = table.name,
           .message = Concat(table.name, " would be gone with its ", Rows(table.rows))});
      continue;
    }
    for (const auto& [column, digest] : table.columns) {
      if (now->second.columns.contains(column)) continue;
      problems.push_back(
          {.kind = "rehearsal.column_lost",
           .object = Concat(table.name, ".", column),
           .message = Concat("the column ", table.name, ".", column, " would be gone with what ",
                             Rows(table.rows), table.rows == 1 ? " has" : " have", " in it")});
    }
  }
  return problems;
}

Rehearsal Rehearse(const RehearsalRequest& request, const ApplyObserver& observer,
                   const std::stop_token& stop) {
  return Rehearser(request, observer, stop).Run();
}

}  // namespace drover::migrations
