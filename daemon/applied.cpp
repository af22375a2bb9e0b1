#include "daemon/applied.h"

#include <algorithm>
#include <set>

#include "base/posix.h"

namespace drover::daemon {
namespace {

using migrations::AppliedRecord;
using migrations::Edit;
using migrations::EditKind;
using migrations::Graph;
using migrations::Lineage;
using migrations::Revision;
using migrations::RevisionId;

/// Calls `use(index, lineage)` for one environment of each database that was looked at.
template <class Use>
void ForEachDatabase(const View& view, const Use& use) {
  std::set<std::string> seen;
  for (std::size_t i = 0; i < view.seen->targets.size(); ++i) {
    const std::string& path = view.seen->targets[i].path;
    const Lineage* lineage = view.seen->LineageOf(path);
    if (lineage != nullptr && seen.insert(path).second) use(i, *lineage);
  }
}

}  // namespace

std::optional<Application> ApplicationTo(const View& view, std::size_t environment,
                                         const RevisionId& revision) {
  const environments::Target& target = view.seen->targets[environment];
  const migrations::DatabaseFacts* facts = view.seen->FactsOf(target.path);
  if (facts == nullptr) return std::nullopt;
  const auto found = facts->records.find(revision);
  if (found == facts->records.end() || !found->second.applied()) return std::nullopt;
  const AppliedRecord& record = found->second;
  return Application{.environment = target.environment,
                     .direction = record.applied_direction,
                     .at = record.applied_at,
                     .by = record.applied_by,
                     .host = record.host,
                     .git_branch = record.git_branch,
                     .git_commit = record.git_commit};
}

std::vector<Application> ApplicationsOf(const View& view, const RevisionId& revision) {
  std::vector<Application> applications;
  ForEachDatabase(view, [&](std::size_t i, const Lineage&) {
    if (auto application = ApplicationTo(view, i, revision)) {
      applications.push_back(std::move(*application));
    }
  });
  return applications;
}

std::vector<RevisionDifference> DifferencesOf(const View& view, const Revision& revision) {
  std::vector<RevisionDifference> differences;
  ForEachDatabase(view, [&](std::size_t i, const Lineage& lineage) {
    const Edit* edit = lineage.FindEdit(revision.id);
    if (edit == nullptr) return;
    RevisionDifference difference{.environment = view.seen->targets[i].environment,
                                  .kind = std::string(migrations::EditKindName(edit->kind)),
                                  .changes = edit->changes,
                                  .diff = {}};
    if (const auto archived = lineage.archived.find(revision.id);
        archived != lineage.archived.end()) {
      difference.diff = migrations::DiffEdit(archived->second, revision,
                                             RelativeTo(revision.file, view.seen->root));
    }
    differences.push_back(std::move(difference));
  });
  return differences;
}

std::vector<Revision> Orphans(const View& view) {
  std::vector<Revision> orphans;
  ForEachDatabase(view, [&](std::size_t, const Lineage& lineage) {
    for (const RevisionId& id : lineage.orphans) {
      if (std::ranges::find(orphans, id, &Revision::id) != orphans.end()) continue;
      const auto archived = lineage.archived.find(id);
      Revision& orphan = orphans.emplace_back();
      if (archived != lineage.archived.end()) orphan = archived->second;
      orphan.id = id;
      orphan.archived = true;
    }
  });
  return orphans;
}

const Graph& GraphToShow(const View& view) {
  if (view.seen->config && !view.seen->graph) {
    for (const auto& [path, lineage] : view.seen->lineages) {
      if (lineage->graph && !lineage->orphans.empty()) return *lineage->graph;
    }
  }
  return view.graph();
}

}  // namespace drover::daemon
