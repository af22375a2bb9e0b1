// What the state of a database means where it lies: its journal mode on this mount and file system,
// its owner for that container, what git would do with it. Looks at files through the door of
// files.h and at git's own files; never at the bytes of a database.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/error_documents.h"
#include "environments/files.h"
#include "environments/git_tracking.h"
#include "environments/safe_fixes.h"
#include "environments/target.h"

namespace drover::environments {

/// A target with what a look into its database has shown.
struct DatabaseSight {
  const Target* target = nullptr;
  std::string where;        // the line that names the environment's database
  std::optional<bool> wal;  // the journal mode; nothing while it is not known
  bool hot_journal = false;
  bool damaged = false;
};

/// Findings with the environment's name, and what is well although people fear it.
struct DatabaseHazards {
  std::vector<Finding> findings;
  std::vector<Finding> notes;
  std::vector<SafeFix> fixes;
};

/// What follows from the mount that leads to it: wal-across-single-file,
/// journal-across-single-file, wal-shared-local-ok, uid-mismatch.
void FindMountHazards(const DatabaseSight& sight, const std::string& root, Files& files,
                      DatabaseHazards& found);

/// What holds for the file whoever uses it: wal-on-remote-fs, hot-journal. Once for each file.
void FindFileHazards(const DatabaseSight& sight, const std::string& root, Files& files,
                     DatabaseHazards& found);

/// db-in-git, gitignore-gap. Once for each file. What is outside of `root` gets no fix.
void FindGitHazards(const DatabaseSight& sight, const std::string& root, GitTracking& git,
                    DatabaseHazards& found);

}  // namespace drover::environments
