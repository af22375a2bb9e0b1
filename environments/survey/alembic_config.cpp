#include "environments/survey/alembic_config.h"

#include <map>

#include "base/posix.h"
#include "base/text.h"

namespace drover::environments {
namespace {

constexpr std::string_view kHere = "%(here)s";

std::string UndoublePercent(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    out.push_back(text[i]);
    if (text.substr(i).starts_with("%%")) ++i;
  }
  return out;
}

using Values = std::map<std::string, TextAtLine, std::less<>>;

std::optional<TextAtLine> Take(const Values& values, std::string_view key) {
  const auto found = values.find(key);
  if (found == values.end() || found->second.text.empty()) return std::nullopt;
  return found->second;
}

AlembicConfig FromValues(const Values& values) {
  return {.script_location = Take(values, "script_location"),
          .url = Take(values, "sqlalchemy.url")};
}

/// A text in quotes at the start of a TOML value.
std::optional<std::string> TomlString(std::string_view value) {
  if (value.size() < 2 || (value[0] != '"' && value[0] != '\'')) return std::nullopt;
  const std::size_t end = value.find(value[0], 1);
  if (end == std::string_view::npos) return std::nullopt;
  return std::string(value.substr(1, end - 1));
}

}  // namespace

std::optional<AlembicConfig> ReadAlembicIni(std::string_view text) {
  bool found = false;
  std::string section;
  Values values;
  std::size_t number = 0;
  for (const std::string_view line : SplitLines(text)) {
    ++number;
    const std::string_view bare = Trim(line);
    if (bare.empty() || bare[0] == '#' || bare[0] == ';') continue;
    if (bare[0] == '[' && line[0] == '[') {
      section = bare.substr(1, bare.find(']') - 1);
      found |= section == "alembic";
      continue;
    }
    // An indented line continues the value above.
    if (line[0] == ' ' || line[0] == '\t') continue;
    const std::size_t separator = bare.find_first_of("=:");
    if (separator == std::string_view::npos) continue;
    if (section != "alembic" && section != "DEFAULT") continue;
    const std::string key = ToLower(Trim(bare.substr(0, separator)));
    if (section == "DEFAULT" && values.contains(key)) continue;
    values[key] = {UndoublePercent(Trim(bare.substr(separator + 1))), number};
  }
  if (!found) return std::nullopt;
  return FromValues(values);
}

std::optional<AlembicConfig> ReadAlembicToml(std::string_view text) {
  bool found = false;
  bool inside = false;
  Values values;
  std::size_t number = 0;
  for (const std::string_view line : SplitLines(text)) {
    ++number;
    const std::string_view bare = Trim(line);
    if (bare.starts_with('[')) {
      inside = bare.substr(0, bare.find('#')).starts_with("[tool.alembic]");
      found |= inside;
      continue;
    }
    const std::size_t equals = bare.find('=');
    if (!inside || bare.starts_with('#') || equals == std::string_view::npos) continue;
    if (auto value = TomlString(Trim(bare.substr(equals + 1)))) {
      values[ToLower(Trim(bare.substr(0, equals)))] = {UndoublePercent(*value), number};
    }
  }
  if (!found) return std::nullopt;
  return FromValues(values);
}

bool DependsOnDirectory(std::string_view script_location) {
  return !script_location.empty() && script_location.find(kHere) == std::string_view::npos &&
         !script_location.starts_with('/') && script_location.find(':') == std::string_view::npos;
}

std::string ScriptDirectory(std::string_view script_location, std::string_view here) {
  std::string text(script_location);
  if (const std::size_t at = text.find(kHere); at != std::string::npos) {
    text.replace(at, kHere.size(), "/");
    text.erase(0, at);
  } else if (text.find(':') != std::string::npos) {
    return {};
  } else if (text.starts_with('/')) {
    return AbsolutePath(text, "/");
  }
  const std::string base = here == "." ? std::string("/") : Concat("/", here);
  const std::size_t path = text.find_first_not_of('/');
  if (path == std::string::npos) return std::string(here);
  return AbsolutePath(std::string_view(text).substr(path), base).substr(1);
}

}  // namespace drover::environments
