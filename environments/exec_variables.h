// What a command must be told so that it uses an environment's database wherever it is started:
// which variables, with which absolute URL.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/init_documents.h"
#include "environments/config.h"
#include "environments/files.h"
#include "environments/target.h"

namespace drover::environments {

/// A variable of a URL template: in `${DB_URL}` it stands for all of the URL, in
/// `sqlite:///${DATA}/app.db` for what lies between prefix and suffix.
struct TemplateVariable {
  std::string name;
  std::string prefix;
  std::string suffix;
  bool operator==(const TemplateVariable&) const = default;
};

/// The variables with which `url`, as drover.yaml has it, can be made another one: all in
/// `${A:-${B:-default}}`, or the only one of a text around it. Pure.
[[nodiscard]] std::vector<TemplateVariable> TemplateVariables(std::string_view url);

/// The variables for `environment`, whose target is `target`: those of its URL, under every
/// spelling that its env_file has; else DATABASE_URL; then DROVER_ENVIRONMENT, DROVER_PROJECT_ROOT
/// and DROVER_DATABASE_PATH. Throws kRefused ("exec.memory", "exec.unreachable": a container's
/// database that is nowhere on this machine; "url.not_expressible"), the target's error, and kIo
/// for an env_file that cannot be read.
[[nodiscard]] ExecDocument MakeExec(const Config& config, const EnvironmentConfig& environment,
                                    const Target& target, Files& files);

/// What the env_file of `environment` sets, by the rules of variables.h; without what cannot be
/// expanded. Throws kIo for a file that cannot be read.
[[nodiscard]] std::map<std::string, std::string> FileVariables(const Config& config,
                                                               const EnvironmentConfig& environment,
                                                               Files& files);

}  // namespace drover::environments
