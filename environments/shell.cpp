#include "environments/shell.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "base/text.h"
#include "environments/hazards.h"
#include "environments/settings.h"

namespace drover::environments {
namespace {

using Shell = std::map<std::string, std::string>;

/// Beyond this number nobody wants to know which of them it is.
constexpr std::size_t kMostSuspects = 8;

Target ResolveIn(const Shell& variables, const Config& config, const EnvironmentConfig& environment,
                 Files& files) {
  ComposeSurroundings surroundings = DaemonSurroundings();
  surroundings.variables = variables;
  return ResolveTarget(config, environment, files, surroundings);
}

bool SamePlace(const Target& one, const Target& other) {
  return one.kind == other.kind && one.path == other.path && one.key == other.key;
}

/// Those of the variables that `target` asks for.
Shell Asked(const Shell& variables, const Target& target) {
  Shell asked;
  for (const auto& [name, value] : variables) {
    const bool wanted = std::ranges::any_of(
        target.variables, [&](const std::string& each) { return SameSetting(each, name); });
    if (wanted) asked.emplace(name, value);
  }
  return asked;
}

/// The variables without any of which the result would be another; all when none stands out.
std::vector<std::string> Deciding(const Shell& asked, const Target& there, const Config& config,
                                  const EnvironmentConfig& environment, Files& files) {
  std::vector<std::string> all;
  for (const auto& [name, value] : asked) all.push_back(name);
  if (all.size() < 2 || all.size() > kMostSuspects) return all;
  std::vector<std::string> deciding;
  for (const std::string& name : all) {
    Shell others = asked;
    others.erase(name);
    if (!SamePlace(ResolveIn(others, config, environment, files), there)) deciding.push_back(name);
  }
  return deciding.empty() ? all : deciding;
}

/// What the shell's value wins over: the line of a file, or the default.
std::string Beaten(const EnvironmentConfig& environment, const Target& target) {
  const bool told = !environment.compose && target.provenance.size() > 1 &&
                    environment.url.find('$') != std::string::npos;
  return told ? target.provenance[1].from : "the files";
}

std::string Named(const Target& target, const Config& config) {
  // Its message could repeat what the shell has set.
  if (target.error) return "something else than a SQLite file of this machine";
  if (target.kind == TargetKind::kMemory) return "a database in memory";
  return RelativeTo(target.path, config.root);
}

}  // namespace

Shell ParseShellVariables(std::span<const std::string> pairs) {
  Shell variables;
  for (const std::string& pair : pairs) {
    const std::size_t equals = pair.find('=');
    if (equals == std::string::npos || equals == 0) {
      throw Error(Code::kInvalid, "protocol.params",
                  "an entry of \"variables\" is not of the form NAME=value");
    }
    variables.insert_or_assign(pair.substr(0, equals), pair.substr(equals + 1));
  }
  return variables;
}

std::optional<ShellComparison> CompareWithShell(const Config& config,
                                                const EnvironmentConfig& environment,
                                                const Target& target, const Shell& variables,
                                                Files& files) {
  const Shell asked = Asked(variables, target);
  if (asked.empty()) return std::nullopt;
  const Target there = ResolveIn(asked, config, environment, files);
  ShellComparison comparison;
  comparison.where.variables = Deciding(asked, there, config, environment, files);
  if (!there.path.empty()) comparison.where.path = there.path;
  comparison.where.same = SamePlace(target, there);
  if (comparison.where.same) return comparison;
  const std::vector<std::string>& names = comparison.where.variables;
  comparison.finding =
      MakeFinding("shell-variable-wins",
                  Concat(environment.compose ? "a container" : "an application",
                         " started from this shell would use ", Named(there, config), ": ",
                         Join(names, ", "), names.size() > 1 ? " are" : " is", " set there and win",
                         names.size() > 1 ? "" : "s", " over ", Beaten(environment, target)),
                  environment.url_where, Concat("unset ", Join(names, " ")));
  comparison.finding->environment = environment.name;
  return comparison;
}

}  // namespace drover::environments
