#include "migrations/stubs.h"

#include <algorithm>
#include <cstring>
#include <sqlite3.h>
#include <string_view>

#include "base/error.h"
#include "base/text.h"

namespace drover::migrations {
namespace {

void ReturnNull(sqlite3_context* context, int, sqlite3_value**) { sqlite3_result_null(context); }

int CompareBytes(void*, int size, const void* bytes, int other_size, const void* other_bytes) {
  const int order =
      std::memcmp(bytes, other_bytes, static_cast<std::size_t>(std::min(size, other_size)));
  return order != 0 ? order : size - other_size;
}

int ArgumentsOf(std::string_view stub, std::size_t slash) {
  constexpr int kAnyNumber = -1;
  constexpr std::int64_t kMost = 127;  // SQLite's own limit
  if (slash == std::string_view::npos) return kAnyNumber;
  const std::optional<std::int64_t> count = ParseInteger(stub.substr(slash + 1));
  if (!count || *count < 0 || *count > kMost) {
    throw Error(Code::kInvalid, "stub.malformed",
                Concat("\"", stub, "\" does not name a function and a number of arguments"),
                "write NAME, or NAME/1");
  }
  return static_cast<int>(*count);
}

}  // namespace

void RegisterStubs(Connection& connection, const Stubs& stubs) {
  for (const std::string& stub : stubs.functions) {
    const std::size_t slash = stub.rfind('/');
    const std::string name = stub.substr(0, slash);
    const int result =
        sqlite3_create_function_v2(connection.raw(), name.c_str(), ArgumentsOf(stub, slash),
                                   SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS, nullptr,
                                   ReturnNull, nullptr, nullptr, nullptr);
    if (result != SQLITE_OK) ThrowSqlite(connection.raw(), result, "");
  }
  for (const std::string& name : stubs.collations) {
    const int result = sqlite3_create_collation_v2(connection.raw(), name.c_str(), SQLITE_UTF8,
                                                   nullptr, CompareBytes, nullptr);
    if (result != SQLITE_OK) ThrowSqlite(connection.raw(), result, "");
  }
}

std::optional<std::string> StubHint(std::string_view message) {
  if (message.find("no such function") != std::string_view::npos) {
    return "name it in migrations.stub_functions of drover.yaml";
  }
  if (message.find("no such collation") != std::string_view::npos) {
    return "name it in migrations.stub_collations of drover.yaml";
  }
  return std::nullopt;
}

}  // namespace drover::migrations
