#include "environments/survey/traps.h"

#include <algorithm>
#include <optional>
#include <set>

#include "base/posix.h"
#include "base/text.h"
#include "environments/hazards.h"
#include "environments/strays/ignore_file.h"
#include "environments/survey/text_file.h"

namespace drover::environments {
namespace {

/// How `path` is called in a sentence.
std::string ShortPath(const std::string& path, const std::string& root) {
  return RelativeTo(path, root);
}

class TrapFinder final {
 public:
  TrapFinder(const std::string& root, const Target& target) : root_(root), target_(target) {}

  void Alembic(const AlembicProject& alembic, const std::string& url) {
    Constant(alembic);
    if (alembic.shadows_package) {
      Note("alembic-package-shadowed",
           Concat(Below(alembic.scripts, "__init__.py"),
                  " makes the directory a package called "
                  "alembic: python -m alembic, started in ",
                  FolderName(alembic.directory), ", finds it instead of Alembic"),
           Concat(Below(alembic.scripts, "__init__.py"), ":1:1"),
           Concat("git rm ", ShellQuote(Below(alembic.scripts, "__init__.py"))));
    }
    const auto& location = alembic.config.script_location;
    const std::optional<std::string> wrong = FromDirectory(alembic.directory);
    if (!location || !wrong) return;
    const std::string where = Concat(alembic.file, ":", location->line, ":1");
    std::string config;
    if (!alembic.file.ends_with(".toml")) config = Concat(" -c ", alembic.file);
    if (alembic.section != "alembic") config += Concat(" -n ", ShellQuote(alembic.section));
    const std::string right = ShortPath(target_.path, root_);
    if (migrations::DependsOnDirectory(location->text)) {
      Note("alembic-wrong-directory",
           Concat("script_location = ", location->text, " is relative, so alembic runs only in ",
                  FolderName(alembic.directory), "; there ", url, " is ", *wrong, ", not ", right),
           where,
           Concat("write script_location = %(here)s/",
                  RelativeTo(alembic.scripts, alembic.directory), " and run drover exec -- alembic",
                  config, " upgrade head"));
    } else {
      Note("alembic-relative-url",
           Concat("for alembic started in ", FolderName(alembic.directory), ", ", url, " is ",
                  *wrong, ", not ", right),
           where, Concat("drover exec -- alembic", config, " upgrade head"));
    }
  }

  /// The file of the settings is another one for who starts elsewhere: told when the root has it
  /// and the application's own directory not, or another.
  void Settings(const SettingsFile& settings, Files& files) {
    if (settings.base == "." || settings.env_file.starts_with('/')) return;
    const std::string in_root = AbsolutePath(settings.env_file, root_);
    const std::string in_base = AbsolutePath(settings.env_file, AbsolutePath(settings.base, root_));
    if (in_root == in_base || files.Probe(in_root) != Reach::kThere) return;
    const bool two = files.Probe(in_base) == Reach::kThere;
    Note("settings-relative-env-file",
         Concat(
             "\"", settings.env_file,
             "\" is looked for in the working directory: an application started in ",
             FolderName(settings.base),
             two ? Concat(" reads ", ShortPath(in_base, root_), ", not ", ShortPath(in_root, root_))
                 : std::string(" does not read that of the root")),
         Concat(settings.where, ":1"), "start it from the root: drover exec -- CMD");
  }

  std::vector<Finding> Take() { return std::move(findings_); }

 private:
  /// The URL of another database, which drover and `drover exec` give Alembic, is not read then.
  void Constant(const AlembicProject& alembic) {
    if (!alembic.constant) return;
    const auto& [text, where, file, use] = *alembic.constant;
    const std::string here = Concat(file, ":", use.line);
    const std::string variable = Concat("os.environ.get(\"DATABASE_URL\", ", use.written, ")");
    Note("alembic-url-constant",
         Concat(
             here, ": the engine is made from a text",
             where == here ? std::string() : Concat(" in ", where), ", \"", text,
             "\": Alembic by itself opens no other database, and drover refuses to have it work on "
             "another environment's"),
         Concat(here, ":1"),
         Concat("write import os and ",
                use.sets_option
                    ? Concat("config.set_main_option(\"sqlalchemy.url\", ", variable, ")")
                    : Concat("create_engine(", variable, ")"),
                " in ", file, ", and migrations: {url_variable: DATABASE_URL} in drover.yaml"));
  }

  /// The file that the URL leads to from `directory`; nothing when it is the right one.
  [[nodiscard]] std::optional<std::string> FromDirectory(const std::string& directory) const {
    if (!target_.from_directory) return std::nullopt;
    const std::string path =
        AbsolutePath(target_.from_directory->path, AbsolutePath(directory, root_));
    const std::string right =
        AbsolutePath(target_.from_directory->path, target_.from_directory->directory);
    if (path == right) return std::nullopt;
    return ShortPath(path, root_);
  }

  void Note(std::string_view code, std::string message, std::string where, std::string fix) {
    findings_.push_back(
        MakeFinding(code, std::move(message), AbsolutePath(where, root_), std::move(fix)));
    findings_.back().environment = target_.environment;
  }

  const std::string& root_;
  const Target& target_;
  std::vector<Finding> findings_;
};

}  // namespace

std::vector<Landing> LandingsOf(const Target& target, const std::string& root,
                                const std::vector<std::string>& directories, Files& files) {
  std::vector<Landing> landings;
  if (!target.from_directory) return landings;
  const std::string own = RelativeTo(target.from_directory->directory, root);
  std::vector<std::string> all{own == root ? std::string(".") : own};
  for (const std::string& directory : directories) {
    if (std::ranges::find(all, directory) == all.end()) all.push_back(directory);
  }
  std::set<std::string> paths;
  for (const std::string& directory : all) {
    const std::string path =
        files.Real(AbsolutePath(target.from_directory->path, AbsolutePath(directory, root)));
    paths.insert(path);
    landings.push_back({.environment = target.environment,
                        .directory = directory,
                        .path = path,
                        .exists = files.Probe(path) == Reach::kThere,
                        .right = path == target.path,
                        .revision = {}});
  }
  if (paths.size() < 2) landings.clear();
  return landings;
}

std::vector<Finding> FindAlembicTraps(const std::string& root, const AlembicProject& alembic,
                                      const Target& target, const std::string& url) {
  TrapFinder finder(root, target);
  finder.Alembic(alembic, url);
  return finder.Take();
}

std::vector<Finding> FindAlembicTraps(const Config& config, const std::string& file,
                                      std::span<const Target> targets, Files& files) {
  const auto target = std::ranges::find(targets, config.default_environment, &Target::environment);
  if (target == targets.end() || file.empty()) return {};
  const AlembicProject alembic =
      ReadAlembicProject(config.root, RelativeTo(file, config.root), config.alembic.section, files);
  if (alembic.file.empty()) return {};
  std::string url = target->url;
  const auto named = std::ranges::find(target->provenance, url, &Provenance::value);
  if (named != target->provenance.end()) {
    url += Concat(" (", RelativeTo(named->from, config.root), ")");
  }
  return FindAlembicTraps(config.root, alembic, *target, url);
}

std::vector<Finding> FindTraps(const std::string& root, const ProjectSources& sources,
                               const Target& target, const std::string& url, Files& files) {
  TrapFinder finder(root, target);
  if (!sources.alembic.empty()) finder.Alembic(sources.alembic.front(), url);
  for (const SettingsFile& settings : sources.settings) finder.Settings(settings, files);
  return finder.Take();
}

std::vector<Finding> FindGitignoreGaps(const std::string& repository,
                                       const std::vector<Target>& targets, Files& files) {
  std::vector<Finding> findings;
  if (repository.empty()) return findings;
  std::set<std::string> seen;
  for (const Target& target : targets) {
    if (target.path.empty() || !IsBelow(target.path, repository)) continue;
    if (!seen.insert(target.path).second) continue;
    // The patterns of a directory hold for what is below it.
    const auto ignored = [&](const std::string& path) {
      for (std::string directory = DirectoryName(path);; directory = DirectoryName(directory)) {
        const TextFile file = ReadTextFile(AbsolutePath(".gitignore", directory), files);
        if (file.text && IgnorePatterns(*file.text)
                             .IgnoresBranch(RelativeTo(path, directory), EntryKind::kFile)) {
          return true;
        }
        if (directory == repository || directory == "/") return false;
      }
    };
    const std::string name = RelativeTo(target.path, repository);
    const std::string where = AbsolutePath(".gitignore:1:1", repository);
    const std::string fix =
        "printf '%s\\n' '*.db' '*.db-wal' '*.db-shm' '*.db-journal' >> .gitignore";
    const std::string ending = name.substr(std::min(name.rfind('.'), name.size()));
    const std::string own_fix =
        ending.empty() || ending == ".db" || ending.find('/') != std::string::npos
            ? fix
            : Concat("printf '%s\\n' '*", ending, "' '*", ending, "-wal' '*", ending, "-shm' '*",
                     ending, "-journal' >> .gitignore");
    if (!ignored(target.path)) {
      findings.push_back(MakeFinding(
          "gitignore-gap", Concat(name, " is not ignored by git: a commit would take it along"),
          where, own_fix));
    } else if (!ignored(target.path + "-wal") || !ignored(target.path + "-journal")) {
      findings.push_back(MakeFinding(
          "gitignore-gap", Concat(name, " is ignored by git, its -wal and -journal are not"), where,
          own_fix));
    } else {
      continue;
    }
    findings.back().environment = target.environment;
  }
  return findings;
}

}  // namespace drover::environments
