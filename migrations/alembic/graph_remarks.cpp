#include "migrations/alembic/graph_remarks.h"

#include <algorithm>
#include <map>

#include "base/text.h"

namespace drover::migrations {
namespace {

constexpr std::size_t kVersionColumn = 32;

std::string PlaceOf(const Revision& revision) {
  return Concat(revision.file, ":", revision.header_line, ":1");
}

}  // namespace

std::vector<Remark> CheckVersionGraph(const Graph& graph) {
  std::vector<Remark> remarks;
  std::map<std::vector<RevisionId>, const Revision*> merges;
  for (const Revision& revision : graph.revisions()) {
    if (revision.id.size() > kVersionColumn) {
      remarks.push_back(
          {.kind = "alembic-long-id",
           .revision = revision.id,
           .message = Concat("the id ", revision.id, " has ", revision.id.size(),
                             " characters; the version table has room for ", kVersionColumn),
           .where = PlaceOf(revision)});
    }
    if (revision.down_revision.size() < 2) continue;
    std::vector<RevisionId> parents = revision.down_revision;
    std::ranges::sort(parents);
    const auto [first, news] = merges.emplace(parents, &revision);
    if (news) continue;
    remarks.push_back({.kind = "alembic-twin-merges",
                       .revision = revision.id,
                       .message = Concat(first->second->id, " and ", revision.id, " both merge ",
                                         Join(parents, ", ")),
                       .where = PlaceOf(revision)});
  }
  return remarks;
}

}  // namespace drover::migrations
