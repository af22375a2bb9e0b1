// YAML as plain values with positions: the only place that includes yaml-cpp and catches its
// exceptions. Bounded against hostile input: size, nesting, expansion of aliases. No I/O.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace drover::environments {

/// Where a value stands in its file; both count from 1.
struct Position {
  std::size_t line = 1;
  std::size_t column = 1;
  bool operator==(const Position&) const = default;
};

struct YamlEntry;

struct YamlNode {
  enum class Kind : std::uint8_t { kNull, kScalar, kSequence, kMap };
  enum class Style : std::uint8_t { kPlain, kQuoted };

  Kind kind = Kind::kNull;
  Style style = Style::kPlain;     // of a scalar: "yes" in quotes is never a boolean
  std::string tag;                 // "!reset" and the like; empty for the standard tags
  std::string scalar;              // kScalar
  std::vector<YamlNode> items;     // kSequence
  std::vector<YamlEntry> entries;  // kMap, in file order, keys unique, "<<" merged in
  Position at;
  std::uint32_t source = 0;  // which file, where trees of several are merged: the caller numbers

  /// The value of `key`; null when this is no map or has no such key.
  [[nodiscard]] const YamlNode* Find(std::string_view key) const;
  [[nodiscard]] YamlNode* Find(std::string_view key);
};

struct YamlEntry {
  std::string key;
  Position key_at;
  YamlNode value;
};

inline constexpr std::size_t kMaxYamlBytes = std::size_t{1} << 20U;
inline constexpr int kMaxYamlDepth = 64;

/// Parses one document; an empty text is kNull. `path` names the file in errors, `area` is the
/// first word of their kind. Throws kInvalid: "<area>.syntax" (also for bytes that are not UTF-8,
/// control characters and a second document), "<area>.duplicate_key", "<area>.too_complex".
[[nodiscard]] YamlNode ParseYaml(std::string_view text, const std::string& path,
                                 std::string_view area);

/// The same for a file in which several documents are allowed; an empty text has none.
[[nodiscard]] std::vector<YamlNode> ParseYamlDocuments(std::string_view text,
                                                       const std::string& path,
                                                       std::string_view area);

/// What a tree weighs in memory, roughly in bytes: for limits.
[[nodiscard]] std::size_t YamlWeight(const YamlNode& node);

}  // namespace drover::environments
