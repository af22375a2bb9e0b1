#include "environments/compose/files.h"

#include <algorithm>
#include <array>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

#include "base/error.h"
#include "base/posix.h"
#include "base/text.h"
#include "environments/compose/volumes.h"
#include "environments/hazards.h"

namespace drover::environments {
namespace {

constexpr std::array<std::string_view, 4> kComposeNames{
    "compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml"};
constexpr std::array<std::string_view, 4> kOverrides{
    "compose.override.yml", "compose.override.yaml", "docker-compose.override.yml",
    "docker-compose.override.yaml"};

class Finder final {
 public:
  Finder(const ComposeReference& reference, const std::string& root,
         const ComposeSurroundings& surroundings, Files& files)
      : reference_(reference),
        root_(root),
        files_(files),
        shell_directory_(surroundings.directory.empty() ? root : surroundings.directory),
        home_(surroundings.home),
        found_{.paths = reference.files,
               .directory = {},
               .environment = ComposeEnvironment(surroundings),
               .env_files = {},
               .findings = {}} {}

  ComposeFiles Find() {
    found_.environment.Define("PWD", shell_directory_);
    if (!home_.empty()) found_.environment.Define("HOME", home_);
    LoadDotenv();
    if (found_.paths.empty()) FromVariable();
    if (found_.paths.empty()) Discover();
    LoadDotenv();
    found_.directory = Directory();
    if (found_.env_files.size() > 1) {
      found_.findings.push_back(MakeFinding(
          "two-dotenv-files",
          Concat("compose reads two .env files, ", Short(found_.env_files[0]), " and ",
                 Short(found_.env_files[1]), ": of a name in both, the first one counts"),
          Concat(found_.env_files[1], ":1:1"), "keep one of the two"));
    }
    return std::move(found_);
  }

 private:
  [[nodiscard]] std::string Short(const std::string& path) const { return RelativeTo(path, root_); }

  /// Where compose would look at this point.
  [[nodiscard]] std::string Directory() const {
    if (!reference_.project_directory.empty()) return reference_.project_directory;
    if (!found_.paths.empty()) return DirectoryName(found_.paths.front());
    return shell_directory_;
  }

  void LoadDotenv() {
    const ComposeVariable* disabled = found_.environment.Find("COMPOSE_DISABLE_ENV_FILE");
    if (disabled != nullptr && IsComposeTrue(disabled->value)) return;
    const std::string path = AbsolutePath(".env", Directory());
    const auto& known = found_.env_files;
    if (std::find(known.begin(), known.end(), path) != known.end()) return;
    if (found_.environment.Load(path, root_, files_)) found_.env_files.push_back(path);
  }

  void FromVariable() {
    const ComposeVariable* list = found_.environment.Find("COMPOSE_FILE");
    if (list == nullptr || list->value.empty()) return;
    const ComposeVariable* chosen = found_.environment.Find("COMPOSE_PATH_SEPARATOR");
    const std::string separator =
        chosen == nullptr || chosen->value.empty() ? std::string(":") : chosen->value;
    std::string_view rest = list->value;
    for (;;) {
      const std::size_t end = rest.find(separator);
      found_.paths.push_back(AbsolutePath(rest.substr(0, end), shell_directory_));
      if (end == std::string_view::npos) return;
      rest.remove_prefix(end + separator.size());
    }
  }

  /// Reading is asking: a file that does not exist yet is watched, too. Not in the directories
  /// above, which may be busy ones like /tmp.
  std::vector<std::string> Present(const std::string& directory,
                                   std::span<const std::string_view> names) {
    std::vector<std::string> paths;
    for (const std::string_view name : names) {
      std::string path = AbsolutePath(name, directory);
      const std::optional<FileStatus> status = files_.Stat(path);
      if (!status && directory != Directory()) continue;
      if (status && status->type == FileType::kDirectory) continue;
      if (files_.Read(path)) paths.push_back(std::move(path));
    }
    return paths;
  }

  void Discover() {
    const std::string begin = Directory();
    std::string directory = begin;
    for (;;) {
      const std::vector<std::string> candidates = Present(directory, kComposeNames);
      if (!candidates.empty()) {
        Use(candidates);
        const std::vector<std::string> overrides = Present(directory, kOverrides);
        if (!overrides.empty()) Use(overrides);
        return;
      }
      if (directory == "/") break;
      directory = DirectoryName(directory);
    }
    throw Error(
        Code::kNotFound, "compose.not_found",
        Concat("no configuration file provided: not found in ", begin, " or above it: ",
               Join(std::vector<std::string>(kComposeNames.begin(), kComposeNames.end()), ", ")),
        "compose: {file: docker-compose.yml, service: …}", reference_.where);
  }

  void Use(const std::vector<std::string>& candidates) {
    found_.paths.push_back(candidates.front());
    if (candidates.size() < 2) return;
    std::vector<std::string> others;
    for (std::size_t i = 1; i < candidates.size(); ++i) others.push_back(BaseName(candidates[i]));
    found_.findings.push_back(MakeFinding(
        "several-compose-files",
        Concat("compose uses ", Short(candidates.front()), " and ignores ", Join(others, ", ")),
        Concat(candidates.front(), ":1:1"), "remove the files that are not used"));
  }

  const ComposeReference& reference_;
  const std::string& root_;
  Files& files_;
  std::string shell_directory_;
  std::string home_;
  ComposeFiles found_;
};

}  // namespace

ComposeFiles FindComposeFiles(const ComposeReference& reference, const std::string& root,
                              const ComposeSurroundings& surroundings, Files& files) {
  return Finder(reference, root, surroundings, files).Find();
}

}  // namespace drover::environments
