#include "migrations/lineage.h"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include "base/text.h"
#include "migrations/plan.h"

namespace drover::migrations {
namespace {

/// Walks over the applied revisions of one database.
class Tracer {
 public:
  Tracer(const MigrationFiles& files, const DatabaseFacts& facts) : files_(files), facts_(facts) {
    for (const RevisionPtr& revision : files.revisions) {
      files_by_id_.emplace(revision->id, revision.get());
      for (const std::string& label : revision->branch_labels) labels_.emplace(label, revision->id);
    }
  }

  Lineage Trace(const ArchiveReader& read) {
    Walk();
    std::set<RevisionId> wanted(lineage_.orphans.begin(), lineage_.orphans.end());
    for (const Edit& edit : lineage_.edits) {
      if (edit.kind == EditKind::kModified) wanted.insert(edit.revision);
    }
    if (!wanted.empty()) lineage_.archived = read(wanted);
    MakeGraph();
    return std::move(lineage_);
  }

 private:
  [[nodiscard]] const Revision* File(std::string_view id) const {
    const auto found = files_by_id_.find(id);
    return found == files_by_id_.end() ? nullptr : found->second;
  }

  /// The record of a revision that, as far as the history knows, is applied.
  [[nodiscard]] const AppliedRecord* Record(const RevisionId& id) const {
    const auto found = facts_.records.find(id);
    return found == facts_.records.end() || !found->second.applied() ? nullptr : &found->second;
  }

  void Walk() {
    for (const RevisionId& row : facts_.rows) {
      if (File(row) == nullptr && Record(row) == nullptr && seen_.insert(row).second) {
        lineage_.orphans.push_back(row);  // another program's, or the history is gone
      }
      open_.push_back(row);
    }
    while (!open_.empty()) {
      const RevisionId id = std::move(open_.back());
      open_.pop_back();
      Visit(id);
    }
  }

  void Visit(const RevisionId& id) {
    const Revision* file = File(id);
    const AppliedRecord* record = Record(id);
    if (file == nullptr && record == nullptr) {
      // A dependency may be named by a branch label; what nobody knows is no orphan.
      if (const auto label = labels_.find(id); label != labels_.end()) Visit(label->second);
      return;
    }
    if (!seen_.insert(id).second) return;
    if (file == nullptr) lineage_.orphans.push_back(id);
    if (file != nullptr && record != nullptr) {
      if (std::optional<Edit> edit = migrations::FindEdit(*file, *record)) {
        lineage_.edits.push_back(std::move(*edit));
      }
    }
    const auto follow = [&](const auto& revision) {
      open_.insert(open_.end(), revision.depends_on.begin(), revision.depends_on.end());
      open_.insert(open_.end(), revision.down_revision.begin(), revision.down_revision.end());
    };
    if (record != nullptr) {
      follow(*record);
    } else {
      follow(*file);
    }
  }

  void MakeGraph() {
    const bool moved = std::ranges::any_of(lineage_.edits, &Edit::moved);
    lineage_.problem = files_.unreadable;
    if (lineage_.problem) return;
    if (lineage_.orphans.empty() && !moved && files_.graph) {
      lineage_.graph = files_.graph;
      return;
    }
    std::vector<RevisionPtr> revisions(files_.revisions.begin(), files_.revisions.end());
    for (RevisionPtr& revision : revisions) {
      const Edit* edit = moved ? lineage_.FindEdit(revision->id) : nullptr;
      if (edit == nullptr || !edit->moved) continue;
      const AppliedRecord& record = *Record(revision->id);
      Revision as_applied = *revision;
      as_applied.down_revision = record.down_revision;
      as_applied.depends_on = record.depends_on;
      revision = std::make_shared<const Revision>(std::move(as_applied));
    }
    for (const RevisionId& id : lineage_.orphans) {
      const auto archived = lineage_.archived.find(id);
      if (archived == lineage_.archived.end()) {
        lineage_.problem = Error(Code::kDrift, "orphan",
                                 Concat("revision ", id,
                                        " is applied, but no migration file has it, and the "
                                        "history of the database does not know it either: bring "
                                        "its file back, or say where the database is with drover "
                                        "stamp --purge REVISION"),
                                 Concat("git log --all --oneline -- '*", id, "*'"));
        return;
      }
      Revision orphan = archived->second;
      // The file that took its place may have taken its label too.
      std::erase_if(orphan.branch_labels,
                    [&](const std::string& label) { return labels_.contains(label); });
      revisions.push_back(std::make_shared<const Revision>(std::move(orphan)));
    }
    try {
      lineage_.graph = std::make_shared<const Graph>(std::move(revisions));
    } catch (const Error& error) {
      lineage_.problem = error;
    }
  }

  const MigrationFiles& files_;
  const DatabaseFacts& facts_;
  std::unordered_map<std::string_view, const Revision*> files_by_id_;
  std::unordered_map<std::string_view, RevisionId> labels_;
  std::unordered_set<RevisionId> seen_;
  std::vector<RevisionId> open_;
  Lineage lineage_;
};

}  // namespace

const Edit* Lineage::FindEdit(std::string_view revision) const {
  const auto found = std::ranges::find(edits, revision, &Edit::revision);
  return found == edits.end() ? nullptr : &*found;
}

const Graph& Lineage::RequireGraph() const {
  if (!graph) throw Error(problem.value());
  return *graph;
}

Lineage TraceLineage(const MigrationFiles& files, const DatabaseFacts& facts,
                     const ArchiveReader& read) {
  return Tracer(files, facts).Trace(read);
}

std::optional<std::string> WayBackFromOrphans(const Lineage& lineage,
                                              std::span<const RevisionId> rows) {
  if (!lineage.graph) return std::nullopt;
  std::set<std::string> targets;
  for (const RevisionId& id : lineage.orphans) {
    const Revision& orphan = *lineage.graph->Find(id);
    for (const RevisionId& parent : orphan.down_revision) {
      if (std::ranges::find(lineage.orphans, parent) != lineage.orphans.end()) continue;
      targets.insert(parent);
      targets.insert(Concat(id, "@", parent));  // spares a branch beside it
    }
    if (orphan.down_revision.empty()) {
      targets.insert("base");
      targets.insert(Concat(id, "@base"));
    }
  }
  std::optional<std::string> best;
  std::size_t fewest = 0;
  for (const std::string& target : targets) {
    try {
      const Plan plan = PlanDowngrade(*lineage.graph, rows, target);
      const std::vector<bool> left = lineage.graph->Closure(plan.to);
      const bool clean = std::ranges::none_of(lineage.orphans, [&](const RevisionId& id) {
        return left[static_cast<std::size_t>(lineage.graph->IndexOf(id))];
      });
      const bool shorter = best && plan.steps.size() == fewest && target.size() < best->size();
      if (clean && (!best || plan.steps.size() < fewest || shorter)) {
        best = target;
        fewest = plan.steps.size();
      }
    } catch (const Error&) {
      // Irreversible, or not above this target: no way.
    }
  }
  return best;
}

}  // namespace drover::migrations
