#include "migrations/schema_diff/row_check.h"

#include <array>
#include <optional>

#include "base/error.h"
#include "base/text.h"
#include "migrations/schema_diff/carry_out.h"
#include "migrations/schema_image.h"

namespace drover::migrations {
namespace {

std::string HiddenRowid(const TableFacts& facts) {
  if (facts.Is("without rowid")) return {};
  constexpr std::array<std::string_view, 3> kNames{"rowid", "_rowid_", "oid"};
  for (const std::string_view name : kNames) {
    if (facts.Find(name) == nullptr) return std::string(name);
  }
  return {};
}

/// The same selection from the two forms of a table.
struct CommonColumns {
  std::vector<std::string> before;
  std::vector<std::string> after;
};

CommonColumns FindCommonColumns(const SchemaObject& old, const SchemaObject& now,
                                const RowExpectation& expected) {
  CommonColumns common;
  bool same_key = true;
  for (const ColumnFacts& column : now.facts->columns) {
    const ColumnFacts* was = old.facts->Find(expected.renames.OldColumn(now.name, column.name));
    const bool is_rowid = ToLower(column.name) == now.facts->rowid_column;
    if (is_rowid && was != nullptr && ToLower(was->name) != old.facts->rowid_column) {
      same_key = false;
    }
    if (was == nullptr || !column.generated.empty() || !was->generated.empty()) continue;
    if (expected.columns.contains(ToLower(Concat(now.name, ".", column.name)))) {
      same_key = same_key && !is_rowid;
      continue;
    }
    common.before.push_back(QuoteIdentifier(was->name));
    common.after.push_back(QuoteIdentifier(column.name));
  }
  const std::string old_rowid = HiddenRowid(*old.facts);
  const std::string rowid = HiddenRowid(*now.facts);
  if (same_key && !old_rowid.empty() && !rowid.empty()) {
    common.before.push_back(old_rowid);
    common.after.push_back(rowid);
  }
  if (common.after.empty()) common.before = common.after = {"1"};
  return common;
}

std::vector<std::string> ReadColumnsOf(Connection& database, const std::string& table,
                                       const std::vector<std::string>& columns) {
  return ReadRowLines(
      database, Concat("SELECT ", Join(columns, ", "), " FROM main.", QuoteIdentifier(table)));
}

/// Nothing for a module that cannot be read from end to end.
std::optional<std::vector<std::string>> ReadVirtual(Connection& database,
                                                    const std::string& table) {
  try {
    return ReadColumnsOf(database, table, {"rowid", "*"});
  } catch (const Error&) {
    return std::nullopt;
  }
}

}  // namespace

std::vector<std::string> FindChangedRows(Connection& before, Connection& after,
                                         const RowExpectation& expected) {
  std::vector<std::string> changed;
  const SchemaImage old_image = SchemaReader(expected.version_table).Read(before);
  const SchemaImage image = SchemaReader(expected.version_table).Read(after);
  for (const auto& object : image.objects) {
    if (object->type != "table" || expected.tables.contains(ToLower(object->name))) continue;
    const SchemaObject* old = old_image.Find("table", expected.renames.OldTable(object->name));
    if (old == nullptr) continue;
    bool same = true;
    if (object->facts && old->facts) {
      const CommonColumns common = FindCommonColumns(*old, *object, expected);
      same = ReadColumnsOf(before, old->name, common.before) ==
             ReadColumnsOf(after, object->name, common.after);
    } else if (!object->facts && !old->facts) {
      same = ReadVirtual(before, old->name) == ReadVirtual(after, object->name);
    }
    if (!same) changed.push_back(object->name);
  }
  return changed;
}

}  // namespace drover::migrations
