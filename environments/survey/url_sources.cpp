#include "environments/survey/url_sources.h"

#include <algorithm>
#include <array>
#include <functional>
#include <iterator>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "base/error.h"
#include "base/posix.h"
#include "base/text.h"
#include "environments/strays/sniff.h"
#include "environments/survey/compose_urls.h"
#include "environments/survey/framework_urls.h"
#include "environments/survey/text_file.h"
#include "environments/urls/dialect.h"
#include "environments/variables.h"

namespace drover::environments {
namespace {

constexpr std::size_t kMostSources = 600;
constexpr std::size_t kMostUrls = 12;
constexpr std::array<std::string_view, 5> kUsualNames{
    "DATABASE_URL", "DB_URL", "DB__DB_URL", "SQLALCHEMY_DATABASE_URI", "SQLALCHEMY_DATABASE_URL"};
constexpr std::array<std::string_view, 6> kApplicationMarks{
    "alembic.ini", "pyproject.toml", "requirements.txt", "manage.py", "setup.py", "Pipfile"};
constexpr std::array<std::string_view, 7> kTemplateEndings{
    ".example", ".sample", ".template", ".dist", ".tpl", ".defaults", ".bak"};

bool IsEnvFile(std::string_view name) {
  const bool is_template = std::ranges::any_of(
      kTemplateEndings, [&](std::string_view ending) { return name.ends_with(ending); });
  return !is_template && (name == ".env" || name.starts_with(".env.") || name.ends_with(".env"));
}

std::string Directory(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? "." : std::string(path.substr(0, slash));
}

/// "test" for TEST_DATABASE_URL, empty for DATABASE_URL.
std::string NameOfVariable(std::string_view variable) {
  std::vector<std::string> words;
  for (const std::string& word : SplitList(ToLower(variable), '_')) {
    static constexpr std::array<std::string_view, 11> kCommon{
        "url",    "uri",        "db",  "database", "path", "file",
        "sqlite", "sqlalchemy", "dsn", "name",     "app"};
    if (!IsOneOf(kCommon, word)) words.push_back(word);
  }
  return EnvironmentName(Join(words, "-"));
}

class SourceFinder final {
 public:
  SourceFinder(const std::string& root, const std::string& from, const ProjectFiles& project,
               Files& files)
      : root_(root), from_(from), project_(project), files_(files) {}

  ProjectSources Find() {
    ReadAlembic();
    ReadCode();
    FrameworkUrls prisma = FindPrismaUrls(root_, project_, files_);
    prisma_ = prisma.directory;
    std::ranges::move(prisma.urls, std::back_inserter(code_urls_));
    Take(prisma.facts, prisma.notes);
    ReadEnvFiles();
    AlembicUrls();
    for (UrlSource& url : code_urls_) found_.urls.push_back(std::move(url));
    FrameworkUrls rails = FindRailsUrls(root_, project_, files_);
    std::ranges::move(rails.urls, std::back_inserter(found_.urls));
    Take(rails.facts, rails.notes);
    ComposeUrls compose = FindComposeUrls(root_, project_, files_);
    std::ranges::move(compose.urls, std::back_inserter(found_.urls));
    Take(compose.facts, compose.notes);
    found_.compose_directories = std::move(compose.directories);
    found_.asked_for = std::move(mentioned_);
    SetAsideOthers();
    if (found_.urls.size() > kMostUrls) {
      found_.notes.push_back(Concat("only the first ", kMostUrls, " of ", found_.urls.size(),
                                    " places that name a database are looked at"));
      found_.urls.resize(kMostUrls);
    }
    return std::move(found_);
  }

 private:
  void Fact(std::string kind, std::string where, std::string what) {
    found_.facts.push_back(
        {.kind = std::move(kind), .where = std::move(where), .what = std::move(what)});
  }

  void Take(std::vector<SurveyFact>& facts, std::vector<std::string>& notes) {
    std::ranges::move(facts, std::back_inserter(found_.facts));
    std::ranges::move(notes, std::back_inserter(found_.notes));
  }

  /// The text of a file; what is none is noted.
  std::optional<std::string> Text(const std::string& relative) {
    TextFile file = ReadTextFile(AbsolutePath(relative, root_), files_);
    if (!file.problem.empty()) {
      found_.notes.push_back(Concat(relative, " is not used: ", file.problem));
    }
    return std::move(file.text);
  }

  /// The nearest directory at or above `directory` that looks like an application's; "." else.
  [[nodiscard]] std::string ApplicationOf(std::string directory) const {
    for (;; directory = Directory(directory)) {
      if (const ProjectDirectory* entry = project_.Find(directory)) {
        for (const std::string_view mark : kApplicationMarks) {
          if (std::ranges::binary_search(entry->files, mark)) return directory;
        }
      }
      if (directory == ".") return directory;
    }
  }

  void EachFile(const auto& wanted, const auto& visit) {
    for (const ProjectDirectory& directory : project_.directories) {
      for (const std::string& name : directory.files) {
        if (wanted(name)) visit(directory.path, Below(directory.path, name));
      }
    }
  }

  // Alembic ---------------------------------------------------------------------------------------

  void ReadAlembic() {
    AlembicProjects projects = FindAlembicProjects(root_, project_, files_);
    found_.alembic = std::move(projects.all);
    PutNearestFirst(found_.alembic, from_);
    Take(projects.facts, projects.notes);
  }

  void AlembicUrls() {
    for (const AlembicProject& alembic : found_.alembic) {
      if (const auto& written = alembic.config.url) AddAlembicUrl(alembic, *written, {});
      for (const AlembicUrl& each : alembic.other_urls) {
        AddAlembicUrl(alembic, each.url, each.section);
      }
      // The first of several databases is the one that drover can look after.
      for (const AlembicUrl& each : alembic.databases) {
        const std::size_t before = found_.urls.size();
        AddAlembicUrl(alembic, each.url, each.section);
        if (&alembic != &found_.alembic.front() || found_.urls.size() == before) continue;
        std::rotate(found_.urls.begin(), found_.urls.end() - 1, found_.urls.end());
      }
    }
  }

  void AddAlembicUrl(const AlembicProject& alembic, const TextAtLine& written,
                     const std::string& section) {
    if (!NamesSqlite("url", written.text)) return;
    UrlSource source{.kind = "alembic", .name = "dev", .url = {}, .value = written.text};
    source.where = Concat(alembic.file, ":", written.line);
    constexpr std::string_view kHerePrefix = "%(here)s/";
    if (const std::size_t at = source.value.find(kHerePrefix); at != std::string::npos) {
      source.value.replace(at, kHerePrefix.size(), "./");
      source.base_is_certain = true;
      source.bases = {alembic.directory};
    } else {
      source.bases = {alembic.directory, "."};
    }
    source.url = LiteralUrl(source.value);
    source.comments = {Concat("sqlalchemy.url ",
                              section.empty() ? "" : Concat("in [", section, "] "), "of ",
                              source.where)};
    Fact("alembic", source.where,
         Concat(section.empty() ? "" : Concat("[", section, "] "),
                "sqlalchemy.url = ", written.text));
    const bool first = section.empty() ||
                       (!alembic.databases.empty() && section == alembic.databases.front().section);
    const bool own = &alembic == &found_.alembic.front() && first;
    (own ? found_.urls : found_.elsewhere).push_back(std::move(source));
  }

  /// Of several Alembic projects, what others name is not this one's; its own comes before what
  /// lies above both.
  void SetAsideOthers() {
    if (found_.alembic.size() < 2) return;
    const auto others = [&](const UrlSource& source) {
      return source.service.empty() && IsOfAnother(found_.alembic, Directory(source.where));
    };
    const auto own = [&](const UrlSource& source) {
      const std::string directory = Directory(source.where);
      const std::string& home = found_.alembic.front().directory;
      return source.service.empty() && (directory == home || directory.starts_with(home + "/"));
    };
    const auto aside = std::ranges::stable_partition(found_.urls, std::not_fn(others));
    std::ranges::move(aside, std::back_inserter(found_.elsewhere));
    found_.urls.erase(aside.begin(), aside.end());
    std::ranges::stable_partition(found_.urls, own);
    std::erase_if(found_.settings, [&](const SettingsFile& settings) {
      return IsOfAnother(found_.alembic, Directory(settings.where));
    });
  }

  // Python sources --------------------------------------------------------------------------------

  static bool HoldsMigrations(std::string_view directory) {
    for (const std::string_view name : {"versions", "migrations"}) {
      if (directory == name || directory.ends_with(Concat("/", name))) return true;
    }
    return false;
  }

  void ReadCode() {
    // What Alembic's own env.py says is the most telling.
    for (const AlembicProject& alembic : found_.alembic) {
      const std::string application = ApplicationOf(Directory(alembic.env_py));
      for (const PythonSource::Url& each : alembic.env.urls) {
        AddCodeUrl(application, alembic.env_py, each);
      }
    }
    std::size_t count = 0;
    EachFile([](std::string_view name) { return name.ends_with(".py") && name != "env.py"; },
             [&](const std::string& directory, const std::string& file) {
               if (HoldsMigrations(directory) || ++count > kMostSources) return;
               const std::string name = BaseName("/" + file);
               if (name.starts_with("test_") || name == "conftest.py") return;
               const std::string path = AbsolutePath(file, root_);
               const TextFile text = ReadTextFile(path, files_);
               if (text.text) AddCode(directory, file, ReadPythonSource(*text.text, path));
             });
    if (count > kMostSources) {
      found_.notes.push_back(Concat("only ", kMostSources, " of ", count,
                                    " Python sources were searched for database URLs"));
    }
  }

  void AddCode(const std::string& directory, const std::string& file, const PythonSource& code) {
    const std::string application = ApplicationOf(directory);
    for (const TextAtLine& each : code.env_files) {
      std::string where = Concat(file, ":", each.line);
      Fact("settings", where, Concat("settings are read from \"", each.text, "\""));
      found_.settings.push_back(
          {.where = std::move(where), .env_file = each.text, .base = application});
    }
    found_.has_settings_class |= code.has_settings_class;
    for (const TextAtLine& variable : code.variables) mentioned_.insert(variable.text);
    for (const PythonSource::Url& each : code.urls) AddCodeUrl(application, file, each);
    if (code.django_name) AddDjango(directory, file, *code.django_name);
  }

  void AddCodeUrl(const std::string& application, const std::string& file,
                  const PythonSource::Url& found) {
    UrlSource source{.kind = "code", .name = "dev", .url = {}, .value = found.url};
    source.variable = found.variable;
    source.code_name = found.name;
    source.bases = {application, "."};
    if (found.from_file) BeginAtRoot(source);
    source.url = source.variable.empty() ? LiteralUrl(source.value)
                                         : VariableTemplate(source.variable, source.value);
    if (!source.variable.empty() && files_.Stat(AbsolutePath(".env", root_))) {
      source.env_files = {".env"};
    }
    source.where = Concat(file, ":", found.line);
    source.comments = {Concat("In the code, ", source.where)};
    if (found.from_file) source.comments.front() += ", whose place decides where the file is";
    Fact("code", source.where, Concat("a URL in the code: ", source.value));
    code_urls_.push_back(std::move(source));
  }

  /// The absolute path of a URL that the code puts together, as it is for everybody who has the
  /// project.
  void BeginAtRoot(UrlSource& source) {
    constexpr std::string_view kSlashes = ":///";
    const std::size_t path = source.value.find(kSlashes) + kSlashes.size();
    const std::size_t query = std::min(source.value.find('?', path), source.value.size());
    const std::string file =
        AbsolutePath(std::string_view(source.value).substr(path, query - path), "/");
    const bool inside = IsBelow(file, root_);
    const std::string written = inside ? Concat("./", RelativeTo(file, root_)) : file;
    source.value.replace(path, query - path, written);
    source.bases = {"."};
    source.base_is_certain = true;
    source.dialect = DialectOfOwnUrl(source.value, root_, files_);
  }

  void AddDjango(const std::string& directory, const std::string& file, const TextAtLine& name) {
    UrlSource source{.kind = "settings", .name = "dev", .url = {}, .value = {}};
    std::string base = directory;
    while (base != "." && !Has(base, "manage.py")) base = Directory(base);
    source.value = name.text.starts_with('/') ? name.text : Concat("./", name.text);
    source.url = LiteralUrl(source.value);
    source.dialect = "django";
    source.bases = {base};
    source.base_is_certain = true;
    source.where = Concat(file, ":", name.line);
    source.comments = {Concat("NAME in Django's settings, ", source.where, ", taken to begin at ",
                              FolderName(base), " as BASE_DIR does")};
    Fact("settings", source.where, Concat("Django: a SQLite database, NAME … ", name.text));
    code_urls_.push_back(std::move(source));
  }

  [[nodiscard]] bool Has(std::string_view directory, std::string_view name) const {
    const ProjectDirectory* entry = project_.Find(directory);
    return entry != nullptr && std::ranges::binary_search(entry->files, name);
  }

  // .env files ------------------------------------------------------------------------------------

  void ReadEnvFiles() {
    EachFile([](std::string_view name) { return IsEnvFile(name); },
             [&](const std::string& directory, const std::string& file) {
               if (Text(file)) AddEnvFile(directory, file);
             });
  }

  void AddEnvFile(const std::string& directory, const std::string& file) {
    static const std::map<std::string, std::string> kNoShell;
    const std::string path = AbsolutePath(file, root_);
    const Variables variables({path}, root_, files_, kNoShell);
    std::vector<UrlSource> here;
    std::set<std::string_view> seen;
    for (const std::string_view name : variables.names()) {
      if (!seen.insert(name).second) continue;
      const auto value = ValueOf(variables, name);
      if (!value) continue;
      if (NamesSqlite(name, value->value)) {
        if (IsPart(directory, variables, name, *value)) continue;
        here.push_back(FromEnv(directory, file, std::string(name), *value));
      } else {
        NoteServer(name, *value);
      }
    }
    std::ranges::stable_sort(here, {},
                             [&](const UrlSource& source) { return RankOf(source.variable); });
    for (UrlSource& source : here) {
      const std::string own = NameOfVariable(source.variable);
      const std::string name = BaseName("/" + file);
      const std::string of_file = EnvironmentName(
          name.starts_with(".env.") ? name.substr(5) : name.substr(0, name.rfind(".env")));
      source.name = !own.empty() && &source != &here.front() ? own
                    : !of_file.empty()                       ? of_file
                                                             : "dev";
      found_.urls.push_back(std::move(source));
    }
  }

  /// Then nobody can tell from here what it is put together to.
  bool IsPart(const std::string& directory, const Variables& variables, std::string_view name,
              const VariableValue& value) {
    if (!IsBareFileName(value.value)) return false;
    UrlPart part{.variable = std::string(name), .value = value.value, .where = value.where};
    std::vector<std::pair<std::string, std::string>> others;
    for (const std::string_view other : variables.names()) {
      const auto text = other == name ? std::nullopt : ValueOf(variables, other);
      if (text) others.emplace_back(other, text->value);
    }
    std::vector<std::string> usual{"."};
    for (const AlembicProject& alembic : found_.alembic) usual.push_back(alembic.directory);
    const PartSight sight{.root = root_, .project = project_, .usual = usual};
    if (!CompletePart(part, directory, others, sight, files_)) return false;
    found_.parts.push_back(std::move(part));
    return true;
  }

  /// A value that cannot be put together is that of no URL we could use.
  std::optional<VariableValue> ValueOf(const Variables& variables, std::string_view name) {
    try {
      return variables.Find(name);
    } catch (const Error& error) {
      found_.notes.push_back(Concat(RelativeTo(error.where, root_), ": ", error.message));
      return std::nullopt;
    }
  }

  UrlSource FromEnv(const std::string& directory, const std::string& file, std::string name,
                    const VariableValue& value) {
    UrlSource source{.kind = "env", .name = {}, .url = {}, .value = value.value};
    source.variable = std::move(name);
    source.url = VariableTemplate(source.variable, value.value);
    source.env_files = {file};
    source.bases = {directory, "."};
    source.where = value.where;
    source.comments = {Concat(source.variable, " in ", source.where)};
    if (value.value.starts_with("file:") && !prisma_.empty()) {
      source.bases = {prisma_};
      source.base_is_certain = true;
      source.comments.push_back(
          Concat("Prisma: a relative path begins at its schema, in ", FolderName(prisma_)));
    }
    Fact("env", source.where, Concat(source.variable, " = ", value.value));
    return source;
  }

  /// Another database server: only its scheme is named, since the rest may hold a password.
  void NoteServer(std::string_view name, const VariableValue& value) {
    static constexpr std::array<std::string_view, 7> kServers{
        "postgres", "postgresql", "mysql", "mariadb", "mssql", "oracle", "mongodb"};
    const std::string scheme = ToLower(SchemeOf(value.value));
    if (!IsOneOf(kServers, std::string_view(scheme).substr(0, scheme.find('+')))) return;
    found_.notes.push_back(Concat(name, " in ", value.where, " is a ", scheme,
                                  " database: drover keeps SQLite databases only"));
  }

  [[nodiscard]] std::size_t RankOf(const std::string& variable) const {
    for (const AlembicProject& alembic : found_.alembic) {
      if (std::ranges::find(alembic.env.variables, variable, &TextAtLine::text) !=
          alembic.env.variables.end()) {
        return 0;
      }
    }
    if (mentioned_.contains(variable)) return 1;
    const auto usual = std::ranges::find(kUsualNames, variable);
    return 2 + static_cast<std::size_t>(usual - kUsualNames.begin());
  }

  const std::string& root_;
  const std::string& from_;
  const ProjectFiles& project_;
  Files& files_;
  ProjectSources found_;
  std::vector<UrlSource> code_urls_;  // found early, less telling
  std::set<std::string> mentioned_;   // variables that the code asks for
  std::string prisma_;                // the directory of a schema of Prisma's on SQLite
};

}  // namespace

bool NamesSqlite(std::string_view variable, std::string_view value) {
  const std::string lower = ToLower(value);
  for (const std::string_view scheme : {"sqlite:", "sqlite+", "sqlite3:"}) {
    if (lower.starts_with(scheme)) return true;
  }
  const std::string_view path = std::string_view(lower).substr(0, lower.find('?'));
  if (!HasDatabaseSuffix(path)) return false;
  if (lower.starts_with("file:")) return true;
  const std::string name = ToLower(variable);
  const bool database = name.find("db") != std::string::npos ||
                        name.find("database") != std::string::npos ||
                        name.find("sqlite") != std::string::npos;
  return database && SchemeOf(value).empty() && value.find('$') == std::string_view::npos;
}

std::string EnvironmentName(std::string_view text) {
  std::string name;
  for (const char c : ToLower(text)) {
    const bool good = IsLetter(c) || (c >= '0' && c <= '9') || c == '-';
    if (good) {
      name.push_back(c);
    } else if (!name.empty() && name.back() != '-') {
      name.push_back('-');
    }
  }
  while (name.ends_with('-')) name.pop_back();
  return name;
}

std::string LiteralUrl(std::string_view value) {
  std::string literal;
  for (const char c : value) literal += c == '$' ? std::string("$$") : std::string(1, c);
  return literal;
}

std::string DialectOfOwnUrl(std::string_view url, const std::string& root, Files& files) {
  try {
    if (GuessDialect(url, root, files).dialect == UrlDialect::kSqlalchemy) return {};
  } catch (const Error&) {
    // Then nobody else can guess it either.
  }
  return std::string(DialectName(UrlDialect::kSqlalchemy));
}

std::string VariableTemplate(std::string_view variable, std::string_view value) {
  const bool plain = value.find_first_of("${}\\\"'`") == std::string_view::npos;
  return plain ? Concat("${", variable, ":-", value, "}") : Concat("${", variable, "}");
}

ProjectSources FindUrlSources(const std::string& root, const std::string& from,
                              const ProjectFiles& project, Files& files) {
  return SourceFinder(root, from, project, files).Find();
}

}  // namespace drover::environments
