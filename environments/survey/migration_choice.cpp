#include "environments/survey/migration_choice.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "base/posix.h"
#include "base/text.h"
#include "migrations/alembic/version_folders.h"
#include "migrations/folder.h"

namespace drover::environments {
namespace {

class MigrationChoice final {
 public:
  MigrationChoice(const MigrationSight& sight, Files& files, Proposal& proposal,
                  InitDocument& document)
      : sight_(sight),
        sources_(sight.sources),
        files_(files),
        proposal_(proposal),
        document_(document) {}

  void Choose() {
    for (const SurveyMigrations& each : document_.migrations) {
      if (each.format != "native") continue;
      proposal_.directories.push_back(each.directory);
      proposal_.migrations.push_back(Concat(
          Count(static_cast<std::size_t>(each.files), "migration"), " in ", each.directory, "/."));
    }
    const bool native = !proposal_.directories.empty();
    for (const AlembicProject& alembic : sources_.alembic) TellAlembic(alembic);
    if (proposal_.alembic) TellFurther();
    for (const SurveyMigrations& each : document_.migrations) {
      if (each.format != "native") TellOther(each);
    }
    if (proposal_.alembic) {
      for (SurveyMigrations& each : document_.migrations) each.usable |= each.format == "alembic";
    }
    if (!native && !proposal_.alembic) Begin();
  }

 private:
  [[nodiscard]] std::string Absolute(std::string_view relative) const {
    return AbsolutePath(relative, sight_.root);
  }

  /// A folder of another tool must not be read as one of drover's.
  void Begin() {
    std::string name = "migrations";
    const auto status = files_.Stat(Absolute(name));
    if (status && !IsFree(name, *status)) name = "drover_migrations";
    proposal_.directories = {name};
    proposal_.migrations.push_back(
        document_.migrations.empty()
            ? Concat("Migrations are SQL files in this folder: drover revision -m \"…\" writes "
                     "one.")
            : Concat("Until then drover reports and applies nothing. Migrations of its own would "
                     "be SQL files in:"));
    if (!files_.Stat(Absolute(name))) document_.create.push_back(Absolute(name));
  }

  [[nodiscard]] bool IsFree(const std::string& name, const FileStatus& status) {
    if (status.type != FileType::kDirectory) return false;
    const ProjectDirectory* entry = sight_.project.Find(name);
    return entry != nullptr && entry->files.empty() && entry->directories.empty();
  }

  /// One format is read: drover's own where there are such files, else the first Alembic project.
  void TellAlembic(const AlembicProject& alembic) {
    if (proposal_.alembic) return;  // TellFurther() has a word for it
    const bool usual = alembic.section == "alembic";
    std::string text = Concat("Alembic is configured in ", alembic.file,
                              usual ? std::string() : Concat(", section [", alembic.section, "]"));
    if (const auto& location = alembic.config.script_location) {
      text += Concat(", line ", location->line, ": script_location = ", location->text);
    } else if (!alembic.scripts.empty()) {
      text += Concat(", its env.py lies in ", alembic.scripts);
    }
    for (const SurveyMigrations& each : document_.migrations) {
      if (each.format != "alembic" || alembic.scripts.empty()) continue;
      if (each.directory != Below(alembic.scripts, "versions")) continue;
      text += Concat("; ", Count(static_cast<std::size_t>(each.files), "revision"), " in ",
                     each.directory);
    }
    proposal_.migrations.push_back(text + ".");
    if (!proposal_.directories.empty()) {
      document_.notes.push_back(Concat(alembic.file,
                                       " is not read: drover reads the migrations of ",
                                       Join(proposal_.directories, ", ")));
      return;
    }
    proposal_.alembic = true;
    proposal_.alembic_config = alembic.file;
    if (alembic.config.version_locations.empty() && !alembic.own_folders.empty()) {
      proposal_.directories = alembic.own_folders;
      for (const std::string& folder : alembic.own_folders) AddFolder(folder);
      proposal_.migrations.push_back(
          Concat("Only ", alembic.env_py, " says where the revisions are: version_locations."));
    }
    if (!usual) proposal_.alembic_section = alembic.section;
  }

  /// One that is not known by its name.
  void AddFolder(const std::string& directory) {
    const auto known =
        std::ranges::find(document_.migrations, directory, &SurveyMigrations::directory);
    const ProjectDirectory* entry = sight_.project.Find(directory);
    if (known != document_.migrations.end() || entry == nullptr) return;
    const auto files = std::ranges::count_if(entry->files, [](const std::string& name) {
      return name.ends_with(".py") && !name.starts_with("__");
    });
    document_.migrations.push_back(
        {.format = "alembic", .directory = directory, .files = files, .usable = true});
  }

  /// The Alembic trees that this configuration is not about.
  void TellFurther() {
    const AlembicProject& first = sources_.alembic.front();
    if (!first.other_sections.empty()) {
      const std::string text =
          Concat(first.file, " has ", Count(first.other_sections.size() + 1, "section"),
                 " of Alembic's: this is about [", first.section, "], not about [",
                 Join(first.other_sections, "], ["), "]; section: in drover.yaml chooses another");
      Tell(text);
    }
    if (first.config.databases.size() > 1) {
      Tell(Concat(first.file, " names ", first.config.databases.size(), " databases for one tree (",
                  Join(first.config.databases, ", "),
                  "): drover can look after one database per Alembic tree, here that of [",
                  first.config.databases.front(), "]"));
    }
    if (sources_.alembic.size() < 2) return;
    Tell(Concat("There are ", sources_.alembic.size(),
                " Alembic projects here: this configuration is that of ", first.file));
    for (const AlembicProject& each : sources_.alembic) {
      if (&each == &first) continue;
      const std::string directory = sight_.from == "." ? each.directory : Absolute(each.directory);
      document_.notes.push_back(Concat(each.file, " gets one of its own with: drover init ",
                                       ShellQuote(directory), " --here"));
    }
  }

  void Tell(const std::string& text) {
    proposal_.migrations.push_back(text + ".");
    document_.notes.push_back(text);
  }

  void TellOther(const SurveyMigrations& each) {
    const bool alembic = each.format == "alembic";
    if (alembic && !sources_.alembic.empty()) return;
    const std::string count = Count(static_cast<std::size_t>(each.files), "migration");
    if (alembic && document_.migrations.size() == 1) {
      proposal_.alembic = true;
      proposal_.directories = {each.directory};
      proposal_.migrations.push_back(
          Concat(count, " of Alembic in ", each.directory, "/, whose configuration is not here."));
      return;
    }
    const std::string text = Concat(each.directory, " holds ", count, " of ", each.format);
    proposal_.migrations.push_back(
        Concat(text, ", which this version of drover cannot read: only its own and Alembic's."));
    document_.notes.push_back(
        Concat(text, ": drover reads only its own format and Alembic's at present"));
  }

  const MigrationSight& sight_;
  const ProjectSources& sources_;
  Files& files_;
  Proposal& proposal_;
  InitDocument& document_;
};

}  // namespace

void ChooseMigrations(const MigrationSight& sight, Files& files, Proposal& proposal,
                      InitDocument& document) {
  MigrationChoice(sight, files, proposal, document).Choose();
}

migrations::Graph ReadProposedGraph(const std::string& root, const Proposal& proposal,
                                    std::vector<std::string>& notes) {
  std::vector<std::string> directories;
  for (const std::string& each : proposal.directories) {
    directories.push_back(AbsolutePath(each, root));
  }
  if (!proposal.alembic_config.empty() && directories.empty()) {
    const std::string& section = proposal.alembic_section;
    migrations::VersionFolders folders =
        migrations::FindVersionFolders({.root = root,
                                        .config = AbsolutePath(proposal.alembic_config, root),
                                        .config_where = {},
                                        .section = section.empty() ? "alembic" : section});
    if (folders.problem) notes.push_back(folders.problem->message);
    directories = std::move(folders.directories);
  }
  const auto format = proposal.alembic ? migrations::Format::kAlembic : migrations::Format::kNative;
  try {
    migrations::LoadedMigrations loaded = migrations::MigrationFolders(format).Load(directories);
    for (const Error& problem : loaded.problems) {
      notes.push_back(Concat(RelativeTo(problem.where, root), ": ", problem.message));
    }
    return migrations::Graph(std::move(loaded.revisions));
  } catch (const Error& error) {
    notes.push_back(error.message);
    return migrations::Graph(std::vector<migrations::RevisionPtr>());
  }
}

std::string ChooseUrlVariable(const ProjectSources& sources, const UrlSource& source) {
  const std::string& variable = source.variable;
  if (sources.alembic.empty()) return variable;
  const AlembicProject& alembic = sources.alembic.front();
  std::string first;
  for (const TextAtLine& read : alembic.env.variables) {
    if (read.text == variable) return variable;
    const bool part =
        std::ranges::find(sources.parts, read.text, &UrlPart::variable) != sources.parts.end();
    if (!part && first.empty()) first = read.text;
  }
  if (!first.empty()) return first;
  if (variable.empty() || alembic.env_py.empty()) return variable;
  const bool read = sources.asked_for.contains(variable) || !sources.settings.empty() ||
                    sources.has_settings_class;
  const bool imports = !alembic.url.engine_module.empty() && !alembic.constant;
  const bool taken = !source.code_name.empty() && alembic.url.taken.contains(source.code_name);
  const bool uses = imports || taken || MayReadThroughSettings(alembic.url, variable);
  return read && uses ? variable : std::string();
}

}  // namespace drover::environments
