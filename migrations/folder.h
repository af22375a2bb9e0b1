// Reading migration folders: every *.sql file, in file-name order, re-parsed only when it changed.
#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/posix.h"
#include "migrations/revision.h"

namespace drover::migrations {

struct LoadedMigrations {
  std::vector<Revision> revisions;  // in load order
  std::vector<Error> problems;      // files that are not migrations; the graph is incomplete then
  std::string digest;  // of every file's name and content: changes when any of them does
};

/// Keeps the parsed form of each file with the status it had. Used by one thread at a time.
class MigrationFolders final {
 public:
  /// Reads the folders in the given order. A missing folder is an empty one. Files that are hidden
  /// or do not end in ".sql" are left out. Throws nothing but kIo for an unreadable folder.
  [[nodiscard]] LoadedMigrations Load(std::span<const std::string> directories);

 private:
  struct Parsed {
    FileStatus status;
    bool racy = false;  // changed so recently that the status may not show the next change
    std::vector<Revision> revision;  // one, or none when there is a problem
    std::vector<Error> problem;
    std::string sha256;
  };

  const Parsed& ParsedFile(const std::string& path, const FileStatus& status);

  std::map<std::string, Parsed> files_;
};

}  // namespace drover::migrations
