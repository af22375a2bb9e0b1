// The revision graph: which revisions exist, how they depend on each other, and in which order
// they run. Pure data and algorithms: no I/O, no clock. Semantics are Alembic's, except that every
// malformed graph is an error with a name (docs/migrations.md).
#pragma once

#include <cstdint>
#include <ranges>
#include <span>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "migrations/adjacency.h"
#include "migrations/revision.h"

namespace drover::migrations {

/// Revisions as graphs and loaders share them.
[[nodiscard]] std::vector<RevisionPtr> Share(std::vector<Revision> revisions);

/// A directed acyclic graph of revisions. Immutable once built, so a const reference may be shared
/// between threads without locking. "Below" follows down_revision and depends_on.
class Graph final {
 public:
  Graph() = default;
  Graph(Graph&&) = default;
  Graph& operator=(Graph&&) = default;

  /// Builds the graph; `revisions` are in load order (file name), which breaks ties. Linear in
  /// revisions and edges. Throws kInvalid, naming file:line and id: "duplicate_revision",
  /// "missing_referenced_revision", "self_loop", "cycle", "dependency_cycle" (only together with
  /// depends_on), "duplicate_branch_label". A depends_on may name a branch label.
  explicit Graph(std::vector<RevisionPtr> revisions);
  explicit Graph(std::vector<Revision> revisions);

  /// In load order; elements are `const Revision&`.
  [[nodiscard]] auto revisions() const {
    return std::views::transform(
        std::span(revisions_),
        [](const RevisionPtr& revision) -> const Revision& { return *revision; });
  }
  /// The revision at an index of revisions().
  [[nodiscard]] const Revision& At(std::size_t index) const { return *revisions_[index]; }

  [[nodiscard]] bool empty() const { return revisions_.empty(); }

  /// The revision with exactly this id; null when unknown. Lives as long as the graph.
  [[nodiscard]] const Revision* Find(std::string_view id) const;

  /// The revision that carries this branch label itself; null when none does.
  [[nodiscard]] const Revision* FindLabel(std::string_view label) const;

  /// Revisions that are nobody's parent, in load order.
  [[nodiscard]] std::vector<RevisionId> Heads() const;

  /// The heads that share an ancestor by down_revision with another head, in load order: these want
  /// a merge. Lines with bases of their own are meant to stay apart.
  [[nodiscard]] std::vector<RevisionId> HeadsToMerge() const;

  /// Heads on which no other revision depends either: the rows of a fully upgraded database.
  [[nodiscard]] std::vector<RevisionId> RealHeads() const;

  /// Revisions without parents, in load order.
  [[nodiscard]] std::vector<RevisionId> Bases() const;

  /// Bases that depend on nothing either.
  [[nodiscard]] std::vector<RevisionId> RealBases() const;

  /// Revisions that name `id` as a parent, in load order.
  [[nodiscard]] std::vector<RevisionId> Children(std::string_view id) const;

  /// `ids` and everything below them. Unknown ids are ignored. One bool per revision, load order.
  [[nodiscard]] std::vector<bool> Closure(std::span<const RevisionId> ids) const;

  /// `id`, its ancestors and its descendants by down_revision alone: what "label@" limits a target
  /// to. One bool per revision; all false for an unknown id.
  [[nodiscard]] std::vector<bool> Lineage(std::string_view id) const;

  /// `ids` and their ancestors by down_revision alone. One bool per revision.
  [[nodiscard]] std::vector<bool> Ancestors(std::span<const RevisionId> ids) const;

  /// `ids` and everything that follows them by down_revision alone. One bool per revision.
  [[nodiscard]] std::vector<bool> Descendants(std::span<const RevisionId> ids) const;

  /// What a database with these rows is "at": the applied revisions that are no applied revision's
  /// parent. More than the rows when one of them is there because another depends on it.
  [[nodiscard]] std::vector<RevisionId> EffectiveHeads(std::span<const RevisionId> rows) const;

  /// For display, Alembic's spreading of branch labels: to all descendants by down_revision, and
  /// upwards too while the line neither forks nor merges. One list per revision, sorted.
  [[nodiscard]] std::vector<std::vector<std::string>> SpreadLabels() const;

  /// Is `lower` below `upper` or the same? False when either is unknown.
  [[nodiscard]] bool IsBelow(std::string_view lower, std::string_view upper) const;

  /// The maximal elements of a set that is closed downwards: what the version table must hold.
  [[nodiscard]] std::vector<RevisionId> Maxima(const std::vector<bool>& applied) const;

  /// Every revision, parents and dependencies first; then children before dependants, and load
  /// order.
  [[nodiscard]] std::span<const std::uint32_t> TopologicalOrder() const { return order_; }

  /// The index of an id in revisions(); -1 when unknown.
  [[nodiscard]] std::int64_t IndexOf(std::string_view id) const;

  /// The same for an id that the graph is known to have.
  [[nodiscard]] std::size_t PositionOf(std::string_view id) const {
    return static_cast<std::size_t>(IndexOf(id));
  }

  /// Parents and dependencies of the revision at `index`, as indexes.
  [[nodiscard]] std::span<const std::uint32_t> Below(std::uint32_t index) const;

  /// The inverse of Below().
  [[nodiscard]] std::span<const std::uint32_t> Above(std::uint32_t index) const;

 private:
  /// The neighbours of one revision, in one direction.
  using Neighbours = std::span<const std::uint32_t> (Graph::*)(std::size_t) const;

  void CollectLabels();
  [[nodiscard]] std::uint32_t Referenced(std::uint32_t by, const RevisionId& id,
                                         std::string_view key) const;
  void LinkEdges();
  void SortTopologically();
  [[noreturn]] void ThrowCycle(const std::vector<std::uint32_t>& waiting_for) const;
  [[nodiscard]] std::vector<RevisionId> Without(Neighbours neighbours) const;
  [[nodiscard]] std::vector<bool> Reach(std::span<const RevisionId> ids,
                                        Neighbours neighbours) const;
  [[nodiscard]] std::span<const std::uint32_t> ParentsOf(std::size_t i) const;
  [[nodiscard]] std::span<const std::uint32_t> ChildrenOf(std::size_t i) const;
  [[nodiscard]] std::span<const std::uint32_t> BelowOf(std::size_t i) const;
  [[nodiscard]] std::span<const std::uint32_t> AboveOf(std::size_t i) const;
  [[nodiscard]] bool IsPlainLineFrom(std::uint32_t index) const;

  std::vector<RevisionPtr> revisions_;
  std::unordered_map<std::string_view, std::uint32_t> index_;
  std::unordered_map<std::string_view, std::uint32_t> labels_;
  Adjacency below_;  // parents and dependencies
  Adjacency above_;  // children and dependants
  std::vector<std::uint32_t> order_;
};

}  // namespace drover::migrations
