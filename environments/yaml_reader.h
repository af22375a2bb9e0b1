// Typed access to YAML values: every complaint names what was expected of which key, and where.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "environments/yaml.h"

namespace drover::environments {

/// Reads the values of one file. `path` and `area` as for ParseYaml; kinds are "<area>.type",
/// "<area>.unknown_key" and so on. The strings it is made from must outlive it.
class YamlReader final {
 public:
  YamlReader(const std::string& path, std::string_view area) : path_(path), area_(area) {}

  /// "path:line:column".
  [[nodiscard]] std::string Where(Position at) const;

  /// Throws kInvalid "<area>.<kind>" at `at`.
  [[noreturn]] void Fail(std::string_view kind, std::string message, Position at,
                         std::string hint = {}) const;

  /// Each of these throws "<area>.type" when the value is something else; `name` is its key as the
  /// user knows it ("migrations.directory").
  void ExpectMap(const YamlNode& node, std::string_view name) const;
  void ExpectSequence(const YamlNode& node, std::string_view name) const;
  [[nodiscard]] bool Boolean(const YamlNode& node, std::string_view name) const;

  /// A text that is not empty and holds no control characters ("<area>.value").
  [[nodiscard]] std::string String(const YamlNode& node, std::string_view name) const;

  /// One text, or a list of them with at least one.
  [[nodiscard]] std::vector<std::string> Strings(const YamlNode& node, std::string_view name) const;

  /// The index of the text in `choices`; "<area>.value" with "did you mean" when it is not there.
  [[nodiscard]] std::size_t Choice(const YamlNode& node, std::string_view name,
                                   std::span<const std::string_view> choices) const;

  /// A whole number from 0 to `most`.
  [[nodiscard]] std::size_t Number(const YamlNode& node, std::string_view name,
                                   std::size_t most) const;

  /// A number of bytes: "500000", "64 KiB", "1GiB", "2GB", with KB and KiB up to TB and TiB.
  [[nodiscard]] std::uint64_t Bytes(const YamlNode& node, std::string_view name) const;

  /// Throws "<area>.unknown_key" for a key that is not in `known`. `parent` is empty at the top.
  void ExpectKeys(const YamlNode& map, std::string_view parent,
                  std::span<const std::string_view> known) const;

 private:
  void RejectTag(const YamlNode& node, std::string_view name) const;
  [[noreturn]] void WrongType(const YamlNode& node, std::string_view name,
                              std::string_view expected) const;

  const std::string& path_;
  std::string_view area_;
};

}  // namespace drover::environments
