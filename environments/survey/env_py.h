// How Alembic's env.py comes by the URL of its database, as far as the source alone tells: a text
// that nothing can change, or the settings of the application. Only what is certain; read token by
// token without Python. Pure.
#pragma once

#include <cstddef>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "base/text.h"

namespace drover::environments {

/// The URL that an engine is made from in any case.
struct UrlConstant {
  std::string written{};  // the argument: "\"sqlite:///app.db\"", "URL", "settings.URL"
  std::string value{};    // the text; empty while it is in `module`
  std::string module{};   // "app.settings"; empty: it stands in env.py itself
  std::string name{};     // of the variable in that module
  std::size_t line = 1;
  bool is_engine = false;    // `name` is the engine itself, made in `module`
  bool sets_option = false;  // by set_main_option("sqlalchemy.url", …), else by create_engine(…)
};

struct EnvPy {
  std::optional<UrlConstant> constant;
  std::set<std::string> names;  // every name in it, in lower case
  std::set<std::string> taken;  // names that it imports, or has behind a dot
  /// The module that it imports an engine from, to connect with it; empty: none.
  std::string engine_module;
  /// It sets sqlalchemy.url itself, or makes an engine from something else than the configuration:
  /// what the configuration says does not count.
  bool has_own_url = false;
  bool is_flask_migrate = false;  // it asks the Flask application
};

/// A constant is only found where every engine is made from one, unconditionally, and the file asks
/// for no variable and no -x argument.
[[nodiscard]] EnvPy ReadEnvPy(std::string_view text);

/// The text that the module `text` sets `name` to, once and for all; nothing when it asks for
/// variables or sets it in any other way.
[[nodiscard]] std::optional<TextAtLine> FindConstant(std::string_view text, std::string_view name);

/// Could env.py take the value of `variable` from settings that other modules read: a name of it
/// speaks of settings, of the application or of the variable?
[[nodiscard]] bool MayReadThroughSettings(const EnvPy& env, std::string_view variable);

}  // namespace drover::environments
