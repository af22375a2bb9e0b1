// SQLite's own URIs, "file:path?parameters", as sqlite3_open_v2 reads them. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace drover::environments {

struct UrlParameter {
  std::string name;
  std::string value;
};

/// As SQLite decodes a URI: a '%' without two hex digits stands for itself.
[[nodiscard]] std::string PercentDecode(std::string_view text);

/// Does `text` hold a '%' with two hex digits?
[[nodiscard]] bool HasPercentEscape(std::string_view text);

/// "a=1&b" as names and values, decoded.
[[nodiscard]] std::vector<UrlParameter> ParseParameters(std::string_view query);

/// The value of the first parameter called `name`; empty when there is none.
[[nodiscard]] std::string_view ParameterValue(const std::vector<UrlParameter>& parameters,
                                              std::string_view name);

struct FileUri {
  std::string path;      // decoded; empty: a temporary database, private to the connection
  bool memory = false;   // :memory:, mode=memory, or vfs=memdb
  std::string lockless;  // the parameter that makes SQLite ignore locks: "nolock=1"; or empty
};

/// Parses a text that begins with "file:". A fragment is dropped. Throws kInvalid at `where`:
/// "url.host" (another authority than none or localhost), "url.parameter" (a mode, cache or boolean
/// that SQLite refuses), as it would fail to open there.
[[nodiscard]] FileUri ParseFileUri(std::string_view text, const std::string& where);

}  // namespace drover::environments
