#include "environments/survey/python_source.h"

#include <array>

#include "base/text.h"

namespace drover::environments {
namespace {

constexpr std::size_t kLongestLine = 2'000;

struct Literal {
  std::string_view text;
  std::size_t begin = 0;   // of its quote
  std::size_t end = 0;     // after its closing quote
  bool formatted = false;  // an f-string with a part that is computed
};

bool IsWordCharacter(char c) { return IsLetter(c) || c == '_' || (c >= '0' && c <= '9'); }

/// The next text in quotes at or after `from`, not in a comment.
std::optional<Literal> NextLiteral(std::string_view line, std::size_t from) {
  for (std::size_t i = from; i < line.size(); ++i) {
    if (line[i] == '#') return std::nullopt;
    if (line[i] != '"' && line[i] != '\'') continue;
    const char quote = line[i];
    std::size_t end = i + 1;
    while (end < line.size() && line[end] != quote) end += line[end] == '\\' ? 2 : 1;
    if (end >= line.size()) return std::nullopt;
    Literal literal{.text = line.substr(i + 1, end - i - 1), .begin = i, .end = end + 1};
    const bool f = i > 0 && (line[i - 1] == 'f' || line[i - 1] == 'F');
    literal.formatted = f && literal.text.find('{') != std::string_view::npos;
    return literal;
  }
  return std::nullopt;
}

/// Is `word` in the code before `end`, not as part of another word?
bool HasWord(std::string_view line, std::string_view word) {
  for (std::size_t at = line.find(word); at != std::string_view::npos;
       at = line.find(word, at + 1)) {
    const std::size_t end = at + word.size();
    const bool begins = at == 0 || !IsWordCharacter(line[at - 1]);
    if (begins && (end == line.size() || !IsWordCharacter(line[end]))) return true;
  }
  return false;
}

/// Does the code before a literal ask for a variable of the environment by it?
bool AsksForVariable(std::string_view before) {
  constexpr std::array<std::string_view, 6> kAskers{
      "environ[", "environ.get(", "getenv(", "environ.setdefault(", "env(", "config("};
  const std::string_view code = Trim(before);
  for (const std::string_view asker : kAskers) {
    if (code.ends_with(asker)) return true;
  }
  return false;
}

bool IsSqliteUrl(std::string_view text) {
  return text.starts_with("sqlite:") || text.starts_with("sqlite+") || text.starts_with("sqlite3:");
}

bool SpeaksOfDatabase(std::string_view name) {
  const std::string lower = ToLower(name);
  for (const std::string_view word : {"db", "database", "sqlite", "sqlalchemy"}) {
    if (lower.find(word) != std::string::npos) return true;
  }
  return false;
}

/// The text that `name` is set to on this line, as a keyword, a key or a variable.
std::optional<std::string_view> ValueOf(std::string_view line, std::string_view name) {
  for (std::size_t at = line.find(name); at != std::string_view::npos;
       at = line.find(name, at + 1)) {
    if (at > 0 && IsWordCharacter(line[at - 1])) continue;
    std::string_view rest = line.substr(at + name.size());
    if (rest.starts_with('"') || rest.starts_with('\'')) rest.remove_prefix(1);
    rest = Trim(rest);
    if (!rest.starts_with('=') && !rest.starts_with(':')) continue;
    const std::size_t offset = line.size() - rest.size();
    const auto literal = NextLiteral(line, offset);
    if (literal && Trim(line.substr(offset + 1, literal->begin - offset - 1)).empty()) {
      return literal->text;
    }
  }
  return std::nullopt;
}

class PythonReader final {
 public:
  PythonSource Read(std::string_view text) {
    for (const std::string_view line : SplitLines(text)) {
      ++number_;
      if (line.size() > kLongestLine || Trim(line).starts_with('#')) continue;
      Line(line);
    }
    found_.is_alembic_revision = has_revision_ && has_down_revision_;
    return std::move(found_);
  }

 private:
  void Line(std::string_view line) {
    has_revision_ |= line.starts_with("revision");
    has_down_revision_ |= line.starts_with("down_revision");
    found_.is_django_migration |= line.starts_with("class Migration(migrations.Migration)");
    sqlite_engine_ |= line.find("django.db.backends.sqlite3") != std::string_view::npos;
    if (const auto table = ValueOf(line, "version_table"); table && !table->empty()) {
      found_.version_table = TextAtLine{std::string(*table), number_};
    }
    if (HasWord(line, "env_file")) {
      const auto file = ValueOf(line, "env_file");
      if (file && !file->empty() && !file->starts_with('/')) {
        found_.env_files.push_back({std::string(*file), number_});
      }
    }
    if (sqlite_engine_ && !found_.django_name) Django(line);
    Literals(line);
  }

  /// 'NAME': BASE_DIR / 'db.sqlite3', or os.path.join(BASE_DIR, "db.sqlite3").
  void Django(std::string_view line) {
    if (!HasWord(line, "NAME")) return;
    for (auto literal = NextLiteral(line, 0); literal; literal = NextLiteral(line, literal->end)) {
      if (literal->text == "NAME" || literal->text.empty() || literal->formatted) continue;
      found_.django_name = TextAtLine{std::string(literal->text), number_};
    }
  }

  void Literals(std::string_view line) {
    std::string variable;
    for (auto literal = NextLiteral(line, 0); literal; literal = NextLiteral(line, literal->end)) {
      if (AsksForVariable(line.substr(0, literal->begin))) {
        variable = literal->text;
        if (SpeaksOfDatabase(variable)) found_.variables.push_back({variable, number_});
        continue;
      }
      if (!IsSqliteUrl(literal->text) || literal->formatted) continue;
      // A bare "sqlite://" is what programs compare and replace.
      if (literal->text.ends_with("://") || literal->text.ends_with(":///")) continue;
      found_.urls.push_back({std::string(literal->text), variable, number_});
    }
  }

  PythonSource found_;
  std::size_t number_ = 0;
  bool has_revision_ = false;
  bool has_down_revision_ = false;
  bool sqlite_engine_ = false;
};

}  // namespace

PythonSource ReadPythonSource(std::string_view text) { return PythonReader().Read(text); }

}  // namespace drover::environments
