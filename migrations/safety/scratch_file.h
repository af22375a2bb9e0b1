// A database that is worked on and thrown away.
#pragma once

#include <string>

#include "migrations/safety/policy.h"

namespace drover::migrations {

/// The name of a file that does not exist yet, in a directory, by default that of a database's
/// backups, which is made if need be. The file, once there, is removed with its side files when
/// this object ends; what a killed process left, by the next backup (or snapshot) an hour later.
class ScratchFile final {
 public:
  /// Throws kIo.
  ScratchFile(const std::string& database, const BackupPolicy& policy);
  explicit ScratchFile(std::string directory);
  ScratchFile(const ScratchFile&) = delete;
  ScratchFile& operator=(const ScratchFile&) = delete;
  ~ScratchFile();

  [[nodiscard]] const std::string& directory() const { return directory_; }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string directory_;
  std::string path_;
};

/// A directory of that kind.
class ScratchDirectory final {
 public:
  /// Throws kIo.
  ScratchDirectory(const std::string& database, const BackupPolicy& policy);
  explicit ScratchDirectory(const std::string& directory);
  ScratchDirectory(const ScratchDirectory&) = delete;
  ScratchDirectory& operator=(const ScratchDirectory&) = delete;
  ~ScratchDirectory();

  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace drover::migrations
