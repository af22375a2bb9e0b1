// What a service of a compose file sees: its mounts and its working directory, on the host's terms.
// Reads through the door of files.h only; never asks a container engine.
//
// Known: several files merged by target, short and long volume syntax, tmpfs, named volumes,
// variables from the project's .env, YAML anchors and merge keys. `include`, `extends`,
// `volumes_from` and the tags !reset and !override are refused ("compose.unsupported"), since
// ignoring them would give a wrong answer.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/documents.h"
#include "environments/config.h"
#include "environments/files.h"
#include "environments/target.h"

namespace drover::environments {

struct ComposeMount {
  enum class Type : std::uint8_t { kBind, kVolume, kTmpfs, kOther };
  enum class Access : std::uint8_t { kReadWrite, kReadOnly };
  /// What the engine does when the source of a bind is missing.
  enum class MissingSource : std::uint8_t { kCreateDirectory, kFail };

  Type type = Type::kVolume;
  std::string target;  // absolute and clean, in the container
  std::string host;    // the source on this machine: of a bind, or of a volume that is one
  std::string volume;  // the engine's name of a named volume; empty for an anonymous one
  Access access = Access::kReadWrite;
  MissingSource missing_source = MissingSource::kCreateDirectory;
  std::string written;             // "./application.db:/app/application.db"
  std::string where;               // "path:line:column"
  std::vector<std::string> unset;  // variables that it uses and .env does not set
};

struct ComposeWorkingDirectory {
  std::string path;   // absolute
  std::string where;  // "path:line:column", of the compose file or the Dockerfile
  Confidence confidence = Confidence::kCertain;
};

struct ComposeService {
  std::string name;
  std::string project;            // the compose project's name
  std::string project_directory;  // relative paths are relative to it
  std::vector<ComposeMount> mounts;
  std::optional<ComposeWorkingDirectory> working_directory;
  std::vector<Finding> findings;  // unset-variable, duplicate-mount-target, …
};

/// Reads the files of `reference`. `root` shortens paths in messages. Throws kNotFound
/// ("compose.not_found", "compose.unknown_service") and kInvalid ("compose.syntax", "compose.type",
/// "compose.value", "compose.unsupported", "compose.undefined_volume", "variable.*").
[[nodiscard]] ComposeService ResolveComposeService(const ComposeReference& reference,
                                                   const std::string& root, Files& files);

/// The mount with the longest target that covers `path` (absolute and clean, in the container) by
/// whole components: /app/data does not cover /app/database.db. Null when none does.
[[nodiscard]] const ComposeMount* CoveringMount(std::span<const ComposeMount> mounts,
                                                std::string_view path);

/// "bind", "volume", "tmpfs", "other".
[[nodiscard]] std::string_view MountTypeName(ComposeMount::Type type);

}  // namespace drover::environments
