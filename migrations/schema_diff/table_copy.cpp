#include "migrations/schema_diff/table_copy.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "migrations/schema_text.h"
#include "migrations/sqlite.h"

namespace drover::migrations {
namespace {

/// A name for the rowid that no other column hides; empty when columns hide all three.
std::string RowidName(const TableFacts& facts) {
  constexpr std::array<std::string_view, 3> kNames{"rowid", "_rowid_", "oid"};
  const auto found = std::ranges::find_if(
      kNames, [&](std::string_view name) { return facts.Find(name) == nullptr; });
  if (found != kNames.end()) return std::string(*found);
  const ColumnFacts* alias = facts.Find(facts.rowid_column);
  return alias == nullptr ? std::string() : SqlName(alias->name);
}

CopiedColumn CopyColumn(const CopyRequest& request, const ColumnFacts& column, TableCopy& copy) {
  using How = CopiedColumn::How;
  const TableFacts& before = *request.from.facts;
  const TableFacts& after = *request.to.facts;
  const std::string lower = ToLower(column.name);
  const auto renamed = request.sources.find(lower);
  const ColumnFacts* old =
      before.Find(renamed == request.sources.end() ? column.name : renamed->second);
  const auto backfill = request.backfills.find(lower);
  CopiedColumn copied{.how = How::kDefault, .to = column.name, .from = "", .expression = ""};
  if (old != nullptr) copied.from = old->name;
  if (!column.generated.empty()) {
    copied.how = How::kGenerated;
    if (old != nullptr && old->generated.empty()) copy.overwritten.push_back(old->name);
    return copied;
  }
  const bool is_rowid = lower == after.rowid_column;
  if (old != nullptr) {
    copied.how = old->type == column.type ? How::kKept : How::kConverted;
    copied.expression = SqlName(old->name);
    if (backfill != request.backfills.end() && TakesBackfill(old, column)) {
      copied.how = How::kBackfilled;
      copied.expression = Concat("coalesce(", SqlName(old->name), ", (", backfill->second, "))");
    } else if (column.says_not_null && !old->not_null &&
               ToLower(old->name) != before.rowid_column) {
      copy.must_not_null.push_back(column.name);
    }
    return copied;
  }
  if (backfill != request.backfills.end()) {
    copied.how = How::kBackfilled;
    copied.expression = backfill->second;
  } else if (is_rowid && !before.Is("without rowid") && !RowidName(before).empty()) {
    copied.how = How::kRowid;
    copied.expression = RowidName(before);
  } else if (column.not_null && column.default_value.empty() && !is_rowid) {
    copy.missing.push_back(column.name);
  }
  return copied;
}

}  // namespace

bool TakesBackfill(const ColumnFacts* old, const ColumnFacts& column) {
  if (!column.generated.empty()) return false;
  return old == nullptr || (column.says_not_null && !old->not_null);
}

bool TableCopy::CopiesAnything() const {
  return !new_rowid.empty() || std::ranges::any_of(columns, [](const CopiedColumn& column) {
    return !column.expression.empty();
  });
}

TableCopy PlanCopy(const CopyRequest& request) {
  const TableFacts& before = *request.from.facts;
  const TableFacts& after = *request.to.facts;
  TableCopy copy;
  copy.table = request.to.name;
  copy.temporary = request.temporary;
  copy.route = request.route;
  for (const ColumnFacts& column : after.columns) {
    copy.columns.push_back(CopyColumn(request, column, copy));
  }
  const bool rowids = !before.Is("without rowid") && !after.Is("without rowid");
  if (rowids && after.rowid_column.empty() && !RowidName(before).empty()) {
    copy.new_rowid = RowidName(after);
    if (!copy.new_rowid.empty()) copy.old_rowid = RowidName(before);
  }
  copy.keeps_sequence = before.Is("autoincrement") && after.Is("autoincrement");
  copy.loses_rows = !copy.CopiesAnything();
  return copy;
}

std::vector<std::string> RebuildStatements(const TableCopy& copy, const std::string& create_table) {
  const bool old_aside = copy.route == CopyRoute::kOldAside;
  const std::string aside = Concat("main.", SqlName(copy.temporary));
  const std::string table = Concat("main.", SqlName(copy.table));
  const std::string& source = old_aside ? aside : table;
  const std::string& target = old_aside ? table : aside;
  std::vector<std::string> statements;
  // With the legacy rules views, triggers and foreign keys that name the table are left alone while
  // it is away (sqlite.org/pragma.html#pragma_legacy_alter_table).
  statements.emplace_back("PRAGMA legacy_alter_table=ON");
  if (old_aside) {
    statements.push_back(Concat("ALTER TABLE ", table, " RENAME TO ", SqlName(copy.temporary)));
  }
  statements.push_back(
      Concat("CREATE TABLE ", target, create_table.substr(ReadTableText(create_table).name_end)));
  std::vector<std::string> to;
  std::vector<std::string> from;
  if (!copy.new_rowid.empty()) {
    to.push_back(copy.new_rowid);
    from.push_back(copy.old_rowid);
  }
  for (const CopiedColumn& column : copy.columns) {
    if (column.expression.empty()) continue;
    to.push_back(SqlName(column.to));
    from.push_back(column.expression);
  }
  if (!to.empty()) {
    // OR ABORT: a conflict clause of the new table must not drop rows without a word.
    statements.push_back(Concat("INSERT OR ABORT INTO ", target, " (", Join(to, ", "),
                                ")\n  SELECT ", Join(from, ", "), " FROM ", source));
  }
  if (copy.keeps_sequence) {
    const std::string before = QuoteLiteral(old_aside ? copy.temporary : copy.table);
    const std::string after = QuoteLiteral(old_aside ? copy.table : copy.temporary);
    statements.push_back(Concat("DELETE FROM main.sqlite_sequence WHERE name = ", after));
    statements.push_back(Concat("INSERT INTO main.sqlite_sequence (name, seq)\n  SELECT ", after,
                                ", seq FROM main.sqlite_sequence WHERE name = ", before));
  }
  statements.push_back(Concat("DROP TABLE ", source));
  if (!old_aside) {
    statements.push_back(Concat("ALTER TABLE ", target, " RENAME TO ", SqlName(copy.table)));
  }
  statements.emplace_back("PRAGMA legacy_alter_table=OFF");
  return statements;
}

}  // namespace drover::migrations
