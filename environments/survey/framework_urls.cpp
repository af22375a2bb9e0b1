#include "environments/survey/framework_urls.h"

#include <optional>
#include <string_view>

#include "base/posix.h"
#include "base/text.h"
#include "environments/strays/sniff.h"
#include "environments/survey/text_file.h"

namespace drover::environments {
namespace {

class FrameworkReader final {
 public:
  FrameworkReader(const std::string& root, const ProjectFiles& project, Files& files)
      : root_(root), project_(project), files_(files) {}

  FrameworkUrls Prisma() {
    EachFile("schema.prisma", [&](const std::string& directory, const std::string& file) {
      const auto text = Text(file);
      if (!text || text->find("\"sqlite\"") == std::string::npos) return;
      found_.directory = directory;
      AddPrisma(directory, file, *text);
    });
    return std::move(found_);
  }

  FrameworkUrls Rails() {
    EachFile("database.yml", [&](const std::string& directory, const std::string& file) {
      if (BaseName("/" + directory) != "config") return;
      const auto text = Text(file);
      if (!text || text->find("sqlite3") == std::string::npos) return;
      AddRails(DirectoryName("/" + directory).substr(1), file, *text);
    });
    return std::move(found_);
  }

 private:
  void EachFile(std::string_view wanted, const auto& visit) {
    for (const ProjectDirectory& directory : project_.directories) {
      for (const std::string& name : directory.files) {
        if (name == wanted) visit(directory.path, Below(directory.path, name));
      }
    }
  }

  /// The text of a file; what is none is noted.
  std::optional<std::string> Text(const std::string& relative) {
    TextFile file = ReadTextFile(AbsolutePath(relative, root_), files_);
    if (!file.problem.empty()) {
      found_.notes.push_back(Concat(relative, " is not used: ", file.problem));
    }
    return std::move(file.text);
  }

  void Add(UrlSource source, const std::string& base, std::string what) {
    source.url = LiteralUrl(source.value);
    source.bases = {base};
    source.base_is_certain = true;
    found_.facts.push_back({.kind = "settings", .where = source.where, .what = std::move(what)});
    found_.urls.push_back(std::move(source));
  }

  void AddPrisma(const std::string& directory, const std::string& file, const std::string& text) {
    std::size_t number = 0;
    for (const std::string_view line : SplitLines(text)) {
      ++number;
      const std::string_view bare = Trim(line);
      if (!bare.starts_with("url") || bare.find("\"file:") == std::string_view::npos) continue;
      const std::size_t begin = bare.find('"') + 1;
      UrlSource source{.kind = "settings", .name = "dev", .url = {}, .value = {}};
      source.value = bare.substr(begin, bare.find('"', begin) - begin);
      source.where = Concat(file, ":", number);
      source.comments = {Concat("url in Prisma's schema, ", source.where)};
      std::string what = Concat("Prisma: url = ", source.value);
      Add(std::move(source), directory, std::move(what));
    }
  }

  void AddRails(const std::string& base, const std::string& file, const std::string& text) {
    std::string section;
    std::size_t number = 0;
    for (const std::string_view line : SplitLines(text)) {
      ++number;
      const std::string_view bare = Trim(line);
      if (bare.empty() || bare.starts_with('#')) continue;
      if (line[0] != ' ' && bare.ends_with(':')) section = bare.substr(0, bare.size() - 1);
      if (!bare.starts_with("database:") || section == "test") continue;
      const std::string_view path = Trim(bare.substr(9));
      if (!HasDatabaseSuffix(path) || path.find("<%") != std::string_view::npos) continue;
      UrlSource source{.kind = "settings", .name = {}, .url = {}, .value = {}};
      source.name = section == "development" ? "dev" : EnvironmentName(section);
      source.value = path.starts_with('/') ? std::string(path) : Concat("./", path);
      source.dialect = "path";
      source.where = Concat(file, ":", number);
      source.comments = {Concat(section, " in ", source.where)};
      Add(std::move(source), base.empty() ? "." : base, Concat("Rails: ", section, " is ", path));
    }
  }

  const std::string& root_;
  const ProjectFiles& project_;
  Files& files_;
  FrameworkUrls found_;
};

}  // namespace

FrameworkUrls FindPrismaUrls(const std::string& root, const ProjectFiles& project, Files& files) {
  return FrameworkReader(root, project, files).Prisma();
}

FrameworkUrls FindRailsUrls(const std::string& root, const ProjectFiles& project, Files& files) {
  return FrameworkReader(root, project, files).Rails();
}

}  // namespace drover::environments
