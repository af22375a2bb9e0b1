// The one thing drover wants from a Dockerfile: the working directory its last stage ends with.
// Pure.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace drover::environments {

struct DockerfileWorkdir {
  std::string path;      // absolute
  std::size_t line = 1;  // of the WORKDIR that decided
};

/// The WORKDIR of the stage called `target` (the last one when empty), also through stages it is
/// built FROM. Nothing when it cannot be read literally: no WORKDIR, one with variables, or a
/// relative one on top of an unknown image.
[[nodiscard]] std::optional<DockerfileWorkdir> FindWorkdir(std::string_view text,
                                                           std::string_view target);

}  // namespace drover::environments
