#include "environments/git_tracking.h"

#include <utility>

#include "base/error.h"
#include "base/text.h"
#include "environments/git_index.h"

namespace drover::environments {
namespace {

constexpr std::size_t kLargestIndex = std::size_t{64} << 20U;
constexpr std::size_t kLargestIgnoreText = std::size_t{1} << 20U;

/// The text of a file of git's; empty when there is none, or none that may be read.
std::string TextOf(const std::string& path) {
  try {
    if (!StatFile(path)) return {};
    return ReadFile(path, kLargestIgnoreText);
  } catch (const Error&) {
    return {};
  }
}

GitHash HashOf(const GitRepository& repository) {
  const std::string config = TextOf(repository.common + "/config");
  const auto format = GitConfigValue(config, "extensions", "objectformat");
  return format == "sha256" ? GitHash::kSha256 : GitHash::kSha1;
}

}  // namespace

std::optional<std::string> GitConfigValue(std::string_view text, std::string_view section,
                                          std::string_view key) {
  std::optional<std::string> found;
  bool inside = false;
  for (const std::string_view raw : SplitLines(text)) {
    std::string_view line = Trim(raw);
    if (line.starts_with('[')) {
      inside = ToLower(line.substr(0, line.find(']'))) == Concat("[", section);
      continue;
    }
    const std::size_t equals = line.find('=');
    if (!inside || equals == std::string_view::npos) continue;
    if (ToLower(Trim(line.substr(0, equals))) != key) continue;
    std::string_view value = Trim(line.substr(equals + 1));
    if (value.size() >= 2 && value.starts_with('"') && value.ends_with('"')) {
      value = value.substr(1, value.size() - 2);
    }
    found = value;
  }
  return found;
}

GitTracking::GitTracking(std::string home) : home_(std::move(home)) {}

std::optional<GitAnswers> GitTracking::Ask(const std::vector<std::string>& paths) {
  try {
    if (paths.empty()) return std::nullopt;
    const auto repository = FindGitRepository(DirectoryName(paths.front()));
    if (!repository) return std::nullopt;
    std::set<std::string> wanted;
    for (const std::string& path : paths) wanted.insert(RelativeTo(path, repository->top));
    const auto tracked = Tracked(*repository, wanted);
    if (!tracked) return std::nullopt;
    const std::string for_user = UserIgnoreFile(*repository);
    GitAnswers answers{.repository = *repository, .files = {}};
    for (const std::string& path : paths) {
      GitFile file{.path = path};
      file.tracked = tracked->contains(RelativeTo(path, repository->top));
      Decide(*repository, for_user, file);
      answers.files.push_back(std::move(file));
    }
    return answers;
  } catch (const Error&) {
    return std::nullopt;  // a repository we may not read is as good as none
  }
}

std::optional<std::set<std::string>> GitTracking::Tracked(const GitRepository& repository,
                                                          const std::set<std::string>& wanted) {
  const std::string path = repository.directory + "/index";
  inputs_.insert(path);
  const std::optional<FileStatus> status = StatFile(path);
  if (!status) {
    indexes_.erase(path);
    return std::set<std::string>();  // nothing has been added yet
  }
  Index& known = indexes_[path];
  if (known.status != *status || known.asked != wanted) {
    known = {.status = *status, .asked = wanted, .tracked = {}};
    const std::string bytes = ReadFile(path, kLargestIndex);
    known.tracked = TrackedIn(bytes, wanted, HashOf(repository));
  }
  return known.tracked;
}

const IgnorePatterns& GitTracking::Patterns(const std::string& path) {
  static const IgnorePatterns kNone;
  const std::optional<FileStatus> status = StatFile(path);
  if (!status) return kNone;
  IgnoreFile& known = ignores_[path];
  if (known.status != *status) {
    known = {.status = *status, .patterns = IgnorePatterns(TextOf(path))};
  }
  return known.patterns;
}

/// Of a path, and before it of each directory above: the nearest ignore file with a pattern for it
/// decides (gitignore(5)). What lies in an ignored directory cannot be taken back.
void GitTracking::Decide(const GitRepository& repository, const std::string& for_user,
                         GitFile& file) {
  const std::string relative = RelativeTo(file.path, repository.top);
  const std::string for_all = repository.common + "/info/exclude";
  for (std::size_t end = relative.find('/');; end = relative.find('/', end + 1)) {
    const std::string part = relative.substr(0, end);
    const EntryKind kind = end == std::string::npos ? EntryKind::kFile : EntryKind::kDirectory;
    const auto decided_by = [&](const std::string& ignore, std::string_view name) {
      const auto decision = Patterns(ignore).Decide(name, kind);
      if (decision) {
        file.ignored = decision->ignored;
        file.ignored_by = Concat(ignore, ":", decision->line, ":1");
      }
      return decision.has_value();
    };
    std::string directory = DirectoryName(AbsolutePath(part, repository.top));
    for (;; directory = DirectoryName(directory)) {
      const std::string ignore = AbsolutePath(".gitignore", directory);
      inputs_.insert(ignore);
      const std::string below = RelativeTo(AbsolutePath(part, repository.top), directory);
      if (decided_by(ignore, below)) break;
      if (directory != repository.top) continue;
      if (!decided_by(for_all, part) && !for_user.empty()) (void)decided_by(for_user, part);
      break;
    }
    if (file.ignored || kind == EntryKind::kFile) return;
  }
}

std::string GitTracking::UserIgnoreFile(const GitRepository& repository) const {
  if (home_.empty()) return {};
  const std::string configs[] = {repository.common + "/config", home_ + "/.gitconfig",
                                 home_ + "/.config/git/config"};
  for (const std::string& config : configs) {
    auto named = GitConfigValue(TextOf(config), "core", "excludesfile");
    if (!named) continue;
    if (named->starts_with("~/")) return home_ + named->substr(1);
    return AbsolutePath(*named, repository.top);
  }
  return home_ + "/.config/git/ignore";
}

}  // namespace drover::environments
