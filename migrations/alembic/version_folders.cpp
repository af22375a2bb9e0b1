#include "migrations/alembic/version_folders.h"

#include <algorithm>
#include <set>
#include <string_view>

#include "base/posix.h"
#include "migrations/alembic/alembic_config.h"
#include "migrations/alembic/python_imports.h"

namespace drover::migrations {
namespace {

constexpr std::size_t kLargestConfig = std::size_t{1} << 20U;
/// A tree with more folders is not one of revisions.
constexpr std::size_t kMostFolders = 1000;

bool IsDirectory(const std::string& path) {
  try {
    const auto status = StatFile(path);
    return status && status->type == FileType::kDirectory;
  } catch (const Error&) {
    return false;  // one that may not be looked at is not the one that is meant
  }
}

class VersionFolderFinder final {
 public:
  explicit VersionFolderFinder(const AlembicPlace& place) : place_(place) {}

  VersionFolders Find() {
    try {
      ReadConfig();
      FindScripts();
      FindDirectories();
      FollowImports();
    } catch (const Error& error) {
      found_.problem = error;
    }
    return std::move(found_);
  }

 private:
  [[nodiscard]] std::string Where(std::size_t line) const {
    return Concat(found_.config, ":", line, ":1");
  }

  void ReadConfig() {
    if (!place_.config.empty()) {
      found_.config = place_.config;
      if (!Read(place_.config)) NoConfig(place_.config);
      // The other one counts only for what this one does not say.
      if (place_.config.ends_with(".ini")) {
        (void)Read(AbsolutePath("pyproject.toml", DirectoryName(place_.config)));
      }
    } else {
      for (const std::string_view name : {"alembic.ini", "pyproject.toml"}) {
        const std::string path = AbsolutePath(name, place_.root);
        if (Read(path) && found_.config.empty()) found_.config = path;
      }
      if (found_.config.empty()) NoConfig(AbsolutePath("alembic.ini", place_.root));
    }
    here_ = DirectoryName(found_.config);
  }

  /// False when there is no such file, or no such section in it.
  bool Read(const std::string& path) {
    found_.inputs.push_back(path);
    const auto status = StatFile(path);
    if (!status) return false;
    const std::string text = ReadFile(path, kLargestConfig);
    const std::string here = DirectoryName(path);
    const bool toml = path.ends_with(".toml");
    const auto read =
        toml ? ReadAlembicToml(text, here) : ReadAlembicIni(text, place_.section, here);
    const auto written = toml ? ReadAlembicToml(text) : ReadAlembicIni(text, place_.section);
    exists_ = true;
    if (!read) return false;
    if (!found_.script_location) found_.script_location = written->script_location;
    config_.FillFrom(*read);
    if (!config_.bad_separator) {
      config_.bad_separator = read->bad_separator;
      config_.bad_separator_key = read->bad_separator_key;
    }
    return true;
  }

  [[noreturn]] void NoConfig(const std::string& path) const {
    const bool toml = path.ends_with(".toml");
    const std::string section = toml ? "tool.alembic" : place_.section;
    if (exists_) {
      throw Error(
          Code::kNotFound, "alembic.no_section", Concat(path, " has no section [", section, "]"),
          "name another with migrations: {section: …} or {config: …}", Concat(path, ":1:1"));
    }
    throw Error(Code::kNotFound, "alembic.no_config", Concat("there is no ", path),
                "say where it is: migrations: {format: alembic, config: backend/alembic.ini}",
                place_.config_where);
  }

  void FindScripts() {
    const auto& location = config_.script_location;
    if (!location) {
      // Flask-Migrate keeps alembic.ini beside env.py, and sets the location in Python.
      if (!StatFile(AbsolutePath("env.py", here_))) {
        if (!config_.version_locations.empty()) return;
        throw Error(
            Code::kInvalid, "alembic.no_location",
            Concat(found_.config, " sets no script_location"),
            "write script_location = %(here)s/…, or migrations: {directory: …} in drover.yaml",
            Where(1));
      }
      found_.scripts = here_;
      return;
    }
    found_.scripts = Locate(location->text);
    if (DependsOnDirectory(location->text)) {
      found_.runs_in = location->text.starts_with('/') ? std::string() : base_;
    }
  }

  /// "prepend_sys_path = ." is where Alembic is started: in the directory of the configuration,
  /// when what env.py imports is there and not in the root.
  void FollowImports() {
    if (!found_.runs_in.empty() || here_ == place_.root) return;
    const std::string file = AbsolutePath("env.py", found_.scripts);
    found_.inputs.push_back(file);
    if (!StatFile(file)) return;
    std::set<std::string> modules = ImportedModules(ReadFile(file, kLargestConfig));
    modules.erase("alembic");  // often the name of the scripts' own directory
    for (const std::string& entry : config_.python_path) {
      if (entry.starts_with('/')) continue;
      const auto has = [&](const std::string& base, const std::string& module) {
        const std::string path = AbsolutePath(module, AbsolutePath(entry, base));
        return IsDirectory(path) || StatFile(path + ".py").has_value();
      };
      if (std::ranges::any_of(modules, [&](const std::string& module) {
            return has(here_, module) && !has(place_.root, module);
          })) {
        found_.runs_in = here_;
      }
    }
  }

  /// The directory that `location` means; also when there is none.
  std::string Locate(const std::string& location) {
    if (location.starts_with('/')) return AbsolutePath(location, "/");
    if (location.find(':') != std::string::npos) return LocatePackage(location);
    for (const std::string& base : {here_, place_.root}) {
      base_ = base;
      if (IsDirectory(AbsolutePath(location, base))) return AbsolutePath(location, base);
    }
    base_ = here_;
    return AbsolutePath(location, here_);
  }

  /// "app.db:migrations:versions" is a directory below that of the package app.db.
  std::string LocatePackage(const std::string& location) {
    std::vector<std::string> parts = SplitList(location, ':');
    std::ranges::replace(parts.front(), '.', '/');
    const std::string path = Join(parts, "/");
    std::vector<std::string> bases;
    for (const std::string& entry : config_.python_path) {
      bases.push_back(AbsolutePath(entry, here_));
      bases.push_back(AbsolutePath(entry, place_.root));
    }
    for (const std::string& base : {here_, place_.root}) {
      bases.push_back(base);
      bases.push_back(AbsolutePath("src", base));
    }
    const auto there = std::ranges::find_if(
        bases, [&](const std::string& base) { return IsDirectory(AbsolutePath(path, base)); });
    return AbsolutePath(path, there == bases.end() ? here_ : *there);
  }

  void FindDirectories() {
    if (const auto& separator = config_.bad_separator) {
      throw Error(Code::kInvalid, "alembic.separator",
                  Concat("'", Excerpt(separator->text, 60), "' is not a valid value for ",
                         config_.bad_separator_key, ": Alembic stops there"),
                  separator->text.find('#') == std::string::npos
                      ? "Alembic knows os, space, newline, \":\" and \";\""
                      : "give the comment a line of its own: in an ini it is part of the value",
                  Where(separator->line));
    }
    std::vector<std::string> locations;
    for (const TextAtLine& each : config_.version_locations) locations.push_back(Locate(each.text));
    // Of several that are named Alembic takes those that are there.
    if (std::ranges::any_of(locations, IsDirectory)) {
      std::erase_if(locations, [](const std::string& each) { return !IsDirectory(each); });
    }
    if (locations.empty()) locations.push_back(AbsolutePath("versions", found_.scripts));
    for (const std::string& location : locations) {
      Add(location);
      if (config_.recursive) AddBelow(location);
    }
  }

  void Add(const std::string& directory) {
    if (std::ranges::find(found_.directories, directory) == found_.directories.end()) {
      found_.directories.push_back(directory);
    }
  }

  void AddBelow(const std::string& directory) {
    if (!IsDirectory(directory)) return;
    for (const std::string& name : ListDirectory(directory)) {
      if (name.ends_with("__pycache__") || found_.directories.size() >= kMostFolders) continue;
      const std::string path = AbsolutePath(name, directory);
      const auto status = StatFile(path, Follow::kNothing);
      if (!status || status->type != FileType::kDirectory) continue;
      Add(path);
      AddBelow(path);
    }
  }

  const AlembicPlace& place_;
  VersionFolders found_;
  AlembicConfig config_;
  std::string here_;     // the directory of the configuration
  std::string base_;     // where the last relative location begins
  bool exists_ = false;  // a file was there
};

}  // namespace

VersionFolders FindVersionFolders(const AlembicPlace& place) {
  return VersionFolderFinder(place).Find();
}

}  // namespace drover::migrations
