#include "migrations/census.h"

#include "base/text.h"
#include "migrations/history.h"

namespace drover::migrations {

std::vector<TableRows> CountRows(Connection& connection, std::string_view version_table,
                                 const CensusLimits& limits) {
  // pragma_table_list tells what a virtual table keeps its content in ("shadow").
  Statement tables = connection.Prepare(
      "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND name NOT "
      "LIKE 'sqlite\\_%' ESCAPE '\\' AND name <> ?1 AND name <> ?2 ORDER BY name LIMIT ?3");
  const std::vector<SqlValue> values{std::string(version_table), std::string(kHistoryTable),
                                     static_cast<std::int64_t>(limits.tables)};
  tables.Bind(values);
  std::vector<TableRows> census;
  while (tables.Step()) {
    TableRows counted{.table = tables.Text(0)};
    counted.rows = connection.QueryInteger(Concat("SELECT count(*) FROM (SELECT 1 FROM ",
                                                  QuoteIdentifier(counted.table), " LIMIT ",
                                                  limits.rows + 1, ")"));
    counted.more = counted.rows > limits.rows;
    if (counted.more) counted.rows = limits.rows;
    census.push_back(std::move(counted));
  }
  return census;
}

}  // namespace drover::migrations
