#include "environments/survey/python_source.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "environments/survey/python_expression.h"
#include "environments/survey/settings_fields.h"
#include "migrations/alembic/python_lexer.h"

namespace drover::environments {
namespace {

using migrations::PythonToken;
using Kind = PythonToken::Kind;

bool IsSqliteUrl(std::string_view text) {
  if (text.find(':') == std::string_view::npos) return false;  // "sqlite+aiosqlite", a driver
  return text.starts_with("sqlite:") || text.starts_with("sqlite+") || text.starts_with("sqlite3:");
}

bool SpeaksOfDatabase(std::string_view name) {
  const std::string lower = ToLower(name);
  for (const std::string_view word : {"db", "database", "sqlite", "sqlalchemy"}) {
    if (lower.find(word) != std::string::npos) return true;
  }
  return false;
}

/// An f-string with a part that is computed.
bool IsFormatted(const PythonToken& token) {
  return migrations::PythonTextPrefix(token.text).find_first_of("fF") != std::string_view::npos &&
         token.text.find('{') != std::string_view::npos;
}

class PythonReader final {
 public:
  PythonReader(std::string_view text, const std::string& file)
      : tokens_(PythonTokens(text)),
        module_(tokens_, file),
        fields_(ReadSettingsFields(text, tokens_)) {}

  PythonSource Read() {
    for (std::size_t i = 0; i < tokens_.size(); ++i) {
      const PythonToken& token = tokens_[i];
      if (token.kind == Kind::kNewline || token.depth < variable_depth_) variable_.clear();
      if (token.kind == Kind::kText) Text(i);
      found_.has_settings_class |= token.kind == Kind::kName && token.text == "BaseSettings";
      if (token.kind == Kind::kText || token.kind == Kind::kName) Key(i);
      if (token.kind == Kind::kName) Call(i);
      if (token.kind == Kind::kName && !token.indented) Statement(i);
    }
    for (PythonSource::Url& url : found_.urls) {
      if (url.variable.empty() && module_.Find(url.name)) FindUse(url);
    }
    found_.is_alembic_revision = has_revision_ && has_down_revision_;
    return std::move(found_);
  }

 private:
  /// Are these the tokens before the one at `end`?
  [[nodiscard]] bool Before(std::size_t end, std::span<const std::string_view> texts) const {
    if (end < texts.size()) return false;
    return std::ranges::equal(texts, std::span(tokens_).subspan(end - texts.size(), texts.size()),
                              {}, {}, &PythonToken::text);
  }

  [[nodiscard]] bool Is(std::size_t i, std::string_view text) const {
    return i < tokens_.size() && tokens_[i].text == text;
  }

  /// Is the text at `i` the name of a variable that the code asks the environment for?
  [[nodiscard]] bool AsksForVariable(std::size_t i) const {
    using namespace std::string_view_literals;
    if (Before(i, std::array{"environ"sv, "["sv})) return true;
    for (const std::string_view method : {"get"sv, "setdefault"sv}) {
      if (Before(i, std::array{"environ"sv, "."sv, method, "("sv})) return true;
    }
    if (i < 2 || !Is(i - 1, "(") || tokens_[i - 2].kind != Kind::kName) return false;
    const std::string_view name = tokens_[i - 2].text;
    if (name.ends_with("env") || name.ends_with("config")) return true;
    // env.str("X") of environs, env.db("X") of django-environ.
    constexpr std::array kMethods{"str"sv, "url"sv, "db"sv, "db_url"sv, "path"sv};
    return i > 3 && Is(i - 3, ".") && tokens_[i - 4].kind == Kind::kName &&
           tokens_[i - 4].text.ends_with("env") && IsOneOf(kMethods, name);
  }

  void Text(std::size_t i) {
    const PythonToken& token = tokens_[i];
    const std::string_view text = migrations::PythonTextBody(token.text);
    sqlite_engine_ |= text == "django.db.backends.sqlite3";
    if (AsksForVariable(i)) {
      variable_ = text;
      variable_depth_ = token.depth;
      if (SpeaksOfDatabase(text)) found_.variables.push_back({variable_, token.line});
      return;
    }
    if (i < joined_until_ || !IsSqliteUrl(text)) return;
    PythonSource::Url url{.url = std::string(text), .variable = {}, .line = token.line};
    const auto value = module_.Sum(i);
    if (value) {
      url.url = value->text;
      url.from_file = value->from_file;
      joined_until_ = value->end;
    } else if (IsFormatted(token)) {
      return;
    }
    AddUrl(i, std::move(url));
  }

  /// URL.create("sqlite", database="x.db")
  void Call(std::size_t i) {
    const auto value = Is(i, "URL") ? module_.UrlCall(i) : std::nullopt;
    if (!value) return;
    AddUrl(i, {.url = value->text,
               .variable = {},
               .line = tokens_[i].line,
               .name = {},
               .from_file = value->from_file});
  }

  void AddUrl(std::size_t i, PythonSource::Url url) {
    // A bare "sqlite://" is what programs compare and replace.
    if (url.url.ends_with("://") || url.url.ends_with(":///")) return;
    url.variable = variable_.empty() ? VariableBefore(i) : variable_;
    url.name = NameOf(i);
    const auto field = std::ranges::find_if(
        fields_, [&](const SettingsField& each) { return each.begin <= i && i < each.end; });
    if (field != fields_.end()) {
      url.name = field->name;
      if (url.variable.empty()) {
        url.variable = field->variable;
        found_.variables.push_back({field->variable, url.line});
      }
    }
    found_.urls.push_back(std::move(url));
  }

  /// version_locations = ["a", os.path.join(HERE, "b")]
  void Locations(std::size_t i) {
    std::vector<TextAtLine> locations;
    for (i += 3; !Is(i, "]");) {
      const auto value = module_.Sum(i);
      if (!value) return;
      locations.push_back({value->text, tokens_[i].line});
      i = value->end;
      if (Is(i, ",")) ++i;
    }
    found_.version_locations = std::move(locations);
  }

  /// The variable that `A or` or `A if C else` before `i` asks for.
  [[nodiscard]] std::string VariableBefore(std::size_t i) const {
    while (i > 1 && Is(i - 1, "(") && tokens_[i - 2].text == "or") --i;
    if (i < 2) return {};
    std::size_t end = i - 1;  // behind A
    if (Is(end, "else")) {
      const std::size_t depth = tokens_[end].depth;
      while (end > 0 && tokens_[end].kind != Kind::kNewline &&
             !(Is(end, "if") && tokens_[end].depth == depth)) {
        --end;
      }
      if (!Is(end, "if")) return {};
    } else if (!Is(end, "or")) {
      return {};
    }
    return end == 0 ? std::string() : VariableOf(end - 1);
  }

  /// The variable that the expression asks for whose last token is at `last`: a call, a subscript,
  /// or a name that is set to one.
  [[nodiscard]] std::string VariableOf(std::size_t last) const {
    if (tokens_[last].kind == Kind::kName) {
      const auto begin = module_.Find(tokens_[last].text);
      if (!begin || *begin > last) return {};
      std::size_t end = *begin;
      while (end < tokens_.size() && tokens_[end].kind != Kind::kNewline) ++end;
      return tokens_[end - 1].kind == Kind::kName ? std::string() : VariableOf(end - 1);
    }
    if (!Is(last, ")") && !Is(last, "]")) return {};
    const std::size_t depth = tokens_[last].depth;
    std::size_t open = last;
    while (open > 0 && (open == last || tokens_[open].depth > depth)) --open;
    const std::size_t text = open + 1;
    if (tokens_[text].kind != Kind::kText || !AsksForVariable(text)) return {};
    return std::string(migrations::PythonTextBody(tokens_[text].text));
  }

  /// DEFAULT = "sqlite:///x.db", and then os.getenv("X", DEFAULT) or A or DEFAULT.
  void FindUse(PythonSource::Url& url) const {
    for (std::size_t i = 2; i < tokens_.size(); ++i) {
      if (tokens_[i].text != url.name || Is(i + 1, ".")) continue;
      const std::size_t comma = Is(i - 1, "=") && Is(i - 2, "default") ? i - 3 : i - 1;
      std::string variable = VariableBefore(i);
      if (comma < i && Is(comma, ",") && comma > 0 && tokens_[comma - 1].kind == Kind::kText &&
          AsksForVariable(comma - 1)) {
        variable = migrations::PythonTextBody(tokens_[comma - 1].text);
      }
      if (variable.empty()) continue;
      url.variable = std::move(variable);
      url.name = NameOf(i);
      return;
    }
  }

  /// The name that the module gives the expression around `i`.
  [[nodiscard]] std::string NameOf(std::size_t i) const {
    while (i > 0 && tokens_[i - 1].kind != Kind::kNewline) --i;
    const bool set = tokens_[i].kind == Kind::kName && (Is(i + 1, "=") || Is(i + 1, ":"));
    return set ? std::string(tokens_[i].text) : std::string();
  }

  /// What is set to a text: as a keyword, a key or a variable.
  void Key(std::size_t i) {
    const PythonToken& token = tokens_[i];
    if (!Is(i + 1, "=") && !Is(i + 1, ":")) return;
    const std::string_view key =
        token.kind == Kind::kText ? migrations::PythonTextBody(token.text) : token.text;
    if (key == "version_locations" && i > 0 && Is(i - 1, ".") && Is(i + 2, "[")) {
      return Locations(i);
    }
    if (key == "NAME" && sqlite_engine_ && !found_.django_name) return Django(i);
    if (i + 2 >= tokens_.size() || tokens_[i + 2].kind != Kind::kText) return;
    const std::string value(migrations::PythonTextBody(tokens_[i + 2].text));
    if (value.empty()) return;
    if (key == "version_table") found_.version_table = TextAtLine{value, token.line};
    if (key == "env_file" && !value.starts_with('/')) {
      found_.env_files.push_back({value, token.line});
    }
  }

  /// 'NAME': BASE_DIR / 'db.sqlite3', or os.path.join(BASE_DIR, "db.sqlite3").
  void Django(std::size_t name) {
    const std::size_t depth = tokens_[name].depth;
    for (std::size_t i = name + 2; i < tokens_.size(); ++i) {
      const PythonToken& token = tokens_[i];
      if (token.kind == Kind::kNewline || token.depth < depth) return;
      if (token.depth == depth && token.text == ",") return;
      const std::string_view text = migrations::PythonTextBody(token.text);
      if (token.kind != Kind::kText || text.empty() || IsFormatted(token)) continue;
      found_.django_name = TextAtLine{std::string(text), token.line};
    }
  }

  void Statement(std::size_t i) {
    using namespace std::string_view_literals;
    has_revision_ |= Is(i, "revision") && tokens_[i].depth == 0;
    has_down_revision_ |= Is(i, "down_revision") && tokens_[i].depth == 0;
    found_.is_django_migration |=
        Is(i, "Migration") &&
        Before(i, std::array{"class"sv, "Migration"sv, "("sv, "migrations"sv, "."sv});
  }

  std::vector<PythonToken> tokens_;
  PythonModule module_;
  std::vector<SettingsField> fields_;
  PythonSource found_;
  std::size_t joined_until_ = 0;    // the end of the last URL that was put together
  std::string variable_;            // asked for by the call around
  std::size_t variable_depth_ = 0;  // of brackets, inside that call
  bool has_revision_ = false;
  bool has_down_revision_ = false;
  bool sqlite_engine_ = false;
};

}  // namespace

PythonSource ReadPythonSource(std::string_view text, const std::string& file) {
  return PythonReader(text, file).Read();
}

}  // namespace drover::environments
