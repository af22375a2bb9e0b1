#include "migrations/align.h"

#include <algorithm>
#include <iterator>

#include "base/text.h"

namespace drover::migrations {
namespace {

/// Which orphan is in the way: one that was applied without a way down, else the newest.
Error NoWayBack(const Lineage& lineage) {
  const std::string_view hint = "bring its file back, or drover backups, then drover restore";
  const auto irreversible = std::ranges::find_if(lineage.orphans, [&](const RevisionId& id) {
    const Revision* orphan = lineage.graph->Find(id);
    return orphan != nullptr && !orphan->down;
  });
  if (irreversible != lineage.orphans.end()) {
    return {Code::kRefused, "align.no_way_back",
            Concat("revision ", *irreversible,
                   " cannot be taken back: its file had no \"-- migrate:down\" section when it was "
                   "applied"),
            std::string(hint)};
  }
  return {Code::kRefused, "align.no_way_back",
          Concat("no downgrade takes ", Join(lineage.orphans, ", "), " back"), std::string(hint)};
}

}  // namespace

Plan PlanAlign(const Graph& files, const Lineage& lineage, std::span<const RevisionId> rows,
               std::string_view target, Drafts drafts) {
  if (lineage.orphans.empty()) return PlanUpgrade(files, rows, target, drafts);
  const Graph& graph = lineage.RequireGraph();
  const std::optional<std::string> way_back = WayBackFromOrphans(lineage, rows);
  if (!way_back) throw NoWayBack(lineage);
  Plan plan = PlanDowngrade(graph, rows, *way_back);
  Plan up = PlanUpgrade(files, plan.to, target, drafts);
  plan.to = std::move(up.to);
  std::ranges::move(up.steps, std::back_inserter(plan.steps));
  std::ranges::move(up.warnings, std::back_inserter(plan.warnings));
  return plan;
}

}  // namespace drover::migrations
