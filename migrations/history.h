// The two tables drover keeps in a target database: the version table (the applied heads, in
// Alembic's shape, so that Alembic can take over at any time) and drover_history (what was applied,
// with checksums and the archived SQL). Written inside the migration's own transaction; archive.h
// reads the history.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "migrations/revision.h"
#include "migrations/sqlite.h"

namespace drover::migrations {

inline constexpr std::string_view kHistoryTable = "drover_history";

/// Who and what applies; the same for every step of a job.
struct AppliedBy {
  std::string user{};
  std::string host{};
  std::string git_commit{};
  std::string git_branch{};
  std::string tool_version{};
};

/// One row of drover_history to be written.
struct HistoryRow {
  RevisionId revision;
  std::vector<RevisionId> down_revision;
  std::vector<RevisionId> depends_on;
  std::string direction;       // up | down | stamp | repair
  std::string state = "done";  // applying | done
  std::string raw_sha256;
  std::string up_sha256;
  std::string down_sha256;
  std::string directives;  // archive.h
  std::string up_sql;
  std::optional<std::string> down_sql;
  std::string applied_at;
  std::int64_t duration_ms = 0;
};

/// `row` for applying or reverting `revision`.
[[nodiscard]] HistoryRow MakeHistoryRow(const Revision& revision, std::string_view direction,
                                        std::string applied_at, std::int64_t duration_ms);

/// "CREATE TABLE IF NOT EXISTS …" for the two tables.
[[nodiscard]] std::string VersionTableSql(std::string_view version_table);
[[nodiscard]] std::string HistoryTableSql();

/// The SQL literal form of a history row, for offline scripts: an INSERT statement.
[[nodiscard]] std::string HistoryInsertSql(const HistoryRow& row, const AppliedBy& by);

/// Writes to both tables through one connection, with statements prepared once. Must not outlive
/// the connection.
class Ledger final {
 public:
  Ledger(Connection& connection, std::string version_table, AppliedBy by);

  /// Creates the tables when they are missing. Call inside the transaction.
  void EnsureTables();

  /// The rows now; empty when there is no version table.
  [[nodiscard]] std::vector<RevisionId> Rows();

  /// Makes `before` into `after` with the fewest row changes (one UPDATE for a linear step, as
  /// Alembic does). Throws kConflict ("version.rows_changed") when a row that should be there is
  /// not.
  void ReplaceRows(std::span<const RevisionId> before, std::span<const RevisionId> after);

  /// Returns the id of the new row.
  std::int64_t Record(const HistoryRow& row);

  /// Is there a row of the history with this id? Always for 0.
  [[nodiscard]] bool Has(std::int64_t id);

  /// Turns an "applying" row into a "done" one.
  void Finish(std::int64_t id, std::int64_t duration_ms);

 private:
  void Change(std::string_view sql, std::span<const SqlValue> values);

  Connection& connection_;
  std::string version_table_;
  AppliedBy by_;
  std::optional<Statement> insert_;
  std::optional<Statement> rows_;
};

}  // namespace drover::migrations
