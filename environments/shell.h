// What the shell of the user changes: an application, or docker compose, that is started from it
// sees its variables, and they win over those of .env files. The daemon's own environment is never
// used; the client sends the variables that a target asks for, and nothing of them is kept.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error_documents.h"
#include "base/where_documents.h"
#include "environments/config.h"
#include "environments/files.h"
#include "environments/target.h"

namespace drover::environments {

/// "NAME=value" as variables. Throws kInvalid ("protocol.params") for a text without '=' or name.
[[nodiscard]] std::map<std::string, std::string> ParseShellVariables(
    std::span<const std::string> pairs);

/// How `target` of `environment` differs for what is started from a shell with `variables`; nothing
/// when none of them is asked for. Values are named nowhere, only the path that they lead to.
struct ShellComparison {
  ShellWhere where;
  std::optional<Finding> finding;  // shell-variable-wins
};
[[nodiscard]] std::optional<ShellComparison> CompareWithShell(
    const Config& config, const EnvironmentConfig& environment, const Target& target,
    const std::map<std::string, std::string>& variables, Files& files);

}  // namespace drover::environments
