// The drover.yaml of a project on disk: whose it must be, and reading it again only when it
// changed.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/error.h"
#include "base/posix.h"
#include "environments/config.h"

namespace drover::environments {

/// The configuration in force: the last good one. Used by one thread at a time.
class ConfigFile final {
 public:
  /// Of the project at `root`; reads nothing yet.
  explicit ConfigFile(const std::string& root);

  /// Looks at the file: nothing is read while its status is the same, nothing parsed while its
  /// bytes are. True when another configuration is in force since. Never throws Error: what is
  /// wrong with the file is error().
  bool Refresh();

  [[nodiscard]] const std::string& path() const { return path_; }
  /// Null: there never was a good one. What it points to never changes.
  [[nodiscard]] const std::shared_ptr<const Config>& config() const { return config_; }
  /// Why the file as it was seen last is not in force: "config.not_found" (kNotFound),
  /// "config.owner", "config.writable" (kRefused: the file must belong to the user or root and must
  /// not be writable by everybody, since automatic apply obeys it), and those of ParseConfig and
  /// ReadFile.
  [[nodiscard]] const std::optional<Error>& error() const { return error_; }

 private:
  [[nodiscard]] std::string Read(const std::optional<FileStatus>& status) const;
  [[nodiscard]] bool Parse(const std::string& text);

  std::string path_;
  std::shared_ptr<const Config> config_;
  std::optional<Error> error_;
  std::optional<FileStatus> status_;
  bool racy_ = true;  // the status may not show the next change
};

/// Reads and parses `root`/drover.yaml once. Throws what ConfigFile::error() says.
[[nodiscard]] Config LoadConfig(const std::string& root);

/// The rule of ownership by itself. `user` is the effective user; `sudo_user` is who called sudo,
/// and counts only for root; root without it accepts any owner. Throws kRefused as above.
void CheckOwnership(const FileStatus& file, const std::string& path, std::uint32_t user,
                    std::optional<std::uint32_t> sudo_user);

}  // namespace drover::environments
