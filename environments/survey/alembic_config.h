// The configuration of Alembic, as far as it decides where it runs and which database it means:
// `[alembic]` of alembic.ini, or `[tool.alembic]` of pyproject.toml. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "environments/survey/python_source.h"

namespace drover::environments {

/// Values with %(here)s as it is written, doubled % undone.
struct AlembicConfig {
  std::optional<TextAtLine> script_location;
  std::optional<TextAtLine> url;  // sqlalchemy.url
};

/// Nothing when the file has no such section.
[[nodiscard]] std::optional<AlembicConfig> ReadAlembicIni(std::string_view text);
[[nodiscard]] std::optional<AlembicConfig> ReadAlembicToml(std::string_view text);

/// Does `script_location` mean another directory when alembic is started elsewhere? Not with
/// %(here)s, an absolute path, or a Python package ("app:migrations").
[[nodiscard]] bool DependsOnDirectory(std::string_view script_location);

/// The directory of `script_location`, relative to the project's root or absolute, for a
/// configuration in `here` (relative to the root; "." is the root). Empty for a package.
[[nodiscard]] std::string ScriptDirectory(std::string_view script_location, std::string_view here);

}  // namespace drover::environments
