#include "migrations/alembic/native_proof.h"

#include <algorithm>

#include "base/posix.h"
#include "base/text.h"
#include "migrations/safety/database_copy.h"
#include "migrations/schema_compare.h"
#include "migrations/schema_diff/carry_out.h"
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

void RunOnScratch(const std::string& path, const Script& script, const std::string& file,
                  const ProofSetting& setting, const std::stop_token& stop) {
  Connection connection = OpenProof(path, OpenMode::kWrite, setting);
  connection.Execute("PRAGMA foreign_keys = OFF");
  connection.Execute("BEGIN IMMEDIATE");  // closing the connection rolls back
  RunScript(connection, script, file, stop);
  connection.Execute("COMMIT");
}

}  // namespace drover::migrations
