#include "migrations/schema_diff/planner.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/error.h"
#include "base/text.h"
#include "migrations/schema_diff/validate.h"
#include "migrations/schema_text.h"
#include "migrations/sql_text.h"

namespace drover::migrations {
namespace {

/// Tables that others reference come after those others.
std::vector<const SchemaObject*> ChildrenFirst(std::vector<const SchemaObject*> tables) {
  const auto references = [](const SchemaObject& child, const SchemaObject& parent) {
    if (!child.facts || &child == &parent) return false;
    const std::string mark = Concat(" references ", CanonicalSql(QuoteIdentifier(parent.name)));
    return std::ranges::any_of(child.facts->foreign_keys, [&](const std::string& clause) {
      const std::size_t at = clause.find(mark);
      if (at == std::string::npos) return false;
      const std::size_t end = at + mark.size();
      return end == clause.size() || clause[end] == '(' || clause[end] == ' ';
    });
  };
  for (auto left = tables.begin(); left != tables.end(); ++left) {
    const auto free = std::find_if(left, tables.end(), [&](const SchemaObject* table) {
      return std::none_of(left, tables.end(),
                          [&](const SchemaObject* other) { return references(*other, *table); });
    });
    if (free != tables.end()) std::rotate(left, free, free + 1);
  }
  return tables;
}

/// Does an FTS table keep its text in another table? Then its index can be made again.
bool HasExternalContent(const SchemaObject& table) {
  return table.canonical.find(" using fts5(") != std::string::npos &&
         table.canonical.find(" content = '") != std::string::npos &&
         table.canonical.find(" content = ''") == std::string::npos;
}

}  // namespace

void ScriptText::Comment(std::string_view comment) {
  if (!text_.empty()) text_ += "\n";
  for (const std::string_view line : SplitLines(comment)) text_ += Concat("-- ", line, "\n");
}

void ScriptText::Add(std::string_view statement) { text_ += Concat(statement, ";\n"); }

SchemaPlanner::SchemaPlanner(const SchemaPlanRequest& request)
    : request_(request),
      desired_(request.desired.image),
      scratch_(request.current, request.rows, request.version_table, request.stubs) {}

SchemaPlan SchemaPlanner::Run() {
  Read();
  CrossCheck(image_);
  CheckBackfillNames();
  if (image_ == desired_) return std::move(plan_);
  if (KnowsRows()) gaps_before_ = scratch_.Gaps();
  std::vector<RenameHint> hints = request_.renames;
  std::ranges::copy(request_.desired.hints.renames, std::back_inserter(hints));
  plan_.renames = ResolveRenames(image_, desired_, hints);
  plan_.proposals = ProposeRenames(image_, desired_, plan_.renames);
  DropUnwanted();
  if (TablesDiffer()) DropBroken("cannot be compiled, which keeps ALTER TABLE from working");
  RenameTables();
  RenameColumns();
  ListWhatChanges();
  DropChanged();
  if (TablesDiffer()) DropBroken("depends on what is made anew");
  DropTables();
  CreateTables();
  ChangeTables();
  CreateMissing();
  CheckForeignKeys();
  CheckResult();
  Finish();
  return std::move(plan_);
}

void SchemaPlanner::Do(std::string_view comment, const std::string& statement) {
  scratch_.Run(statement);
  if (!comment.empty()) script_.Comment(comment);
  script_.Add(statement);
  Read();
}

void SchemaPlanner::DropObject(const SchemaObject& object, std::string_view why) {
  const auto shared = std::ranges::find_if(
      image_.objects, [&](const auto& one) { return one->place == object.place; });
  if (shared != image_.objects.end()) dropped_.push_back(*shared);
  std::string kind = object.type;
  std::ranges::transform(kind, kind.begin(), [](char c) { return static_cast<char>(c - 32); });
  Do(Concat(object.type, " ", OneLine(object.name), " ", why),
     Concat("DROP ", kind, " main.", SqlName(object.name)));
}

/// What has its host in the database no more goes with the host, and is not dropped by itself.
void SchemaPlanner::DropWhere(const Wanted& wanted, std::string_view why) {
  for (const std::string_view type : {"trigger", "view", "index"}) {
    const SchemaImage before = image_;
    for (const auto& object : before.objects) {
      if (object->type != type || image_.Find(type, object->name) == nullptr || !wanted(*object)) {
        continue;
      }
      DropObject(*object, why);
    }
  }
}

void SchemaPlanner::DropUnwanted() {
  DropWhere(
      [&](const SchemaObject& object) {
        if (desired_.Find(object.type, object.name) != nullptr) return false;
        const bool hosted = object.type == "index" || object.type == "trigger";
        const std::string& host = object.table;
        const bool host_goes = hosted && desired_.Find("table", host) == nullptr &&
                               std::ranges::none_of(plan_.renames.tables, [&](const auto& one) {
                                 return ToLower(one.from) == ToLower(host);
                               });
        return !host_goes;
      },
      "is not in the schema any more");
}

void SchemaPlanner::DropBroken(std::string_view why) {
  bool again = true;
  while (again) {
    again = false;
    scratch_.connection().SetTriggers(TriggerMode::kFire);
    const std::vector<BrokenObject> broken = FindBrokenObjects(scratch_.connection());
    scratch_.connection().SetTriggers(TriggerMode::kRest);
    for (const BrokenObject& one : broken) {
      const SchemaObject* object = image_.Find(one.type, one.name);
      if (object == nullptr || one.type == "table") continue;
      const SchemaObject copy = *object;
      DropObject(copy, Concat(why, " (", OneLine(one.message), ")"));
      again = true;
    }
  }
}

bool SchemaPlanner::TryRename(const std::string& statement) {
  Trial trial(scratch_.connection());
  try {
    scratch_.Run(statement);
  } catch (const Error&) {
    return false;
  }
  trial.Keep();
  return true;
}

void SchemaPlanner::RenameTables() {
  for (const TableRename& one : plan_.renames.tables) {
    Do(Concat("table ", OneLine(one.from), " is now called ", OneLine(one.to)),
       Concat("ALTER TABLE main.", SqlName(one.from), " RENAME TO ", SqlName(one.to)));
  }
}

void SchemaPlanner::RenameColumns() {
  for (const ColumnRename& one : plan_.renames.columns) {
    const std::string statement = Concat("ALTER TABLE main.", SqlName(one.table), " RENAME COLUMN ",
                                         SqlName(one.from), " TO ", SqlName(one.to));
    bool renamed = TryRename(statement);
    if (!renamed) {
      DropChanged();
      renamed = TryRename(statement);
    }
    if (!renamed) {
      folded_[ToLower(one.table)][ToLower(one.to)] = one.from;
      continue;
    }
    script_.Comment(Concat("column ", OneLine(one.table), ".", OneLine(one.from), " is now called ",
                           OneLine(one.to)));
    script_.Add(statement);
    Read();
  }
}

void SchemaPlanner::DropChanged() {
  DropWhere(
      [&](const SchemaObject& object) {
        const SchemaObject* wanted = desired_.Find(object.type, object.name);
        return wanted != nullptr && !AreEqual(*wanted, object);
      },
      "changes");
}

void SchemaPlanner::DropTables() {
  std::vector<const SchemaObject*> gone;
  const SchemaImage before = image_;
  for (const auto& object : before.objects) {
    if (object->type != "table") continue;
    const SchemaObject* wanted = desired_.Find("table", object->name);
    const bool replaced =
        wanted != nullptr && (!object->facts || !wanted->facts) && !AreEqual(*wanted, *object);
    if (replaced) replaced_.insert(ToLower(object->name));
    if (wanted == nullptr || replaced) gone.push_back(object.get());
  }
  for (const SchemaObject* table : ChildrenFirst(std::move(gone))) {
    const bool replaced = replaced_.contains(ToLower(table->name));
    plan_.destructive.push_back({.kind = "drop table", .object = table->name});
    Do(Concat("drover: destructive: drop table ", OneLine(table->name),
              replaced ? "\nit is made anew: a virtual table cannot be altered" : ""),
       Concat("DROP TABLE main.", SqlName(table->name)));
  }
}

void SchemaPlanner::CreateTables() {
  for (const SchemaObject* table : DesiredInOrder("table")) {
    if (!table->facts || image_.Find("table", table->name) != nullptr) continue;
    Do(Concat("new table ", OneLine(table->name)), table->sql);
  }
}

void SchemaPlanner::CreateMissing() {
  for (const SchemaObject* table : DesiredInOrder("table")) {
    if (table->facts || image_.Find("table", table->name) != nullptr) continue;
    Do(Concat("virtual table ", OneLine(table->name)), table->sql);
    if (replaced_.contains(ToLower(table->name)) && HasExternalContent(*table)) {
      const std::string name = SqlName(table->name);
      Do("", Concat("INSERT INTO main.", name, "(", name, ") VALUES ('rebuild')"));
    }
  }
  for (const std::string_view type : {"index", "view", "trigger"}) {
    for (const SchemaObject* object : DesiredInOrder(type)) {
      if (image_.Find(type, object->name) != nullptr) continue;
      const SchemaObject copy = *object;
      script_.Comment(Concat(type, " ", OneLine(copy.name)));
      Attempt(type == "index" ? copy.table : std::string(), {copy.sql});
    }
  }
}

/// Carries out statements that the rows may not fit. If they do not, the table is emptied in the
/// scratch, since what follows needs the schema and not the rows.
void SchemaPlanner::Attempt(const std::string& table, const std::vector<std::string>& statements) {
  for (const std::string& statement : statements) script_.Add(statement);
  std::optional<Error> failure;
  for (int attempt = 0; attempt < 2; ++attempt) {
    Trial trial(scratch_.connection());
    try {
      for (const std::string& statement : statements) scratch_.Run(statement);
      trial.Keep();
      Read();
      return;
    } catch (const Error& error) {
      if (failure || table.empty()) throw;
      failure = error;
    }
    // A PRAGMA is not rolled back.
    scratch_.Run("PRAGMA legacy_alter_table=OFF");
    if (KnowsRows()) {
      plan_.data_errors.push_back(Concat("table ", table, ": ", failure->message));
    } else {
      plan_.notes.push_back(Concat(
          "table ", table, ": the script fails, and changes nothing, where rows do not fit (",
          failure->message, ")"));
    }
    trial.Undo();
    scratch_.Clear(table);
  }
}

void SchemaPlanner::CheckForeignKeys() {
  if (!KnowsRows()) return;
  for (const auto& [key, count] : FindNewGaps(gaps_before_, scratch_.Gaps(), plan_.renames)) {
    plan_.data_errors.push_back(Concat("table ", key.first, ": ",
                                       Count(static_cast<std::size_t>(count), "row"),
                                       " without a parent in table ", key.second));
  }
}

void SchemaPlanner::CheckResult() {
  if (image_ == desired_) return;
  std::vector<std::string> lines;
  for (const SchemaChange& change : ListChanges(image_, desired_)) {
    lines.push_back(SummaryLine(change));
  }
  throw Error(Code::kInternal, "schema.plan",
              Concat("the planned script does not lead to the wanted schema: ", Join(lines, "; ")),
              "please report this with both schemas");
}

/// A rename is one change, not a loss and an addition.
void SchemaPlanner::ListWhatChanges() {
  using enum ChangeSeverity;
  for (const TableRename& one : plan_.renames.tables) {
    plan_.changes.push_back({"table", one.to, "", "name", one.from, one.to, kBreaking});
  }
  for (const ColumnRename& one : plan_.renames.columns) {
    plan_.changes.push_back({"table", one.table, one.to, "name", one.from, one.to, kBreaking});
  }
  SchemaImage before = image_;
  std::ranges::copy(dropped_, std::back_inserter(before.objects));
  std::ranges::stable_sort(before.objects, {},
                           [](const auto& object) -> const std::string& { return object->place; });
  std::ranges::move(ListChanges(before, desired_), std::back_inserter(plan_.changes));
}

void SchemaPlanner::Finish() {
  if (!plan_.blockers.empty()) {
    plan_.outcome = SchemaPlanOutcome::kBlocked;
    return;
  }
  plan_.outcome =
      plan_.data_errors.empty() ? SchemaPlanOutcome::kOk : SchemaPlanOutcome::kDataError;
  const bool drops = std::ranges::find(plan_.destructive, "drop table", &Destruction::kind) !=
                     plan_.destructive.end();
  if (!plan_.rebuilt.empty() || drops) {
    plan_.sql = "-- drover: foreign-keys=off\n-- (drover sees to it before the transaction)\n\n";
  }
  plan_.sql += script_.text();
}

bool SchemaPlanner::TablesDiffer() const {
  const auto count = [](const SchemaImage& image) {
    return std::ranges::count_if(image.objects,
                                 [](const auto& object) { return object->type == "table"; });
  };
  return count(image_) != count(desired_) ||
         std::ranges::any_of(desired_.objects, [&](const auto& object) {
           if (object->type != "table") return false;
           const SchemaObject* there = image_.Find("table", object->name);
           return there == nullptr || !AreEqual(*there, *object);
         });
}

std::vector<const SchemaObject*> SchemaPlanner::DesiredInOrder(std::string_view type) const {
  std::vector<const SchemaObject*> objects;
  for (const std::string& line : request_.desired.order) {
    if (!line.starts_with(Concat(type, "\t"))) continue;
    const SchemaObject* object = desired_.Find(type, line.substr(type.size() + 1));
    if (object != nullptr) objects.push_back(object);
  }
  return objects;
}

}  // namespace drover::migrations
