#include "environments/survey/environment_choice.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

#include "base/error.h"
#include "base/posix.h"
#include "base/text.h"
#include "environments/config.h"
#include "environments/hazards.h"
#include "environments/strays/sniff.h"
#include "environments/strays/strays.h"
#include "environments/strays/tool_databases.h"
#include "environments/survey/url_parts.h"
#include "environments/urls/dialect.h"
#include "environments/urls/url.h"

namespace drover::environments {
namespace {

class EnvironmentChooser final {
 public:
  EnvironmentChooser(const EnvironmentSight& sight, DatabaseScan& scan, Files& files,
                     Proposal& proposal, InitDocument& document)
      : sight_(sight), scan_(scan), files_(files), proposal_(proposal), document_(document) {}

  EnvironmentChoice Choose() {
    for (const UrlSource& source : sight_.sources.urls) Consider(source);
    for (const UrlSource& source : sight_.sources.elsewhere) NoteElsewhere(source);
    if (choice_.sources.empty() && !sight_.sources.parts.empty())
      FromParts(sight_.sources.parts.front());
    if (choice_.sources.empty() && HasSeveralDatabases()) {
      Ask(Concat("[", sight_.sources.alembic.front().config.databases.front(), "] of ",
                 sight_.sources.alembic.front().file, " has no URL of a SQLite database."));
    }
    if (choice_.sources.empty()) FromExistingDatabases();
    if (choice_.sources.empty() && HasOwnUrl()) {
      const AlembicProject& alembic = sight_.sources.alembic.front();
      Ask(Concat(alembic.env_py, " does not take its URL from ", alembic.file,
                 ", and what it takes it from cannot be told without Python."));
    }
    if (choice_.sources.empty()) {
      UrlSource& made = Make("file");
      made.value = made.url = FirstUrl();
      made.comments = {
          "Nothing here names a database: this is a beginning. URLs are those of "
          "SQLAlchemy, or file: URIs and paths."};
      Consider(made);
      if (!choice_.sources.empty()) {
        document_.notes.push_back(
            Concat("no place names a database: application.db is only a beginning; write the URL "
                   "of yours into ",
                   Short(document_.config)));
      }
    }
    // The notes say what could not be read.
    if (choice_.sources.empty()) Ask("Which library reads the URLs here cannot be told.");
    return std::move(choice_);
  }

 private:
  [[nodiscard]] std::string Absolute(std::string_view relative) const {
    return AbsolutePath(relative, sight_.root);
  }

  [[nodiscard]] std::string Short(const std::string& path) const {
    return RelativeTo(path, sight_.root);
  }

  /// The one environment, of what no URL names.
  UrlSource& Make(std::string kind) {
    choice_.made = std::make_unique<UrlSource>();
    choice_.made->kind = std::move(kind);
    choice_.made->name = "dev";
    return *choice_.made;
  }

  /// The URL of a file that was found, for `made`: it means that file, whatever library the project
  /// reads URLs with.
  void MakeUrl(UrlSource& made, std::string url) {
    made.value = made.url = std::move(url);
    made.dialect = DialectOfOwnUrl(made.value, sight_.root, files_);
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
    choice_.sources.push_back(&source);
    choice_.targets.push_back(std::move(target));
  }

  static std::string Place(const UrlSource& source) {
    return source.where.empty() ? std::string() : source.where + ": ";
  }

  /// What the URL says as drover will read it; what cannot be read is noted.
  std::optional<DatabaseUrl> Read(const UrlSource& source, ProposedSource& proposed) {
    try {
      UrlDialect dialect = GuessDialect(source.value, sight_.root, files_).dialect;
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
      if (!base.others.empty()) choice_.ambiguous.emplace_back(&source, base);
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
      if (!IsOfAnother(sight_.sources.alembic, directory)) candidates.push_back(directory);
    };
    if (!sight_.sources.alembic.empty()) add(sight_.sources.alembic.front().directory);
    candidates.emplace_back(".");
    for (const std::string& each : sight_.sources.compose_directories) add(each);
    for (const SettingsFile& each : sight_.sources.settings) add(each.base);
    for (const Target& target : choice_.targets) {
      if (!target.from_directory) continue;
      const std::string base = target.from_directory->directory;
      const std::string directory = base == sight_.root ? "." : Short(base);
      const bool same =
          AbsolutePath(url.path, base) == AbsolutePath(target.from_directory->path, base);
      if (same && std::ranges::find(candidates, directory) != candidates.end()) {
        return {.directory = directory, .reason = "the same URL as above", .others = {}};
      }
    }
    UrlBase base = ChooseUrlBase(
        url.path, candidates, sight_.root, [&](const std::string& path) { return Weigh(path); },
        files_);
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
    for (const ProjectDirectory& each : sight_.project.directories) {
      const std::string file = AbsolutePath(path, Absolute(each.path));
      const std::string name = Short(file);
      if (IsOfAnother(sight_.sources.alembic, each.path) || IsPutAside(each.path) ||
          HasTestName(name) || HasBackupName(name) || files_.Probe(file) != Reach::kThere) {
        continue;
      }
      if (found) return std::nullopt;
      found = each.path;
    }
    return found;
  }

  DatabaseWeight Weigh(const std::string& path) {
    (void)scan_.Files();
    const ScannedFile* file = scan_.FileAt(files_.Real(path));
    if (file == nullptr) return {};
    return WeighDatabase(*file, sight_.graph);
  }

  /// A database that other configurations in the project name is theirs.
  void NoteElsewhere(const UrlSource& source) {
    ProposedSource ignored;
    const std::optional<DatabaseUrl> url = Read(source, ignored);
    if (!url || url->kind == DatabaseUrl::Kind::kMemory) return;
    std::string path = url->path;
    if (!url->is_absolute()) {
      const UrlBase base = ChooseUrlBase(
          url->path, source.bases, sight_.root,
          [&](const std::string& each) { return Weigh(each); }, files_);
      path = AbsolutePath(url->path, Absolute(base.directory));
    }
    NameElsewhere(files_.Real(path), source.where);
  }

  void NameElsewhere(const std::string& path, const std::string& where) {
    const auto own = std::ranges::find(choice_.targets, path, &Target::path);
    if (own == choice_.targets.end()) choice_.elsewhere.emplace(path, where);
  }

  /// With the driver that env.py asks for.
  [[nodiscard]] std::string FirstUrl() const {
    bool async = false;
    for (const std::string_view name :
         {"async_engine_from_config", "create_async_engine", "asyncengine"}) {
      async |= !sight_.sources.alembic.empty() &&
               sight_.sources.alembic.front().url.names.contains(std::string(name));
    }
    return Concat(async ? "sqlite+aiosqlite" : "sqlite", ":///./application.db");
  }

  [[nodiscard]] bool HasSeveralDatabases() const {
    return proposal_.alembic && !sight_.sources.alembic.empty() &&
           sight_.sources.alembic.front().config.databases.size() > 1;
  }

  /// Does env.py have a URL that the ini does not decide?
  [[nodiscard]] bool HasOwnUrl() const {
    return proposal_.alembic && !sight_.sources.alembic.empty() &&
           sight_.sources.alembic.front().url.has_own_url;
  }

  /// The name of a file is there, but not where it lies.
  void FromParts(const UrlPart& part) {
    const std::string& likely = part.likely;
    if (!likely.empty() && files_.Probe(Absolute(likely)) == Reach::kThere) {
      UrlSource& made = Make("file");
      MakeUrl(made, LikelyUrl(part));
      made.where = likely;
      made.comments = {Concat("Taken from what is there: ", part.variable, " in ", part.where,
                              " is only the name of a file.")};
      return Consider(made);
    }
    Ask(Concat(part.variable, " in ", part.where, " is only the name of a file."));
  }

  /// An environment whose URL the user has to write: better none than a wrong one.
  void Ask(const std::string& why) {
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
    choice_.sources.push_back(&Make("question"));
    choice_.targets.push_back(std::move(target));
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
    for (std::size_t i = 0; i < choice_.targets.size(); ++i) {
      if (target.key.empty() || target.key != choice_.targets[i].key) continue;
      if (in_container && choice_.sources[i]->service.empty()) {
        if (!choice_.IsInContainer(target)) return true;
        continue;
      }
      proposal_.environments[i].comments.push_back(
          in_container ? Concat("The same database: service ", source.service, ", ", source.where)
                       : Concat("The same database: ", source.where));
      return false;
    }
    if (choice_.sources.empty() || source.kind == "env" || source.kind == "compose") return true;
    if (source.kind == "settings") return true;
    // What the code falls back to without the variable is what a wrong start makes.
    // Settings of pydantic do not tell capitals from small letters.
    const bool fallback = !source.variable.empty() &&
                          ToLower(source.variable) == ToLower(choice_.sources.front()->variable);
    if (!target.path.empty() && !fallback) NameElsewhere(target.path, source.where);
    const bool alembic = source.kind == "alembic";
    if (alembic && !target.path.empty()) {
      Finding finding = MakeFinding(
          "alembic-other-database",
          Concat(source.where, ": sqlalchemy.url leads to ", Short(target.path), ", but ",
                 choice_.sources.front()->where, " to ", Short(choice_.targets.front().path)),
          Absolute(source.where + ":1"), "keep one of them, or read the variable in env.py");
      document_.findings.push_back(std::move(finding));
    } else {
      document_.notes.push_back(
          Concat(source.where, " names another database, ", source.value, ": not proposed"));
    }
    return false;
  }

  std::string FreeName(const UrlSource& source) {
    std::string wanted = source.name;
    if (!source.service.empty()) {
      const auto services = std::ranges::count_if(
          sight_.sources.urls, [](const UrlSource& each) { return !each.service.empty(); });
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
    std::vector<const ScannedFile*> files;
    for (const ScannedFile& file : scan_.Files()) {
      const std::string path = Short(file.path);
      const bool own = file.kind == "database" && ToolOf(file).empty() && !HasBackupName(path) &&
                       !HasTestName(path) && HasDatabaseSuffix(BaseName(file.path));
      if (own) files.push_back(&file);
    }
    std::ranges::stable_sort(
        files, {}, [](const ScannedFile* file) { return std::ranges::count(file->path, '/'); });
    if (files.empty()) return;
    const std::string path = Short(files.front()->path);
    UrlSource& source = Make("file");
    MakeUrl(source, Concat("sqlite:///./", path));
    source.where = path;
    source.comments = {
        Concat("Nothing here names a URL; ", path, " is a database that was found.")};
    Consider(source);
  }

  const EnvironmentSight& sight_;
  DatabaseScan& scan_;
  Files& files_;
  Proposal& proposal_;
  InitDocument& document_;
  EnvironmentChoice choice_;
};

}  // namespace

bool EnvironmentChoice::IsInContainer(const Target& target) const {
  for (std::size_t i = 0; i < targets.size(); ++i) {
    if (!sources[i]->service.empty() && targets[i].key == target.key) return true;
  }
  return false;
}

EnvironmentChoice ChooseEnvironments(const EnvironmentSight& sight, DatabaseScan& scan,
                                     Files& files, Proposal& proposal, InitDocument& document) {
  return EnvironmentChooser(sight, scan, files, proposal, document).Choose();
}

}  // namespace drover::environments
