// Reading migration folders: every file of a format, in file-name order, re-parsed only when it
// changed.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/posix.h"
#include "migrations/revision.h"

namespace drover::migrations {

/// A larger file is none.
inline constexpr std::size_t kLargestMigration = std::size_t{64} << 20U;

/// How the files of one format are told by their names, and read.
struct MigrationFormat {
  Format format;
  bool (*has_name)(std::string_view name);
  /// Throws kInvalid for a file that is no migration.
  ParsedMigration (*parse)(std::string_view text, const std::string& path);
};

/// Files that end in ".sql" and are not hidden (native_format.h); Alembic's
/// (alembic/version_file.h).
[[nodiscard]] const MigrationFormat& FindMigrationFormat(Format format);

struct LoadedMigrations {
  std::vector<RevisionPtr> revisions;  // in load order
  std::vector<Remark> remarks{};
  std::vector<Error> problems;  // files that are not migrations; the graph is incomplete then
  std::string digest;           // of every file's name and content: changes when any of them does
};

/// The paths that may have changed since the last load; nothing: any may have.
using ChangedPaths = std::optional<std::set<std::string>>;

/// Keeps the parsed form of each file with the status it had. Used by one thread at a time.
class MigrationFolders final {
 public:
  explicit MigrationFolders(Format format = Format::kNative)
      : format_(FindMigrationFormat(format)) {}

  [[nodiscard]] Format format() const { return format_.get().format; }

  /// Reads the folders in the given order. A missing folder is an empty one. Files of other names
  /// than the format's are left out, and so is a file that another path has led to already.
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
    std::vector<Remark> remarks{};
    std::optional<Error> problem{};
    std::array<std::uint64_t, 4> digest{};  // of name and content
  };
  struct Folder {
    std::string path;
    std::map<std::string, File> files{};  // by name
  };

  /// Brings `file` up to date with what lies at `path`; false when nothing does.
  [[nodiscard]] bool Refresh(File& file, const std::string& path, const std::string& name) const;
  void ReadAll(std::span<const std::string> directories);
  void ReadFolder(Folder& folder, std::set<FileIdentity>& seen);
  [[nodiscard]] bool ReadChanged(const std::set<std::string>& changed);
  [[nodiscard]] bool IsKnown(const FileIdentity& identity, const std::string& path) const;
  [[nodiscard]] bool KnowsFolders(std::span<const std::string> directories) const;

  std::reference_wrapper<const MigrationFormat> format_;
  std::vector<Folder> folders_;
  bool shadowed_ = false;  // some file is left out because another path has led to it
};

}  // namespace drover::migrations
