#include "environments/dockerfile.h"

#include <map>
#include <utility>
#include <vector>

#include "base/posix.h"
#include "base/text.h"

namespace drover::environments {
namespace {

using Workdir = std::optional<DockerfileWorkdir>;

std::string_view Unquote(std::string_view text) {
  if (text.size() >= 2 && text.front() == '"' && text.back() == '"') {
    return text.substr(1, text.size() - 2);
  }
  return text;
}

Workdir Enter(const Workdir& before, std::string_view path, std::size_t line) {
  const bool literal = !path.empty() && path.find_first_of("$\\\"'") == std::string_view::npos;
  if (!literal) return std::nullopt;
  if (path.front() != '/' && !before) return std::nullopt;
  return DockerfileWorkdir{.path = AbsolutePath(path, before ? before->path : "/"), .line = line};
}

}  // namespace

std::optional<DockerfileWorkdir> FindWorkdir(std::string_view text, std::string_view target) {
  std::map<std::string, Workdir> stages;
  std::string stage;
  Workdir current;
  std::size_t number = 0;
  bool continued = false;
  for (const std::string_view raw : SplitLines(text)) {
    ++number;
    const std::string_view line = Trim(raw);
    const bool part = std::exchange(continued, line.ends_with("\\"));
    if (part || line.empty() || line.front() == '#') continue;
    const std::size_t space = line.find_first_of(" \t");
    if (space == std::string_view::npos) continue;
    const std::string instruction = ToLower(line.substr(0, space));
    if (instruction == "from") {
      std::vector<std::string> words = SplitList(line.substr(space), ' ');
      std::erase_if(words, [](const std::string& word) { return word.starts_with("--"); });
      stages[stage] = current;
      if (!target.empty() && stage == ToLower(target)) return current;
      const auto base = words.empty() ? stages.end() : stages.find(ToLower(words.front()));
      current = base == stages.end() ? std::nullopt : base->second;
      const bool named = words.size() >= 3 && ToLower(words[1]) == "as";
      stage = named ? ToLower(words[2]) : std::string();
    } else if (instruction == "workdir") {
      current = Enter(current, Unquote(Trim(line.substr(space))), number);
    }
  }
  if (!target.empty() && stage != ToLower(target)) return std::nullopt;
  return current;
}

}  // namespace drover::environments
