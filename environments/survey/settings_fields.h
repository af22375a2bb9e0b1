// The fields of pydantic's settings classes in a Python source, and the variable that each is read
// from (pydantic-settings, "Environment variable names"). Pure.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "migrations/alembic/python_lexer.h"

namespace drover::environments {

struct SettingsField {
  std::string name{};
  /// In capitals, as it is usually written, unless the class tells capitals from small letters.
  std::string variable{};
  std::size_t begin = 0;  // tokens of its default
  std::size_t end = 0;
};

/// Of the classes in `text` that derive from BaseSettings, or from one before them that does:
/// fields that have a default. `tokens` are those of `text`.
[[nodiscard]] std::vector<SettingsField> ReadSettingsFields(
    std::string_view text, std::span<const migrations::PythonToken> tokens);

}  // namespace drover::environments
