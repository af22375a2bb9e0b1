#include "daemon/alembic_runner.h"

#include <algorithm>
#include <array>
#include <functional>
#include <map>
#include <optional>
#include <string_view>
#include <unistd.h>
#include <utility>

#include "base/json.h"
#include "base/posix.h"
#include "base/text.h"
#include "daemon/alembic.h"
#include "daemon/alembic_hook.h"
#include "daemon/alembic_output.h"
#include "daemon/alembic_program.h"
#include "daemon/log.h"
#include "environments/exec_variables.h"
#include "environments/files.h"
#include "migrations/safety/database_copy.h"
#include "migrations/safety/scratch_file.h"

extern char** environ;

namespace drover::daemon {
namespace {

constexpr int kSignalled = 128;  // and the number of the signal
constexpr int kLastSignal = 64;
constexpr std::size_t kOutputLogged = 64 * 1024;
constexpr std::size_t kLargestTrace = std::size_t{64} << 20U;

/// What a program needs of the daemon's own environment to run at all.
constexpr std::array<std::string_view, 9> kPassedOn{
    "PATH=", "HOME=", "USER=", "LOGNAME=", "SHELL=", "LANG=", "LC_", "TZ=", "TMPDIR="};

bool IsPassedOn(std::string_view variable) {
  return std::ranges::any_of(kPassedOn, [&](auto each) { return variable.starts_with(each); });
}

std::vector<std::string> Unique(std::vector<std::string> texts) {
  std::vector<std::string> unique;
  for (std::string& text : texts) {
    if (!text.empty() && std::ranges::find(unique, text) == unique.end()) {
      unique.push_back(std::move(text));
    }
  }
  return unique;
}

/// What the hook has told of a start that changes nothing.
struct Told {
  std::vector<std::string> opened;      // files of databases
  std::string version_table;            // empty: env.py did not come to it
  std::optional<std::string> works_on;  // the file that revisions would change; empty: in memory
};

Told ReadTold(const std::string& trace) {
  Told told;
  if (!StatFile(trace)) return told;
  const std::string text = ReadFile(trace, kLargestTrace);
  for (const std::string_view line : SplitLines(text)) {
    const Json each = Json::parse(line, nullptr, false);
    if (!each.is_object()) continue;
    const std::string kind = each.value("kind", "");
    if (kind == "open") told.opened.push_back(each.value("sql", ""));
    if (kind == "version_table") told.version_table = each.value("sql", "");
    if (kind == "works_on") told.works_on = each.value("sql", "");
  }
  told.opened = Unique(std::move(told.opened));
  return told;
}

/// As a shell reports a program that was killed.
bool IsSignal(int exit_code) {
  return exit_code > kSignalled && exit_code <= kSignalled + kLastSignal;
}

/// May a program have failed because it has no URL, or a wrong one? "KeyError: 'DATABASE_URL'",
/// "'NoneType' object has no attribute 'replace'".
bool IsAboutUrl(std::string_view message) {
  constexpr std::array<std::string_view, 8> kSigns{"url",
                                                   "unable to open database file",
                                                   "keyerror",
                                                   "attributeerror",
                                                   "valueerror",
                                                   "typeerror",
                                                   "validationerror",
                                                   "argumenterror"};
  const std::string text = ToLower(message);
  return std::ranges::any_of(kSigns, [&](std::string_view sign) { return text.contains(sign); });
}

}  // namespace

AlembicRunner::AlembicRunner(AlembicSetting setting) : setting_(std::move(setting)) {
  const environments::Config& config = *setting_.config;
  const migrations::VersionFolders& folders = setting_.folders;
  const std::string beside = folders.config.empty() ? "" : DirectoryName(folders.config);
  directory_ = folders.runs_in.empty() ? config.root : folders.runs_in;
  program_ = config.alembic.command.empty()
                 ? FindAlembicProgram(Unique({config.root, beside, directory_}))
                 : config.alembic.command;
  if (!folders.config.empty()) program_.insert(program_.end(), {"-c", folders.config});
  if (config.alembic.section != "alembic") {
    program_.insert(program_.end(), {"-n", config.alembic.section});
  }
}

std::vector<std::string> AlembicRunner::UrlVariables() const {
  const environments::Config& config = *setting_.config;
  environments::RealFiles files;
  const ExecDocument exec = environments::MakeExec(
      config, environments::FindEnvironment(config, setting_.environment), setting_.target, files);
  std::vector<std::string> names{config.alembic.url_variable};
  for (const ExecVariable& variable : exec.variables) {
    if (variable.from != "drover") names.push_back(variable.name);
  }
  return Unique(std::move(names));
}

std::vector<std::string> AlembicRunner::VariablesFor(const std::string& path,
                                                     const Manner& manner) const {
  const environments::Config& config = *setting_.config;
  const environments::EnvironmentConfig& environment =
      environments::FindEnvironment(config, setting_.environment);
  environments::Target target = setting_.target;
  target.path = path;
  environments::RealFiles files;
  const ExecDocument exec = environments::MakeExec(config, environment, target, files);
  std::map<std::string, std::string, std::less<>> variables{
      {"PYTHONUNBUFFERED", "1"},
      {"PYTHONDONTWRITEBYTECODE", "1"},
      {"DROVER_ALEMBIC_URL", exec.url},
      {"DROVER_ALEMBIC_SCRIPTS", setting_.folders.scripts},
      {"DROVER_ALEMBIC_OWN", setting_.target.path},
      {"DROVER_ALEMBIC_DATABASE", path},
      {"DROVER_ALEMBIC_ASIDE", manner.aside}};
  if (!manner.trace.empty()) {
    variables["DROVER_ALEMBIC_TRACE"] = manner.trace;
    variables["DROVER_ALEMBIC_FOLDERS"] = Join(setting_.folders.directories, ":");
  }
  if (const std::string& name = config.alembic.url_variable; !name.empty()) {
    variables.emplace(name, exec.url);
  }
  // The first that says something counts.
  for (const ExecVariable& each : exec.variables) variables.emplace(each.name, each.value);
  for (auto& each : environments::FileVariables(config, environment, files)) {
    variables.insert(std::move(each));
  }
  for (char** each = environ; *each != nullptr; ++each) {
    const std::string_view text = *each;
    if (!setting_.passes_all && !IsPassedOn(text)) continue;
    variables.emplace(text.substr(0, text.find('=')), text.substr(text.find('=') + 1));
  }
  std::string& imports = variables["PYTHONPATH"];
  imports =
      Concat(InstallAlembicHook(setting_.state_directory), imports.empty() ? "" : ":", imports);
  std::vector<std::string> lines;
  for (const auto& [name, value] : variables) lines.push_back(Concat(name, "=", value));
  return lines;
}

ChildResult AlembicRunner::Start(const std::vector<std::string>& arguments, const std::string& path,
                                 const Manner& manner, const std::stop_token& stop) const {
  std::vector<std::string> command = program_;
  command.insert(command.end(), arguments.begin(), arguments.end());
  if (setting_.spares_others && manner.aside.empty()) {
    const migrations::ScratchDirectory aside(DirectoryName(path));
    Manner sparing = manner;
    sparing.aside = aside.path();
    return Start(arguments, path, sparing, stop);
  }
  try {
    return RunChild({.arguments = command,
                     .directory = directory_,
                     .variables = VariablesFor(path, manner),
                     .errors = manner.errors,
                     .limit = manner.limit,
                     .stop = stop,
                     .inherited = manner.inherited,
                     .on_killed = [this](const std::string& output) { Keep(output); }});
  } catch (const Error& error) {
    if (error.kind != "io.start") throw;
    throw Error(
        Code::kNotFound, "alembic.program",
        Concat(program_.front(), " cannot be started: ", error.message),
        setting_.config->alembic.command.empty()
            ? "name Alembic's program in drover.yaml: migrations: {command: [uv, run, alembic]}"
            : "install it, or change `command` of migrations in drover.yaml");
  }
}

void AlembicRunner::Run(const std::vector<std::string>& arguments, const std::string& path,
                        const std::stop_token& stop, int inherited) const {
  Finish(arguments, Start(arguments, path, {.inherited = inherited}, stop));
}

void AlembicRunner::RunTraced(const std::vector<std::string>& arguments, const std::string& path,
                              const std::string& trace, const std::stop_token& stop) const {
  Finish(arguments, Start(arguments, path, {.trace = trace}, stop));
}

void AlembicRunner::Finish(const std::vector<std::string>& arguments,
                           const ChildResult& result) const {
  Keep(result.output);
  if (result.exit_code != 0) throw Failure(arguments, result.exit_code, result.output);
}

/// In the log, and for whoever tells of the job.
void AlembicRunner::Keep(std::string_view output) const {
  std::size_t told = 0;
  for (const std::string_view line : SplitLines(output)) {
    if (told += line.size(); told > kOutputLogged) break;
    Log(LogLevel::kInfo, line, {{"env", setting_.environment}, {"from", "alembic"}});
  }
  setting_.record->output = LastLines(output);
}

std::string AlembicRunner::TakeOutput() const { return std::exchange(setting_.record->output, {}); }

std::string AlembicRunner::History() const {
  constexpr std::chrono::seconds kHistoryLimit{30};
  const std::vector<std::string> arguments{"history", "--verbose"};
  // With `revision_environment` it runs env.py, which may open, and make, what it likes.
  const migrations::ScratchDirectory place(setting_.state_directory);
  ChildResult result = Start(arguments, place.path() + "/history.db",
                             {.limit = kHistoryLimit, .aside = place.path()}, std::stop_token());
  if (result.exit_code != 0) throw Failure(arguments, result.exit_code, result.output);
  return std::move(result.output);
}

ChildResult AlembicRunner::WriteSql(std::vector<std::string> arguments, const std::string& path,
                                    const std::stop_token& stop) const {
  arguments.emplace_back("--sql");
  return Start(arguments, path, {.errors = ChildCommand::Errors::kApart}, stop);
}

void AlembicRunner::CheckScript(std::vector<std::string> arguments,
                                const ChildResult& result) const {
  if (result.exit_code == 0) return;
  arguments.emplace_back("--sql");
  // A reason of Alembic's own stands on stdout, behind the script; a traceback on stderr.
  const std::size_t at = result.output.rfind("FAILED: ");
  throw Failure(arguments, result.exit_code,
                at == std::string::npos
                    ? result.errors
                    : Concat(result.errors, "\n", std::string_view(result.output).substr(at)));
}

Error AlembicRunner::Failure(const std::vector<std::string>& arguments, int exit_code,
                             std::string_view output) const {
  const bool missing = output.contains("No module named alembic");
  return {
      missing ? Code::kNotFound : Code::kInvalid, missing ? "alembic.program" : "alembic.failed",
      Concat("alembic ", Join(arguments, " "),
             IsSignal(exit_code) ? " was killed by signal " : " ended with exit code ",
             IsSignal(exit_code) ? exit_code - kSignalled : exit_code, ": ", LastWords(output)),
      missing ? "name Alembic's program in drover.yaml: migrations: {command: [uv, run, alembic]}"
              : "",
      PlaceInFolders(output, setting_.folders.directories)};
}

void AlembicRunner::CheckUrl(const std::string& probe, const std::stop_token& stop) const {
  if (setting_.record->url_was_used) return;
  try {
    TryOut(probe, stop);
  } catch (const Error& error) {
    // An application that is imported may want its tables at once.
    const bool wants_tables = error.kind == "alembic.failed" &&
                              error.message.contains("no such table") &&
                              StatFile(setting_.target.path).has_value();
    if (!wants_tables) throw;
    const migrations::ScratchFile copy(DirectoryName(probe));
    (void)migrations::CopyLive(setting_.target.path, [&](migrations::Connection& source) {
      migrations::WriteCopy(source, copy.path(), migrations::CopyKind::kScratch);
    });
    TryOut(copy.path(), stop);
  }
  setting_.record->url_was_used = true;
  (void)TakeOutput();
}

void AlembicRunner::TryOut(const std::string& probe, const std::stop_token& stop) const {
  const bool was_there = StatFile(probe).has_value();
  const migrations::ScratchFile trace(DirectoryName(probe));
  const migrations::ScratchDirectory aside(DirectoryName(probe));
  const std::vector<std::string> arguments{"current"};
  try {
    Finish(arguments,
           Start(arguments, probe, {.trace = trace.path(), .aside = aside.path()}, stop));
  } catch (const Error& error) {
    if (error.kind != "alembic.failed") throw;
    Error told = error;
    told.hint = HintFor(error.message);
    throw told;
  }
  Told told = ReadTold(trace.path());
  const bool used = told.works_on
                        ? !told.works_on->empty() && RealPath(*told.works_on) == RealPath(probe)
                        : !was_there && StatFile(probe).has_value();
  if (!used) {
    if (told.works_on) told.opened = Unique({*told.works_on});
    throw UrlIgnored(told.opened);
  }
  const std::string& table = setting_.config->version_table;
  if (!told.version_table.empty() && ToLower(told.version_table) != ToLower(table)) {
    throw Error(Code::kRefused, "alembic.version_table",
                Concat("env.py keeps the version in the table ", told.version_table,
                       ", and drover looks into ", table),
                NameVersionTable(told.version_table));
  }
}

/// What to do about an Alembic that fails before it has done anything.
std::string AlembicRunner::HintFor(const std::string& message) const {
  if (message.contains("NoAppException")) {
    return "name Flask's application: FLASK_APP=… in .flaskenv, or in an env_file of drover.yaml";
  }
  if (!IsAboutUrl(message)) return {};
  return Concat("drover gives it the URL in ", NameUrlPlaces(),
                ", and the variables of the environment's env_file; another variable for the URL "
                "is named in drover.yaml: migrations: {url_variable: NAME}");
}

std::string AlembicRunner::NameUrlPlaces() const {
  const std::vector<std::string> variables = UrlVariables();
  return Concat("sqlalchemy.url of its configuration",
                variables.empty() ? "" : Concat(" and in ", Join(variables, ", ")));
}

Error AlembicRunner::UrlIgnored(const std::vector<std::string>& opened) const {
  std::string message =
      Concat("Alembic does not use the URL that it is given in ", NameUrlPlaces(), ": ");
  std::string hint;
  if (opened.empty()) {
    message += Concat("it may work on another database than ", setting_.target.path);
  } else {
    message +=
        Concat("it would work on ", Join(opened, ", "), " instead of ", setting_.target.path);
    const auto there = std::ranges::find_if(
        opened, [](const std::string& file) { return StatFile(file).has_value(); });
    hint = Concat("if that is the right one, write it into drover.yaml: environments: {",
                  setting_.environment, ": {url: \"sqlite:///",
                  there == opened.end() ? opened.back() : *there, "\"}}; else ");
  }
  hint +=
      "let env.py take it: config.get_main_option(\"sqlalchemy.url\"), or name the variable that "
      "it "
      "reads: migrations: {url_variable: NAME}";
  return {Code::kRefused, "alembic.url_ignored", std::move(message), std::move(hint),
          setting_.folders.scripts.empty() ? "" : setting_.folders.scripts + "/env.py:1:1"};
}

}  // namespace drover::daemon
