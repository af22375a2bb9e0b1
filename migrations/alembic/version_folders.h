// Where the revisions of an Alembic project lie: from its configuration to folders on this machine,
// without Python. Reads the configuration and lists directories; changes nothing.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/text.h"

namespace drover::migrations {

/// Where to look; all paths absolute.
struct AlembicPlace {
  std::string root;                // of the project
  std::string config{};            // alembic.ini or pyproject.toml; empty: that in the root
  std::string config_where{};      // "drover.yaml:4:11", for errors; may be empty
  std::string section{"alembic"};  // of an ini
};

struct VersionFolders {
  std::string config{};                         // the file that was read; empty: there is none
  std::optional<TextAtLine> script_location{};  // as written
  std::string scripts{};                        // the directory with env.py; empty: not found
  /// The folders of revisions in Alembic's order; with recursive_version_locations every one below
  /// them too.
  std::vector<std::string> directories{};
  std::vector<std::string> inputs{};  // files that were read or looked for
  /// Alembic, with a relative script_location, or with imports below a relative prepend_sys_path,
  /// runs only in this directory; empty: anywhere.
  std::string runs_in{};
  std::optional<Error> problem{};  // why there are no directories
};

/// Finds them. A relative location begins where Alembic is started, which nobody knows: taken is
/// the directory of the configuration, or else the project's root, whichever has it. A package
/// ("app.db:migrations") is sought below prepend_sys_path, those two, and `src` in them. Problems:
/// kNotFound ("alembic.no_config", "alembic.no_section"), kInvalid ("alembic.no_location",
/// "alembic.separator"), and kIo.
[[nodiscard]] VersionFolders FindVersionFolders(const AlembicPlace& place);

}  // namespace drover::migrations
