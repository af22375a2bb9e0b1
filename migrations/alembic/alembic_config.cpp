#include "migrations/alembic/alembic_config.h"

#include <algorithm>
#include <array>
#include <map>
#include <span>

#include "base/posix.h"
#include "base/text.h"
#include "migrations/alembic/python_lexer.h"

namespace drover::migrations {
namespace {

constexpr std::string_view kHere = "%(here)s";
/// As configparser's MAX_INTERPOLATION_DEPTH.
constexpr int kDeepest = 10;

/// Of one section, the names in lower case as configparser makes them.
using Options = std::map<std::string, TextAtLine, std::less<>>;

/// Replaces %% and %(name)s as configparser's BasicInterpolation does.
class AlembicOptions final {
 public:
  AlembicOptions(Options options, std::optional<std::string_view> here)
      : options_(std::move(options)), here_(here) {}

  [[nodiscard]] std::optional<TextAtLine> Find(std::string_view key) const {
    const auto found = options_.find(key);
    if (found == options_.end() || found->second.text.empty()) return std::nullopt;
    return TextAtLine{Replace(found->second.text, 0), found->second.line};
  }

  [[nodiscard]] std::string Replace(std::string_view text, int depth) const {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
      const std::string_view rest = text.substr(i);
      const std::size_t end = rest.starts_with("%(") ? rest.find(")s") : std::string_view::npos;
      if (end != std::string_view::npos) {
        out += Named(rest.substr(0, end + 2), depth);
        i += end + 1;
        continue;
      }
      out.push_back(text[i]);
      if (rest.starts_with("%%")) ++i;
    }
    return out;
  }

 private:
  /// What "%(name)s" stands for; itself when nobody knows it.
  [[nodiscard]] std::string Named(std::string_view written, int depth) const {
    if (written == kHere) return std::string(here_.value_or(written));
    const auto found = options_.find(ToLower(written.substr(2, written.size() - 4)));
    if (found == options_.end() || depth == kDeepest) return std::string(written);
    return Replace(found->second.text, depth + 1);
  }

  Options options_;
  std::optional<std::string_view> here_;
};

/// The lines of an ini file, as configparser's RawConfigParser._read takes them.
class AlembicIniReader final {
 public:
  explicit AlembicIniReader(std::string_view wanted) : wanted_(wanted) {}

  std::optional<Options> Read(std::string_view text) {
    std::size_t number = 0;
    for (const std::string_view line : SplitLines(text)) Line(line, ++number);
    if (!found_) return std::nullopt;
    options_.merge(defaults_);
    for (auto& [key, value] : options_) value.text = std::string(Trim(value.text));
    return std::move(options_);
  }

 private:
  void Line(std::string_view line, std::size_t number) {
    const std::string_view bare = Trim(line);
    if (!bare.empty() && (bare[0] == '#' || bare[0] == ';')) return;
    if (bare.empty()) {
      if (value_ != nullptr) value_->text.push_back('\n');
      return;
    }
    const std::size_t indent = line.find(bare[0]);
    if (in_value_ && indent > indent_) {
      if (value_ != nullptr) value_->text += Concat("\n", bare);
      return;
    }
    indent_ = indent;
    value_ = nullptr;
    in_value_ = false;
    if (bare[0] == '[' && bare.find(']') != std::string_view::npos) {
      section_ = bare.substr(1, bare.rfind(']') - 1);
      found_ |= section_ == wanted_;
      return;
    }
    Option(bare, number);
  }

  void Option(std::string_view bare, std::size_t number) {
    const std::size_t separator = bare.find_first_of("=:");
    if (separator == std::string_view::npos) return;
    in_value_ = true;
    if (section_ != wanted_ && section_ != "DEFAULT") return;
    Options& options = section_ == wanted_ ? options_ : defaults_;
    value_ = &options[ToLower(Trim(bare.substr(0, separator)))];
    *value_ = {std::string(Trim(bare.substr(separator + 1))), number};
  }

  std::string_view wanted_;
  std::string_view section_;
  bool found_ = false;
  bool in_value_ = false;        // an indented line goes on with the value above
  std::size_t indent_ = 0;       // of the option it belongs to
  TextAtLine* value_ = nullptr;  // null: of a section that nobody asked for
  Options options_;
  Options defaults_;
};

/// Splits at what configparser's value is split at by Alembic: a comma or blanks when nothing is
/// said (script/base.py, _split_on_space_comma).
std::vector<std::string> SplitLocations(std::string_view text, std::optional<char> separator) {
  if (separator) return SplitList(text, *separator);
  std::string commas(text);
  std::ranges::replace(commas, ' ', ',');
  std::ranges::replace(commas, '\n', ',');
  return SplitList(commas, ',');
}

struct PathSeparator {
  std::string_view name;
  char separator;
};
constexpr std::array<PathSeparator, 5> kSeparators{
    {{"space", ' '}, {"newline", '\n'}, {"os", ':'}, {":", ':'}, {";", ';'}}};

/// The separator that the first of `keys` names which is set. One that Alembic does not know is
/// noted: it stops there.
std::optional<char> ReadSeparator(const AlembicOptions& options,
                                  std::span<const std::string_view> keys, AlembicConfig& config) {
  for (const std::string_view key : keys) {
    const std::optional<TextAtLine> named = options.Find(key);
    if (!named) continue;
    const auto known = std::ranges::find(kSeparators, named->text, &PathSeparator::name);
    if (known != kSeparators.end()) return known->separator;
    config.bad_separator = named;
    config.bad_separator_key = key;
    return std::nullopt;
  }
  return std::nullopt;
}

/// The separator is looked at only where there is something to be split (script/base.py,
/// from_config; since 1.16 config.py): the templates of Alembic up to 1.15 set one that is none,
/// since configparser keeps the comment behind it.
void ReadLocations(const AlembicOptions& options, AlembicConfig& config) {
  constexpr std::array<std::string_view, 2> kKeys{"path_separator", "version_path_separator"};
  if (const auto locations = options.Find("version_locations")) {
    const std::optional<char> separator = ReadSeparator(options, kKeys, config);
    if (config.bad_separator) return;
    for (std::string& each : SplitLocations(locations->text, separator)) {
      config.version_locations.push_back({std::move(each), locations->line});
    }
  }
  const auto path = options.Find("prepend_sys_path");
  if (!path) return;
  const std::optional<char> separator = ReadSeparator(options, std::span(kKeys).first(1), config);
  std::string entries = path->text;
  if (!separator) std::ranges::replace(entries, ':', ',');
  config.python_path = SplitLocations(entries, separator);
}

// pyproject.toml ----------------------------------------------------------------------------------

using Tokens = std::span<const PythonToken>;

/// A text of TOML; only in double quotes has a backslash a meaning.
std::optional<std::string> TomlText(const PythonToken& token) {
  if (token.kind != PythonToken::Kind::kText) return std::nullopt;
  if (token.text.starts_with('\'')) return std::string(PythonTextBody(token.text));
  return PythonTextValue(token.text);
}

/// The name of the table that `line` begins; nothing for any other line.
std::optional<std::string> TomlTable(Tokens line) {
  if (line.size() < 3 || line.front().text != "[" || line.back().text != "]") return std::nullopt;
  std::string name;
  for (const PythonToken& token : line.subspan(1, line.size() - 2)) {
    name += TomlText(token).value_or(std::string(token.text));
  }
  return name;
}

/// One "key = value" of [tool.alembic].
void ReadTomlOption(Tokens line, const AlembicOptions& names, AlembicConfig& config) {
  const auto equals = std::ranges::find(line, "=", &PythonToken::text);
  if (equals == line.begin() || equals == line.end()) return;
  std::string key;
  for (const PythonToken& token : Tokens(line.begin(), equals)) {
    key += TomlText(token).value_or(std::string(token.text));
  }
  const Tokens value(equals + 1, line.end());
  std::vector<TextAtLine> texts;
  for (const PythonToken& token : value) {
    if (auto text = TomlText(token)) texts.push_back({names.Replace(*text, 0), token.line});
  }
  const bool list = !value.empty() && value.front().text == "[";
  const bool one = !list && texts.size() == 1;
  if (key == "script_location" && one) config.script_location = texts.front();
  if (key == "sqlalchemy.url" && one) config.url = texts.front();
  if (key == "version_locations") config.version_locations = texts;
  if (key == "recursive_version_locations") {
    config.recursive = value.size() == 1 && value.front().text == "true";
  }
  if (key != "prepend_sys_path") return;
  for (const TextAtLine& text : texts) config.python_path.push_back(text.text);
}

}  // namespace

void AlembicConfig::FillFrom(const AlembicConfig& other) {
  if (!script_location) script_location = other.script_location;
  if (!url) url = other.url;
  if (version_locations.empty()) version_locations = other.version_locations;
  if (python_path.empty()) python_path = other.python_path;
  recursive |= other.recursive;
}

std::optional<AlembicConfig> ReadAlembicIni(std::string_view text, std::string_view section,
                                            std::optional<std::string_view> here) {
  std::optional<Options> found = AlembicIniReader(section).Read(text);
  if (!found) return std::nullopt;
  const AlembicOptions options(*std::move(found), here);
  AlembicConfig config;
  config.script_location = options.Find("script_location");
  config.url = options.Find("sqlalchemy.url");
  const auto recursive = options.Find("recursive_version_locations");
  config.recursive = recursive && recursive->text == "true";
  if (const auto databases = options.Find("databases")) {
    config.databases = SplitList(databases->text, ',');
  }
  ReadLocations(options, config);
  return config;
}

std::vector<std::string> AlembicSections(std::string_view text) {
  struct Header {
    std::string name;
    std::size_t line;
  };
  std::vector<Header> headers;
  std::size_t number = 0;
  for (const std::string_view line : SplitLines(text)) {
    ++number;
    const std::size_t end = line.rfind(']');
    if (!line.starts_with('[') || end == std::string_view::npos) continue;
    headers.push_back({std::string(line.substr(1, end - 1)), number});
  }
  std::vector<std::string> sections;
  for (std::size_t i = 0; i < headers.size(); ++i) {
    const auto config = ReadAlembicIni(text, headers[i].name);
    if (!config || !config->script_location || headers[i].name == "DEFAULT") continue;
    // One of [DEFAULT] stands in every section, also in those of the loggers.
    const std::size_t line = config->script_location->line;
    const std::size_t next = i + 1 < headers.size() ? headers[i + 1].line : number + 1;
    if (line > headers[i].line && line < next) sections.push_back(headers[i].name);
  }
  const bool usual = std::ranges::find(headers, "alembic", &Header::name) != headers.end();
  if (sections.empty() && usual) sections.emplace_back("alembic");
  return sections;
}

/// The texts, brackets and comments of TOML are those of Python, and no token of it ends elsewhere.
std::optional<AlembicConfig> ReadAlembicToml(std::string_view text,
                                             std::optional<std::string_view> here) {
  bool found = false;
  bool inside = false;
  const AlembicOptions names({}, here);
  AlembicConfig config;
  PythonLexer lexer(text);
  std::vector<PythonToken> line;
  for (PythonToken token = lexer.Next(); token.kind != PythonToken::Kind::kEnd;
       token = lexer.Next()) {
    if (token.kind != PythonToken::Kind::kNewline) {
      line.push_back(token);
      continue;
    }
    if (const auto table = TomlTable(line)) {
      inside = *table == "tool.alembic";
      found |= inside;
    } else if (inside) {
      ReadTomlOption(line, names, config);
    }
    line.clear();
  }
  if (!found) return std::nullopt;
  return config;
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

}  // namespace drover::migrations
