#include "environments/survey/env_py.h"

#include <algorithm>
#include <array>
#include <map>
#include <span>
#include <vector>

#include "environments/survey/python_expression.h"
#include "migrations/alembic/python_lexer.h"

namespace drover::environments {
namespace {

using migrations::PythonToken;

/// Whoever uses one of these may have another URL at every start.
constexpr std::array<std::string_view, 10> kAskingNames{
    "environ",      "getenv", "get_x_argument", "load_dotenv",     "dotenv_values",
    "BaseSettings", "Config", "RepositoryEnv",  "get_environment", "attributes"};

/// What asks Alembic's configuration.
constexpr std::array<std::string_view, 3> kConfigurationNames{"get_main_option", "get_section",
                                                              "get_section_option"};

/// Tokens of a call of replace().
constexpr std::size_t kLongestCall = 64;

bool IsUrl(std::string_view text) { return text.find(":/") != std::string_view::npos; }

/// What a name is set to in a module.
struct Assignment {
  std::optional<std::string> text;  // nothing: no plain text
  std::size_t line = 1;
  std::size_t count = 1;  // of assignments
};

class EnvPyReader final {
 public:
  explicit EnvPyReader(std::string_view text) : tokens_(PythonTokens(text)), module_(tokens_, {}) {
    for (std::size_t i = 0; i < tokens_.size(); ++i) {
      if (tokens_[i].kind != PythonToken::Kind::kName) continue;
      // config("NAME") is python-decouple's and starlette's.
      asks_ |= IsOneOf(kAskingNames, tokens_[i].text) || (Is(i, "config") && Is(i + 1, "("));
      names_.insert(ToLower(tokens_[i].text));
      if (Is(i, "from") && BeginsLine(i)) Import(i);
      if (i > 0 && Is(i - 1, ".")) taken_.emplace(tokens_[i].text);
      Assign(i);
    }
  }

  EnvPy Read() {
    EnvPy env;
    if (!asks_) env.constant = Constant();
    if (const auto engine = ImportedEngine()) env.engine_module = engine->module;
    env.is_flask_migrate = names_.contains("current_app");
    env.has_own_url = HasOwnUrl() || !env.engine_module.empty() || env.is_flask_migrate;
    env.names = std::move(names_);
    env.taken = std::move(taken_);
    return env;
  }

  [[nodiscard]] std::optional<TextAtLine> Find(std::string_view name) const {
    const auto found = assigned_.find(name);
    if (asks_ || found == assigned_.end() || found->second.count > 1) return std::nullopt;
    if (!found->second.text || !IsUrl(*found->second.text)) return std::nullopt;
    return TextAtLine{*found->second.text, found->second.line};
  }

 private:
  [[nodiscard]] bool Is(std::size_t i, std::string_view text) const {
    return i < tokens_.size() && tokens_[i].text == text;
  }

  [[nodiscard]] bool IsName(std::size_t i) const {
    return i < tokens_.size() && tokens_[i].kind == PythonToken::Kind::kName;
  }

  [[nodiscard]] bool BeginsLine(std::size_t i) const {
    return i == 0 || tokens_[i - 1].kind == PythonToken::Kind::kNewline;
  }

  /// The end of the logical line around `i`.
  [[nodiscard]] std::size_t LineEnd(std::size_t i) const {
    while (i < tokens_.size() && tokens_[i].kind != PythonToken::Kind::kNewline) ++i;
    return i;
  }

  /// from a.b import X, Y as Z
  void Import(std::size_t i) {
    const std::size_t end = LineEnd(i);
    std::string module;
    for (++i; i < end && !Is(i, "import"); ++i) module += tokens_[i].text;
    for (++i; i < end; ++i) {
      if (!IsName(i)) continue;
      const std::string name(tokens_[i].text);
      taken_.insert(name);
      if (Is(i + 1, "as") && IsName(i + 2)) i += 2;
      imported_.insert_or_assign(std::string(tokens_[i].text), std::pair(module, name));
    }
  }

  /// NAME = …, NAME: str = …, NAME += …; as a keyword of a call it is none.
  void Assign(std::size_t i) {
    const PythonToken& token = tokens_[i];
    if (token.depth > 0 || i + 1 >= tokens_.size()) return;
    std::size_t equals = i + 1;
    if (Is(equals, ":") && BeginsLine(i)) {
      const std::size_t end = LineEnd(i);
      while (equals < end && !(Is(equals, "=") && tokens_[equals].depth == 0)) ++equals;
      if (equals == end) return;
    }
    const std::string_view sign = tokens_[equals].text;
    const bool other = sign.size() == 2 && sign[1] == '=' && sign.find_first_of("=!<>") != 0;
    if (sign != "=" && !other) return;
    Assignment assignment{.text = {}, .line = token.line};
    for (std::size_t k = equals; sign == "=" && k < LineEnd(i); ++k) {
      if (IsOneOf(kConfigurationNames, tokens_[k].text)) configured_.emplace(token.text);
    }
    if (sign == "=" && BeginsLine(i) && !token.indented) {
      if (auto text = ConstantAt(equals + 1); text && IsLineEnd(text->end)) {
        assignment.text = std::move(text->text);
      }
    }
    const auto [known, added] = assigned_.try_emplace(std::string(token.text), assignment);
    if (!added) ++known->second.count;
  }

  [[nodiscard]] std::optional<std::string> TextAt(std::size_t i) const {
    if (i >= tokens_.size() || tokens_[i].kind != PythonToken::Kind::kText) return std::nullopt;
    return migrations::PythonTextValue(tokens_[i].text);
  }

  [[nodiscard]] bool IsLineEnd(std::size_t i) const {
    return i < tokens_.size() && tokens_[i].kind == PythonToken::Kind::kNewline;
  }

  /// The text at `i`, or the URL that URL.create("sqlite", database="x.db") makes there.
  [[nodiscard]] std::optional<PythonValue> ConstantAt(std::size_t i) const {
    if (auto text = TextAt(i)) return PythonValue{.text = *std::move(text), .end = i + 1};
    // sqlalchemy.engine.URL
    while (IsName(i) && Is(i + 1, ".") && !Is(i, "URL")) i += 2;
    return module_.UrlCall(i);
  }

  /// The constant that is the argument at `i`; nothing for any other expression.
  [[nodiscard]] std::optional<UrlConstant> Argument(std::size_t i) const {
    if (i >= tokens_.size()) return std::nullopt;
    UrlConstant constant{.written = std::string(tokens_[i].text), .line = tokens_[i].line};
    std::size_t next = i + 1;
    if (const auto text = ConstantAt(i)) {
      constant.value = text->text;
      next = text->end;
      const std::string_view last = tokens_[next - 1].text;
      constant.written.assign(tokens_[i].text.data(), last.data() + last.size());
    } else if (!IsName(i)) {
      return std::nullopt;
    } else if (const auto import = imported_.find(tokens_[i].text); import != imported_.end()) {
      constant.module = import->second.first;
      constant.name = import->second.second;
      if (Is(i + 1, ".") && IsName(i + 2) && !Is(i + 3, "(")) {
        // The module itself was imported: from app import settings.
        constant.module += Concat(".", constant.name);
        constant.name = tokens_[i + 2].text;
        constant.written += Concat(".", constant.name);
        next = i + 3;
      }
      if (assigned_.contains(tokens_[i].text) || constant.module.starts_with('.')) {
        return std::nullopt;
      }
    } else if (const auto found = Find(tokens_[i].text)) {
      constant.value = found->text;
    }
    if (constant.module.empty() && !IsUrl(constant.value)) return std::nullopt;
    next = AfterReplace(next);
    if (!Is(next, ",") && !Is(next, ")")) return std::nullopt;
    return constant;
  }

  /// Behind .replace("+aiosqlite", ""), which makes the URL of the plain driver.
  [[nodiscard]] std::size_t AfterReplace(std::size_t i) const {
    while (Is(i, ".") && Is(i + 1, "replace") && Is(i + 2, "(")) {
      const std::size_t depth = tokens_[i + 2].depth;
      const std::size_t end = std::min(tokens_.size(), i + kLongestCall);
      for (i += 3; i < end; ++i) {
        if (Is(i, ")") && tokens_[i].depth == depth) break;
      }
      ++i;
    }
    return i;
  }

  /// What every engine of the file is made from.
  [[nodiscard]] std::optional<UrlConstant> Constant() const {
    std::vector<std::optional<UrlConstant>> options;
    std::vector<std::optional<UrlConstant>> engines;
    for (std::size_t i = 0; i + 2 < tokens_.size(); ++i) {
      const std::string_view name = tokens_[i].text;
      if (!Is(i + 1, "(") || !IsName(i)) continue;
      if (name == "create_engine" || name == "create_async_engine") {
        const bool keyword = Is(i + 2, "url") && Is(i + 3, "=");
        engines.push_back(Argument(keyword ? i + 4 : i + 2));
      } else if (name == "engine_from_config" || name == "async_engine_from_config") {
        engines.emplace_back(std::nullopt);
      } else if (name == "set_main_option" && TextAt(i + 2) == "sqlalchemy.url") {
        // What stands in an if may not be carried out.
        options.push_back(tokens_[i].indented ? std::nullopt : Argument(i + 4));
      }
    }
    const auto all = [](const auto& found) {
      return !found.empty() && std::ranges::all_of(found, [](const auto& each) { return !!each; });
    };
    if (all(options)) {
      std::optional<UrlConstant> last = options.back();
      last->sets_option = true;
      return last;
    }
    if (!options.empty()) return std::nullopt;
    if (engines.empty()) return ImportedEngine();
    return all(engines) ? engines.front() : std::nullopt;
  }

  /// from app.database import engine, and engine.connect(): made in another module.
  [[nodiscard]] std::optional<UrlConstant> ImportedEngine() const {
    for (std::size_t i = 0; i + 3 < tokens_.size(); ++i) {
      const auto import = imported_.find(tokens_[i].text);
      const bool used = Is(i + 1, ".") && (Is(i + 2, "connect") || Is(i + 2, "begin")) &&
                        Is(i + 3, "(") && !(i > 0 && Is(i - 1, "."));
      if (import == imported_.end() || !used || assigned_.contains(tokens_[i].text)) continue;
      const auto& [module, name] = import->second;
      if (module.starts_with('.')) return std::nullopt;
      return UrlConstant{.written = std::string(tokens_[i].text),
                         .module = module,
                         .name = name,
                         .line = tokens_[i].line,
                         .is_engine = true};
    }
    return std::nullopt;
  }

  /// Does an engine come from something else than the configuration, or is the URL set there?
  [[nodiscard]] bool HasOwnUrl() const {
    for (std::size_t i = 0; i + 2 < tokens_.size(); ++i) {
      const std::string_view name = tokens_[i].text;
      if (TextAt(i) == "sqlalchemy.url") {
        const bool sets =
            Before(i, "set_main_option") || (i > 3 && Before(i - 2, "set_section_option"));
        // section["sqlalchemy.url"] = …, {"sqlalchemy.url": …}
        if (sets || Is(i + 1, ":") || (Is(i + 1, "]") && Is(i + 2, "="))) return true;
      }
      const bool makes = name == "create_engine" || name == "create_async_engine" ||
                         name == "engine_from_config" || name == "async_engine_from_config";
      if (makes && Is(i + 1, "(") && !ComesFromConfiguration(i + 2, tokens_[i + 1].depth)) {
        return true;
      }
    }
    return false;
  }

  /// Is the text at `i` the first argument of a call of `method`?
  [[nodiscard]] bool Before(std::size_t i, std::string_view method) const {
    return i > 1 && Is(i - 1, "(") && Is(i - 2, method);
  }

  /// Does an argument from `i` on, of a call at `depth`, speak of Alembic's configuration, or is it
  /// a name that is set to something of it?
  [[nodiscard]] bool ComesFromConfiguration(std::size_t i, std::size_t depth) const {
    for (; i < tokens_.size() && tokens_[i].depth > depth; ++i) {
      if (IsOneOf(kConfigurationNames, tokens_[i].text)) return true;
      if (configured_.contains(tokens_[i].text)) return true;
    }
    return false;
  }

  std::vector<PythonToken> tokens_;
  PythonModule module_;
  std::set<std::string, std::less<>> configured_;  // names that are set to what Alembic's ini says
  std::set<std::string> taken_;
  std::map<std::string, Assignment, std::less<>> assigned_;
  std::map<std::string, std::pair<std::string, std::string>, std::less<>> imported_;
  std::set<std::string> names_;
  bool asks_ = false;
};

}  // namespace

EnvPy ReadEnvPy(std::string_view text) { return EnvPyReader(text).Read(); }

std::optional<TextAtLine> FindConstant(std::string_view text, std::string_view name) {
  return EnvPyReader(text).Find(name);
}

bool MayReadThroughSettings(const EnvPy& env, std::string_view variable) {
  const std::string wanted = ToLower(variable);
  return std::ranges::any_of(env.names, [&](const std::string& name) {
    for (const std::string_view word :
         {"settings", "current_app", "get_url", "database_ur", "db_url", "environ", "getenv"}) {
      if (name.find(word) != std::string::npos) return true;
    }
    return name == wanted;
  });
}

}  // namespace drover::environments
