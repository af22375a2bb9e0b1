// The configuration of Alembic, as far as it decides where it runs, which files are its revisions
// and which database it means: a section of alembic.ini, or `[tool.alembic]` of pyproject.toml
// (alembic/config.py, script/base.py; the ini by the rules of Python's configparser). Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/text.h"

namespace drover::migrations {

/// Values with %(here)s as it is written unless `here` was given to the reader, other %(names)s
/// replaced, and doubled % undone.
struct AlembicConfig {
  std::optional<TextAtLine> script_location;
  std::optional<TextAtLine> url;  // sqlalchemy.url
  /// version_locations, split at its separator; empty: `versions` below the script_location.
  std::vector<TextAtLine> version_locations;
  std::vector<std::string> python_path;  // prepend_sys_path
  bool recursive = false;                // recursive_version_locations
  /// `databases` of the template "multidb": the sections that have the URL of one database each.
  std::vector<std::string> databases;
  /// A separator that Alembic does not know, where it stops; the text is its name. Nothing while
  /// there is nothing to be split.
  std::optional<TextAtLine> bad_separator;
  std::string_view bad_separator_key;  // "version_path_separator"

  /// Takes from `other` what is not set here: since Alembic 1.16 alembic.ini and the pyproject.toml
  /// beside it are read together.
  void FillFrom(const AlembicConfig& other);
};

/// Nothing when the file has no such section. `here` is what %(here)s stands for: the directory of
/// the file.
[[nodiscard]] std::optional<AlembicConfig> ReadAlembicIni(
    std::string_view text, std::string_view section = "alembic",
    std::optional<std::string_view> here = std::nullopt);

/// The sections of an ini that are Alembic's, for `alembic -n NAME`: those that set a
/// script_location themselves, in the order of the file; else "alembic" if it is there.
[[nodiscard]] std::vector<std::string> AlembicSections(std::string_view text);

/// The same as ReadAlembicIni of pyproject.toml; tables under dotted keys and inline tables are not
/// seen.
[[nodiscard]] std::optional<AlembicConfig> ReadAlembicToml(
    std::string_view text, std::optional<std::string_view> here = std::nullopt);

/// Does `script_location` mean another directory when alembic is started elsewhere? Not with
/// %(here)s, an absolute path, or a Python package ("app:migrations").
[[nodiscard]] bool DependsOnDirectory(std::string_view script_location);

/// The directory of `script_location`, relative to the project's root or absolute, for a
/// configuration in `here` (relative to the root; "." is the root). Empty for a package.
[[nodiscard]] std::string ScriptDirectory(std::string_view script_location, std::string_view here);

}  // namespace drover::migrations
