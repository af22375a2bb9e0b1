// A compose project as far as it decides where databases lie: its services with their mounts, their
// working directories and their variables, on this machine's terms. Reads through the door of
// files.h only; never asks a container engine.
//
// The semantics are those of Docker Compose: discovery, overrides, several files and documents,
// project names, profiles, interpolation, merge keys, !reset and !override, extends, include, short
// and long syntax, named volumes, tmpfs, configs and secrets. In stages, each in files of its own:
// compose_files (which files) -> compose_loader (one tree) -> compose_model (what it says) ->
// compose_locate (from a path in a container to one on this machine).
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/error_documents.h"
#include "environments/compose/environment.h"
#include "environments/config.h"
#include "environments/files.h"

namespace drover::environments {

struct ComposeMount {
  enum class Type : std::uint8_t { kBind, kVolume, kTmpfs, kImage, kNamedPipe, kCluster, kOther };
  enum class Origin : std::uint8_t { kVolumes, kTmpfs, kConfig, kSecret };
  enum class Access : std::uint8_t { kReadWrite, kReadOnly };
  /// What happens when the source of a bind is missing. For long syntax that does not say it, older
  /// versions of compose let the start fail, newer ones create a directory.
  enum class MissingSource : std::uint8_t { kCreateDirectory, kFail, kDependsOnVersion };

  Type type = Type::kVolume;
  Origin origin = Origin::kVolumes;
  std::string target;  // in the container; clean, and absolute unless the engine would refuse it
  std::string host;    // the source on this machine: of a bind, or of a volume that is one
  std::string volume;  // the engine's name of a named volume; empty for an anonymous one
  std::string device;  // of a named volume with driver_opts, as compose resolves it
  std::string device_type;  // of the same: "none", "tmpfs", "nfs"
  std::string driver;       // of a named volume, unless it is the local one
  std::string subpath;      // in the volume
  bool is_external = false;
  Access access = Access::kReadWrite;
  MissingSource missing_source = MissingSource::kCreateDirectory;
  std::string written;             // "./application.db:/app/application.db"
  std::string where;               // "path:line:column"
  std::vector<std::string> unset;  // variables that it uses and .env does not set
};

struct ComposeWorkingDirectory {
  std::string path;   // absolute
  std::string where;  // "path:line:column"
};

/// As whom the processes of a service run: "1000", "1000:1000", "app".
struct ComposeUser {
  std::string text;
  std::string where;  // "path:line:column"
};

/// How the image of a service is built.
struct ComposeBuild {
  std::string context;     // absolute; or a URL
  std::string dockerfile;  // absolute; empty when `inline_text` counts
  std::string inline_text;
  std::string target;
  std::vector<EnvFileVariable> arguments;
  std::string where;
};

struct ComposeService {
  std::string name;
  bool is_active = true;  // false: none of its profiles is switched on
  std::vector<std::string> profiles;
  std::vector<ComposeMount> mounts;
  std::optional<ComposeWorkingDirectory> working_directory;
  std::optional<ComposeUser> user;
  std::optional<ComposeBuild> build;
  std::vector<EnvFileVariable> environment;  // `environment` over `env_file`, sorted by name
  std::optional<Error> environment_error;    // why not all of it is known
  std::string volumes_from;                  // "path:line:column" of the key, if it is there
  std::vector<Finding> findings;
  std::optional<Error> error;  // why its mounts cannot be told
  std::string where;
};

struct ComposeProject {
  std::string name;
  std::string directory;           // relative paths begin there
  std::vector<std::string> files;  // the compose files that were named or found
  std::vector<ComposeService> services;
  std::set<std::string> variables;  // those with which the shell could change all this
  std::vector<Finding> findings;    // of the project as a whole
  std::optional<Error> error;       // why it cannot be loaded; there are no services then

  /// Null when there is none.
  [[nodiscard]] const ComposeService* Find(std::string_view service) const;
};

/// Loads the project of `reference`; `root` shortens paths in messages. Never throws for a bad
/// project: what is wrong is in `error`, beside the findings made until then.
[[nodiscard]] ComposeProject LoadComposeProject(const ComposeReference& reference,
                                                const std::string& root,
                                                const ComposeSurroundings& surroundings,
                                                Files& files);

/// The service that `reference` names. Throws the project's error or the service's, and kNotFound
/// ("compose.unknown_service") with "did you mean".
[[nodiscard]] const ComposeService& FindComposeService(const ComposeProject& project,
                                                       const ComposeReference& reference);

/// "bind", "volume", "tmpfs", "image", "npipe", "cluster", "config", "secret", "other".
[[nodiscard]] std::string_view MountTypeName(const ComposeMount& mount);

/// A compose project's name: lower case, only [a-z0-9_-], beginning with a letter or digit.
[[nodiscard]] std::string NormaliseProjectName(std::string_view name);

}  // namespace drover::environments
