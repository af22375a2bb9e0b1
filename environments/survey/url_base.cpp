#include "environments/survey/url_base.h"

#include <algorithm>
#include <set>

#include "base/posix.h"
#include "base/text.h"

namespace drover::environments {
namespace {

struct BaseCandidate {
  std::string directory;
  std::string path;
  DatabaseWeight weight{};
};

std::string ReasonFor(const DatabaseWeight& chosen, const DatabaseWeight& next) {
  if (chosen.has_rows != next.has_rows) return "that database has rows";
  if (chosen.revisions != next.revisions) return "that database is at the newer revision";
  if (chosen.has_tables != next.has_tables) return "that database has tables";
  return "the database is there";
}

}  // namespace

UrlBase ChooseUrlBase(std::string_view path, std::span<const std::string> candidates,
                      const std::string& root,
                      const std::function<DatabaseWeight(const std::string& path)>& weigh,
                      Files& files) {
  std::vector<BaseCandidate> found;
  std::set<std::string> seen;
  for (const std::string& directory : candidates) {
    std::string file = AbsolutePath(path, AbsolutePath(directory, root));
    if (files.Probe(file) != Reach::kThere || !seen.insert(files.Real(file)).second) continue;
    found.push_back({directory, std::move(file)});
  }
  if (found.empty()) {
    return {.directory = candidates.front(), .reason = "beside what names it", .others = {}};
  }
  if (found.size() == 1) {
    return {.directory = found.front().directory, .reason = "the database is there", .others = {}};
  }
  for (BaseCandidate& each : found) each.weight = weigh(each.path);
  std::ranges::stable_sort(found, std::ranges::greater(), &BaseCandidate::weight);
  UrlBase base{.directory = found.front().directory,
               .reason = ReasonFor(found[0].weight, found[1].weight),
               .others = {}};
  for (const BaseCandidate& each : std::span(found).subspan(1)) {
    base.others.push_back(each.directory);
  }
  return base;
}

}  // namespace drover::environments
