#include "daemon/alembic.h"

#include <algorithm>
#include <vector>

#include "base/error.h"
#include "base/posix.h"
#include "base/text.h"

namespace drover::daemon {
namespace {

/// Alembic itself, as the project's configuration says it is started: words for a shell.
std::string Program(const Observation& seen) {
  if (seen.config->alembic.command.empty()) return "alembic";
  std::vector<std::string> words;
  for (const std::string& word : seen.config->alembic.command) words.push_back(ShellQuote(word));
  return Join(words, " ");
}

/// What Alembic, started in `directory`, must be told that neither its defaults nor `command` say.
std::string Options(const Observation& seen, const std::string& directory) {
  const auto says = [&](std::string_view brief, std::string_view full) {
    return std::ranges::any_of(seen.config->alembic.command, [&](std::string_view word) {
      return word == brief || word.starts_with(full);
    });
  };
  const std::string& file = seen.alembic.config;
  const std::string name = BaseName(file);
  const bool found_by_itself =
      DirectoryName(file) == directory && (name == "alembic.ini" || name == "pyproject.toml");
  std::string options;
  if (!file.empty() && !found_by_itself && !says("-c", "--config")) {
    options = Concat(" -c ", ShellQuote(RelativeTo(file, directory)));
  }
  const std::string& section = seen.config->alembic.section;
  if (section != "alembic" && !says("-n", "--name")) {
    options += Concat(" -n ", ShellQuote(section));
  }
  return options;
}

}  // namespace

AlembicSetting AlembicSettingFor(const Observation& seen, std::size_t environment) {
  return {.config = seen.config,
          .environment = seen.config->environments[environment].name,
          .target = seen.targets[environment],
          .folders = seen.alembic,
          .state_directory = seen.state_directory,
          .passes_all = seen.surroundings == Surroundings::kShell};
}

std::string AlembicCommand(const Observation& seen, std::string_view arguments,
                           std::string_view environment) {
  const std::string& runs_in = seen.alembic.runs_in;
  const bool elsewhere = !runs_in.empty() && runs_in != seen.root;
  const std::string directory = elsewhere ? runs_in : seen.root;
  std::string command = Concat(Program(seen), Options(seen, directory), " ", arguments);
  if (elsewhere) {
    command = Concat("sh -c ", ShellQuote(Concat("cd ", ShellQuote(RelativeTo(runs_in, seen.root)),
                                                 " && ", command)));
  }
  const bool is_default = environment.empty() || environment == seen.config->default_environment;
  return Concat("drover exec ", is_default ? "" : Concat("-e ", environment, " "), "-- ", command);
}

std::string NameVersionTable(std::string_view table) {
  return Concat("set it in drover.yaml: migrations: {version_table: ", table, "}");
}

void RefuseForAlembic(const Observation& seen, std::string_view what, std::string_view arguments) {
  if (!seen.config || seen.config->format != migrations::Format::kAlembic) return;
  throw Error(
      Code::kRefused, "alembic.unsupported",
      Concat("the revisions of this project are Alembic's, and what they do only Python can tell: "
             "drover does not ",
             what, " here"),
      arguments.empty() ? std::string() : AlembicCommand(seen, arguments, {}));
}

}  // namespace drover::daemon
