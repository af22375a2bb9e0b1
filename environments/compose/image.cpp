#include "environments/compose/image.h"

#include <map>
#include <string>

#include "base/posix.h"
#include "base/text.h"
#include "environments/compose/dockerfile.h"

namespace drover::environments {

ComposeImage ReadComposeImage(const ComposeService& service, const std::string& root,
                              Files& files) {
  ComposeImage image;
  if (!service.build) return image;
  const ComposeBuild& build = *service.build;
  std::optional<std::string> text;
  if (build.dockerfile.empty()) {
    text = build.inline_text;
  } else if (build.context.starts_with("/")) {
    text = files.Read(build.dockerfile);
  }
  if (!text) return image;
  std::map<std::string, std::string, std::less<>> arguments;
  for (const EnvFileVariable& argument : build.arguments) {
    arguments.emplace(argument.name, argument.value);
  }
  const std::optional<DockerfileImage> read = ReadDockerfile(*text, build.target, arguments);
  if (!read) return image;
  // The lines of an inline Dockerfile are not those of the compose file.
  const auto where = [&](std::size_t line) {
    return build.dockerfile.empty() ? build.where : Concat(build.dockerfile, ":", line, ":1");
  };
  if (read->workdir) {
    image.working_directory =
        ComposeWorkingDirectory{.path = read->workdir->path, .where = where(read->workdir->line)};
  }
  if (read->user) {
    image.user = ComposeUser{.text = read->user->name, .where = where(read->user->line)};
  }
  for (const auto& [name, variable] : read->environment) {
    image.environment.push_back(
        {.name = name, .value = variable.value, .where = RelativeTo(where(variable.line), root)});
  }
  return image;
}

}  // namespace drover::environments
