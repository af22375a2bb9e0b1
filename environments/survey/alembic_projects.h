// The Alembic configurations in a project, each with what its env.py says. Reads through the door
// of files.h, never a database.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/init_documents.h"
#include "environments/files.h"
#include "environments/survey/env_py.h"
#include "environments/survey/project_files.h"
#include "environments/survey/python_source.h"
#include "migrations/alembic/alembic_config.h"

namespace drover::environments {

/// A URL that has a place in the configuration.
struct AlembicUrl {
  std::string section;
  TextAtLine url;
};

/// Paths are relative to the root.
struct AlembicProject {
  std::string file{};               // "backend/alembic.ini"
  std::string directory{};          // "backend"
  std::string section = "alembic";  // of an ini
  /// Further sections of the same file that are Alembic's, for `alembic -n`.
  std::vector<std::string> other_sections{};
  std::vector<AlembicUrl> other_urls{};  // of those
  migrations::AlembicConfig config{};
  std::optional<TextAtLine> application_url{};  // of [app:main] in the same file
  std::vector<AlembicUrl> databases{};  // of the template "multidb", as far as they have a URL
  std::string scripts{};                // the script directory; empty: a package
  std::string env_py{};                 // empty: there is none
  PythonSource env{};                   // what it says
  EnvPy url{};                          // how it comes by its URL
  /// A URL that nothing from outside can change.
  struct Constant {
    std::string url;
    std::string where;  // of the text: "app/settings.py:3"
    std::string file;   // in which the engine is made: "backend/alembic/env.py"
    UrlConstant use{};  // there
  };
  std::optional<Constant> constant{};
  /// version_locations that only env.py sets, of the script directory; relative to the root.
  std::vector<std::string> own_folders{};
  bool shadows_package = false;  // __init__.py makes `python -m alembic` find the scripts instead
};

struct AlembicProjects {
  std::vector<AlembicProject> all;  // the nearest to the root first
  std::vector<SurveyFact> facts;
  std::vector<std::string> notes;
};

/// All of them. Since Alembic 1.16 an ini and the pyproject.toml beside it are one. Another file
/// with a section [alembic] that has a script_location (development.ini, setup.cfg) counts where
/// there is neither, and nobody else has these scripts.
[[nodiscard]] AlembicProjects FindAlembicProjects(const std::string& root,
                                                  const ProjectFiles& project, Files& files);

/// The one of `file` (relative to `root`), or of its `section`; without a `file` when it cannot be
/// read.
[[nodiscard]] AlembicProject ReadAlembicProject(const std::string& root, const std::string& file,
                                                const std::string& section, Files& files);

/// Puts that one first which is nearest to somebody in `directory`: there or above it.
void PutNearestFirst(std::vector<AlembicProject>& projects, std::string_view directory);

/// Does `directory` belong to another one than the first: the nearest at or above it, which is not
/// above the first one too?
[[nodiscard]] bool IsOfAnother(std::span<const AlembicProject> projects,
                               std::string_view directory);

}  // namespace drover::environments
