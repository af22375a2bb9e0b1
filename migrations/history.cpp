#include "migrations/history.h"

#include <algorithm>

#include "base/error.h"
#include "base/text.h"
#include "migrations/archive.h"
#include "migrations/checksum.h"
#include "migrations/schema.h"

namespace drover::migrations {
namespace {

constexpr std::string_view kInsert =
    "INSERT INTO drover_history (revision, down_revision, depends_on, direction, state, "
    "raw_sha256, up_sha256, down_sha256, normaliser, directives, up_sql, down_sql, applied_at, "
    "duration_ms, applied_by, host, git_commit, git_branch, tool_version) VALUES (";

SqlValue TextOrNull(const std::string& text) {
  if (text.empty()) return std::monostate();
  return text;
}

/// The values of a row in the order of kInsert.
std::vector<SqlValue> Values(const HistoryRow& row, const AppliedBy& by) {
  return {row.revision,
          TextOrNull(Join(row.down_revision, ",")),
          TextOrNull(Join(row.depends_on, ",")),
          row.direction,
          row.state,
          TextOrNull(row.raw_sha256),
          TextOrNull(row.up_sha256),
          TextOrNull(row.down_sha256),
          std::string(kNormaliser),
          TextOrNull(row.directives),
          TextOrNull(row.up_sql),
          row.down_sql ? SqlValue(*row.down_sql) : SqlValue(),
          row.applied_at,
          row.duration_ms,
          TextOrNull(by.user),
          TextOrNull(by.host),
          TextOrNull(by.git_commit),
          TextOrNull(by.git_branch),
          by.tool_version};
}

/// `text` as a literal that survives the sqlite3 program, which drops carriage returns at line
/// ends.
std::string PortableLiteral(std::string_view text) {
  std::string literal;
  for (std::size_t end = text.find('\r'); end != std::string_view::npos; end = text.find('\r')) {
    literal += Concat(QuoteLiteral(text.substr(0, end)), "||char(13)||");
    text.remove_prefix(end + 1);
  }
  return literal + QuoteLiteral(text);
}

}  // namespace

HistoryRow MakeHistoryRow(const Revision& revision, std::string_view direction,
                          std::string applied_at, std::int64_t duration_ms) {
  HistoryRow row;
  row.revision = revision.id;
  row.down_revision = revision.down_revision;
  row.depends_on = revision.depends_on;
  row.direction = direction;
  row.raw_sha256 = revision.raw_sha256;
  row.up_sha256 = revision.up_sha256;
  row.down_sha256 = revision.down_sha256;
  row.directives = FormatDirectives(revision);
  row.up_sql = revision.up.sql;
  if (revision.down) row.down_sql = revision.down->sql;
  row.applied_at = std::move(applied_at);
  row.duration_ms = duration_ms;
  return row;
}

std::string VersionTableSql(std::string_view version_table) {
  return Concat("CREATE TABLE IF NOT EXISTS ", QuoteIdentifier(version_table),
                " (version_num VARCHAR(32) NOT NULL PRIMARY KEY)");
}

std::string HistoryTableSql() {
  return "CREATE TABLE IF NOT EXISTS drover_history (id INTEGER PRIMARY KEY, revision TEXT NOT "
         "NULL, down_revision TEXT, depends_on TEXT, direction TEXT NOT NULL, state TEXT NOT NULL, "
         "raw_sha256 TEXT, up_sha256 TEXT, down_sha256 TEXT, normaliser TEXT, directives TEXT, "
         "up_sql TEXT, down_sql TEXT, applied_at TEXT NOT NULL, duration_ms INTEGER, applied_by "
         "TEXT, host TEXT, git_commit TEXT, git_branch TEXT, tool_version TEXT)";
}

std::string HistoryInsertSql(const HistoryRow& row, const AppliedBy& by) {
  std::string sql(kInsert);
  bool first = true;
  for (const SqlValue& value : Values(row, by)) {
    if (!first) sql += ", ";
    first = false;
    if (const auto* number = std::get_if<std::int64_t>(&value)) {
      sql += Concat(*number);
    } else if (const auto* text = std::get_if<std::string>(&value)) {
      sql += PortableLiteral(*text);
    } else {
      sql += "NULL";
    }
  }
  return sql + ")";
}

Ledger::Ledger(Connection& connection, std::string version_table, AppliedBy by)
    : connection_(connection), version_table_(std::move(version_table)), by_(std::move(by)) {}

void Ledger::EnsureTables() {
  connection_.Execute(VersionTableSql(version_table_));
  connection_.Execute(HistoryTableSql());
}

std::vector<RevisionId> Ledger::Rows() {
  if (!rows_) {
    if (!HasTable(connection_, version_table_)) return {};
    CheckVersionTableName(connection_, version_table_);
    rows_.emplace(
        connection_.Prepare(Concat("SELECT version_num FROM ", QuoteIdentifier(version_table_),
                                   " WHERE version_num IS NOT NULL ORDER BY 1")));
  }
  std::vector<RevisionId> rows;
  rows_->Reset();
  while (rows_->Step()) rows.push_back(rows_->Text(0));
  rows_->Reset();
  return rows;
}

void Ledger::Change(std::string_view sql, std::span<const SqlValue> values) {
  Statement statement = connection_.Prepare(Concat(sql, " RETURNING 1"));
  statement.Bind(values);
  if (!statement.Step()) {
    throw Error(Code::kConflict, "version.rows_changed",
                Concat(connection_.path(), ": the rows of ", version_table_,
                       " were changed by the migration itself"),
                Concat("take the statements about ", version_table_, " out of the migration"));
  }
  while (statement.Step()) {
  }
}

void Ledger::ReplaceRows(std::span<const RevisionId> before, std::span<const RevisionId> after) {
  std::vector<RevisionId> gone;
  std::vector<RevisionId> added;
  for (const RevisionId& row : before) {
    if (std::ranges::find(after, row) == after.end()) gone.push_back(row);
  }
  for (const RevisionId& row : after) {
    if (std::ranges::find(before, row) == before.end()) added.push_back(row);
  }
  const std::string table = QuoteIdentifier(version_table_);
  std::size_t i = 0;
  for (; i < gone.size() && i < added.size(); ++i) {
    const std::vector<SqlValue> values{added[i], gone[i]};
    Change(Concat("UPDATE ", table, " SET version_num = ?1 WHERE version_num = ?2"), values);
  }
  for (std::size_t g = i; g < gone.size(); ++g) {
    const std::vector<SqlValue> values{gone[g]};
    Change(Concat("DELETE FROM ", table, " WHERE version_num = ?1"), values);
  }
  for (std::size_t a = i; a < added.size(); ++a) {
    const std::vector<SqlValue> values{added[a]};
    Change(Concat("INSERT INTO ", table, " (version_num) VALUES (?1)"), values);
  }
}

std::int64_t Ledger::Record(const HistoryRow& row) {
  const std::vector<SqlValue> values = Values(row, by_);
  if (!insert_) {
    std::string sql(kInsert);
    for (std::size_t i = 1; i <= values.size(); ++i) sql += Concat(i > 1 ? ", ?" : "?", i);
    insert_.emplace(connection_.Prepare(sql + ") RETURNING id"));
  }
  insert_->Bind(values);
  const std::int64_t id = insert_->Step() ? insert_->Integer(0) : 0;
  while (insert_->Step()) {
  }
  insert_->Reset();
  return id;
}

bool Ledger::Has(std::int64_t id) {
  return id == 0 || connection_.QueryInteger(
                        Concat("SELECT count(*) FROM ", kHistoryTable, " WHERE id = ", id)) > 0;
}

void Ledger::Finish(std::int64_t id, std::int64_t duration_ms) {
  const std::vector<SqlValue> values{duration_ms, id};
  Change("UPDATE drover_history SET state = 'done', duration_ms = ?1 WHERE id = ?2", values);
}

}  // namespace drover::migrations
