#include "environments/survey/project_files.h"

#include <algorithm>
#include <array>
#include <deque>
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <utility>

#include "base/posix.h"
#include "base/text.h"
#include "environments/getdents.h"
#include "environments/tree.h"

namespace drover::environments {
namespace {

constexpr std::size_t kListBuffer = std::size_t{1} << 16U;

constexpr std::array<std::string_view, 7> kSurveyedEndings{".sql",  ".py",  ".rb", ".yml",
                                                           ".yaml", ".env", ".ini"};
constexpr std::array<std::string_view, 11> kSurveyedNames{
    "alembic.ini", "pyproject.toml", "requirements.txt", "Pipfile",
    "setup.cfg",   "setup.py",       "schema.prisma",    "migration_lock.toml",
    "flyway.conf", "flyway.toml",    ".gitignore"};

/// Tests and examples have databases of their own, which are not the project's.
constexpr std::array<std::string_view, 8> kAside{"docs", "example", "examples", "fixtures",
                                                 "spec", "test",    "testdata", "tests"};

class ProjectLister final {
 public:
  ProjectLister(const std::string& root, const IgnorePatterns& ignored, const ProjectLimits& limits)
      : ignored_(ignored),
        limits_(limits),
        root_fd_(open(root.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NONBLOCK)) {}

  ProjectFiles List() {
    struct stat status {};
    if (!root_fd_ || fstat(root_fd_.get(), &status) != 0) return {};
    device_ = status.st_dev;
    queue_.push_back({".", 0});
    while (!queue_.empty() && !found_.truncated) {
      const auto [path, depth] = std::move(queue_.front());
      queue_.pop_front();
      Visit(path, depth);
    }
    return std::move(found_);
  }

 private:
  void Visit(const std::string& path, std::size_t depth) {
    const UniqueFd fd = OpenBelow(root_fd_.get(), path);
    struct stat status {};
    if (!fd || fstat(fd.get(), &status) != 0 || status.st_dev != device_) return;
    ProjectDirectory directory{.path = path, .files = {}, .directories = {}};
    bool environment = false;
    bool another = false;
    ForEachEntry(fd.get(), buffer_, [&](const char* text, unsigned char told) {
      const std::string_view name = text;
      if (name == "." || name == "..") return;
      if (++entries_ > limits_.entries) {
        found_.truncated = true;
        return;
      }
      environment |= path != "." && name == kVirtualEnvironmentMark;
      another |= path != "." && name == "drover.yaml";
      const unsigned char type = told == DT_UNKNOWN ? TypeOf(fd.get(), text) : told;
      if (type == DT_DIR) {
        Enter(directory, name);
      } else if (IsSurveyed(name)) {
        if (directory.files.size() < limits_.files) directory.files.emplace_back(name);
      }
    });
    if (environment) return;
    if (another) {
      found_.others.push_back(path);
      return;
    }
    std::ranges::sort(directory.files);
    std::ranges::sort(directory.directories);
    if (depth < limits_.depth) {
      for (const std::string& name : directory.directories) {
        queue_.emplace_back(Below(path, name), depth + 1);
      }
    }
    found_.directories.push_back(std::move(directory));
  }

  void Enter(ProjectDirectory& directory, std::string_view name) const {
    if (IsPrunedDirectory(name) || std::ranges::find(kAside, name) != kAside.end()) return;
    if (ignored_.Ignores(Below(directory.path, name), EntryKind::kDirectory)) return;
    directory.directories.emplace_back(name);
  }

  static unsigned char TypeOf(int directory, const char* name) {
    struct stat status {};
    if (fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) != 0) return DT_UNKNOWN;
    return S_ISDIR(status.st_mode) ? DT_DIR : DT_REG;
  }

  const IgnorePatterns& ignored_;
  const ProjectLimits& limits_;
  UniqueFd root_fd_;
  dev_t device_ = 0;
  std::size_t entries_ = 0;
  std::string buffer_ = std::string(kListBuffer, '\0');
  std::deque<std::pair<std::string, std::size_t>> queue_;
  ProjectFiles found_;
};

}  // namespace

const ProjectDirectory* ProjectFiles::Find(std::string_view path) const {
  const auto found = std::ranges::find(directories, path, &ProjectDirectory::path);
  return found == directories.end() ? nullptr : &*found;
}

bool IsSurveyed(std::string_view name) {
  const auto ends = [&](std::string_view ending) { return name.ends_with(ending); };
  return name == ".env" || name.starts_with(".env.") ||
         std::ranges::any_of(kSurveyedEndings, ends) ||
         std::ranges::find(kSurveyedNames, name) != kSurveyedNames.end();
}

std::string Below(std::string_view directory, std::string_view name) {
  if (directory.empty() || directory == ".") return std::string(name);
  return Concat(directory, "/", name);
}

std::string FolderName(const std::string& directory) {
  return directory == "." ? std::string("the root") : Concat(directory, "/");
}

ProjectFiles ListProject(const std::string& root, const IgnorePatterns& ignored,
                         const ProjectLimits& limits) {
  return ProjectLister(root, ignored, limits).List();
}

}  // namespace drover::environments
