#include "environments/survey/alembic_projects.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/posix.h"
#include "base/text.h"
#include "environments/survey/text_file.h"

namespace drover::environments {
namespace {

/// Is `directory` that one, or below it? Both are relative to the root.
bool IsAtOrBelow(std::string_view directory, std::string_view above) {
  return above == "." || directory == above ||
         (directory.starts_with(above) && directory.substr(above.size()).starts_with('/'));
}

std::string DirectoryOf(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? "." : std::string(path.substr(0, slash));
}

/// Reads one configuration into what a survey wants to know of it.
class AlembicReader final {
 public:
  AlembicReader(const std::string& root, Files& files) : root_(root), files_(files) {}

  /// Nothing when the file has no section of Alembic's; `text` is its content. An empty `section`
  /// means the first of them.
  std::optional<AlembicProject> Read(const std::string& file, const std::string& text,
                                     const std::string& section) {
    AlembicProject project{.file = file, .directory = DirectoryOf(file)};
    std::optional<migrations::AlembicConfig> config;
    if (!file.ends_with(".toml")) {
      std::vector<std::string> sections = migrations::AlembicSections(text);
      if (sections.empty() && section.empty()) return std::nullopt;
      project.section = section.empty() ? sections.front() : section;
      std::erase(sections, project.section);
      project.other_sections = std::move(sections);
      config = migrations::ReadAlembicIni(text, project.section);
    } else {
      config = migrations::ReadAlembicToml(text);
    }
    if (!config) return std::nullopt;
    project.config = *std::move(config);
    if (const auto application = UrlsOf(text, {"app:main"}); !application.empty()) {
      project.application_url = application.front().url;
    }
    project.databases = UrlsOf(text, project.config.databases);
    project.other_urls = UrlsOf(text, project.other_sections);
    return project;
  }

  void AddScripts(AlembicProject& project) {
    if (const auto& location = project.config.script_location) {
      project.scripts = migrations::ScriptDirectory(location->text, project.directory);
    } else if (IsThere(Below(project.directory, "env.py"))) {
      // Flask-Migrate keeps both in one directory, and sets the location in Python.
      project.scripts = project.directory;
    }
    if (project.scripts.empty()) return;
    AddEnvPy(project, Below(project.scripts, "env.py"));
    project.shadows_package = project.scripts == Below(project.directory, "alembic") &&
                              IsThere(Below(project.scripts, "__init__.py"));
  }

  std::optional<std::string> Text(const std::string& relative, std::vector<std::string>* notes) {
    TextFile file = ReadTextFile(AbsolutePath(relative, root_), files_);
    if (notes != nullptr && !file.problem.empty()) {
      notes->push_back(Concat(relative, " is not used: ", file.problem));
    }
    return std::move(file.text);
  }

 private:
  static std::vector<AlembicUrl> UrlsOf(const std::string& text,
                                        const std::vector<std::string>& sections) {
    std::vector<AlembicUrl> urls;
    for (const std::string& name : sections) {
      const auto section = migrations::ReadAlembicIni(text, name);
      if (section && section->url) urls.push_back({name, *section->url});
    }
    return urls;
  }

  [[nodiscard]] bool IsThere(const std::string& relative) {
    return files_.Probe(AbsolutePath(relative, root_)) == Reach::kThere;
  }

  void AddEnvPy(AlembicProject& project, const std::string& path) {
    const auto text = Text(path, nullptr);
    if (!text) return;
    project.env_py = path;
    project.env = ReadPythonSource(*text, AbsolutePath(path, root_));
    project.url = ReadEnvPy(*text);
    // Pyramid's: the URL is that of the application.
    if (project.url.names.contains("get_appsettings") && project.application_url) {
      project.config.url = project.application_url;
    }
    AddFolders(project);
    const auto& constant = project.url.constant;
    if (!constant) return;
    if (constant->module.empty()) {
      project.constant = {constant->value, Concat(path, ":", constant->line), path, *constant};
    } else {
      LookIntoModule(project, *constant);
    }
  }

  /// Those that env.py sets. A relative one begins where Alembic is started.
  void AddFolders(AlembicProject& project) {
    for (const TextAtLine& each : project.env.version_locations) {
      if (each.text.find(':') != std::string::npos) continue;  // in a package
      std::string path = AbsolutePath(each.text, root_);
      const std::string beside = AbsolutePath(each.text, AbsolutePath(project.directory, root_));
      if (files_.Probe(path) != Reach::kThere || files_.Probe(beside) == Reach::kThere) {
        path = beside;
      }
      project.own_folders.push_back(RelativeTo(path, root_));
    }
  }

  /// The text may stand in the module that env.py imports it from.
  void LookIntoModule(AlembicProject& project, const UrlConstant& constant) {
    std::string name = constant.module;
    std::ranges::replace(name, '.', '/');
    std::vector<std::string> bases{project.directory, ".", Below(project.directory, "src"), "src"};
    for (const std::string& entry : project.config.python_path) {
      bases.push_back(migrations::ScriptDirectory(entry, project.directory));
    }
    for (const std::string& base : bases) {
      const std::string path = Below(base, name + ".py");
      const auto text = base.empty() ? std::nullopt : Text(path, nullptr);
      if (!text) continue;
      const auto made = constant.is_engine ? ReadEnvPy(*text).constant : std::nullopt;
      if (made && made->module.empty()) {
        project.constant = {made->value, Concat(path, ":", made->line), path, *made};
      } else if (const auto found = FindConstant(*text, constant.name)) {
        project.constant = {found->text, Concat(path, ":", found->line), project.env_py, constant};
      }
      return;
    }
  }

  const std::string& root_;
  Files& files_;
};

/// The configurations of other names in a directory, the likeliest first: those of a developer.
std::vector<std::string> OtherConfigurations(const ProjectDirectory& directory) {
  std::vector<std::string> names;
  for (const std::string& name : directory.files) {
    if ((name.ends_with(".ini") && name != "alembic.ini") || name == "setup.cfg") {
      names.push_back(name);
    }
  }
  std::ranges::stable_partition(
      names, [](const std::string& name) { return name.find("dev") != std::string::npos; });
  return names;
}

/// Configurations that are not called alembic.ini.
void AddOthers(const ProjectFiles& project, AlembicReader& reader, AlembicProjects& found) {
  for (const ProjectDirectory& directory : project.directories) {
    if (std::ranges::find(found.all, directory.path, &AlembicProject::directory) !=
        found.all.end()) {
      continue;
    }
    for (const std::string& name : OtherConfigurations(directory)) {
      const std::string file = Below(directory.path, name);
      const auto text = reader.Text(file, nullptr);
      const auto own = text ? migrations::ReadAlembicIni(*text) : std::nullopt;
      if (!own || !own->script_location) continue;
      auto read = reader.Read(file, *text, "alembic");
      if (!read) continue;
      reader.AddScripts(*read);
      const auto same = [&](const AlembicProject& each) {
        const auto& location = each.config.script_location;
        return each.scripts.empty() ? location && location->text == own->script_location->text
                                    : each.scripts == read->scripts;
      };
      const bool known = std::ranges::any_of(found.all, same);
      if (!known) found.all.push_back(*std::move(read));
    }
  }
}

void AddFacts(const AlembicProject& project, std::vector<SurveyFact>& facts) {
  const auto& location = project.config.script_location;
  facts.push_back({.kind = "alembic",
                   .where = location ? Concat(project.file, ":", location->line) : project.file,
                   .what = location ? Concat("Alembic: script_location = ", location->text)
                                    : std::string("Alembic, without a script_location")});
  if (project.url.is_flask_migrate) {
    facts.push_back({.kind = "alembic",
                     .where = project.env_py,
                     .what = "Flask-Migrate: env.py asks the Flask application for its URL"});
  }
  for (const TextAtLine& variable : project.env.variables) {
    facts.push_back({.kind = "alembic",
                     .where = Concat(project.env_py, ":", variable.line),
                     .what = Concat("env.py reads the variable ", variable.text)});
  }
}

}  // namespace

AlembicProjects FindAlembicProjects(const std::string& root, const ProjectFiles& project,
                                    Files& files) {
  AlembicProjects found;
  AlembicReader reader(root, files);
  for (const ProjectDirectory& directory : project.directories) {
    std::optional<AlembicProject> here;
    for (const std::string_view name : {"alembic.ini", "pyproject.toml"}) {
      if (!std::ranges::binary_search(directory.files, name)) continue;
      const std::string file = Below(directory.path, name);
      const auto text = reader.Text(file, &found.notes);
      auto read = text ? reader.Read(file, *text, {}) : std::nullopt;
      if (!read) continue;
      if (!here) {
        here = std::move(read);
        continue;
      }
      // What the ini does not say.
      if (!here->config.script_location && read->config.script_location) here->file = file;
      here->config.FillFrom(read->config);
    }
    if (!here) continue;
    reader.AddScripts(*here);
    found.all.push_back(*std::move(here));
  }
  AddOthers(project, reader, found);
  for (const AlembicProject& each : found.all) AddFacts(each, found.facts);
  return found;
}

AlembicProject ReadAlembicProject(const std::string& root, const std::string& file,
                                  const std::string& section, Files& files) {
  AlembicReader reader(root, files);
  const auto text = reader.Text(file, nullptr);
  auto project = text ? reader.Read(file, *text, section) : std::nullopt;
  if (!project) return {};
  reader.AddScripts(*project);
  return *std::move(project);
}

void PutNearestFirst(std::vector<AlembicProject>& projects, std::string_view directory) {
  auto nearest = projects.end();
  for (auto each = projects.begin(); each != projects.end(); ++each) {
    if (!IsAtOrBelow(directory, each->directory)) continue;
    if (nearest == projects.end() || IsAtOrBelow(each->directory, nearest->directory)) {
      nearest = each;
    }
  }
  if (nearest != projects.end()) std::rotate(projects.begin(), nearest, nearest + 1);
}

bool IsOfAnother(std::span<const AlembicProject> projects, std::string_view directory) {
  const AlembicProject* owner = nullptr;
  for (const AlembicProject& each : projects) {
    if (!IsAtOrBelow(directory, each.directory)) continue;
    if (owner == nullptr || IsAtOrBelow(each.directory, owner->directory)) owner = &each;
  }
  return owner != nullptr && owner != &projects.front() &&
         !IsAtOrBelow(projects.front().directory, owner->directory);
}

}  // namespace drover::environments
