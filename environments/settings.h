// A settings key as pydantic-settings finds it: `DB__DB_URL` is a variable of that name in any
// case, or the member DB_URL of a JSON object in the variable DB. Pure.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace drover::environments {

struct NestedKey {
  std::string variable;           // "DB"
  std::vector<std::string> path;  // "DB_URL"
};

/// The ways to read `name` as a member of an object, the longest variable first; none without "__".
[[nodiscard]] std::vector<NestedKey> NestedKeys(std::string_view name);

/// Are the names equal without regard to case?
[[nodiscard]] bool SameSetting(std::string_view a, std::string_view b);

/// The text at `path` in a JSON object, names compared without regard to case; nothing when `json`
/// is no object or has no text there.
[[nodiscard]] std::optional<std::string> TextInJson(std::string_view json,
                                                    std::span<const std::string> path);

/// Does the name say that its value is a secret: a password, a token, a key?
[[nodiscard]] bool NamesSecret(std::string_view name);

}  // namespace drover::environments
