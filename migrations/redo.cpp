#include "migrations/redo.h"

#include <algorithm>

#include "base/text.h"
#include "migrations/sql_text.h"

namespace drover::migrations {
namespace {

std::vector<RevisionId> RowsOf(const Graph& graph, const std::vector<bool>& applied) {
  std::vector<RevisionId> rows = graph.Maxima(applied);
  std::ranges::sort(rows);
  return rows;
}

/// One flag per revision of the graph: `bottom` and what is applied above it.
std::vector<bool> AppliedFrom(const Graph& graph, const std::vector<bool>& applied,
                              const RevisionId& bottom) {
  std::vector<bool> above(applied.size());
  for (const std::uint32_t i : graph.TopologicalOrder()) {
    above[i] = applied[i] &&
               (graph.At(i).id == bottom ||
                std::ranges::any_of(graph.Below(i), [&](auto lower) { return above[lower]; }));
  }
  return above;
}

bool HasWayDown(const Revision& revision) {
  return revision.down && BlankPrefix(revision.down->sql) < revision.down->sql.size();
}

/// The revision whose down section is to run.
Revision WayDown(const Revision& file, const Lineage& lineage, Plan& plan) {
  const auto found = lineage.archived.find(file.id);
  if (found == lineage.archived.end()) return file;
  const Revision& archived = found->second;
  if (HasWayDown(archived) || !HasWayDown(file)) return archived.down ? archived : file;
  plan.warnings.push_back(Concat("revision ", file.id,
                                 " had no way down when it was applied: the down section that its "
                                 "file has now is used"));
  return file;
}

void CheckRows(const Lineage& lineage, std::span<const RevisionId> rows) {
  const auto missing = std::ranges::find_if(rows, [&](const RevisionId& row) {
    return lineage.graph && lineage.graph->Find(row) == nullptr;
  });
  if (lineage.orphans.empty() && missing == rows.end()) return;
  throw Error(Code::kDrift, "orphan",
              Concat("revision ", lineage.orphans.empty() ? *missing : lineage.orphans.front(),
                     " is applied, but no migration file has it"),
              "drover status");
}

Step MakeStep(Revision revision, Direction direction, std::vector<RevisionId> before,
              std::vector<RevisionId> after) {
  return {.revision = std::move(revision),
          .direction = direction,
          .rows_before = std::move(before),
          .rows_after = std::move(after),
          .destructive = {}};
}

}  // namespace

RevisionId ResolveRedo(const Graph& files, std::span<const RevisionId> rows,
                       std::string_view target) {
  if (target.empty() && rows.empty()) {
    throw Error(Code::kInvalid, "nothing_to_redo", "nothing is applied: there is nothing to redo",
                "drover upgrade");
  }
  if (target.empty() && rows.size() > 1) {
    throw Error(Code::kConflict, "ambiguous_relative",
                Concat("several revisions are the newest: ", NameRevisions(files, rows)),
                Concat("drover redo ", rows.front()));
  }
  RevisionId id = target.empty() ? rows.front() : ResolveRevision(files, target);
  if (files.Find(id) != nullptr &&
      !files.Closure(rows)[static_cast<std::size_t>(files.IndexOf(id))]) {
    throw Error(Code::kInvalid, "not_applied",
                Concat("revision ", id, " is not applied: there is nothing to redo"),
                Concat("drover upgrade ", id));
  }
  return id;
}

Plan PlanRedo(const Graph& files, const Lineage& lineage, std::span<const RevisionId> rows,
              const RevisionId& bottom) {
  CheckRows(lineage, rows);
  const Graph& graph = lineage.RequireGraph();
  Plan plan{.from = {rows.begin(), rows.end()}, .to = {}, .steps = {}, .warnings = {}};
  std::ranges::sort(plan.from);
  std::vector<RevisionId> now = plan.from;
  std::vector<bool> applied = graph.Closure(rows);
  const std::vector<bool> doomed = AppliedFrom(graph, applied, bottom);
  const auto order = graph.TopologicalOrder();
  for (std::size_t k = order.size(); k-- > 0;) {
    const std::uint32_t i = order[k];
    if (!doomed[i]) continue;
    const Revision& file = *files.Find(graph.At(i).id);
    Revision way_down = WayDown(file, lineage, plan);
    if (!way_down.down) {
      throw Error(Code::kRefused, "irreversible",
                  Concat("revision ", file.id, " has no \"-- migrate:down\" section"),
                  "write one, then drover redo", Concat(file.file, ":", file.header_line, ":1"));
    }
    applied[i] = false;
    std::vector<RevisionId> after = RowsOf(graph, applied);
    plan.steps.push_back(MakeStep(std::move(way_down), Direction::kDown, now, after));
    now = std::move(after);
  }
  if (plan.steps.empty()) {
    throw Error(Code::kInvalid, "not_applied",
                Concat("revision ", bottom, " is not applied: there is nothing to redo"),
                "drover status");
  }

  std::vector<bool> present = files.Closure(now);
  for (const std::uint32_t i : files.TopologicalOrder()) {
    const Revision& file = files.At(i);
    const std::int64_t was = graph.IndexOf(file.id);
    if (was < 0 || !doomed[static_cast<std::size_t>(was)]) continue;
    for (const std::uint32_t lower : files.Below(i)) {
      if (present[lower]) continue;
      const RevisionId& missing = files.At(lower).id;
      throw Error(
          Code::kRefused, "redo.moved",
          Concat("the file of revision ", file.id, " now follows ", missing,
                 ", which is not applied: redo applies nothing but what it takes down"),
          Concat("drover downgrade ", now.empty() ? "base" : now.front(), ", then drover upgrade"),
          Concat(file.file, ":", file.header_line, ":1"));
    }
    present[i] = true;
    std::vector<RevisionId> after = RowsOf(files, present);
    plan.steps.push_back(MakeStep(file, Direction::kUp, now, after));
    now = std::move(after);
  }
  plan.to = std::move(now);
  WarnOfMissingTransactions(plan);
  return plan;
}

}  // namespace drover::migrations
