#include "environments/config.h"

#include <algorithm>
#include <array>
#include <span>
#include <utility>

#include "base/error.h"
#include "base/posix.h"
#include "base/text.h"
#include "environments/yaml.h"
#include "environments/yaml_reader.h"
#include "migrations/checksum.h"

namespace drover::environments {
namespace {

constexpr std::array<std::string_view, 9> kTopKeys{
    "project",      "migrations",  "default_environment",
    "environments", "url_dialect", "relative_to",
    "safety",       "strays",      "drift"};
constexpr std::array<std::string_view, 12> kMigrationsKeys{
    "format",        "directory", "schema",         "version_table",
    "file_template", "timezone",  "stub_functions", "stub_collations",
    "config",        "section",   "command",        "url_variable"};
/// Those that only one of the two formats has.
constexpr std::array<std::string_view, 5> kNativeKeys{"schema", "file_template", "timezone",
                                                      "stub_functions", "stub_collations"};
constexpr std::array<std::string_view, 4> kAlembicKeys{"config", "section", "command",
                                                       "url_variable"};
constexpr std::array<std::string_view, 7> kEnvironmentKeys{
    "url", "env_file", "url_dialect", "relative_to", "on_pending", "protected", "compose"};
constexpr std::array<std::string_view, 5> kComposeKeys{"file", "service", "project_directory",
                                                       "profiles", "project_name"};
constexpr std::array<std::string_view, 3> kSafetyKeys{"backup", "rehearse", "destructive"};
constexpr std::array<std::string_view, 3> kBackupKeys{"keep", "max_bytes", "directory"};
constexpr std::array<std::string_view, 3> kRehearse{"auto", "always",
                                                    "never"};  // as RehearsePolicy
constexpr std::array<std::string_view, 2> kStraysKeys{"roots", "ignore"};
constexpr std::array<std::string_view, 1> kDriftKeys{"ignore"};
constexpr std::array<std::string_view, 2> kFormats{"native", "alembic"};  // as migrations::Format
constexpr std::array<std::string_view, 2> kTimeZones{"utc", "local"};     // as TimeZone
constexpr std::array<std::string_view, 2> kOnPending{"report", "apply"};  // as enum OnPending
constexpr std::array<std::string_view, 3> kDestructive{"allow", "confirm",
                                                       "refuse"};  // as DestructivePolicy

constexpr std::string_view kLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_";
constexpr std::string_view kDigits = "0123456789";

bool ConsistsOf(std::string_view text, std::string_view letters) {
  return text.find_first_not_of(letters) == std::string_view::npos;
}

class ConfigParser final {
 public:
  ConfigParser(std::string_view text, const std::string& path) : text_(text) {
    config_.path = path;
    config_.root = DirectoryName(path);
    config_.project = BaseName(config_.root);
    config_.sha256 = migrations::Sha256(text);
  }

  Config Parse() {
    const YamlNode root = ParseYaml(text_, config_.path, "config");
    if (root.kind == YamlNode::Kind::kNull) {
      reader_.Fail("missing", "drover.yaml is empty: it needs at least \"environments\"", root.at,
                   "write at least \"environments: {dev: {url: sqlite:///./application.db}}\"");
    }
    reader_.ExpectMap(root, "drover.yaml");
    RefuseKey(root, "hooks", "run hooks");
    reader_.ExpectKeys(root, "", kTopKeys);
    if (const YamlNode* node = root.Find("project")) {
      config_.project = reader_.String(*node, "project");
    }
    Migrations(root.Find("migrations"));
    Environments(root);
    Safety(root.Find("safety"));
    Strays(root.Find("strays"));
    Drift(root.Find("drift"));
    return config_;
  }

 private:
  /// A key of a later version is refused rather than ignored: it would promise something.
  void RefuseKey(const YamlNode& map, std::string_view key, std::string_view verb) const {
    for (const YamlEntry& entry : map.entries) {
      if (entry.key != key) continue;
      reader_.Fail("unsupported", Concat("this version of drover does not ", verb, " yet"),
                   entry.key_at, Concat("remove the key \"", key, "\""));
    }
  }

  [[nodiscard]] std::string Path(const std::string& text, std::string_view name,
                                 Position at) const {
    if (text.starts_with("~")) {
      reader_.Fail("value", Concat(name, " begins with ~, which drover does not expand"), at,
                   "write the path in full, or relative to drover.yaml");
    }
    return AbsolutePath(text, config_.root);
  }

  [[nodiscard]] std::vector<std::string> Paths(const YamlNode& node, std::string_view name) const {
    std::vector<std::string> paths = reader_.Strings(node, name);
    for (std::size_t i = 0; i < paths.size(); ++i) {
      paths[i] = Path(paths[i], name, node.items.empty() ? node.at : node.items[i].at);
    }
    return paths;
  }

  void Migrations(const YamlNode* node) {
    config_.migration_directories = {AbsolutePath("migrations", config_.root)};
    if (node == nullptr) return;
    reader_.ExpectMap(*node, "migrations");
    reader_.ExpectKeys(*node, "migrations", kMigrationsKeys);
    if (const YamlNode* format = node->Find("format")) {
      config_.format =
          static_cast<migrations::Format>(reader_.Choice(*format, "migrations.format", kFormats));
      config_.alembic.config_where = reader_.Where(format->at);
    }
    if (config_.format == migrations::Format::kAlembic) {
      RefuseKeys(*node, kNativeKeys, "native");
      Alembic(*node);
    } else {
      RefuseKeys(*node, kAlembicKeys, "alembic");
    }
    if (const YamlNode* directory = node->Find("directory")) {
      config_.migration_directories = Paths(*directory, "migrations.directory");
      config_.migrations_where = reader_.Where(directory->at);
    }
    if (const YamlNode* schema = node->Find("schema")) {
      config_.schema_files = Paths(*schema, "migrations.schema");
    }
    if (const YamlNode* table = node->Find("version_table")) VersionTable(*table);
    if (const YamlNode* pattern = node->Find("file_template")) FileTemplate(*pattern);
    if (const YamlNode* zone = node->Find("timezone")) {
      config_.file_template.zone =
          static_cast<TimeZone>(reader_.Choice(*zone, "migrations.timezone", kTimeZones));
    }
    if (const YamlNode* names = node->Find("stub_functions")) {
      config_.stubs.functions = Stubs(*names, "migrations.stub_functions", Arguments::kAllowed);
    }
    if (const YamlNode* names = node->Find("stub_collations")) {
      config_.stubs.collations = Stubs(*names, "migrations.stub_collations", Arguments::kRefused);
    }
  }

  void RefuseKeys(const YamlNode& node, std::span<const std::string_view> keys,
                  std::string_view format) const {
    for (const YamlEntry& entry : node.entries) {
      if (!IsOneOf(keys, entry.key)) continue;
      reader_.Fail("value",
                   Concat("migrations.", entry.key, " has a meaning only with format: ", format),
                   entry.key_at, Concat("remove it, or write format: ", format));
    }
  }

  void Alembic(const YamlNode& node) {
    AlembicSettings& alembic = config_.alembic;
    config_.migration_directories.clear();
    config_.version_table = "alembic_version";
    if (const YamlNode* file = node.Find("config")) {
      alembic.config =
          Path(reader_.String(*file, "migrations.config"), "migrations.config", file->at);
      alembic.config_where = reader_.Where(file->at);
      const auto is = [&](std::string_view ending) { return alembic.config.ends_with(ending); };
      if (!is(".ini") && !is(".toml") && !is("setup.cfg")) {
        reader_.Fail("value", "migrations.config must be an .ini file, pyproject.toml or setup.cfg",
                     file->at, "config: alembic.ini");
      }
    }
    if (const YamlNode* section = node.Find("section")) {
      alembic.section = reader_.String(*section, "migrations.section");
    }
    if (const YamlNode* command = node.Find("command")) {
      alembic.command = reader_.Strings(*command, "migrations.command");
      if (alembic.command.empty() || alembic.command.front().empty()) {
        reader_.Fail("value", "migrations.command names no program", command->at,
                     "command: [uv, run, alembic]");
      }
    }
    if (const YamlNode* variable = node.Find("url_variable")) {
      alembic.url_variable = reader_.String(*variable, "migrations.url_variable");
      const bool good = kLetters.find(alembic.url_variable.front()) != std::string_view::npos &&
                        ConsistsOf(alembic.url_variable, Concat(kLetters, kDigits));
      if (!good) {
        reader_.Fail("value",
                     Concat("migrations.url_variable \"", Excerpt(alembic.url_variable, 40),
                            "\" is no name of a variable"),
                     variable->at, "url_variable: DATABASE_URL");
      }
    }
  }

  void FileTemplate(const YamlNode& node) {
    const std::string pattern = reader_.String(node, "migrations.file_template");
    if (const auto problem = migrations::CheckFileTemplate(pattern)) {
      reader_.Fail("value",
                   Concat("migrations.file_template \"", Excerpt(pattern, 60),
                          "\" cannot be used: ", problem->message),
                   node.at, problem->hint);
    }
    config_.file_template.pattern = pattern;
  }

  enum class Arguments : std::uint8_t { kAllowed, kRefused };

  /// Names, each with "/2" for its number of arguments where that is allowed.
  [[nodiscard]] std::vector<std::string> Stubs(const YamlNode& node, std::string_view key,
                                               Arguments arguments) const {
    constexpr std::int64_t kMostArguments = 127;  // SQLite's limit
    std::vector<std::string> stubs = reader_.Strings(node, key);
    for (std::size_t i = 0; i < stubs.size(); ++i) {
      const std::string_view stub = stubs[i];
      const std::size_t slash = stub.find('/');
      const std::string_view name = stub.substr(0, slash);
      bool good = !name.empty() && kLetters.find(name.front()) != std::string_view::npos &&
                  ConsistsOf(name, Concat(kLetters, kDigits));
      if (slash != std::string_view::npos) {
        const std::optional<std::int64_t> count = ParseInteger(stub.substr(slash + 1));
        good = good && arguments == Arguments::kAllowed && count && *count >= 0 &&
               *count <= kMostArguments;
      }
      if (good) continue;
      const bool function = arguments == Arguments::kAllowed;
      reader_.Fail("value",
                   Concat(key, " \"", Excerpt(stub, 40), "\" is not ",
                          function ? "a function's name, alone or with its number of arguments"
                                   : "a collation's name"),
                   node.items.empty() ? node.at : node.items[i].at,
                   function ? "stub_functions: [slugify/1]" : "stub_collations: [unicode_nocase]");
    }
    return stubs;
  }

  void VersionTable(const YamlNode& node) {
    const std::string name = reader_.String(node, "migrations.version_table");
    const bool plain = kLetters.find(name.front()) != std::string_view::npos &&
                       ConsistsOf(name, Concat(kLetters, kDigits));
    if (!plain) {
      reader_.Fail("value",
                   Concat("migrations.version_table \"", Excerpt(name, 40),
                          "\" is not a plain name: letters, digits and _ only"),
                   node.at, "version_table: drover_version");
    }
    const std::string lower = ToLower(name);
    if (lower.starts_with("sqlite_") || lower == "drover_history") {
      reader_.Fail("value", Concat("migrations.version_table cannot be the reserved name ", name),
                   node.at, "version_table: drover_version");
    }
    config_.version_table = name;
  }

  void Environments(const YamlNode& root) {
    const YamlNode* node = root.Find("environments");
    if (node == nullptr) {
      reader_.Fail("missing", "drover.yaml has no \"environments\"", root.at,
                   "environments: {dev: {url: \"sqlite:///./application.db\"}}");
    }
    reader_.ExpectMap(*node, "environments");
    if (node->entries.empty()) {
      reader_.Fail("missing", "\"environments\" is empty: it needs at least one", node->at,
                   "environments: {dev: {url: \"sqlite:///./application.db\"}}");
    }
    for (const YamlEntry& entry : node->entries) Environment(entry, root);
    config_.default_environment = config_.environments.front().name;
    if (const YamlNode* chosen = root.Find("default_environment")) {
      std::vector<std::string_view> names;
      names.reserve(config_.environments.size());
      for (const EnvironmentConfig& known : config_.environments) names.push_back(known.name);
      config_.default_environment = names[reader_.Choice(*chosen, "default_environment", names)];
    }
  }

  void Environment(const YamlEntry& entry, const YamlNode& root) {
    EnvironmentConfig environment;
    environment.name = entry.key;
    environment.where = reader_.Where(entry.key_at);
    if (entry.key.empty() || !ConsistsOf(entry.key, Concat(kLetters, kDigits, ".-"))) {
      reader_.Fail("value",
                   Concat("\"", Excerpt(entry.key, 40),
                          "\" cannot name an environment: letters, digits, \".\", \"_\" and \"-\""),
                   entry.key_at);
    }
    const std::string name = Concat("environments.", entry.key);
    reader_.ExpectMap(entry.value, name);
    reader_.ExpectKeys(entry.value, name, kEnvironmentKeys);
    const YamlNode* url = entry.value.Find("url");
    if (url == nullptr && entry.value.Find("compose") == nullptr) {
      reader_.Fail("missing", Concat("environment \"", entry.key, "\" has no url"), entry.key_at,
                   "url: sqlite:///./application.db");
    }
    environment.url_where = reader_.Where(url == nullptr ? entry.key_at : url->at);
    if (url != nullptr) environment.url = reader_.String(*url, Concat(name, ".url"));
    if (const YamlNode* files = entry.value.Find("env_file")) {
      environment.env_files = Paths(*files, Concat(name, ".env_file"));
    }
    if (const YamlNode* policy = entry.value.Find("on_pending")) {
      environment.on_pending =
          static_cast<OnPending>(reader_.Choice(*policy, Concat(name, ".on_pending"), kOnPending));
    }
    if (const YamlNode* flag = entry.value.Find("protected")) {
      environment.is_protected = reader_.Boolean(*flag, Concat(name, ".protected"));
    }
    if (const YamlNode* compose = entry.value.Find("compose")) {
      environment.compose = Compose(*compose, Concat(name, ".compose"));
    }
    UrlReading(environment, root, "");
    UrlReading(environment, entry.value, Concat(name, "."));
    config_.environments.push_back(std::move(environment));
  }

  /// `url_dialect` and `relative_to` of `node`, which is the environment or the whole file.
  void UrlReading(EnvironmentConfig& environment, const YamlNode& node,
                  const std::string& prefix) const {
    if (const YamlNode* dialect = node.Find("url_dialect")) {
      environment.url_dialect = static_cast<UrlDialect>(
          reader_.Choice(*dialect, Concat(prefix, "url_dialect"), DialectNames()));
      environment.url_dialect_where = reader_.Where(dialect->at);
    }
    const YamlNode* directory = node.Find("relative_to");
    if (directory == nullptr) return;
    const std::string key = Concat(prefix, "relative_to");
    const std::string text = reader_.String(*directory, key);
    const std::string path = Path(text, key, directory->at);
    if (environment.compose) {
      if (prefix.empty()) return;  // the project's directories are not those of a container
      if (!text.starts_with("/")) {
        reader_.Fail("value",
                     Concat(key, " \"", Excerpt(text, 60),
                            "\" is relative: with compose it is a directory in the container"),
                     directory->at, Concat("relative_to: /app/", Excerpt(text, 60)));
      }
    }
    environment.relative_to = path;
    environment.relative_to_where = reader_.Where(directory->at);
  }

  [[nodiscard]] ComposeReference Compose(const YamlNode& node, const std::string& name) const {
    reader_.ExpectMap(node, name);
    reader_.ExpectKeys(node, name, kComposeKeys);
    ComposeReference compose;
    compose.where = reader_.Where(node.at);
    const YamlNode* file = node.Find("file");
    const YamlNode* service = node.Find("service");
    if (service == nullptr) reader_.Fail("missing", Concat(name, " has no \"service\""), node.at);
    if (file != nullptr) compose.files = Paths(*file, Concat(name, ".file"));
    compose.service = reader_.String(*service, Concat(name, ".service"));
    if (const YamlNode* directory = node.Find("project_directory")) {
      const std::string key = Concat(name, ".project_directory");
      compose.project_directory = Path(reader_.String(*directory, key), key, directory->at);
    }
    if (const YamlNode* profiles = node.Find("profiles")) {
      compose.profiles = reader_.Strings(*profiles, Concat(name, ".profiles"));
    }
    if (const YamlNode* project = node.Find("project_name")) {
      compose.project_name = reader_.String(*project, Concat(name, ".project_name"));
    }
    return compose;
  }

  void Safety(const YamlNode* node) {
    if (node == nullptr) return;
    reader_.ExpectMap(*node, "safety");
    reader_.ExpectKeys(*node, "safety", kSafetyKeys);
    if (const YamlNode* backup = node->Find("backup")) Backup(*backup);
    if (const YamlNode* rehearse = node->Find("rehearse")) {
      config_.safety.rehearse = static_cast<migrations::RehearsePolicy>(
          reader_.Choice(*rehearse, "safety.rehearse", kRehearse));
    }
    if (const YamlNode* policy = node->Find("destructive")) {
      config_.destructive = static_cast<DestructivePolicy>(
          reader_.Choice(*policy, "safety.destructive", kDestructive));
    }
  }

  void Backup(const YamlNode& node) {
    reader_.ExpectMap(node, "safety.backup");
    reader_.ExpectKeys(node, "safety.backup", kBackupKeys);
    migrations::BackupPolicy& backup = config_.safety.backup;
    if (const YamlNode* keep = node.Find("keep")) {
      constexpr std::size_t kMost = 1000;
      backup.keep = reader_.Number(*keep, "safety.backup.keep", kMost);
    }
    if (const YamlNode* bytes = node.Find("max_bytes")) {
      backup.max_bytes = reader_.Bytes(*bytes, "safety.backup.max_bytes");
    }
    if (const YamlNode* directory = node.Find("directory")) {
      constexpr std::string_view kName = "safety.backup.directory";
      backup.directory = Path(reader_.String(*directory, kName), kName, directory->at);
    }
  }

  void Strays(const YamlNode* node) {
    config_.stray_roots = {config_.root};
    if (node == nullptr) return;
    reader_.ExpectMap(*node, "strays");
    reader_.ExpectKeys(*node, "strays", kStraysKeys);
    if (const YamlNode* roots = node->Find("roots")) {
      config_.stray_roots = Paths(*roots, "strays.roots");
    }
    if (const YamlNode* ignore = node->Find("ignore")) {
      config_.stray_ignore = reader_.Strings(*ignore, "strays.ignore");
    }
  }

  void Drift(const YamlNode* node) {
    if (node == nullptr) return;
    reader_.ExpectMap(*node, "drift");
    reader_.ExpectKeys(*node, "drift", kDriftKeys);
    if (const YamlNode* ignore = node->Find("ignore")) {
      config_.drift_ignore = reader_.Strings(*ignore, "drift.ignore");
    }
  }

  std::string_view text_;
  Config config_;
  YamlReader reader_{config_.path, "config"};
};

}  // namespace

const EnvironmentConfig* Config::Find(std::string_view name) const {
  const auto found = std::find_if(environments.begin(), environments.end(),
                                  [&](const auto& each) { return each.name == name; });
  return found == environments.end() ? nullptr : &*found;
}

Config ParseConfig(std::string_view text, const std::string& path) {
  return ConfigParser(text, path).Parse();
}

const EnvironmentConfig& FindEnvironment(const Config& config, std::string_view name) {
  if (const EnvironmentConfig* environment = config.Find(name)) return *environment;
  std::vector<std::string_view> candidates;
  std::vector<std::string> names;
  for (const EnvironmentConfig& each : config.environments) {
    candidates.emplace_back(each.name);
    names.push_back(each.name);
  }
  throw Error(Code::kNotFound, "environment.unknown",
              Concat("there is no environment \"", Excerpt(name, 60), "\"",
                     DidYouMean(name, candidates), "; known: ", Join(names, ", ")),
              "drover status", config.path);
}

}  // namespace drover::environments
