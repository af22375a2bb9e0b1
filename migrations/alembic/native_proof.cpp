#include "migrations/alembic/native_proof.h"

#include <algorithm>

#include "base/posix.h"
#include "base/text.h"
#include "migrations/inspect.h"
#include "migrations/safety/database_copy.h"
#include "migrations/schema_compare.h"
#include "migrations/schema_diff/autogenerate.h"
#include "migrations/schema_diff/carry_out.h"
#include "migrations/schema_diff/synthetic.h"
#include "migrations/script.h"

namespace drover::migrations {
namespace {

Connection OpenProof(const std::string& path, OpenMode mode, const ProofSetting& setting) {
  Connection connection(path, mode);
  RegisterStubs(connection, setting.stubs);
  return connection;
}

bool SameColumns(const SchemaObject& one, const SchemaObject& two) {
  if (!one.facts || !two.facts) return !one.facts && !two.facts;
  return std::ranges::equal(
      one.facts->columns, two.facts->columns, {},
      [](const ColumnFacts& column) { return ToLower(column.name); },
      [](const ColumnFacts& column) { return ToLower(column.name); });
}

std::string RowDifference(const std::string& table, const std::vector<std::string>& expected,
                          const std::vector<std::string>& actual) {
  if (expected.size() != actual.size()) {
    return Concat("table ", table, ": ", Count(actual.size(), "row"), " instead of ",
                  expected.size());
  }
  const auto at = std::ranges::mismatch(expected, actual);
  return Concat("table ", table, ": a row is ", Excerpt(*at.in2, 80), " instead of ",
                Excerpt(*at.in1, 80));
}

/// The rows with every time on one of the days put out of sight.
std::vector<std::string> WithoutTimes(std::vector<std::string> rows,
                                      const std::vector<std::string>& days) {
  constexpr std::string_view kOfTimes = "0123456789:.+-TZ ";
  for (std::string& row : rows) {
    for (const std::string& day : days) {
      for (std::size_t at = row.find(day); at != std::string::npos; at = row.find(day, at + 1)) {
        const std::size_t end = std::min(row.find_first_not_of(kOfTimes, at), row.size());
        row.replace(at, end - at, "(now)");
      }
    }
  }
  std::ranges::sort(rows);
  return rows;
}

bool SameRows(const std::vector<std::string>& one, const std::vector<std::string>& two,
              const std::vector<std::string>& days) {
  if (one == two) return true;
  return one.size() == two.size() && WithoutTimes(one, days) == WithoutTimes(two, days);
}

/// The values of a column as text, sorted; nothing when all are NULL.
std::vector<std::string> ValuesOf(Connection& database, const std::string& table,
                                  const std::string& column) {
  const std::string name = QuoteIdentifier(column);
  const std::string from = Concat(" FROM ", QuoteIdentifier(table));
  if (database.QueryInteger(Concat("SELECT count(", name, ")", from)) == 0) return {};
  return ReadRowLines(database, Concat("SELECT CAST(", name, " AS TEXT)", from));
}

}  // namespace

DatabaseState ReadDatabaseState(const std::string& path, const ProofSetting& setting) {
  Connection connection = OpenProof(path, OpenMode::kWrite, setting);
  DatabaseState state;
  state.image = SchemaReader(setting.version_table).Read(connection);
  for (const auto& object : state.image.objects) {
    if (object->type != "table") continue;
    state.rows[ToLower(object->name)] =
        ReadRowLines(connection, Concat("SELECT * FROM ", QuoteIdentifier(object->name)));
  }
  return state;
}

StateDifferences CompareStates(const DatabaseState& expected, const DatabaseState& actual,
                               const std::vector<std::string>& days) {
  StateDifferences found;
  for (const SchemaChange& change : ListChanges(expected.image, actual.image)) {
    found.schema.push_back(SummaryLine(change));
  }
  for (const auto& [table, rows] : expected.rows) {
    const auto theirs = actual.rows.find(table);
    if (theirs == actual.rows.end() || SameRows(rows, theirs->second, days)) {
      continue;
    }
    const SchemaObject* one = expected.image.Find("table", table);
    const SchemaObject* two = actual.image.Find("table", table);
    if (one == nullptr || two == nullptr || !SameColumns(*one, *two)) continue;
    found.rows.push_back(RowDifference(one->name, rows, theirs->second));
    found.tables.insert(table);
  }
  return found;
}

void MakeEmptyDatabase(const std::string& path) { CreateFile(path, "", 0600); }

void CopyScratchDatabase(const std::string& from, const std::string& to) {
  Connection source(from, OpenMode::kWrite);
  WriteCopy(source, to, CopyKind::kScratch);
}

bool FillScratchDatabase(const std::string& path, const ProofSetting& setting) {
  Connection connection = OpenProof(path, OpenMode::kWrite, setting);
  const SchemaImage image = SchemaReader(setting.version_table).Read(connection);
  connection.Execute("PRAGMA foreign_keys = OFF");
  FillTables(connection, image, CheckRule::kObey);
  return std::ranges::any_of(image.objects,
                             [](const auto& object) { return object->type == "table"; });
}

void RunOnScratch(const std::string& path, const Script& script, const std::string& file,
                  const ProofSetting& setting, const std::stop_token& stop) {
  Connection connection = OpenProof(path, OpenMode::kWrite, setting);
  connection.Execute("PRAGMA foreign_keys = OFF");
  connection.Execute("BEGIN IMMEDIATE");  // closing the connection rolls back
  RunScript(connection, script, file, stop);
  connection.Execute("COMMIT");
}

std::vector<RenameHint> InferRenames(const std::string& before, const std::string& after,
                                     const ProofSetting& setting) {
  Connection old_database = OpenProof(before, OpenMode::kWrite, setting);
  Connection new_database = OpenProof(after, OpenMode::kWrite, setting);
  const SchemaImage old_image = SchemaReader(setting.version_table).Read(old_database);
  const SchemaImage new_image = SchemaReader(setting.version_table).Read(new_database);
  std::vector<RenameHint> renames;
  for (const auto& object : old_image.objects) {
    const SchemaObject* changed = new_image.Find(object->type, object->name);
    if (changed == nullptr || !object->facts || !changed->facts) continue;
    std::set<std::string> taken;
    for (const ColumnFacts& column : changed->facts->columns) {
      if (object->facts->Find(column.name) != nullptr) continue;
      const auto values = ValuesOf(new_database, changed->name, column.name);
      for (const ColumnFacts& old : object->facts->columns) {
        if (changed->facts->Find(old.name) != nullptr || taken.contains(old.name)) continue;
        if (values.empty() || ValuesOf(old_database, object->name, old.name) != values) continue;
        taken.insert(old.name);
        renames.push_back({.table = changed->name, .column = column.name, .from = old.name});
        break;
      }
    }
  }
  return renames;
}

void RemoveNulls(const std::string& filled, const std::string& after, const ProofSetting& setting) {
  Connection database = OpenProof(filled, OpenMode::kWrite, setting);
  database.Execute("PRAGMA foreign_keys = OFF");
  database.SetTriggers(TriggerMode::kRest);
  const SchemaImage image = SchemaReader(setting.version_table).Read(database);
  Connection wanted = OpenProof(after, OpenMode::kWrite, setting);
  for (const auto& object : SchemaReader(setting.version_table).Read(wanted).objects) {
    const SchemaObject* old = image.Find(object->type, object->name);
    if (old == nullptr || !old->facts || !object->facts) continue;
    for (const ColumnFacts& column : object->facts->columns) {
      if (!column.not_null || old->facts->Find(column.name) == nullptr) continue;
      database.Execute(Concat("DELETE FROM ", QuoteIdentifier(old->name), " WHERE ",
                              QuoteIdentifier(column.name), " IS NULL"));
    }
  }
}

RecordedPlan PlanRecorded(const std::string& before, const std::string& after,
                          const std::vector<RenameHint>& renames, const ProofSetting& setting) {
  Connection current = InspectSchemaCopy(before, setting.stubs);
  Connection wanted = InspectSchemaCopy(after, setting.stubs);
  const DesiredSchema desired = SchemaOfDatabase(wanted, setting.version_table, setting.stubs);
  const AutogenerateDocument made = GenerateMigration({.current = current,
                                                       .desired = desired,
                                                       .nulls = NullsRule::kFail,
                                                       .renames = renames,
                                                       .version_table = setting.version_table,
                                                       .stubs = setting.stubs});
  RecordedPlan plan;
  for (const PossibleRename& each : made.possible_renames) {
    const bool of_table = each.table.empty();
    plan.renames.push_back({.table = of_table ? each.to : each.table,
                            .column = of_table ? std::string() : each.to,
                            .from = each.from});
  }
  for (const Destruction& each : made.destructive) {
    plan.drops.push_back(Concat(each.kind, " ", each.object));
  }
  if (made.outcome == "ok") {
    plan.sql = made.up;
  } else if (made.outcome != "noop") {
    plan.problem = made.error ? made.error->message : made.message;
  }
  return plan;
}

}  // namespace drover::migrations
