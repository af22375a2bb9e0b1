#include "migrations/plan.h"

#include <algorithm>

#include "base/error.h"
#include "base/text.h"
#include "migrations/native_format.h"
#include "migrations/sql_text.h"

namespace drover::migrations {
namespace {

std::vector<RevisionId> Sorted(std::span<const RevisionId> ids) {
  std::vector<RevisionId> sorted(ids.begin(), ids.end());
  std::ranges::sort(sorted);
  return sorted;
}

void CheckRows(const Graph& graph, std::span<const RevisionId> rows) {
  for (const RevisionId& row : rows) {
    if (graph.Find(row) == nullptr) {
      throw Error(Code::kDrift, "unknown_revision",
                  Concat("the database is at revision ", row, ", which no migration file has"),
                  Concat("drover status says how to go below it; or bring its file back: git log "
                         "--all -- '*",
                         row, "*'"));
    }
  }
  for (const RevisionId& lower : rows) {
    for (const RevisionId& upper : rows) {
      if (lower != upper && graph.IsBelow(lower, upper)) {
        throw Error(
            Code::kConflict, "overlapping_revisions",
            Concat("the version table holds both ", upper, " and ", lower, ", which lies below it"),
            Concat("drover stamp --purge ", upper));
      }
    }
  }
}

std::size_t Index(const Graph& graph, const RevisionId& id) {
  return static_cast<std::size_t>(graph.IndexOf(id));
}

void Insert(std::vector<RevisionId>& sorted, const RevisionId& id) {
  const auto place = std::ranges::lower_bound(sorted, id);
  if (place == sorted.end() || *place != id) sorted.insert(place, id);
}

/// Keeps the rows in step with the applied set, each step in time of its own edges.
class RowTracker {
 public:
  RowTracker(const Graph& graph, std::span<const RevisionId> rows)
      : graph_(graph), applied_(graph.Closure(rows)), rows_(Sorted(rows)) {}

  void Apply(const RevisionId& id) {
    const std::size_t i = Index(graph_, id);
    applied_[i] = true;
    for (const std::uint32_t lower : graph_.Below(static_cast<std::uint32_t>(i))) {
      std::erase(rows_, graph_.revisions()[lower].id);
    }
    Insert(rows_, id);
  }

  void Revert(const RevisionId& id) {
    const std::size_t i = Index(graph_, id);
    applied_[i] = false;
    std::erase(rows_, id);
    for (const std::uint32_t lower : graph_.Below(static_cast<std::uint32_t>(i))) {
      const bool covered = std::ranges::any_of(
          graph_.Above(lower), [&](std::uint32_t upper) { return applied_[upper]; });
      if (!covered) Insert(rows_, graph_.revisions()[lower].id);
    }
  }

  [[nodiscard]] const std::vector<bool>& applied() const { return applied_; }
  [[nodiscard]] const std::vector<RevisionId>& rows() const { return rows_; }

 private:
  const Graph& graph_;
  std::vector<bool> applied_;
  std::vector<RevisionId> rows_;
};

Step MakeStep(const Revision& revision, Direction direction, RowTracker& tracker) {
  Step step{.revision = revision,
            .direction = direction,
            .rows_before = tracker.rows(),
            .rows_after = {},
            .destructive = {}};
  if (direction == Direction::kUp) {
    tracker.Apply(revision.id);
  } else {
    tracker.Revert(revision.id);
  }
  step.rows_after = tracker.rows();
  step.destructive = FindDestruction(step.script().sql);
  return step;
}

bool IsDraft(const Revision& revision, Drafts drafts) {
  if (drafts == Drafts::kInclude) return false;
  if (revision.draft) return true;
  return drafts == Drafts::kStopBeforeEmpty && HasEmptyUp(revision);
}

/// What of `wanted` is not applied, in order, without drafts and what lies above them.
std::vector<std::uint32_t> ToApply(const Graph& graph, const std::vector<bool>& wanted,
                                   const std::vector<bool>& applied, Drafts drafts,
                                   std::vector<std::string>& warnings) {
  std::vector<std::uint32_t> todo;
  std::vector<bool> blocked(graph.revisions().size());
  for (const std::uint32_t i : graph.TopologicalOrder()) {
    if (!wanted[i] || applied[i]) continue;
    const Revision& revision = graph.revisions()[i];
    const bool draft = IsDraft(revision, drafts);
    blocked[i] = draft || std::ranges::any_of(graph.Below(i),
                                              [&](std::uint32_t lower) { return blocked[lower]; });
    if (draft) {
      warnings.push_back(Concat("stopped before ", revision.id, ", which is ",
                                revision.draft ? "a draft" : "still empty"));
    }
    if (!blocked[i]) todo.push_back(i);
  }
  return todo;
}

}  // namespace

void WarnOfMissingTransactions(Plan& plan) {
  for (const Step& step : plan.steps) {
    if (step.script().transaction) continue;
    plan.warnings.push_back(Concat("revision ", step.revision.id,
                                   " runs without a transaction: if a statement of it fails, those "
                                   "before it stay"));
  }
}

Plan PlanUpgrade(const Graph& graph, std::span<const RevisionId> rows, std::string_view target,
                 Drafts drafts) {
  CheckRows(graph, rows);
  const ResolvedTarget goal = ResolveTarget(graph, target, rows, Direction::kUp);
  Plan plan{.from = Sorted(rows), .to = {}, .steps = {}, .warnings = {}};
  RowTracker tracker(graph, rows);
  const std::vector<bool> wanted = graph.Closure(goal.revisions);
  const std::vector<bool> before = tracker.applied();
  for (const std::uint32_t i : ToApply(graph, wanted, before, drafts, plan.warnings)) {
    plan.steps.push_back(MakeStep(graph.revisions()[i], Direction::kUp, tracker));
  }
  WarnOfMissingTransactions(plan);
  plan.to = tracker.rows();
  const bool named = target != "head" && target != "heads";
  if (named) {
    for (const RevisionId& id : goal.revisions) {
      if (IsDraft(*graph.Find(id), drafts) && !before[Index(graph, id)]) {
        throw Error(Code::kRefused, "draft", Concat("revision ", id, " is a draft"),
                    Concat("remove its \"-- draft\" line, or drover upgrade ", id, " --draft"));
      }
    }
    if (plan.steps.empty() && plan.warnings.empty() && Sorted(goal.revisions) != plan.from) {
      plan.warnings.push_back(
          Concat("nothing to do: ", target, " lies behind; drover downgrade goes down"));
    }
  }
  return plan;
}

Plan PlanDowngrade(const Graph& graph, std::span<const RevisionId> rows, std::string_view target) {
  CheckRows(graph, rows);
  const ResolvedTarget goal = ResolveTarget(graph, target, rows, Direction::kDown);
  Plan plan{.from = Sorted(rows), .to = {}, .steps = {}, .warnings = {}};
  RowTracker tracker(graph, rows);
  const std::size_t size = graph.revisions().size();

  // What must go: the children of the target and everything above them.
  std::vector<bool> doomed(size);
  for (const RevisionId& id : goal.revisions) {
    for (const RevisionId& child : graph.Children(id)) doomed[Index(graph, child)] = true;
  }
  for (const std::uint32_t i : graph.TopologicalOrder()) {
    const auto below = graph.Below(i);
    doomed[i] = doomed[i] || goal.is_base() ||
                std::ranges::any_of(below, [&](std::uint32_t lower) { return doomed[lower]; });
  }
  for (const RevisionId& id : goal.revisions) {
    if (!tracker.applied()[Index(graph, id)]) {
      throw Error(Code::kInvalid, "not_a_valid_downgrade_target",
                  Concat("the database is not above revision ", id, "; it is at ",
                         rows.empty() ? std::string("base") : NameRevisions(graph, rows)),
                  "drover current");
    }
  }
  const std::vector<bool> before = tracker.applied();
  const auto order = graph.TopologicalOrder();
  for (std::size_t k = order.size(); k-- > 0;) {
    const std::uint32_t i = order[k];
    if (!doomed[i] || !before[i]) continue;
    const Revision& revision = graph.revisions()[i];
    if (!revision.down) {
      throw Error(Code::kRefused, "irreversible",
                  Concat("revision ", revision.id, " has no \"-- migrate:down\" section"),
                  revision.archived ? Concat("git log --all --oneline -- '*", revision.id, "*'")
                                    : std::string("write one, then downgrade"),
                  Concat(revision.file, ":", revision.header_line, ":1"));
    }
    plan.steps.push_back(MakeStep(revision, Direction::kDown, tracker));
  }
  WarnOfMissingTransactions(plan);
  plan.to = tracker.rows();
  return plan;
}

Plan PlanStamp(const Graph& graph, std::span<const RevisionId> rows, std::string_view target,
               Purge purge) {
  Plan plan{.from = Sorted(rows), .to = {}, .steps = {}, .warnings = {}};
  const std::vector<RevisionId> none;
  const std::span<const RevisionId> known = purge == Purge::kYes ? none : rows;
  CheckRows(graph, known);
  const ResolvedTarget goal = ResolveTarget(graph, target, known, Direction::kUp);
  std::vector<RevisionId> to = goal.revisions;
  // Rows on other branches stay; those above or below a goal are replaced by it.
  for (const RevisionId& row : known) {
    const bool related = goal.is_base() || std::ranges::any_of(goal.revisions, [&](const auto& id) {
                           return graph.IsBelow(row, id) || graph.IsBelow(id, row);
                         });
    if (!related) to.push_back(row);
  }
  plan.to = Sorted(to);
  return plan;
}

std::vector<const Revision*> Pending(const Graph& graph, std::span<const RevisionId> rows) {
  const std::vector<bool> everything(graph.revisions().size(), true);
  std::vector<std::string> warnings;
  std::vector<const Revision*> pending;
  for (const std::uint32_t i :
       ToApply(graph, everything, graph.Closure(rows), Drafts::kStopBeforeEmpty, warnings)) {
    pending.push_back(&graph.revisions()[i]);
  }
  return pending;
}

}  // namespace drover::migrations
