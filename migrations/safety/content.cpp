#include "migrations/safety/content.h"

#include <limits>

#include "base/text.h"
#include "migrations/census.h"
#include "migrations/history.h"

namespace drover::migrations {
namespace {

std::map<std::string, ColumnDigest> DigestColumns(Connection& connection,
                                                  const std::string& table) {
  const std::vector<SqlValue> values{table};
  Statement columns = connection.Prepare("SELECT name FROM pragma_table_xinfo(?1)");
  columns.Bind(values);
  std::vector<std::string> names;
  std::vector<std::string> terms;
  while (columns.Step()) {
    names.push_back(columns.Text(0));
    terms.push_back(Concat("drover_digest(", QuoteIdentifier(names.back()), ")"));
  }
  std::map<std::string, ColumnDigest> digests;
  if (names.empty()) return digests;
  Statement row =
      connection.Prepare(Concat("SELECT ", Join(terms, ", "), " FROM ", QuoteIdentifier(table)));
  if (!row.Step()) return digests;
  for (std::size_t i = 0; i < names.size(); ++i) {
    digests.emplace(ToLower(names[i]), ReadColumnDigest(row.Text(static_cast<int>(i))));
  }
  return digests;
}

std::map<std::string, Attachment> ReadAttachments(Connection& connection) {
  std::map<std::string, Attachment> attachments;
  Statement rows = connection.Prepare(
      "SELECT type, name, tbl_name FROM sqlite_schema WHERE type IN ('index', 'trigger', 'view') "
      "AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'");
  while (rows.Step()) {
    Attachment each{.type = rows.Text(0), .name = rows.Text(1), .table = ToLower(rows.Text(2))};
    attachments.emplace(Concat(each.type, " ", ToLower(each.name)), std::move(each));
  }
  return attachments;
}

}  // namespace

DatabaseContent ReadContent(Connection& connection, std::string_view version_table,
                            const std::set<std::string>& digested) {
  DatabaseContent content;
  RegisterColumnDigest(connection);
  constexpr CensusLimits kAll{.tables = std::numeric_limits<std::int32_t>::max(),
                              .rows = std::numeric_limits<std::int64_t>::max() - 1};
  for (const TableRows& each : CountRows(connection, version_table, kAll)) {
    TableContent table{.name = each.table, .rows = each.rows, .columns = {}};
    const std::string key = ToLower(each.table);
    if (digested.contains(key)) table.columns = DigestColumns(connection, each.table);
    content.tables.emplace(key, std::move(table));
  }
  content.attachments = ReadAttachments(connection);
  content.gaps = FindForeignKeyGaps(connection);
  return content;
}

bool HoldsRows(Connection& connection, std::string_view version_table) {
  for (const TableRows& each :
       CountRows(connection, version_table,
                 {.tables = std::numeric_limits<std::int32_t>::max(), .rows = 1})) {
    if (each.rows > 0) return true;
  }
  return false;
}

}  // namespace drover::migrations
