#include "environments/survey/survey.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "base/error.h"
#include "base/posix.h"
#include "base/text.h"
#include "environments/config.h"
#include "environments/hazards.h"
#include "environments/strays/ignore_file.h"
#include "environments/strays/sniff.h"
#include "environments/strays/strays.h"
#include "environments/strays/tool_databases.h"
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
#include "environments/urls/dialect.h"
#include "environments/urls/url.h"
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
    document_.truncated = project_.truncated;
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
    ChooseEnvironments();
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

  // Databases -------------------------------------------------------------------------------------

  void Scan(const std::vector<std::string>& paths) {
    ScanRequest request;
    request.roots = {root_};
    request.base = root_;
    request.paths = paths;
    for (const std::string& path : paths) request.known_names.push_back(BaseName(path));
    for (const AlembicProject& alembic : sources_.alembic) {
      if (alembic.env.version_table) {
        request.version_tables.push_back(alembic.env.version_table->text);
      }
    }
    ScanResult found = surroundings_.scan(request);
    scanned_ = std::move(found.files);
    document_.truncated |= found.truncated;
  }

  [[nodiscard]] const ScannedFile* FileAt(const std::string& path) const {
    const auto found = std::ranges::find(scanned_, path, &ScannedFile::path);
    return found == scanned_.end() ? nullptr : &*found;
  }

  // Environments ----------------------------------------------------------------------------------

  void ChooseEnvironments() {
    for (const UrlSource& source : sources_.urls) Consider(source);
    for (const UrlSource& source : sources_.elsewhere) NoteElsewhere(source);
    if (chosen_.empty() && !sources_.parts.empty()) FromParts(sources_.parts.front());
    if (chosen_.empty() && HasSeveralDatabases()) {
      Ask(Concat("[", sources_.alembic.front().config.databases.front(), "] of ",
                 sources_.alembic.front().file, " has no URL of a SQLite database."));
    }
    if (chosen_.empty()) FromExistingDatabases();
    if (chosen_.empty()) {
      existing_ = {.kind = "file", .name = "dev"};
      existing_.value = existing_.url = FirstUrl();
      existing_.comments = {
          "Nothing here names a database: this is a beginning. URLs are those of "
          "SQLAlchemy, or file: URIs and paths."};
      Consider(existing_);
    }
  }

  /// Resolves what one place names, and adds it unless it is known, or not to be used.
  void Consider(const UrlSource& source) {
    ProposedSource proposed{.name = {},
                            .url = source.url,
                            .env_files = source.env_files,
                            .dialect = source.dialect,
                            .relative_to = {},
                            .compose_files = source.compose_files,
                            .service = source.service,
                            .found = source.where,
                            .comments = source.comments};
    const std::optional<DatabaseUrl> url = Read(source, proposed);
    if (!url) return;
    if (url->kind == DatabaseUrl::Kind::kMemory) {
      document_.notes.push_back(Concat(Place(source), "a database in memory: nothing to keep"));
      return;
    }
    if (source.service.empty() && !url->is_absolute()) ChooseBase(source, *url, proposed);
    proposed.name = FreeName(source);
    Target target = Resolve(proposed);
    if (!AddTo(source, target)) return;
    proposal_.environments.push_back(std::move(proposed));
    chosen_.push_back(&source);
    targets_.push_back(std::move(target));
  }

  static std::string Place(const UrlSource& source) {
    return source.where.empty() ? std::string() : source.where + ": ";
  }

  /// What the URL says as drover will read it; what cannot be read is noted.
  std::optional<DatabaseUrl> Read(const UrlSource& source, ProposedSource& proposed) {
    try {
      UrlDialect dialect = GuessDialect(source.value, root_, files_).dialect;
      if (!source.dialect.empty()) {
        const auto names = DialectNames();
        dialect = static_cast<UrlDialect>(std::ranges::find(names, source.dialect) - names.begin());
      } else if (dialect == UrlDialect::kSqlalchemy && source.service.empty()) {
        // The requirements may stand beside the application instead.
        for (const std::string& base : source.bases) {
          if (GuessDialect(source.value, Absolute(base), files_).dialect != UrlDialect::kFlask) {
            continue;
          }
          dialect = UrlDialect::kFlask;
          proposed.dialect = DialectName(dialect);
          proposed.relative_to = Below(base, "instance");
          break;
        }
      }
      return ParseUrl(source.value, dialect, source.where);
    } catch (const Error& error) {
      document_.notes.push_back(Concat(Place(source), error.message));
      return std::nullopt;
    }
  }

  /// Where a relative path begins: where the database is, else the likeliest place.
  void ChooseBase(const UrlSource& source, const DatabaseUrl& url, ProposedSource& proposed) {
    if (url.base == DatabaseUrl::Base::kInstanceFolder || source.bases.empty()) return;
    UrlBase base{.directory = source.bases.front(), .reason = "beside what names it", .others = {}};
    if (!source.base_is_certain) {
      base = BaseOf(source, url);
      if (!base.others.empty()) ambiguous_.emplace_back(&source, base);
    }
    if (base.directory == ".") return;
    proposed.relative_to = base.directory;
    proposed.comments.push_back(
        Concat("A relative path is taken to begin in ", base.directory, "/: ", base.reason, "."));
  }

  /// The file that a place names may be named by another one, too: then it is the same.
  UrlBase BaseOf(const UrlSource& source, const DatabaseUrl& url) {
    std::vector<std::string> candidates = source.bases;
    const auto add = [&](const std::string& directory) {
      if (!IsOfAnother(sources_.alembic, directory)) candidates.push_back(directory);
    };
    if (!sources_.alembic.empty()) add(sources_.alembic.front().directory);
    candidates.emplace_back(".");
    for (const std::string& each : sources_.compose_directories) add(each);
    for (const SettingsFile& each : sources_.settings) add(each.base);
    for (const Target& target : targets_) {
      if (!target.from_directory) continue;
      const std::string base = target.from_directory->directory;
      const std::string directory = base == root_ ? "." : Short(base);
      const bool same =
          AbsolutePath(url.path, base) == AbsolutePath(target.from_directory->path, base);
      if (same && std::ranges::find(candidates, directory) != candidates.end()) {
        return {.directory = directory, .reason = "the same URL as above", .others = {}};
      }
    }
    UrlBase base = ChooseUrlBase(
        url.path, candidates, root_, [&](const std::string& path) { return Weigh(path); }, files_);
    const std::string path = AbsolutePath(url.path, Absolute(base.directory));
    const auto found = files_.Probe(path) == Reach::kThere ? std::nullopt : OnlyPlaceOf(url.path);
    if (found) base = {.directory = *found, .reason = "only there is such a file", .others = {}};
    return base;
  }

  /// Is it a folder for what is not used: "backups", "data/old"?
  static bool IsPutAside(const std::string& directory) {
    static constexpr std::array<std::string_view, 8> kNames{"backup",  "backups",  "bak", "old",
                                                            "archive", "archives", "tmp", "temp"};
    return std::ranges::any_of(SplitList(ToLower(directory), '/'),
                               [](const std::string& each) { return IsOneOf(kNames, each); });
  }

  /// The one directory of the project from which `path` leads to a file, if it is the only one and
  /// that of no other project, of no test and of no backup.
  std::optional<std::string> OnlyPlaceOf(const std::string& path) {
    std::optional<std::string> found;
    for (const ProjectDirectory& each : project_.directories) {
      const std::string file = AbsolutePath(path, Absolute(each.path));
      const std::string name = Short(file);
      if (IsOfAnother(sources_.alembic, each.path) || IsPutAside(each.path) || HasTestName(name) ||
          HasBackupName(name) || files_.Probe(file) != Reach::kThere) {
        continue;
      }
      if (found) return std::nullopt;
      found = each.path;
    }
    return found;
  }

  DatabaseWeight Weigh(const std::string& path) {
    if (scanned_.empty()) Scan({});
    const ScannedFile* file = FileAt(files_.Real(path));
    if (file == nullptr) return {};
    return WeighDatabase(*file, graph_);
  }

  /// A database that other configurations in the project name is theirs.
  void NoteElsewhere(const UrlSource& source) {
    ProposedSource ignored;
    const std::optional<DatabaseUrl> url = Read(source, ignored);
    if (!url || url->kind == DatabaseUrl::Kind::kMemory) return;
    std::string path = url->path;
    if (!url->is_absolute()) {
      const UrlBase base = ChooseUrlBase(
          url->path, source.bases, root_, [&](const std::string& each) { return Weigh(each); },
          files_);
      path = AbsolutePath(url->path, Absolute(base.directory));
    }
    NameElsewhere(files_.Real(path), source.where);
  }

  void NameElsewhere(const std::string& path, const std::string& where) {
    const auto own = std::ranges::find(targets_, path, &Target::path);
    if (own == targets_.end()) elsewhere_.emplace(path, where);
  }

  // Without a URL ---------------------------------------------------------------------------------

  /// With the driver that env.py asks for.
  [[nodiscard]] std::string FirstUrl() const {
    bool async = false;
    for (const std::string_view name :
         {"async_engine_from_config", "create_async_engine", "asyncengine"}) {
      async |= !sources_.alembic.empty() &&
               sources_.alembic.front().url.names.contains(std::string(name));
    }
    return Concat(async ? "sqlite+aiosqlite" : "sqlite", ":///./application.db");
  }

  [[nodiscard]] bool HasSeveralDatabases() const {
    return proposal_.alembic && !sources_.alembic.empty() &&
           sources_.alembic.front().config.databases.size() > 1;
  }

  /// The name of a file is there, but not where it lies.
  void FromParts(const UrlPart& part) {
    const std::string& likely = part.likely;
    if (!likely.empty() && files_.Probe(Absolute(likely)) == Reach::kThere) {
      existing_ = {.kind = "file", .name = "dev"};
      existing_.value = existing_.url = LikelyUrl(part);
      existing_.where = likely;
      existing_.comments = {Concat("Taken from what is there: ", part.variable, " in ", part.where,
                                   " is only the name of a file.")};
      return Consider(existing_);
    }
    Ask(Concat(part.variable, " in ", part.where, " is only the name of a file."));
  }

  /// An environment whose URL the user has to write: better none than a wrong one.
  void Ask(const std::string& why) {
    existing_ = {.kind = "question", .name = "dev"};
    ProposedSource proposed{
        .name = "dev",
        .url = "${DATABASE_URL}",
        .env_files = {},
        .dialect = {},
        .relative_to = {},
        .compose_files = {},
        .service = {},
        .found = {},
        .comments = {why,
                     "Nobody can tell from here which database it is: write its "
                     "URL in the place of this variable."}};
    Target target = Resolve(proposed);
    proposal_.environments.push_back(std::move(proposed));
    chosen_.push_back(&existing_);
    targets_.push_back(std::move(target));
    document_.notes.push_back(
        Concat(why, " Write the URL of its database into ", Short(document_.config)));
  }

  Target Resolve(const ProposedSource& source) {
    Proposal alone;
    alone.project = proposal_.project;
    alone.directories = proposal_.directories;
    alone.alembic = proposal_.alembic;
    alone.alembic_config = proposal_.alembic_config;
    alone.alembic_section = proposal_.alembic_section;
    alone.environments = {source};
    const Config config = ParseConfig(WriteProposal(alone), document_.config);
    return ResolveTarget(config, config.environments.front(), files_);
  }

  /// Is the target a new one? Where the same database is named again, that is said there. The
  /// container's view of a database of this machine is an environment of its own.
  bool AddTo(const UrlSource& source, const Target& target) {
    const bool in_container = !source.service.empty();
    for (std::size_t i = 0; i < targets_.size(); ++i) {
      if (target.key.empty() || target.key != targets_[i].key) continue;
      if (in_container && chosen_[i]->service.empty()) {
        if (!KnownInContainer(target)) return true;
        continue;
      }
      proposal_.environments[i].comments.push_back(
          in_container ? Concat("The same database: service ", source.service, ", ", source.where)
                       : Concat("The same database: ", source.where));
      return false;
    }
    if (chosen_.empty() || source.kind == "env" || source.kind == "compose") return true;
    if (source.kind == "settings") return true;
    // What the code falls back to without the variable is what a wrong start makes.
    const bool fallback = !source.variable.empty() && source.variable == chosen_.front()->variable;
    if (!target.path.empty() && !fallback) NameElsewhere(target.path, source.where);
    const bool alembic = source.kind == "alembic";
    if (alembic && !target.path.empty()) {
      Finding finding = MakeFinding(
          "alembic-other-database",
          Concat(source.where, ": sqlalchemy.url leads to ", Short(target.path), ", but ",
                 chosen_.front()->where, " to ", Short(targets_.front().path)),
          Absolute(source.where + ":1"), "keep one of them, or read the variable in env.py");
      document_.findings.push_back(std::move(finding));
    } else {
      document_.notes.push_back(
          Concat(source.where, " names another database, ", source.value, ": not proposed"));
    }
    return false;
  }

  [[nodiscard]] bool KnownInContainer(const Target& target) const {
    for (std::size_t i = 0; i < targets_.size(); ++i) {
      if (!chosen_[i]->service.empty() && targets_[i].key == target.key) return true;
    }
    return false;
  }

  std::string FreeName(const UrlSource& source) {
    std::string wanted = source.name;
    if (!source.service.empty()) {
      const auto services = std::ranges::count_if(
          sources_.urls, [](const UrlSource& each) { return !each.service.empty(); });
      wanted = services > 1 && Taken("docker") ? Concat("docker-", source.name) : "docker";
    }
    std::string name;
    for (const char c : wanted.empty() ? std::string("dev") : wanted) {
      const bool good = IsLetter(c) || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
      name.push_back(good ? c : '-');
    }
    if (proposal_.environments.empty() && source.kind != "compose" && source.kind != "env") {
      name = "dev";
    }
    for (int number = 2; Taken(name); ++number) {
      name = Concat(wanted.empty() ? "dev" : wanted, "-", number);
    }
    return name;
  }

  [[nodiscard]] bool Taken(const std::string& name) const {
    return std::ranges::find(proposal_.environments, name, &ProposedSource::name) !=
           proposal_.environments.end();
  }

  /// No URL anywhere: the databases themselves, those nearest to the root first.
  void FromExistingDatabases() {
    Scan({});
    std::vector<const ScannedFile*> files;
    for (const ScannedFile& file : scanned_) {
      const std::string path = Short(file.path);
      const bool own = file.kind == "database" && ToolOf(file).empty() && !HasBackupName(path) &&
                       !HasTestName(path) && HasDatabaseSuffix(BaseName(file.path));
      if (own) files.push_back(&file);
    }
    std::ranges::stable_sort(
        files, {}, [](const ScannedFile* file) { return std::ranges::count(file->path, '/'); });
    if (files.empty()) return;
    const std::string path = Short(files.front()->path);
    UrlSource& source = existing_;
    source.kind = "file";
    source.name = "dev";
    source.value = Concat("sqlite:///./", path);
    source.url = source.value;
    source.where = path;
    source.comments = {
        Concat("Nothing here names a URL; ", path, " is a database that was found.")};
    Consider(source);
  }

  // What is told ----------------------------------------------------------------------------------

  void Describe() {
    std::vector<std::string> paths;
    for (const Target& target : targets_) {
      if (target.kind == TargetKind::kFile) paths.push_back(target.path);
    }
    Scan(paths);
    for (std::size_t i = 0; i < targets_.size(); ++i) DescribeEnvironment(i);
    ChooseVersionTable();
    const Target& first = targets_.front();
    const UrlSource& source = *chosen_.front();
    std::vector<std::string> directories{"."};
    if (!sources_.alembic.empty()) directories.push_back(sources_.alembic.front().directory);
    for (const SettingsFile& each : sources_.settings) directories.push_back(each.base);
    for (const UrlSource& each : sources_.urls) {
      directories.insert(directories.end(), each.bases.begin(), each.bases.end());
    }
    document_.landings = LandingsOf(first, root_, directories, files_);
    for (Landing& landing : document_.landings) {
      if (const ScannedFile* file = FileAt(landing.path)) landing.revision = file->revision;
    }
    const std::string url =
        source.where.empty() ? source.value : Concat(source.value, " (", source.where, ")");
    for (Finding& each : FindTraps(root_, sources_, first, url, files_)) {
      document_.findings.push_back(std::move(each));
    }
    for (Finding& each : FindGitignoreGaps(repository_, targets_, files_)) {
      document_.findings.push_back(std::move(each));
    }
    for (const Target& target : targets_) {
      document_.findings.insert(document_.findings.end(), target.findings.begin(),
                                target.findings.end());
    }
    TellAmbiguous();
    std::ranges::move(FindPartTraps(sources_.parts, root_), std::back_inserter(document_.findings));
    FindStrays();
    LeaveElsewhereAlone();
    if (document_.truncated) {
      document_.notes.emplace_back("the project is larger than drover looks at: not all is found");
    }
  }

  void DescribeEnvironment(std::size_t index) {
    ProposedSource& proposed = proposal_.environments[index];
    const Target& target = targets_[index];
    std::vector<std::string> same_as;
    for (std::size_t other = 0; other < targets_.size(); ++other) {
      if (target.error || other == index || targets_[other].key != target.key) continue;
      same_as.push_back(proposal_.environments[other].name);
    }
    const ScannedFile* file = target.error ? nullptr : FileAt(target.path);
    proposed.comments.push_back(EnvironmentSentence(target, file, same_as));
    document_.environments.push_back(EnvironmentEntry(proposed, target, file, std::move(same_as)));
  }

  /// Alembic's own, so that what it has applied is seen and it can take over at any time.
  void ChooseVersionTable() {
    std::string table;
    for (const Target& target : targets_) {
      const ScannedFile* file = FileAt(target.path);
      if (table.empty() && file != nullptr) table = file->version_table;
    }
    if (table.empty() && !sources_.alembic.empty()) {
      const auto& named = sources_.alembic.front().env.version_table;
      table = named ? named->text : "alembic_version";
    }
    if (proposal_.alembic) {
      proposal_.url_variable = ChooseUrlVariable(sources_, chosen_.front()->variable);
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
    for (const Target& target : targets_) {
      KnownDatabase each{.target = &target, .rows = {}, .columns = {}};
      if (const ScannedFile* file = FileAt(target.path)) {
        each.rows = file->revision;
        each.columns = file->columns;
        each.schema = file->schema;
      }
      known.push_back(std::move(each));
    }
    for (StrayEntry& stray : ClassifyStrays(scanned_, known, graph_, root_)) {
      if (IsTrouble(stray) && !elsewhere_.contains(stray.path)) {
        document_.strays.push_back(std::move(stray));
      }
    }
  }

  /// The daemon must not take them for strays either.
  void LeaveElsewhereAlone() {
    for (const auto& [path, where] : elsewhere_) {
      if (!IsBelow(path, root_)) continue;
      const std::string name = Short(path);
      if (name.find_first_of("*?[]\\!") != std::string::npos) continue;
      proposal_.strays.push_back(Concat(name, " is the database of ", where, ": no stray."));
      proposal_.stray_ignore.push_back(name);
      if (FileAt(path) != nullptr) {
        document_.notes.push_back(Concat(name, " is the database of ", where,
                                         ": it is left out of the strays (strays: ignore)"));
      }
    }
  }

  /// Which of several files a relative URL means was chosen, not seen.
  void TellAmbiguous() {
    for (const auto& [source, base] : ambiguous_) {
      const auto at = std::ranges::find(chosen_, source);
      if (at == chosen_.end()) continue;
      const Target& target = targets_[static_cast<std::size_t>(at - chosen_.begin())];
      if (KnownInContainer(target)) continue;  // compose says the same
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
  UrlSource existing_;  // made of a database that was found
  std::vector<std::pair<const UrlSource*, UrlBase>> ambiguous_;
  std::map<std::string, std::string> elsewhere_;  // databases of others: by path, who names them
  migrations::Graph graph_{std::vector<migrations::RevisionPtr>()};
  std::vector<ScannedFile> scanned_;
  Proposal proposal_;
  std::vector<const UrlSource*> chosen_;  // of each environment: what it was made from
  std::vector<Target> targets_;           // of the same
  InitDocument document_;
};

}  // namespace

InitDocument SurveyProject(const SurveyRequest& request, const SurveySurroundings& surroundings,
                           Files& files) {
  return Surveyor(request, surroundings, files).Survey();
}

}  // namespace drover::environments
