// The places in a project that name a SQLite database: .env files, Alembic's configuration, Python
// sources, the settings of Django, Prisma and Rails, services of compose files. Reads through the
// door of files.h, never a database. What cannot be read becomes a note.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/init_documents.h"
#include "environments/files.h"
#include "environments/survey/alembic_projects.h"
#include "environments/survey/project_files.h"
#include "environments/survey/url_parts.h"

namespace drover::environments {

/// One database, as one place names it. Paths are relative to the root.
struct UrlSource {
  std::string kind{};                    // env | alembic | code | settings | compose | file
  std::string name{};                    // proposed for the environment
  std::string url{};                     // for drover.yaml: "${DB_URL:-sqlite:///./app.db}"
  std::string value{};                   // with its variables replaced
  std::string variable{};                // that holds it; may be empty
  std::string code_name{};               // that the code gives it; may be empty
  std::vector<std::string> env_files{};  // where the variable is set
  std::vector<std::string> bases{};      // where a relative path may begin, the likeliest first
  bool base_is_certain = false;          // it is the first of them
  std::string dialect{};                 // empty: as drover guesses
  std::string where{};                   // ".env:1"
  std::vector<std::string> comments{};   // sentences
  std::vector<std::string> compose_files{};
  std::string service{};
};

/// `env_file=".env"` of pydantic-settings.
struct SettingsFile {
  std::string where;  // "app/settings.py:8"
  std::string env_file;
  std::string base;  // the directory of the application that it belongs to
};

struct ProjectSources {
  std::vector<UrlSource> urls;          // the most telling first
  std::vector<UrlSource> elsewhere;     // what other Alembic projects in it name
  std::vector<AlembicProject> alembic;  // the first is the project's
  std::vector<SettingsFile> settings;
  bool has_settings_class = false;  // pydantic's, whose fields are variables
  std::vector<UrlPart> parts;
  std::set<std::string> asked_for;               // variables that the code reads
  std::vector<std::string> compose_directories;  // in which services work, on this machine
  std::vector<SurveyFact> facts;
  std::vector<std::string> notes;
};

/// Everything that `project`, listed at `root`, says to somebody in `from` (relative to the root):
/// of several Alembic projects the one nearest to him is meant.
[[nodiscard]] ProjectSources FindUrlSources(const std::string& root, const std::string& from,
                                            const ProjectFiles& project, Files& files);

/// Could the value of a variable be a SQLite URL, or the path of a database? Only a name that
/// speaks of a database makes a path of one.
[[nodiscard]] bool NamesSqlite(std::string_view variable, std::string_view value);

/// Letters, digits and '-': what an environment may be called.
[[nodiscard]] std::string EnvironmentName(std::string_view text);

/// `value` for drover.yaml, where a $ would begin a variable.
[[nodiscard]] std::string LiteralUrl(std::string_view value);

/// The `url_dialect` that makes drover read `url`, which it has put together itself, as SQLAlchemy
/// does; empty where it would anyway. `root` is the project's.
[[nodiscard]] std::string DialectOfOwnUrl(std::string_view url, const std::string& root,
                                          Files& files);

/// `${NAME:-value}`, or `${NAME}` when the value could not stand there.
[[nodiscard]] std::string VariableTemplate(std::string_view variable, std::string_view value);

}  // namespace drover::environments
