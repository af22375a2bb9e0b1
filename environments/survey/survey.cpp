#include "environments/survey/survey.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>

#include "base/error.h"
#include "base/posix.h"
#include "base/text.h"
#include "environments/config.h"
#include "environments/strays/ignore_file.h"
#include "environments/strays/strays.h"
#include "environments/survey/database_scan.h"
#include "environments/survey/environment_choice.h"
#include "environments/survey/environment_sentence.h"
#include "environments/survey/migration_choice.h"
#include "environments/survey/migration_folders.h"
#include "environments/survey/project_files.h"
#include "environments/survey/project_root.h"
#include "environments/survey/proposal.h"
#include "environments/survey/text_file.h"
#include "environments/survey/traps.h"
#include "environments/survey/url_base.h"
#include "environments/survey/url_sources.h"
#include "environments/target.h"
#include "migrations/graph.h"

namespace drover::environments {
namespace {

class Surveyor final {
 public:
  Surveyor(const SurveyRequest& request, const SurveySurroundings& surroundings, Files& files)
      : request_(request), surroundings_(surroundings), files_(files) {}

  InitDocument Survey() {
    ChooseRoot();
    project_ = ListProject(root_, Ignored());
    for (const std::string& other : project_.others) {
      document_.notes.push_back(Concat(other, " is a project of its own: it has a drover.yaml"));
    }
    document_.migrations = FindMigrations(root_, project_, files_);
    const std::string& directory = request_.directory;
    from_ = directory == root_ ? "." : Short(directory);
    sources_ = FindUrlSources(root_, from_, project_, files_);
    ChooseMigrations({.root = root_, .from = from_, .project = project_, .sources = sources_},
                     files_, proposal_, document_);
    graph_ = ReadProposedGraph(root_, proposal_, document_.notes);
    std::vector<std::string> version_tables;
    for (const AlembicProject& alembic : sources_.alembic) {
      if (alembic.env.version_table) version_tables.push_back(alembic.env.version_table->text);
    }
    scan_.emplace(root_, std::move(version_tables), surroundings_.scan);
    choice_ = ChooseEnvironments(
        {.root = root_, .project = project_, .sources = sources_, .graph = graph_}, *scan_, files_,
        proposal_, document_);
    Describe();
    document_.text = WriteProposal(proposal_);
    // Read again as the daemon will: what was proposed must load.
    (void)ParseConfig(document_.text, document_.config);
    document_.facts = std::move(sources_.facts);
    std::move(sources_.notes.begin(), sources_.notes.end(), std::back_inserter(document_.notes));
    return std::move(document_);
  }

 private:
  [[nodiscard]] std::string Absolute(std::string_view relative) const {
    return AbsolutePath(relative, root_);
  }

  [[nodiscard]] std::string Short(const std::string& path) const { return RelativeTo(path, root_); }

  void ChooseRoot() {
    const std::string& directory = request_.directory;
    const auto status = files_.Stat(directory);
    if (!status) {
      throw Error(Code::kNotFound, "init.directory", Concat("there is no directory ", directory),
                  Concat("mkdir -p ", ShellQuote(directory)));
    }
    if (status->type != FileType::kDirectory) {
      throw Error(Code::kInvalid, "init.directory", Concat(directory, " is not a directory"),
                  "drover init .");
    }
    ProjectRoot root = FindNewRoot(directory, surroundings_.home, files_);
    if (request_.here) {
      root.path = directory;
      root.reason = "--here says so";
    }
    RefuseExisting(request_.here ? Existing(directory)
                                 : FindExistingConfig(directory, surroundings_.home, files_));
    root_ = document_.root = root.path;
    document_.reason = root.reason;
    document_.config = Absolute("drover.yaml");
    repository_ = root.repository;
    proposal_.project = BaseName(root_).empty() ? "root" : BaseName(root_);
    proposal_.schema = surroundings_.schema;
    proposal_.head = {
        "Written by drover init from what it found here; docs/configuration.md of drover has every "
        "key. Relative paths begin at this file.",
        Concat("The project's root is this directory: ", root.reason, ".")};
  }

  [[nodiscard]] std::string Existing(const std::string& directory) const {
    std::string path = AbsolutePath("drover.yaml", directory);
    return files_.Stat(path) ? path : std::string();
  }

  static void RefuseExisting(const std::string& path) {
    if (path.empty()) return;
    throw Error(Code::kConflict, "init.exists",
                Concat("this project has a configuration already: ", path),
                Concat("drover -C ", ShellQuote(DirectoryName(path)),
                       " status, or mv drover.yaml drover.yaml.old first"));
  }

  IgnorePatterns Ignored() {
    const TextFile file = ReadTextFile(Absolute(kIgnoreFile), files_);
    return file.text ? IgnorePatterns(*file.text) : IgnorePatterns();
  }

  // What is told ----------------------------------------------------------------------------------

  void Describe() {
    std::vector<std::string> paths;
    for (const Target& target : choice_.targets) {
      if (target.kind == TargetKind::kFile) paths.push_back(target.path);
    }
    scan_->Run(paths);
    for (std::size_t i = 0; i < choice_.targets.size(); ++i) DescribeEnvironment(i);
    ChooseVersionTable();
    const Target& first = choice_.targets.front();
    const UrlSource& source = *choice_.sources.front();
    std::vector<std::string> directories{"."};
    if (!sources_.alembic.empty()) directories.push_back(sources_.alembic.front().directory);
    for (const SettingsFile& each : sources_.settings) directories.push_back(each.base);
    for (const UrlSource& each : sources_.urls) {
      directories.insert(directories.end(), each.bases.begin(), each.bases.end());
    }
    document_.landings = LandingsOf(first, root_, directories, files_);
    for (Landing& landing : document_.landings) {
      if (const ScannedFile* file = scan_->FileAt(landing.path)) landing.revision = file->revision;
    }
    const std::string url =
        source.where.empty() ? source.value : Concat(source.value, " (", source.where, ")");
    for (Finding& each : FindTraps(root_, sources_, first, url, files_)) {
      document_.findings.push_back(std::move(each));
    }
    for (Finding& each : FindGitignoreGaps(repository_, choice_.targets, files_)) {
      document_.findings.push_back(std::move(each));
    }
    for (const Target& target : choice_.targets) {
      document_.findings.insert(document_.findings.end(), target.findings.begin(),
                                target.findings.end());
    }
    TellAmbiguous();
    std::ranges::move(FindPartTraps(sources_.parts, root_), std::back_inserter(document_.findings));
    FindStrays();
    LeaveElsewhereAlone();
    document_.truncated = project_.truncated || scan_->truncated();
    if (document_.truncated) {
      document_.notes.emplace_back("the project is larger than drover looks at: not all is found");
    }
  }

  void DescribeEnvironment(std::size_t index) {
    ProposedSource& proposed = proposal_.environments[index];
    const Target& target = choice_.targets[index];
    std::vector<std::string> same_as;
    for (std::size_t other = 0; other < choice_.targets.size(); ++other) {
      if (target.error || other == index || choice_.targets[other].key != target.key) continue;
      same_as.push_back(proposal_.environments[other].name);
    }
    const ScannedFile* file = target.error ? nullptr : scan_->FileAt(target.path);
    proposed.comments.push_back(EnvironmentSentence(target, file, same_as));
    document_.environments.push_back(EnvironmentEntry(proposed, target, file, std::move(same_as)));
  }

  /// Alembic's own, so that what it has applied is seen and it can take over at any time.
  void ChooseVersionTable() {
    std::string table;
    for (const Target& target : choice_.targets) {
      const ScannedFile* file = scan_->FileAt(target.path);
      if (table.empty() && file != nullptr) table = file->version_table;
    }
    if (table.empty() && !sources_.alembic.empty()) {
      const auto& named = sources_.alembic.front().env.version_table;
      table = named ? named->text : "alembic_version";
    }
    if (proposal_.alembic) {
      proposal_.url_variable = ChooseUrlVariable(sources_, *choice_.sources.front());
    }
    if (!IsPlain(proposal_.url_variable)) proposal_.url_variable.clear();
    if (table == (proposal_.alembic ? "alembic_version" : "drover_version")) return;
    proposal_.version_table = table;
    if (!IsPlain(table)) proposal_.version_table.clear();
  }

  static bool IsPlain(std::string_view name) {
    return !name.empty() && !(name[0] >= '0' && name[0] <= '9') &&
           std::ranges::all_of(
               name, [](char c) { return IsLetter(c) || c == '_' || (c >= '0' && c <= '9'); });
  }

  void FindStrays() {
    std::vector<KnownDatabase> known;
    for (const Target& target : choice_.targets) {
      KnownDatabase each{.target = &target, .rows = {}, .columns = {}};
      if (const ScannedFile* file = scan_->FileAt(target.path)) {
        each.rows = file->revision;
        each.columns = file->columns;
        each.schema = file->schema;
      }
      known.push_back(std::move(each));
    }
    for (StrayEntry& stray : ClassifyStrays(scan_->Files(), known, graph_, root_)) {
      if (IsTrouble(stray) && !choice_.elsewhere.contains(stray.path)) {
        document_.strays.push_back(std::move(stray));
      }
    }
  }

  /// The daemon must not take them for strays either.
  void LeaveElsewhereAlone() {
    for (const auto& [path, where] : choice_.elsewhere) {
      if (!IsBelow(path, root_)) continue;
      const std::string name = Short(path);
      if (name.find_first_of("*?[]\\!") != std::string::npos) continue;
      proposal_.strays.push_back(Concat(name, " is the database of ", where, ": no stray."));
      proposal_.stray_ignore.push_back(name);
      if (scan_->FileAt(path) != nullptr) {
        document_.notes.push_back(Concat(name, " is the database of ", where,
                                         ": it is left out of the strays (strays: ignore)"));
      }
    }
  }

  /// Which of several files a relative URL means was chosen, not seen.
  void TellAmbiguous() {
    for (const auto& [source, base] : choice_.ambiguous) {
      const auto at = std::ranges::find(choice_.sources, source);
      if (at == choice_.sources.end()) continue;
      const Target& target =
          choice_.targets[static_cast<std::size_t>(at - choice_.sources.begin())];
      if (choice_.IsInContainer(target)) continue;  // compose says the same
      document_.findings.push_back(AmbiguousUrl(Concat(source->value, " (", source->where, ")"),
                                                base, Short(target.path),
                                                Absolute(source->where + ":1")));
      document_.findings.back().environment = target.environment;
    }
  }

  const SurveyRequest& request_;
  const SurveySurroundings& surroundings_;
  Files& files_;
  std::string root_;
  std::string from_;  // where the user stands, relative to the root
  std::string repository_;
  ProjectFiles project_;
  ProjectSources sources_;
  migrations::Graph graph_{std::vector<migrations::RevisionPtr>()};
  std::optional<DatabaseScan> scan_;  // once the project is known
  Proposal proposal_;
  EnvironmentChoice choice_;
  InitDocument document_;
};

}  // namespace

InitDocument SurveyProject(const SurveyRequest& request, const SurveySurroundings& surroundings,
                           Files& files) {
  return Surveyor(request, surroundings, files).Survey();
}

}  // namespace drover::environments
