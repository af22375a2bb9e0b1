// What drover wants from a Dockerfile: the working directory, the user and the variables that its
// last stage ends with. Pure.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace drover::environments {

struct DockerfileWorkdir {
  std::string path;      // absolute
  std::size_t line = 1;  // of the WORKDIR that decided
};

struct DockerfileVariable {
  std::string value;
  std::size_t line = 1;
};

struct DockerfileUser {
  std::string name;      // "app", "1000:1000"
  std::size_t line = 1;  // of the USER that decided
};

struct DockerfileImage {
  /// Nothing when it cannot be told: no WORKDIR, one with an unknown variable, or a relative one on
  /// top of an unknown image.
  std::optional<DockerfileWorkdir> workdir;
  std::map<std::string, DockerfileVariable, std::less<>> environment;  // of ENV, as far as known
  std::optional<DockerfileUser> user;  // nothing: no USER, or an unknown variable
};

/// The stage called `target` (the last one when empty), also through stages it is built FROM, with
/// variables from ENV and ARG. `arguments` are those of the build. Nothing when there is no such
/// stage.
[[nodiscard]] std::optional<DockerfileImage> ReadDockerfile(
    std::string_view text, std::string_view target,
    const std::map<std::string, std::string, std::less<>>& arguments = {});

}  // namespace drover::environments
