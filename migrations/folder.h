// Reading migration folders: every *.sql file, in file-name order, re-parsed only when it changed.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/posix.h"
#include "migrations/revision.h"

namespace drover::migrations {

struct LoadedMigrations {
  std::vector<RevisionPtr> revisions;  // in load order
  std::vector<Error> problems;  // files that are not migrations; the graph is incomplete then
  std::string digest;           // of every file's name and content: changes when any of them does
};

/// The paths that may have changed since the last load; nothing: any may have.
using ChangedPaths = std::optional<std::set<std::string>>;

/// Keeps the parsed form of each file with the status it had. Used by one thread at a time.
class MigrationFolders final {
 public:
  /// Reads the folders in the given order. A missing folder is an empty one. Files that are hidden
  /// or do not end in ".sql" are left out, and so is a file that another path has led to already.
  /// With `changed`, only those files are looked at again, and those that may change without an
  /// event or a new time stamp. Throws nothing but kIo for an unreadable folder.
  [[nodiscard]] LoadedMigrations Load(std::span<const std::string> directories,
                                      const ChangedPaths& changed = std::nullopt);

 private:
  struct File {
    FileStatus status{};
    bool racy = false;    // changed so recently that the status may not show the next change
    bool linked = false;  // a symbolic link: a change of what it leads to causes no event here
    RevisionPtr revision{};
    std::optional<Error> problem{};
    std::array<std::uint64_t, 4> digest{};  // of name and content
  };
  struct Folder {
    std::string path;
    std::map<std::string, File> files{};  // by name
  };

  /// Brings `file` up to date with what lies at `path`; false when nothing does.
  [[nodiscard]] static bool Refresh(File& file, const std::string& path, const std::string& name);
  void ReadAll(std::span<const std::string> directories);
  void ReadFolder(Folder& folder, std::set<FileIdentity>& seen);
  [[nodiscard]] bool ReadChanged(const std::set<std::string>& changed);
  [[nodiscard]] bool IsKnown(const FileIdentity& identity, const std::string& path) const;
  [[nodiscard]] bool KnowsFolders(std::span<const std::string> directories) const;

  std::vector<Folder> folders_;
  bool shadowed_ = false;  // some file is left out because another path has led to it
};

}  // namespace drover::migrations
