#include "environments/survey/url_parts.h"

#include <algorithm>
#include <array>

#include "base/posix.h"
#include "base/text.h"
#include "environments/hazards.h"
#include "environments/strays/sniff.h"
#include "environments/urls/dialect.h"

namespace drover::environments {

bool IsBareFileName(std::string_view value) {
  return SchemeOf(value).empty() && !value.starts_with("file:") &&
         value.find('/') == std::string_view::npos && value.find(':') == std::string_view::npos;
}

bool NamesDirectory(std::string_view variable, std::string_view value) {
  if (!SchemeOf(value).empty() || HasDatabaseSuffix(value)) return false;
  if (value.find('/') == std::string_view::npos && !value.starts_with('.')) return false;
  static constexpr std::array<std::string_view, 8> kWords{"dir",  "directory", "folder", "root",
                                                          "path", "home",      "base",   "data"};
  // These directories are for other things.
  static constexpr std::array<std::string_view, 13> kOthers{
      "log",     "logs",  "static", "media", "template", "templates", "upload",
      "uploads", "cache", "tmp",    "temp",  "python",   "assets"};
  const std::vector<std::string> words = SplitList(ToLower(variable), '_');
  const auto among = [&](std::span<const std::string_view> known) {
    return std::ranges::any_of(words, [&](const auto& word) { return IsOneOf(known, word); });
  };
  return words.size() > 1 && among(kWords) && !among(kOthers);
}

bool CompletePart(UrlPart& part, const std::string& directory,
                  std::span<const std::pair<std::string, std::string>> others,
                  const PartSight& sight, Files& files) {
  const auto there = [&](const std::string& path) {
    return files.Probe(AbsolutePath(path, sight.root)) == Reach::kThere;
  };
  const auto has = [&](const std::string& base) { return there(Below(base, part.value)); };
  const bool whole = has(directory) || std::ranges::any_of(sight.usual, has);
  const auto named = std::ranges::find_if(
      others, [](const auto& each) { return NamesDirectory(each.first, each.second); });
  if (named == others.end()) {
    if (whole) return false;
    const auto found =
        std::ranges::find_if(sight.project.directories, has, &ProjectDirectory::path);
    if (found == sight.project.directories.end()) return false;
    part.likely = Below(found->path, part.value);
    return true;
  }
  const bool absolute = named->second.starts_with('/');
  const std::string base = Concat("/", directory == "." || absolute ? "" : directory);
  std::string likely = AbsolutePath(Concat(named->second, "/", part.value), base);
  if (!absolute) likely.erase(0, 1);
  if (whole && !there(likely)) return false;
  part.directory = named->first;
  part.likely = std::move(likely);
  return true;
}

std::string LikelyUrl(const UrlPart& part) {
  if (part.likely.empty()) return Concat("sqlite:///…/", part.value);
  return Concat(part.likely.starts_with('/') ? "sqlite:///" : "sqlite:///./", part.likely);
}

std::vector<Finding> FindPartTraps(std::span<const UrlPart> parts, const std::string& root) {
  std::vector<Finding> findings;
  for (const UrlPart& part : parts) {
    findings.push_back(
        MakeFinding("url-in-parts",
                    Concat(part.variable, " = ", part.value, " is only the name of a file, and ",
                           part.directory.empty() ? std::string("it lies elsewhere")
                                                  : Concat(part.directory, " names a directory"),
                           ": what the application makes of it is not known"),
                    AbsolutePath(part.where + ":1", root),
                    Concat("write url: ", LikelyUrl(part), " in drover.yaml")));
  }
  return findings;
}

}  // namespace drover::environments
