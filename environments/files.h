// The door through which configuration is read: it remembers which files were asked for, so that
// the daemon knows what to watch. Never used on database files except to stat them.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "base/posix.h"

namespace drover::environments {

/// Can something be seen? kClosed: a directory on the way may not be searched.
enum class Reach : std::uint8_t { kThere, kMissing, kClosed };

class Files {
 public:
  virtual ~Files() = default;

  /// The content of a configuration file (at most 4 MiB), or nothing when it does not exist.
  /// Throws kIo or kInvalid otherwise.
  [[nodiscard]] virtual std::optional<std::string> Read(const std::string& path) = 0;

  /// The status of any file, or nothing when it does not exist.
  [[nodiscard]] virtual std::optional<FileStatus> Stat(const std::string& path) = 0;

  /// The same question where being refused is an answer. Throws kIo for other failures.
  [[nodiscard]] virtual Reach Probe(const std::string& path) = 0;

  /// `path` with symbolic links resolved as far as it exists.
  [[nodiscard]] virtual std::string Real(const std::string& path) = 0;

  /// Is `path` a directory without anything in it? False when that cannot be told.
  [[nodiscard]] virtual bool IsEmptyDirectory(const std::string& path) = 0;

  /// The name of the file system at `path` when it is a server's or a host's: "nfs", "9p", "fuse".
  [[nodiscard]] virtual std::optional<std::string> RemoteFileSystem(const std::string& path) = 0;
};

/// The real file system. `read_paths` are all files asked for by Read, found or not.
class RealFiles final : public Files {
 public:
  [[nodiscard]] std::optional<std::string> Read(const std::string& path) override;
  [[nodiscard]] std::optional<FileStatus> Stat(const std::string& path) override;
  [[nodiscard]] Reach Probe(const std::string& path) override;
  [[nodiscard]] std::string Real(const std::string& path) override;
  [[nodiscard]] bool IsEmptyDirectory(const std::string& path) override;
  [[nodiscard]] std::optional<std::string> RemoteFileSystem(const std::string& path) override;

  [[nodiscard]] const std::set<std::string>& read_paths() const { return read_paths_; }

 private:
  std::set<std::string> read_paths_;
};

}  // namespace drover::environments
