#include "migrations/foreign_keys.h"

#include <vector>

#include "base/error.h"
#include "base/text.h"

namespace drover::migrations {

ForeignKeyGaps FindForeignKeyGaps(Connection& database) {
  ForeignKeyGaps gaps;
  const std::vector<std::string> tables = database.QueryColumn(
      "SELECT DISTINCT m.name FROM sqlite_schema m, pragma_foreign_key_list(m.name) "
      "WHERE m.type = 'table'");
  for (const std::string& table : tables) {
    try {
      Statement rows =
          database.Prepare(Concat("PRAGMA foreign_key_check(", QuoteIdentifier(table), ")"));
      while (rows.Step()) ++gaps[{ToLower(table), ToLower(rows.Text(2))}];
    } catch (const Error& error) {
      if (error.code != Code::kInvalid) throw;
    }
  }
  return gaps;
}

ForeignKeyGaps FindMoreGaps(const ForeignKeyGaps& before, const ForeignKeyGaps& after) {
  ForeignKeyGaps more;
  for (const auto& [key, count] : after) {
    const auto known = before.find(key);
    const std::int64_t earlier = known == before.end() ? 0 : known->second;
    if (count > earlier) more.emplace(key, count - earlier);
  }
  return more;
}

}  // namespace drover::migrations
