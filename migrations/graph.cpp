#include "migrations/graph.h"

#include <algorithm>
#include <string>

#include "base/error.h"
#include "base/text.h"

namespace drover::migrations {
namespace {

std::string Place(const Revision& revision) {
  return Concat(revision.file, ":", revision.header_line, ":1");
}

Error Malformed(const Revision& revision, std::string_view kind, std::string message,
                std::string hint) {
  return {Code::kInvalid, std::string(kind), std::move(message), std::move(hint), Place(revision)};
}

}  // namespace

std::vector<RevisionPtr> Share(std::vector<Revision> revisions) {
  std::vector<RevisionPtr> shared;
  shared.reserve(revisions.size());
  for (Revision& revision : revisions) {
    shared.push_back(std::make_shared<const Revision>(std::move(revision)));
  }
  return shared;
}

Graph::Graph(std::vector<Revision> revisions) : Graph(Share(std::move(revisions))) {}

Graph::Graph(std::vector<RevisionPtr> revisions) : revisions_(std::move(revisions)) {
  index_.reserve(revisions_.size());
  for (std::uint32_t i = 0; i < revisions_.size(); ++i) {
    const Revision& revision = *revisions_[i];
    const auto [found, added] = index_.emplace(revision.id, i);
    if (!added) {
      throw Malformed(revision, "duplicate_revision",
                      Concat("revision ", revision.id, " is defined twice; the first is ",
                             Place(*revisions_[found->second])),
                      revision.format == Format::kNative
                          ? "give one of the two files another \"-- revision:\" line"
                          : "give one of the two files another `revision`");
    }
  }
  CollectLabels();
  LinkEdges();
  SortTopologically();
}

void Graph::CollectLabels() {
  for (std::uint32_t i = 0; i < revisions_.size(); ++i) {
    for (const std::string& label : revisions_[i]->branch_labels) {
      if (index_.contains(label) || !labels_.emplace(label, i).second) {
        throw Malformed(*revisions_[i], "duplicate_branch_label",
                        Concat("branch label \"", label, "\" is already taken"),
                        "choose another label");
      }
    }
  }
}

std::uint32_t Graph::Referenced(std::uint32_t by, const RevisionId& id,
                                std::string_view key) const {
  const Revision& revision = *revisions_[by];
  auto found = index_.find(id);
  if (found == index_.end() && key == "depends_on") {
    if (const auto label = labels_.find(id); label != labels_.end()) return label->second;
  }
  if (found == index_.end()) {
    throw Malformed(revision, "missing_referenced_revision",
                    Concat("revision ", revision.id, " names ", id, " as its ", key,
                           ", but no migration file has that revision"),
                    Concat("restore the file of ", id, ", or correct the ", key, " line"));
  }
  if (found->second == by) {
    throw Malformed(revision, "self_loop",
                    Concat("revision ", revision.id, " names itself as its ", key),
                    Concat("correct the ", key, " line"));
  }
  return found->second;
}

void Graph::LinkEdges() {
  std::vector<std::uint32_t> parents;
  std::vector<std::uint32_t> dependencies;
  const auto add_once = [](std::vector<std::uint32_t>& to, std::uint32_t node) {
    if (std::ranges::find(to, node) == to.end()) to.push_back(node);
  };
  for (std::uint32_t i = 0; i < revisions_.size(); ++i) {
    parents.clear();
    dependencies.clear();
    for (const RevisionId& id : revisions_[i]->down_revision) {
      add_once(parents, Referenced(i, id, "down_revision"));
    }
    for (const RevisionId& id : revisions_[i]->depends_on) {
      const std::uint32_t dependency = Referenced(i, id, "depends_on");
      if (std::ranges::find(parents, dependency) == parents.end()) {
        add_once(dependencies, dependency);
      }
    }
    below_.Append(parents, dependencies);
  }
  above_ = below_.Inverse();
}

std::span<const std::uint32_t> Graph::ParentsOf(std::size_t i) const { return below_.Direct(i); }
std::span<const std::uint32_t> Graph::ChildrenOf(std::size_t i) const { return above_.Direct(i); }
std::span<const std::uint32_t> Graph::BelowOf(std::size_t i) const { return below_.All(i); }
std::span<const std::uint32_t> Graph::AboveOf(std::size_t i) const { return above_.All(i); }

void Graph::SortTopologically() {
  // Kahn's algorithm: what cannot be ordered is a cycle, whatever its shape.
  std::vector<std::uint32_t> waiting_for(revisions_.size());
  order_.reserve(revisions_.size());
  for (std::uint32_t i = 0; i < revisions_.size(); ++i) {
    waiting_for[i] = static_cast<std::uint32_t>(BelowOf(i).size());
    if (waiting_for[i] == 0) order_.push_back(i);
  }
  for (std::size_t next = 0; next < order_.size(); ++next) {
    for (const std::uint32_t upper : AboveOf(order_[next])) {
      if (--waiting_for[upper] == 0) order_.push_back(upper);
    }
  }
  if (order_.size() != revisions_.size()) ThrowCycle(waiting_for);
}

void Graph::ThrowCycle(const std::vector<std::uint32_t>& waiting_for) const {
  // Walk downwards among the unordered ones until a revision repeats: that walk holds the cycle.
  const auto stuck = [&](std::uint32_t i) { return waiting_for[i] > 0; };
  std::uint32_t at = 0;
  while (!stuck(at)) ++at;
  std::vector<std::uint32_t> walk;
  while (std::ranges::find(walk, at) == walk.end()) {
    walk.push_back(at);
    at = *std::ranges::find_if(BelowOf(at), stuck);  // parents come first
  }
  walk.erase(walk.begin(), std::ranges::find(walk, at));
  walk.push_back(at);
  std::vector<std::string> names;
  bool only_parents = true;
  for (std::size_t i = 0; i < walk.size(); ++i) {
    names.push_back(revisions_[walk[i]]->id);
    const bool is_parent = i == 0 || std::ranges::count(ParentsOf(walk[i - 1]), walk[i]) > 0;
    only_parents = only_parents && is_parent;
  }
  throw Malformed(*revisions_[at], only_parents ? "cycle" : "dependency_cycle",
                  Concat("the revisions form a cycle: ", Join(names, " -> ")),
                  Concat("correct the ", only_parents ? "down_revision" : "depends_on",
                         " line of one of them"));
}

const Revision* Graph::Find(std::string_view id) const {
  const std::int64_t index = IndexOf(id);
  return index < 0 ? nullptr : revisions_[static_cast<std::size_t>(index)].get();
}

std::int64_t Graph::IndexOf(std::string_view id) const {
  const auto found = index_.find(id);
  return found == index_.end() ? -1 : static_cast<std::int64_t>(found->second);
}

std::span<const std::uint32_t> Graph::Below(std::uint32_t index) const { return BelowOf(index); }

std::span<const std::uint32_t> Graph::Above(std::uint32_t index) const { return AboveOf(index); }

const Revision* Graph::FindLabel(std::string_view label) const {
  const auto found = labels_.find(label);
  return found == labels_.end() ? nullptr : revisions_[found->second].get();
}

std::vector<RevisionId> Graph::Without(Neighbours neighbours) const {
  std::vector<RevisionId> ends;
  for (std::size_t i = 0; i < revisions_.size(); ++i) {
    if ((this->*neighbours)(i).empty()) ends.push_back(revisions_[i]->id);
  }
  return ends;
}

std::vector<RevisionId> Graph::Heads() const { return Without(&Graph::ChildrenOf); }

std::vector<RevisionId> Graph::HeadsToMerge() const {
  std::vector<RevisionId> heads = Heads();
  if (heads.size() < 2) return {};
  // Whoever shares an ancestor shares a base.
  const std::vector<RevisionId> bases = Bases();
  std::vector<std::size_t> reached_by(bases.size());
  std::vector<std::vector<std::size_t>> reached(heads.size());
  for (std::size_t i = 0; i < heads.size(); ++i) {
    const std::vector<bool> inside = Ancestors(std::span(heads).subspan(i, 1));
    for (std::size_t k = 0; k < bases.size(); ++k) {
      if (!inside[PositionOf(bases[k])]) continue;
      reached[i].push_back(k);
      ++reached_by[k];
    }
  }
  std::vector<RevisionId> wanting;
  for (std::size_t i = 0; i < heads.size(); ++i) {
    const bool shares =
        std::ranges::any_of(reached[i], [&](std::size_t base) { return reached_by[base] > 1; });
    if (shares) wanting.push_back(std::move(heads[i]));
  }
  return wanting;
}

std::vector<RevisionId> Graph::RealHeads() const { return Without(&Graph::AboveOf); }
std::vector<RevisionId> Graph::Bases() const { return Without(&Graph::ParentsOf); }
std::vector<RevisionId> Graph::RealBases() const { return Without(&Graph::BelowOf); }

std::vector<RevisionId> Graph::Children(std::string_view id) const {
  std::vector<RevisionId> children;
  if (const std::int64_t index = IndexOf(id); index >= 0) {
    for (const std::uint32_t child : ChildrenOf(static_cast<std::size_t>(index))) {
      children.push_back(revisions_[child]->id);
    }
  }
  return children;
}

std::vector<bool> Graph::Reach(std::span<const RevisionId> ids, Neighbours neighbours) const {
  std::vector<bool> inside(revisions_.size());
  std::vector<std::uint32_t> open;
  const auto add = [&](std::uint32_t i) {
    if (inside[i]) return;
    inside[i] = true;
    open.push_back(i);
  };
  for (const RevisionId& id : ids) {
    if (const std::int64_t index = IndexOf(id); index >= 0) add(static_cast<std::uint32_t>(index));
  }
  while (!open.empty()) {
    const std::uint32_t i = open.back();
    open.pop_back();
    for (const std::uint32_t next : (this->*neighbours)(i)) add(next);
  }
  return inside;
}

std::vector<bool> Graph::Closure(std::span<const RevisionId> ids) const {
  return Reach(ids, &Graph::BelowOf);
}

std::vector<bool> Graph::Ancestors(std::span<const RevisionId> ids) const {
  return Reach(ids, &Graph::ParentsOf);
}

std::vector<bool> Graph::Descendants(std::span<const RevisionId> ids) const {
  return Reach(ids, &Graph::ChildrenOf);
}

std::vector<bool> Graph::Lineage(std::string_view id) const {
  const std::vector<RevisionId> from{RevisionId(id)};
  std::vector<bool> lineage = Reach(from, &Graph::ParentsOf);
  const std::vector<bool> descendants = Reach(from, &Graph::ChildrenOf);
  for (std::size_t i = 0; i < lineage.size(); ++i) lineage[i] = lineage[i] || descendants[i];
  return lineage;
}

std::vector<RevisionId> Graph::EffectiveHeads(std::span<const RevisionId> rows) const {
  const std::vector<bool> applied = Closure(rows);
  std::vector<RevisionId> heads;
  for (std::size_t i = 0; i < revisions_.size(); ++i) {
    if (!applied[i]) continue;
    const bool has_applied_child =
        std::ranges::any_of(ChildrenOf(i), [&](std::uint32_t child) { return applied[child]; });
    if (!has_applied_child) heads.push_back(revisions_[i]->id);
  }
  return heads;
}

bool Graph::IsPlainLineFrom(std::uint32_t index) const {
  for (;;) {
    if (AboveOf(index).size() > 1 || ParentsOf(index).size() > 1) return false;
    if (ChildrenOf(index).empty()) return true;
    index = ChildrenOf(index).front();
  }
}

std::vector<std::vector<std::string>> Graph::SpreadLabels() const {
  std::vector<std::vector<std::string>> spread(revisions_.size());
  for (std::uint32_t i = 0; i < revisions_.size(); ++i) {
    if (revisions_[i]->branch_labels.empty()) continue;
    const std::vector<RevisionId> from{revisions_[i]->id};
    std::vector<bool> inside = Reach(from, &Graph::ChildrenOf);
    std::uint32_t at = i;
    bool upwards = IsPlainLineFrom(i);
    while (upwards && !ParentsOf(at).empty()) {
      at = ParentsOf(at).front();
      upwards = AboveOf(at).size() <= 1 && ParentsOf(at).size() <= 1;
      if (upwards) inside[at] = true;
    }
    for (std::size_t k = 0; k < inside.size(); ++k) {
      if (!inside[k]) continue;
      spread[k].insert(spread[k].end(), revisions_[i]->branch_labels.begin(),
                       revisions_[i]->branch_labels.end());
    }
  }
  for (std::vector<std::string>& labels : spread) std::ranges::sort(labels);
  return spread;
}

bool Graph::IsBelow(std::string_view lower, std::string_view upper) const {
  const std::int64_t index = IndexOf(lower);
  if (index < 0 || IndexOf(upper) < 0) return false;
  const std::vector<RevisionId> from{RevisionId(upper)};
  return Closure(from)[static_cast<std::size_t>(index)];
}

std::vector<RevisionId> Graph::Maxima(const std::vector<bool>& applied) const {
  std::vector<RevisionId> maxima;
  for (std::size_t i = 0; i < revisions_.size(); ++i) {
    if (!applied[i]) continue;
    const bool covered =
        std::ranges::any_of(AboveOf(i), [&](std::uint32_t upper) { return applied[upper]; });
    if (!covered) maxima.push_back(revisions_[i]->id);
  }
  return maxima;
}

}  // namespace drover::migrations
