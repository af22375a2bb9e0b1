#include "migrations/snapshots/repeatable.h"

#include <algorithm>
#include <array>
#include <sqlite3.h>

#include "migrations/history.h"

namespace drover::migrations {
namespace {

struct Unrepeatable {
  const char* name;
  int arguments;  // -1: any number
};

/// Those of sqlite.org/lang_corefunc.html and lang_datefunc.html. SQLite looks up the keywords
/// CURRENT_… as functions of no arguments, so these can be replaced, too.
constexpr std::array<Unrepeatable, 14> kUnrepeatable{{{"random", 0},
                                                      {"randomblob", 1},
                                                      {"changes", 0},
                                                      {"total_changes", 0},
                                                      {"current_timestamp", 0},
                                                      {"current_date", 0},
                                                      {"current_time", 0},
                                                      {"date", -1},
                                                      {"time", -1},
                                                      {"datetime", -1},
                                                      {"julianday", -1},
                                                      {"unixepoch", -1},
                                                      {"strftime", -1},
                                                      {"timediff", -1}}};

void Fail(sqlite3_context* context, int, sqlite3_value**) {
  sqlite3_result_error(context, "not the same each time", -1);
}

bool Mentions(std::string_view text, std::string_view lower) {
  const auto found = std::ranges::search(
      text, lower, {}, [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return !found.empty();
}

}  // namespace

void RefuseUnrepeatable(Connection& connection) {
  for (const Unrepeatable& each : kUnrepeatable) {
    // Not SQLITE_DETERMINISTIC: SQLite would call it once even where no row is touched.
    const int result = sqlite3_create_function_v2(connection.raw(), each.name, each.arguments,
                                                  SQLITE_UTF8 | SQLITE_INNOCUOUS, nullptr, Fail,
                                                  nullptr, nullptr, nullptr);
    if (result != SQLITE_OK) ThrowSqlite(connection.raw(), result, "");
  }
}

bool LooksAround(std::string_view sql) {
  return Mentions(sql, kHistoryTable) || Mentions(sql, "pragma_") || Mentions(sql, "dbstat") ||
         Mentions(sql, "sqlite_dbpage");
}

}  // namespace drover::migrations
