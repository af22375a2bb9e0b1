// What an environment resolves to: which file, by which steps, and how sure that is.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/error_documents.h"
#include "base/posix.h"
#include "base/where_documents.h"
#include "environments/compose/compose.h"
#include "environments/config.h"
#include "environments/files.h"

namespace drover::environments {

enum class TargetKind : std::uint8_t { kFile, kMemory, kUnresolved };
enum class Confidence : std::uint8_t { kCertain, kLikely, kUnknown };

struct Target {
  std::string environment;
  TargetKind kind = TargetKind::kUnresolved;
  /// Absolute, symbolic links resolved as far as the path exists. Of kFile; and of kUnresolved when
  /// the path is known but unusable (a directory in its place).
  std::string path;
  std::optional<FileStatus> file;  // nothing while the database does not exist
  /// Equal for two environments exactly if they are one file: "device:inode" of the file, or, while
  /// it is missing, of its nearest existing directory plus the rest of the path. Empty unless
  /// kFile.
  std::string key;
  /// The path of a relative URL as the application would resolve it against its working directory
  /// ("application.db", "data/app.db"); empty for an absolute one. Stripping it from a stray's path
  /// gives the directory the stray was made from.
  std::string relative_tail;
  /// Of a relative URL on this machine whose file depends on where the application is started:
  /// the directory it should be, and the path as it is written.
  struct FromDirectory {
    std::string directory;
    std::string path;
  };
  std::optional<FromDirectory> from_directory;
  std::string url_dialect;  // which reading of the URL it is; empty when there was none to read
  std::string url;          // with its variables replaced; of a SQLite database only
  /// The variable of the compose service that holds the URL; empty when drover.yaml has one.
  std::string service_variable;
  /// The variables with which a shell could change the answer, set or not; of a compose project not
  /// those whose names speak of secrets.
  std::set<std::string> variables;
  /// The mount through which the file of a compose service is this machine's.
  struct Mount {
    std::string service;
    std::string where;   // of the mount: "path:line:column"
    std::string source;  // of a bind, on this machine; empty for a named volume
    bool single_file = false;
    std::optional<ComposeUser> user;       // of the service's processes, as far as it is written
    std::vector<std::string> shared_with;  // other services
  };
  std::optional<Mount> mount;
  Confidence confidence = Confidence::kUnknown;
  std::vector<Provenance> provenance;  // URL as written -> value -> path -> host path -> real path
  std::vector<MountEntry> mounts;      // of the compose service, if any
  std::vector<Finding> findings;
  std::optional<ErrorBody> error;  // why it is kUnresolved
};

/// What surrounds compose, and the application, for the daemon: nothing is known of the shell, ~ is
/// this user's home.
[[nodiscard]] ComposeSurroundings DaemonSurroundings();

/// Resolves one environment. The variables of `surroundings` come before those of .env files, as
/// for an application that is started there. Never throws for a bad environment: the error is in
/// the target.
[[nodiscard]] Target ResolveTarget(const Config& config, const EnvironmentConfig& environment,
                                   Files& files,
                                   const ComposeSurroundings& surroundings = DaemonSurroundings());

[[nodiscard]] std::string_view ConfidenceName(Confidence confidence);

}  // namespace drover::environments
