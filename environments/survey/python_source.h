// What a Python source says about databases, read token by token without Python: SQLite URLs, in
// quotes or put together as python_expression.h understands it, the variables that it asks for,
// settings that name a .env file. Only what is evident; what else is put together at run time is
// not seen. Pure.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/text.h"

namespace drover::environments {

struct PythonSource {
  struct Url {
    std::string url;       // "sqlite:///./app.db"
    std::string variable;  // of os.getenv("DATABASE_URL", "sqlite:///./app.db"); may be empty
    std::size_t line = 1;
    std::string name{};      // that the module or its settings give it; may be empty
    bool from_file = false;  // the path in it begins at the place of the file, and is absolute
  };
  std::vector<Url> urls;
  std::vector<TextAtLine> variables;        // os.environ["X"], os.getenv("X"), … about a database
  std::vector<TextAtLine> env_files;        // env_file=".env" of pydantic-settings, relative
  std::optional<TextAtLine> version_table;  // version_table="…" of Alembic's env.py
  /// context.script.version_locations = ["…"] of env.py, when nothing else is in the list.
  std::vector<TextAtLine> version_locations;
  std::optional<TextAtLine> django_name;  // NAME of a SQLite database in Django's settings
  bool has_settings_class = false;        // names BaseSettings of pydantic
  bool is_django_migration = false;
  bool is_alembic_revision = false;
};

/// `file` is the absolute path of the source; without it nothing is known of __file__.
[[nodiscard]] PythonSource ReadPythonSource(std::string_view text, const std::string& file = {});

}  // namespace drover::environments
