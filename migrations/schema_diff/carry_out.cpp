#include "migrations/schema_diff/carry_out.h"

#include <algorithm>

#include "base/error.h"
#include "base/text.h"
#include "migrations/checksum.h"
#include "migrations/schema_diff/scratch.h"
#include "migrations/script.h"

namespace drover::migrations {

void CarryOut(Connection& database, const std::string& sql, const RenameMap& renames) {
  CarryOut(database, sql, renames, {});
}

void CarryOut(Connection& database, const std::string& sql, const RenameMap& renames,
              const CarryOutChecks& checks) {
  const bool enforced = database.QueryInteger("PRAGMA foreign_keys") != 0;
  database.Execute("PRAGMA foreign_keys=OFF");
  const ForeignKeyGaps before = FindForeignKeyGaps(database);
  const auto restore = [&] {
    database.Execute(
        Concat("PRAGMA legacy_alter_table=OFF; PRAGMA foreign_keys=", enforced ? "ON" : "OFF"));
  };
  database.Execute("BEGIN IMMEDIATE");
  try {
    if (database.QueryInteger("PRAGMA foreign_keys") != 0) {
      throw Error(Code::kInternal, "sqlite.foreign_keys",
                  "foreign key enforcement cannot be switched off");
    }
    if (checks.before) checks.before(database);
    (void)RunScript(database, {.sql = sql, .line = 1, .transaction = true}, "schema change", {});
    const ForeignKeyGaps gaps = FindNewGaps(before, FindForeignKeyGaps(database), renames);
    if (!gaps.empty()) {
      const auto& [table, parent] = gaps.begin()->first;
      throw Error(Code::kInvalid, "schema.foreign_keys",
                  Concat("rows of table ", table, " have no parent in table ", parent),
                  "correct the rows, then try again");
    }
    if (checks.after) checks.after(database);
    database.Execute("COMMIT");
  } catch (...) {
    if (!database.autocommit()) database.Execute("ROLLBACK");
    restore();
    throw;
  }
  restore();
}

std::vector<std::string> ReadRowLines(Connection& database, std::string_view query) {
  std::vector<std::string> lines;
  Statement rows = database.Prepare(query);
  while (rows.Step()) {
    std::string line;
    for (int column = 0; column < rows.ColumnCount(); ++column) {
      const std::string_view type = rows.TypeName(column);
      line += Concat(type, " ", QuoteLiteral(rows.Text(column)), "|");
    }
    lines.push_back(std::move(line));
  }
  std::ranges::sort(lines);
  return lines;
}

std::vector<std::string> FindDamage(Connection& database) {
  const std::vector<std::string> keyed = database.QueryColumn(
      "SELECT ' value in ' || name || '.' FROM pragma_table_list WHERE schema = 'main' AND wr");
  std::vector<std::string> found = database.QueryColumn("PRAGMA integrity_check");
  std::erase_if(found, [&](const std::string& complaint) {
    return complaint == "ok" || std::ranges::any_of(keyed, [&](const std::string& mark) {
             return complaint.find(mark) != std::string::npos;
           });
  });
  return found;
}

std::string ContentDigest(Connection& database) {
  std::string all;
  for (const std::string& line :
       ReadRowLines(database, "SELECT type, name, tbl_name, sql FROM sqlite_schema")) {
    all += Concat(line, "\n");
  }
  const std::vector<std::string> tables = database.QueryColumn(
      "SELECT m.name FROM sqlite_schema m JOIN pragma_table_list l ON l.name = m.name AND "
      "l.schema = 'main' WHERE m.type = 'table' AND l.type <> 'virtual' ORDER BY 1");
  for (const std::string& table : tables) {
    const std::string name = QuoteIdentifier(table);
    all += Concat(table, "\n");
    std::vector<std::string> lines;
    try {
      lines = ReadRowLines(database, Concat("SELECT _rowid_, * FROM main.", name));
    } catch (const Error&) {  // WITHOUT ROWID
      lines = ReadRowLines(database, Concat("SELECT * FROM main.", name));
    }
    for (const std::string& line : lines) all += Concat(line, "\n");
  }
  return Sha256(all);
}

}  // namespace drover::migrations
