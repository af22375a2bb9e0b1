#include "environments/survey/project_root.h"

#include <array>
#include <string_view>
#include <vector>

#include "base/text.h"

namespace drover::environments {
namespace {

constexpr std::array<std::string_view, 4> kComposeFiles{
    "compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml"};
constexpr std::uint32_t kWritableByOthers = 02;

bool Holds(const std::string& directory, std::string_view name, Files& files) {
  return files.Stat(AbsolutePath(name, directory)).has_value();
}

/// `directory` and those above it that may belong to the same project, the nearest first.
std::vector<std::string> Upward(const std::string& directory, const std::string& home,
                                Files& files) {
  std::vector<std::string> found{directory};
  while (!Holds(found.back(), ".git", files) && found.back() != home) {
    const std::string above = DirectoryName(found.back());
    const auto status = files.Stat(above);
    const bool foreign = !status || (status->mode & kWritableByOthers) != 0;
    if (above == "/" || above == found.back() || above == home || foreign) break;
    found.push_back(above);
  }
  return found;
}

}  // namespace

ProjectRoot FindNewRoot(const std::string& directory, const std::string& home, Files& files) {
  const std::vector<std::string> candidates = Upward(directory, home, files);
  ProjectRoot root;
  if (Holds(candidates.back(), ".git", files)) root.repository = candidates.back();
  for (const std::string& candidate : candidates) {
    for (const std::string_view name : kComposeFiles) {
      if (!Holds(candidate, name, files)) continue;
      root.path = candidate;
      root.reason = Concat(name, " is here");
      return root;
    }
  }
  if (!root.repository.empty()) {
    root.path = root.repository;
    root.reason = "it is the top level of the git repository";
    return root;
  }
  for (const std::string& candidate : candidates) {
    if (!Holds(candidate, ".env", files)) continue;
    root.path = candidate;
    root.reason = ".env is here";
    return root;
  }
  root.path = directory;
  root.reason = "there is no git repository, compose file or .env here or above";
  return root;
}

std::string FindExistingConfig(const std::string& directory, const std::string& home,
                               Files& files) {
  for (const std::string& candidate : Upward(directory, home, files)) {
    std::string path = AbsolutePath("drover.yaml", candidate);
    if (files.Stat(path)) return path;
  }
  return {};
}

}  // namespace drover::environments
