// drover.yaml: what a project says about its migrations and environments. Parsing only; nothing is
// resolved here (target.h does that). Every error names file:line:column; an unknown key is an
// error with "did you mean".
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/posix.h"
#include "environments/urls/dialect.h"
#include "migrations/file_template.h"
#include "migrations/safety/policy.h"
#include "migrations/stubs.h"

namespace drover::environments {

enum class OnPending : std::uint8_t { kReport, kApply };
enum class DestructivePolicy : std::uint8_t { kAllow, kConfirm, kRefuse };

/// `compose:` of an environment: which container's view of the world its URL is written for.
struct ComposeReference {
  std::vector<std::string> files;  // absolute; none: found as compose finds them
  std::string service;
  std::string project_directory;  // absolute; empty: the directory of the first file
  std::vector<std::string> profiles;
  std::string project_name;  // empty: as compose derives it
  std::string where;
};

struct EnvironmentConfig {
  std::string name;
  std::string url;  // as written: ${…} not yet replaced; empty: the service's environment has it
  std::string url_where;
  std::vector<std::string> env_files;     // absolute; where ${…} is looked up
  std::optional<UrlDialect> url_dialect;  // nothing: guessed
  std::string url_dialect_where;
  /// Where a relative path of the URL begins: absolute, in the container when there is one. Empty:
  /// where the dialect says.
  std::string relative_to;
  std::string relative_to_where;
  OnPending on_pending = OnPending::kReport;
  bool is_protected = false;
  std::optional<ComposeReference> compose;
  std::string where;
};

struct Config {
  std::string path;  // of drover.yaml, absolute
  std::string root;  // its directory
  std::string project;
  std::vector<std::string> migration_directories;  // absolute
  std::string migrations_where;                    // of their names; empty: they are the default
  std::vector<std::string> schema_files;           // absolute; may be empty
  migrations::FileTemplate file_template;          // of new migrations
  std::string version_table = "drover_version";
  migrations::Stubs stubs;  // what the application defines, for replays of the schema
  std::string default_environment;
  std::vector<EnvironmentConfig> environments;  // in file order; at least one
  DestructivePolicy destructive = DestructivePolicy::kConfirm;
  migrations::SafetyPolicy safety;        // an empty directory of backups: in the state directory
  std::vector<std::string> stray_roots;   // absolute; default: the project root
  std::vector<std::string> stray_ignore;  // globs relative to the root
  std::vector<std::string> drift_ignore;  // globs over the names of tables and other objects
  std::string sha256;                     // of the file's bytes

  /// The environment called `name`; null when there is none.
  [[nodiscard]] const EnvironmentConfig* Find(std::string_view name) const;
};

/// Parses the text of the drover.yaml at `path` (absolute). Throws kInvalid: "config.syntax",
/// "config.unknown_key", "config.duplicate_key", "config.type", "config.value", "config.missing",
/// "config.unsupported".
[[nodiscard]] Config ParseConfig(std::string_view text, const std::string& path);

/// Throws kNotFound ("environment.unknown") with "did you mean" and the list of names.
[[nodiscard]] const EnvironmentConfig& FindEnvironment(const Config& config, std::string_view name);

}  // namespace drover::environments
