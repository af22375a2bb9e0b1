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

std::vector<RevisionPtr> Share(std::vector<Revision> revisions) {
  std::vector<RevisionPtr> shared;
  shared.reserve(revisions.size());
  for (Revision& revision : revisions) {
    shared.push_back(std::make_shared<const Revision>(std::move(revision)));
  }
  return shared;
}

}  // namespace

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
                      "give one of the two files another \"-- revision:\" line");
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

void Graph::LinkEdges() {
  parents_.resize(revisions_.size());
  below_.resize(revisions_.size());
  children_.resize(revisions_.size());
  above_.resize(revisions_.size());
  for (std::uint32_t i = 0; i < revisions_.size(); ++i) {
    const Revision& revision = *revisions_[i];
    const auto link = [&](const RevisionId& id, std::string_view what) -> std::uint32_t {
      auto found = index_.find(id);
      if (found == index_.end() && what == "depends_on") {
        if (const auto label = labels_.find(id); label != labels_.end()) return label->second;
      }
      if (found == index_.end()) {
        throw Malformed(revision, "missing_referenced_revision",
                        Concat("revision ", revision.id, " names ", id, " as its ", what,
                               ", but no migration file has that revision"),
                        Concat("restore the file of ", id, ", or correct the ", what, " line"));
      }
      if (found->second == i) {
        throw Malformed(revision, "self_loop",
                        Concat("revision ", revision.id, " names itself as its ", what),
                        Concat("correct the ", what, " line"));
      }
      return found->second;
    };
    for (const RevisionId& id : revision.down_revision) {
      const std::uint32_t parent = link(id, "down_revision");
      if (std::ranges::find(parents_[i], parent) != parents_[i].end()) continue;
      parents_[i].push_back(parent);
      below_[i].push_back(parent);
      children_[parent].push_back(i);
      above_[parent].push_back(i);
    }
    for (const RevisionId& id : revision.depends_on) {
      const std::uint32_t dependency = link(id, "depends_on");
      if (std::ranges::find(below_[i], dependency) != below_[i].end()) continue;
      below_[i].push_back(dependency);
      above_[dependency].push_back(i);
    }
  }
}

void Graph::SortTopologically() {
  // Kahn's algorithm: what cannot be ordered is a cycle, whatever its shape.
  std::vector<std::uint32_t> waiting_for(revisions_.size());
  order_.reserve(revisions_.size());
  for (std::uint32_t i = 0; i < revisions_.size(); ++i) {
    waiting_for[i] = static_cast<std::uint32_t>(below_[i].size());
    if (waiting_for[i] == 0) order_.push_back(i);
  }
  for (std::size_t next = 0; next < order_.size(); ++next) {
    for (const std::uint32_t upper : above_[order_[next]]) {
      if (--waiting_for[upper] == 0) order_.push_back(upper);
    }
  }
  if (order_.size() == revisions_.size()) return;

  // Walk downwards among the unordered ones until a revision repeats: that walk holds the cycle.
  const auto stuck = [&](std::uint32_t i) { return waiting_for[i] > 0; };
  std::uint32_t at = 0;
  while (!stuck(at)) ++at;
  std::vector<std::uint32_t> walk;
  while (std::ranges::find(walk, at) == walk.end()) {
    walk.push_back(at);
    auto lower = std::ranges::find_if(parents_[at], stuck);
    at = lower != parents_[at].end() ? *lower : *std::ranges::find_if(below_[at], stuck);
  }
  walk.erase(walk.begin(), std::ranges::find(walk, at));
  walk.push_back(at);
  std::vector<std::string> names;
  bool only_parents = true;
  for (std::size_t i = 0; i < walk.size(); ++i) {
    names.push_back(revisions_[walk[i]]->id);
    const bool is_parent = i == 0 || std::ranges::count(parents_[walk[i - 1]], walk[i]) > 0;
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

std::span<const std::uint32_t> Graph::Below(std::uint32_t index) const { return below_[index]; }

std::span<const std::uint32_t> Graph::Above(std::uint32_t index) const { return above_[index]; }

const Revision* Graph::FindLabel(std::string_view label) const {
  const auto found = labels_.find(label);
  return found == labels_.end() ? nullptr : revisions_[found->second].get();
}

std::vector<RevisionId> Graph::Without(const Edges& edges) const {
  std::vector<RevisionId> ends;
  for (std::size_t i = 0; i < revisions_.size(); ++i) {
    if (edges[i].empty()) ends.push_back(revisions_[i]->id);
  }
  return ends;
}

std::vector<RevisionId> Graph::Heads() const { return Without(children_); }
std::vector<RevisionId> Graph::RealHeads() const { return Without(above_); }
std::vector<RevisionId> Graph::Bases() const { return Without(parents_); }
std::vector<RevisionId> Graph::RealBases() const { return Without(below_); }

std::vector<RevisionId> Graph::Children(std::string_view id) const {
  std::vector<RevisionId> children;
  if (const std::int64_t index = IndexOf(id); index >= 0) {
    for (const std::uint32_t child : children_[static_cast<std::size_t>(index)]) {
      children.push_back(revisions_[child]->id);
    }
  }
  return children;
}

std::vector<bool> Graph::Reach(std::span<const RevisionId> ids, const Edges& edges) const {
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
    for (const std::uint32_t next : edges[i]) add(next);
  }
  return inside;
}

std::vector<bool> Graph::Closure(std::span<const RevisionId> ids) const {
  return Reach(ids, below_);
}

std::vector<bool> Graph::Ancestors(std::span<const RevisionId> ids) const {
  return Reach(ids, parents_);
}

std::vector<bool> Graph::Descendants(std::span<const RevisionId> ids) const {
  return Reach(ids, children_);
}

std::vector<bool> Graph::Lineage(std::string_view id) const {
  const std::vector<RevisionId> from{RevisionId(id)};
  std::vector<bool> lineage = Reach(from, parents_);
  const std::vector<bool> descendants = Reach(from, children_);
  for (std::size_t i = 0; i < lineage.size(); ++i) lineage[i] = lineage[i] || descendants[i];
  return lineage;
}

std::vector<RevisionId> Graph::EffectiveHeads(std::span<const RevisionId> rows) const {
  const std::vector<bool> applied = Closure(rows);
  std::vector<RevisionId> heads;
  for (std::size_t i = 0; i < revisions_.size(); ++i) {
    if (!applied[i]) continue;
    const bool has_applied_child =
        std::ranges::any_of(children_[i], [&](std::uint32_t child) { return applied[child]; });
    if (!has_applied_child) heads.push_back(revisions_[i]->id);
  }
  return heads;
}

bool Graph::IsPlainLineFrom(std::uint32_t index) const {
  for (;;) {
    if (above_[index].size() > 1 || parents_[index].size() > 1) return false;
    if (children_[index].empty()) return true;
    index = children_[index].front();
  }
}

std::vector<std::vector<std::string>> Graph::SpreadLabels() const {
  std::vector<std::vector<std::string>> spread(revisions_.size());
  for (std::uint32_t i = 0; i < revisions_.size(); ++i) {
    if (revisions_[i]->branch_labels.empty()) continue;
    const std::vector<RevisionId> from{revisions_[i]->id};
    std::vector<bool> inside = Reach(from, children_);
    std::uint32_t at = i;
    bool upwards = IsPlainLineFrom(i);
    while (upwards && !parents_[at].empty()) {
      at = parents_[at].front();
      upwards = above_[at].size() <= 1 && parents_[at].size() <= 1;
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
        std::ranges::any_of(above_[i], [&](std::uint32_t upper) { return applied[upper]; });
    if (!covered) maxima.push_back(revisions_[i]->id);
  }
  return maxima;
}

}  // namespace drover::migrations
