#include "migrations/safety/column_digest.h"

#include <charconv>
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

/// What is known after some of the rows; all zero before the first one.
struct Digesting {
  std::uint64_t sum;
  std::uint64_t first;  // the hash of the first value
  std::int64_t rows;
  std::int64_t filled;
  bool telling;
};

void Add(sqlite3_context* context, int, sqlite3_value** values) {
  void* const place = sqlite3_aggregate_context(context, sizeof(Digesting));
  if (place == nullptr) return sqlite3_result_error_nomem(context);
  Digesting so_far;
  std::memcpy(&so_far, place, sizeof so_far);
  const std::uint64_t hash = HashOf(values[0]);
  if (so_far.rows++ == 0) so_far.first = hash;
  so_far.sum += hash;
  so_far.telling |= hash != so_far.first;
  if (sqlite3_value_type(values[0]) != SQLITE_NULL) ++so_far.filled;
  std::memcpy(place, &so_far, sizeof so_far);
}

void Finish(sqlite3_context* context) {
  Digesting total{};
  if (const void* place = sqlite3_aggregate_context(context, 0)) {
    std::memcpy(&total, place, sizeof total);
  }
  const std::string text =
      Concat(static_cast<std::int64_t>(total.sum), " ", total.filled, total.telling ? " 1" : " 0");
  sqlite3_result_text(context, text.data(), static_cast<int>(text.size()), SQLITE_TRANSIENT);
}

}  // namespace

ColumnDigest ReadColumnDigest(std::string_view text) {
  ColumnDigest digest;
  const char* const end = text.data() + text.size();
  const char* at = std::from_chars(text.data(), end, digest.sum).ptr;
  if (at != end) std::from_chars(at + 1, end, digest.filled);
  digest.telling = text.ends_with(" 1");
  return digest;
}

void RegisterColumnDigest(Connection& connection) {
  const int result = sqlite3_create_function_v2(connection.raw(), "drover_digest", 1, SQLITE_UTF8,
                                                nullptr, nullptr, Add, Finish, nullptr);
  if (result != SQLITE_OK) ThrowSqlite(connection.raw(), result, connection.path());
}

}  // namespace drover::migrations
