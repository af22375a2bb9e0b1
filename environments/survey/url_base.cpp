#include "environments/survey/url_base.h"

#include <algorithm>
#include <set>

#include "base/posix.h"
#include "base/text.h"
#include "environments/hazards.h"
#include "environments/survey/project_files.h"

namespace drover::environments {
namespace {

constexpr std::string_view kThere = "the database is there";

struct BaseCandidate {
  std::string directory;
  std::string path;
  DatabaseWeight weight{};
};

std::string ReasonFor(const DatabaseWeight& chosen, const DatabaseWeight& next) {
  if (chosen.has_rows != next.has_rows) return "that database has rows";
  if (chosen.revisions != next.revisions) return "that database is at the newer revision";
  if (chosen.has_tables != next.has_tables) return "that database has tables";
  return std::string(kThere);
}

}  // namespace

DatabaseWeight WeighDatabase(const ScannedFile& file, const migrations::Graph& graph) {
  const auto applied = graph.Closure(file.revision);
  const auto has_rows = [&](const TableRows& each) {
    return each.rows > 0 && each.table != file.version_table;
  };
  return {.has_rows = std::ranges::any_of(file.rows, has_rows),
          .revisions = static_cast<std::size_t>(std::ranges::count(applied, true)),
          .has_tables = !file.tables.empty()};
}

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
    return {.directory = found.front().directory, .reason = std::string(kThere), .others = {}};
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

Finding AmbiguousUrl(const std::string& url, const UrlBase& base, const std::string& chosen,
                     const std::string& where) {
  std::vector<std::string> others;
  others.reserve(base.others.size());
  for (const std::string& each : base.others) others.push_back(FolderName(each));
  const std::string reason = base.reason == kThere ? "that is the likelier place" : base.reason;
  return MakeFinding("relative-url-ambiguous",
                     Concat(url, " is a database in ", FolderName(base.directory), " and in ",
                            Join(others, ", "), ": taken is ", chosen, ", since ", reason),
                     where, "drover where; relative_to: in drover.yaml says another",
                     Ground::kInferred);
}

}  // namespace drover::environments
