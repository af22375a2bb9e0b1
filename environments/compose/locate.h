// From a path in a container to a path on this machine: by the mount with the longest target that
// covers it. Looks at files through the door of files.h; never asks a container engine.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/error_documents.h"
#include "environments/compose/compose.h"
#include "environments/files.h"
#include "environments/target.h"

namespace drover::environments {

struct ComposePlace {
  const ComposeMount* mount = nullptr;  // in the service; null when none covers the path
  std::string host;                     // on this machine; empty when it is nowhere here
  Confidence confidence = Confidence::kUnknown;
  std::vector<std::string> shared_with;  // other services that mount it
  std::vector<Finding> findings;
  std::optional<Error> error;  // why there is no database to be had at `host`
};

/// Where `path` (absolute and clean, in the container of `service`) lies. A named volume is looked
/// for where Docker and Podman, of the system and of the user, keep them: it is "likely" there when
/// its directory can be read, else `host` is where it would be, and the error says why that is no
/// use. `root` shortens paths in messages, `provision` is the command that makes the database.
/// Throws kIo when a file's status cannot be read.
[[nodiscard]] ComposePlace LocateInService(const ComposeProject& project,
                                           const ComposeService& service, const std::string& path,
                                           const ComposeSurroundings& surroundings,
                                           const std::string& root, const std::string& provision,
                                           Files& files);

/// The mount with the longest target that covers `path` by whole components: /app/data does not
/// cover /app/database.db. Null when none does.
[[nodiscard]] const ComposeMount* CoveringMount(std::span<const ComposeMount> mounts,
                                                std::string_view path);

}  // namespace drover::environments
