#include "migrations/plan.h"

#include <algorithm>

#include "base/error.h"
#include "base/text.h"
#include "migrations/native_format.h"

namespace drover::migrations {
namespace {

std::vector<RevisionId> Sorted(std::span<const RevisionId> ids) {
  std::vector<RevisionId> sorted(ids.begin(), ids.end());
  std::ranges::sort(sorted);
  return sorted;
}

void CheckRowsAreKnown(const Graph& graph, std::span<const RevisionId> rows) {
  for (const RevisionId& row : rows) {
    if (graph.Find(row) != nullptr) continue;
    throw Error(
        Code::kDrift, UnknownKind(row),
        Concat("the database is at revision ", row, ", which no migration file has"),
        Concat("drover status says how to go below it; or bring its file back: git log --all "
               "-- '*",
               row, "*'"));
  }
}

/// `what` holds the rows: "the version table holds".
void CheckOverlap(const Graph& graph, std::span<const RevisionId> rows, std::string_view what) {
  for (const RevisionId& upper : rows) {
    const std::vector<RevisionId> from{upper};
    const std::vector<bool> below = graph.Closure(from);
    for (const RevisionId& lower : rows) {
      if (lower == upper || !below[static_cast<std::size_t>(graph.IndexOf(lower))]) continue;
      throw Error(Code::kConflict, "overlapping_revisions",
                  Concat(what, " both ", upper, " and ", lower, ", which lies below it"),
                  Concat("drover stamp --purge ", Join(graph.Maxima(graph.Closure(rows)), " ")));
    }
  }
}

void InsertSorted(std::vector<RevisionId>& sorted, const RevisionId& id) {
  const auto place = std::ranges::lower_bound(sorted, id);
  if (place == sorted.end() || *place != id) sorted.insert(place, id);
}

/// Keeps the rows in step with the applied set, each step in time of its own edges.
class RowTracker {
 public:
  RowTracker(const Graph& graph, std::span<const RevisionId> rows)
      : graph_(graph), applied_(graph.Closure(rows)), rows_(Sorted(rows)) {}

  void Apply(const RevisionId& id) {
    const std::size_t i = graph_.PositionOf(id);
    applied_[i] = true;
    for (const std::uint32_t lower : graph_.Below(static_cast<std::uint32_t>(i))) {
      std::erase(rows_, graph_.At(lower).id);
    }
    InsertSorted(rows_, id);
  }

  void Revert(const RevisionId& id) {
    const std::size_t i = graph_.PositionOf(id);
    applied_[i] = false;
    std::erase(rows_, id);
    for (const std::uint32_t lower : graph_.Below(static_cast<std::uint32_t>(i))) {
      const bool covered = std::ranges::any_of(
          graph_.Above(lower), [&](std::uint32_t upper) { return applied_[upper]; });
      if (!covered) InsertSorted(rows_, graph_.At(lower).id);
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
    const Revision& revision = graph.At(i);
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

void CheckOnline(std::string_view target, std::string_view verb) {
  if (!CutRange(target)) return;
  throw Error(Code::kInvalid, "range_not_allowed",
              Concat("\"", target, "\" is a range, and a database says itself where it is"),
              Concat("drover ", verb, " ", CutRange(target)->to, ", or add --sql"));
}

/// Where a downgrade to `goal` begins to cut: the lowest revisions that go.
std::vector<RevisionId> RootsOfDowngrade(const Graph& graph, const ResolvedTarget& goal) {
  std::vector<RevisionId> roots;
  if (goal.is_base()) roots = graph.Bases();
  for (const RevisionId& id : goal.revisions) {
    for (RevisionId& child : graph.Children(id)) roots.push_back(std::move(child));
  }
  if (!goal.branch || roots.size() < 2) return roots;
  const std::vector<RevisionId> branch{*goal.branch};
  const std::vector<bool> on_the_way = graph.Ancestors(branch);
  std::erase_if(roots, [&](const RevisionId& root) { return !on_the_way[graph.PositionOf(root)]; });
  if (roots.empty()) {
    throw Error(Code::kInvalid, "not_a_valid_downgrade_target",
                Concat("nothing that follows ", NameRevisions(graph, goal.revisions),
                       " leads to the branch of ", *goal.branch),
                "drover history --graph");
  }
  return roots;
}

/// `roots` and everything above them, by down_revision or depends_on.
std::vector<bool> FollowsAny(const Graph& graph, std::span<const RevisionId> roots) {
  std::vector<bool> follows(graph.revisions().size());
  for (const RevisionId& root : roots) follows[graph.PositionOf(root)] = true;
  for (const std::uint32_t i : graph.TopologicalOrder()) {
    follows[i] = follows[i] || std::ranges::any_of(graph.Below(i), [&](std::uint32_t lower) {
                   return follows[lower];
                 });
  }
  return follows;
}

/// A downgrade without steps is right only when the database is at its target.
void CheckIsThere(const Graph& graph, std::span<const RevisionId> rows,
                  const ResolvedTarget& goal) {
  for (const RevisionId& id : goal.revisions) {
    if (std::ranges::find(rows, id) != rows.end()) continue;
    throw Error(Code::kInvalid, "not_a_valid_downgrade_target",
                Concat("the database is not above revision ", id, "; it is at ",
                       rows.empty() ? std::string("base") : NameRevisions(graph, rows)),
                "drover current");
  }
}

/// Does stamping `goal` take `row` away? Rows of other branches stay.
bool IsReplaced(const Graph& graph, const RevisionId& row, const ResolvedTarget& goal) {
  if (goal.is_base()) return !goal.branch || graph.Lineage(*goal.branch)[graph.PositionOf(row)];
  return std::ranges::any_of(goal.revisions, [&](const RevisionId& id) {
    return graph.IsBelow(row, id) || graph.IsBelow(id, row);
  });
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
  CheckOnline(target, "upgrade");
  CheckRowsAreKnown(graph, rows);
  CheckOverlap(graph, rows, "the version table holds");
  const ResolvedTarget goal = ResolveTarget(graph, target, rows, Direction::kUp);
  Plan plan{.from = Sorted(rows), .to = {}, .steps = {}, .warnings = {}};
  RowTracker tracker(graph, rows);
  const std::vector<bool> wanted = graph.Closure(goal.revisions);
  const std::vector<bool> before = tracker.applied();
  for (const std::uint32_t i : ToApply(graph, wanted, before, drafts, plan.warnings)) {
    plan.steps.push_back(MakeStep(graph.At(i), Direction::kUp, tracker));
  }
  WarnOfMissingTransactions(plan);
  plan.to = tracker.rows();
  const bool named = target != "head" && target != "heads";
  if (named) {
    for (const RevisionId& id : goal.revisions) {
      if (IsDraft(*graph.Find(id), drafts) && !before[graph.PositionOf(id)]) {
        throw Error(Code::kRefused, "draft", Concat("revision ", id, " is a draft"),
                    Concat("remove its \"-- draft\" line, or drover upgrade ", id, " --draft"));
      }
    }
    const bool is_there = std::ranges::all_of(goal.revisions, [&](const RevisionId& id) {
      return std::ranges::find(plan.from, id) != plan.from.end();
    });
    if (plan.steps.empty() && plan.warnings.empty() && (!is_there || goal.is_base())) {
      plan.warnings.push_back(
          Concat("nothing to do: ", target, " lies behind; drover downgrade goes down"));
    }
  }
  return plan;
}

Plan PlanDowngrade(const Graph& graph, std::span<const RevisionId> rows, std::string_view target) {
  CheckOnline(target, "downgrade");
  CheckRowsAreKnown(graph, rows);
  const ResolvedTarget goal = ResolveTarget(graph, target, rows, Direction::kDown);
  Plan plan{.from = Sorted(rows), .to = {}, .steps = {}, .warnings = {}};
  RowTracker tracker(graph, rows);
  const std::vector<bool> doomed = FollowsAny(graph, RootsOfDowngrade(graph, goal));
  const std::vector<bool> before = tracker.applied();
  const auto order = graph.TopologicalOrder();
  for (std::size_t k = order.size(); k-- > 0;) {
    const std::uint32_t i = order[k];
    if (!doomed[i] || !before[i]) continue;
    const Revision& revision = graph.At(i);
    if (!revision.down) {
      throw Error(Code::kRefused, "irreversible",
                  Concat("revision ", revision.id,
                         revision.format == Format::kNative ? " has no \"-- migrate:down\" section"
                                                            : " has no downgrade()"),
                  revision.archived ? Concat("git log --all --oneline -- '*", revision.id, "*'")
                                    : std::string("write one, then downgrade"),
                  Concat(revision.file, ":", revision.header_line, ":1"));
    }
    if (revision.idle_down) {
      plan.warnings.push_back(
          Concat("the downgrade() of ", revision.id, " does nothing: what it made stays"));
    }
    plan.steps.push_back(MakeStep(revision, Direction::kDown, tracker));
  }
  if (plan.steps.empty()) CheckIsThere(graph, rows, goal);
  WarnOfMissingTransactions(plan);
  plan.to = tracker.rows();
  return plan;
}

Plan PlanOffline(const Graph& graph, std::string_view range, Direction direction, Drafts drafts) {
  const bool up = direction == Direction::kUp;
  std::optional<RangeText> sides = CutRange(range);
  if (!sides && !up) {
    throw Error(Code::kInvalid, "sql_downgrade_needs_range",
                Concat("\"", range, "\" does not say where the downgrade starts"),
                Concat("drover downgrade --sql head:", range));
  }
  if (!sides) sides = RangeText{.from = "base", .to = range};
  if (sides->from.empty() || sides->to.empty()) {
    throw Error(
        Code::kInvalid, "empty_identifier",
        Concat("the range \"", range, "\" lacks its ", sides->from.empty() ? "start" : "end"),
        up ? "the ends of the history are base and head: base:head"
           : "the ends of the history are head and base: head:base");
  }
  const std::vector<RevisionId> rows =
      ResolveTarget(graph, sides->from, {}, Direction::kUp).revisions;
  return up ? PlanUpgrade(graph, rows, sides->to, drafts) : PlanDowngrade(graph, rows, sides->to);
}

Plan PlanStamp(const Graph& graph, std::span<const RevisionId> rows, std::string_view targets,
               Purge purge) {
  Plan plan{.from = Sorted(rows), .to = {}, .steps = {}, .warnings = {}};
  std::vector<RevisionId> kept;
  if (purge == Purge::kNo) {
    CheckRowsAreKnown(graph, rows);
    kept.assign(rows.begin(), rows.end());
  }
  std::vector<RevisionId> to;
  for (const std::string& text : SplitList(targets, ' ')) {
    const ResolvedTarget goal = ResolveSymbol(graph, text);
    std::erase_if(kept, [&](const RevisionId& row) { return IsReplaced(graph, row, goal); });
    to.insert(to.end(), goal.revisions.begin(), goal.revisions.end());
  }
  CheckOverlap(graph, to, "that would leave");
  to.insert(to.end(), kept.begin(), kept.end());
  plan.to = Sorted(to);
  plan.to.erase(std::unique(plan.to.begin(), plan.to.end()), plan.to.end());
  return plan;
}

std::vector<const Revision*> StampedRevisions(const Plan& plan, const Graph& graph) {
  std::vector<const Revision*> stamped;
  for (const RevisionId& id : plan.to) {
    const Revision* revision = graph.Find(id);
    const bool news = std::ranges::find(plan.from, id) == plan.from.end();
    if (revision != nullptr && news) stamped.push_back(revision);
  }
  return stamped;
}

std::vector<const Revision*> Pending(const Graph& graph, std::span<const RevisionId> rows) {
  const std::vector<bool> everything(graph.revisions().size(), true);
  std::vector<std::string> warnings;
  std::vector<const Revision*> pending;
  for (const std::uint32_t i :
       ToApply(graph, everything, graph.Closure(rows), Drafts::kStopBeforeEmpty, warnings)) {
    pending.push_back(&graph.At(i));
  }
  return pending;
}

}  // namespace drover::migrations
