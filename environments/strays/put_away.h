// Moves a database with its side files into an archive, and back. Opens database files raw, for
// SQLite's lock and to copy side files, so it belongs to the process of `droverd --remedy`, which
// never opens these files through SQLite (docs/ARCHITECTURE.md, "one rule").
//
// The one step that decides is the rename of the database itself. Before it, the place where the
// database comes from is complete; after it, the place where it goes to is, because copies of the
// side files with content are there already. So a process killed at any instruction leaves all of
// it in one place, and Tidy() removes what is left over in the other.
#pragma once

#include <string>
#include <vector>

#include "environments/strays/archives.h"

namespace drover::environments {

struct PutAwayRequest {
  std::string path;
  std::vector<std::string> places;  // of archives
  std::string project;
  std::string reason;  // archive | adopt
  std::string kind;    // the stray's class
  std::string environment;
  std::string fingerprint;
};

/// Puts a database away, under SQLite's exclusive lock. Throws kNotFound ("stray.missing"),
/// kRefused ("stray.held" naming the process, "stray.hot_journal", "stray.not_a_file",
/// "stray.not_writable", "archive.other_filesystem") or kIo. After an error everything is where it
/// was.
[[nodiscard]] Archive PutAway(const PutAwayRequest& request);

/// Puts the database of a complete archive back to where it was; the archive is then gone. Throws
/// kConflict ("restore.exists") when anything is in its place, kNotFound ("restore.no_directory"),
/// kRefused ("restore.replaced") for the former content of an environment's database, or kIo.
void PutBack(const Archive& archive);

/// Ends what a killed process began: moves side files after their database, removes our own copies
/// where the original is in place. Whatever is not certain stays as it is.
void Tidy(const std::vector<std::string>& places, const std::string& project);

/// Removes an archive into which no database has been put; leaves any other alone.
void Discard(const Archive& archive);

}  // namespace drover::environments
