#include "migrations/schema.h"

#include <algorithm>

#include "base/error.h"
#include "base/text.h"
#include "migrations/history.h"

namespace drover::migrations {

SchemaOutline ReadOutline(Connection& connection, std::string_view version_table) {
  SchemaOutline outline;
  // pragma_table_xinfo rather than the CREATE text: ALTER, quoting and comments change the text
  // but not these rows.
  Statement columns = connection.Prepare(
      "SELECT m.name, x.name, lower(x.type) FROM sqlite_schema m "
      "LEFT JOIN pragma_table_xinfo(m.name) x "
      "WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite\\_%' ESCAPE '\\' "
      "AND m.name <> ?1 AND m.name <> ?2 ORDER BY m.name, x.name");
  const std::vector<SqlValue> own{std::string(version_table), std::string(kHistoryTable)};
  columns.Bind(own);
  while (columns.Step()) {
    std::string table = columns.Text(0);
    outline.columns.push_back(Concat(table, ".", columns.Text(1), " ", columns.Text(2)));
    if (outline.tables.empty() || outline.tables.back() != table) {
      outline.tables.push_back(std::move(table));
    }
  }
  std::sort(outline.columns.begin(), outline.columns.end());
  return outline;
}

std::string FindVersionTable(Connection& connection, const std::vector<std::string>& candidates) {
  for (const std::string& candidate : candidates) {
    Statement found = connection.Prepare(
        "SELECT 1 FROM sqlite_schema m JOIN pragma_table_xinfo(m.name) x "
        "WHERE m.type = 'table' AND m.name = ?1 AND x.name = 'version_num'");
    const std::vector<SqlValue> values{candidate};
    found.Bind(values);
    if (found.Step()) return candidate;
  }
  return {};
}

void CheckVersionTableName(Connection& connection, std::string_view version_table) {
  Statement found = connection.Prepare(
      "SELECT m.type FROM sqlite_schema m WHERE m.type IN ('table', 'view') AND m.name = ?1 AND "
      "(m.type = 'view' OR NOT EXISTS "
      "(SELECT 1 FROM pragma_table_xinfo(m.name) x WHERE x.name = 'version_num'))");
  const std::vector<SqlValue> values{std::string(version_table)};
  found.Bind(values);
  if (!found.Step()) return;
  throw Error(Code::kConflict, "version_table.other",
              Concat("the ", found.Text(0), " ", version_table,
                     " is no version table: it has no column version_num"),
              "name another one in drover.yaml: migrations: {version_table: NAME}");
}

bool HasTable(Connection& connection, std::string_view name) {
  Statement found =
      connection.Prepare("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?1");
  const std::vector<SqlValue> values{std::string(name)};
  found.Bind(values);
  return found.Step();
}

std::vector<std::string> ReadVersionRows(Connection& connection, std::string_view version_table) {
  return connection.QueryColumn(Concat("SELECT version_num FROM ", QuoteIdentifier(version_table),
                                       " WHERE version_num IS NOT NULL ORDER BY version_num"));
}

}  // namespace drover::migrations
