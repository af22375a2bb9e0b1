#include "migrations/offline.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <span>

#include "base/text.h"
#include "migrations/script.h"
#include "migrations/sql_text.h"

namespace drover::migrations {
namespace {

std::string RowChanges(std::span<const RevisionId> before, std::span<const RevisionId> after,
                       const std::string& table) {
  std::string sql;
  std::vector<RevisionId> gone;
  std::vector<RevisionId> added;
  std::ranges::set_difference(before, after, std::back_inserter(gone));
  std::ranges::set_difference(after, before, std::back_inserter(added));
  for (const RevisionId& row : gone) {
    sql += Concat("DELETE FROM ", table, " WHERE version_num = ", QuoteLiteral(row), ";\n");
  }
  for (const RevisionId& row : added) {
    sql += Concat("INSERT INTO ", table, " (version_num) VALUES (", QuoteLiteral(row), ");\n");
  }
  return sql;
}

/// The script up to its last token: a last comment must not swallow what follows, and a last
/// statement needs its end.
std::string Body(const Script& script) {
  const std::optional<TransactionPair> pair =
      script.transaction ? FindOuterTransaction(script.sql) : std::nullopt;
  const std::string& sql = pair ? pair->without : script.sql;
  Lexer lexer(sql);
  std::size_t end = 0;
  bool ended = true;
  while (const std::optional<Token> token = lexer.Next()) {
    end = token->offset + token->text.size();
    ended = token->text == ";";
  }
  return end == 0 ? std::string() : Concat(sql.substr(0, end), ended ? "\n" : ";\n");
}

constexpr std::string_view kSettings = "PRAGMA foreign_keys=OFF;\nPRAGMA synchronous=EXTRA;\n";

std::string TablesSql(std::string_view version_table) {
  return Concat(VersionTableSql(version_table), ";\n", HistoryTableSql(), ";\n");
}

}  // namespace

std::string OfflineScript(const Plan& plan, std::string_view version_table, const AppliedBy& by,
                          const std::string& applied_at) {
  if (plan.steps.empty()) return "-- nothing to do\n";
  const std::string table = QuoteIdentifier(version_table);
  std::string sql(kSettings);
  bool first = true;
  for (const Step& step : plan.steps) {
    const bool up = step.direction == Direction::kUp;
    const bool transaction = step.script().transaction;
    sql += Concat("\n-- ", up ? "upgrade to " : "downgrade from ", step.revision.id, ": ",
                  OneLine(step.revision.message), "\n");
    CheckScriptText(step.script(), step.revision.file);
    if (transaction) sql += "BEGIN IMMEDIATE;\n";
    if (first) {
      sql += TablesSql(version_table);
      first = false;
    }
    sql += Body(step.script());
    if (!transaction) sql += "PRAGMA foreign_keys=OFF;\nBEGIN IMMEDIATE;\n";
    sql += RowChanges(step.rows_before, step.rows_after, table);
    sql += HistoryInsertSql(MakeHistoryRow(step.revision, up ? "up" : "down", applied_at, 0), by);
    sql += ";\nCOMMIT;\n";
  }
  return sql;
}

std::string StampScript(const Plan& plan, const Graph& graph, std::string_view version_table,
                        const AppliedBy& by, const std::string& applied_at) {
  if (plan.from == plan.to) return "-- nothing to do\n";
  std::string sql = Concat(kSettings, "\n-- stamp ", plan.to.empty() ? "base" : Join(plan.to, ", "),
                           "\nBEGIN IMMEDIATE;\n", TablesSql(version_table),
                           RowChanges(plan.from, plan.to, QuoteIdentifier(version_table)));
  for (const Revision* revision : StampedRevisions(plan, graph)) {
    sql += Concat(HistoryInsertSql(MakeHistoryRow(*revision, "stamp", applied_at, 0), by), ";\n");
  }
  return sql + "COMMIT;\n";
}

}  // namespace drover::migrations
