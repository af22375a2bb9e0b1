#include "migrations/safety/column_digest.h"

#include <cmath>
#include <cstdint>
#include <cstring>
#include <sqlite3.h>
#include <string>
#include <string_view>

#include "base/text.h"

namespace drover::migrations {
namespace {

/// FNV-1a (draft-eastlake-fnv), stirred so that sums of similar values do not meet.
std::uint64_t HashOf(std::string_view bytes) {
  std::uint64_t hash = 14695981039346656037U;
  for (const char c : bytes) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211U;
  hash = (hash ^ (hash >> 33U)) * 0xff51afd7ed558ccdU;
  return hash ^ (hash >> 33U);
}

std::uint64_t HashOf(sqlite3_value* value) {
  constexpr double kLargest = 9007199254740992.0;  // up to here every whole number is a double
  const int type = sqlite3_value_type(value);
  if (type == SQLITE_NULL) return 0x9e3779b97f4a7c15U;
  if (type == SQLITE_FLOAT) {
    const double number = sqlite3_value_double(value);
    if (std::abs(number) <= kLargest && number == std::floor(number)) {
      return HashOf(Concat(static_cast<std::int64_t>(number)));
    }
  }
  const void* bytes = type == SQLITE_BLOB ? sqlite3_value_blob(value)
                                          : static_cast<const void*>(sqlite3_value_text(value));
  const auto length = static_cast<std::size_t>(sqlite3_value_bytes(value));
  return HashOf({bytes == nullptr ? "" : static_cast<const char*>(bytes), length});
}

void Add(sqlite3_context* context, int, sqlite3_value** values) {
  void* sum = sqlite3_aggregate_context(context, sizeof(std::uint64_t));
  if (sum == nullptr) return sqlite3_result_error_nomem(context);
  std::uint64_t so_far = 0;
  std::memcpy(&so_far, sum, sizeof so_far);
  so_far += HashOf(values[0]);
  std::memcpy(sum, &so_far, sizeof so_far);
}

void Sum(sqlite3_context* context) {
  std::uint64_t total = 0;
  if (const void* sum = sqlite3_aggregate_context(context, 0)) {
    std::memcpy(&total, sum, sizeof total);
  }
  sqlite3_result_int64(context, static_cast<sqlite3_int64>(total));
}

}  // namespace

void RegisterColumnDigest(Connection& connection) {
  const int result = sqlite3_create_function_v2(connection.raw(), "drover_digest", 1, SQLITE_UTF8,
                                                nullptr, nullptr, Add, Sum, nullptr);
  if (result != SQLITE_OK) ThrowSqlite(connection.raw(), result, connection.path());
}

}  // namespace drover::migrations
