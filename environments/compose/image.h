// What the image of a service adds to its compose file: read from the Dockerfile it is built from,
// so only likely, since the image may be an older build and its entrypoint may change both.
#pragma once

#include <optional>
#include <vector>

#include "environments/compose/compose.h"
#include "environments/files.h"

namespace drover::environments {

struct ComposeImage {
  std::optional<ComposeWorkingDirectory> working_directory;  // of WORKDIR
  std::optional<ComposeUser> user;                           // of USER
  std::vector<EnvFileVariable> environment;                  // of ENV
};

/// Empty when the service is not built here, or its Dockerfile cannot be read or does not say.
/// `root` shortens paths in `where` of variables. Throws kIo.
[[nodiscard]] ComposeImage ReadComposeImage(const ComposeService& service, const std::string& root,
                                            Files& files);

}  // namespace drover::environments
