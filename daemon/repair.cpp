#include "daemon/repair.h"

#include <algorithm>

#include "base/posix.h"
#include "base/text.h"
#include "daemon/changes.h"
#include "migrations/identifiers.h"

namespace drover::daemon {
namespace {

using migrations::Edit;
using migrations::Lineage;
using migrations::Revision;

/// An orphan has no edit to accept: its file is gone, not changed.
void RefuseOrphan(const Lineage& lineage, const Verdict& verdict, std::string_view target) {
  if (std::ranges::find(lineage.orphans, target) == lineage.orphans.end()) return;
  throw Error(Code::kDrift, "orphan",
              Concat("revision ", target, " has no migration file: there is no edit to accept"),
              verdict.error ? verdict.error->hint : "drover status");
}

const Edit& TheEdit(const migrations::Graph& graph, const Lineage& lineage, const Verdict& verdict,
                    const Revision& revision) {
  if (const Edit* edit = lineage.FindEdit(revision.id)) return *edit;
  const std::vector<bool> applied = graph.Closure(verdict.current);
  if (!applied[static_cast<std::size_t>(graph.IndexOf(revision.id))]) {
    throw Error(Code::kInvalid, "not_applied",
                Concat("revision ", revision.id, " is not applied to ", verdict.environment,
                       ": its file may change"),
                Concat("drover current -e ", verdict.environment));
  }
  throw Error(Code::kInvalid, "nothing_to_repair",
              Concat("the file of revision ", revision.id, " is as it was when it was applied to ",
                     verdict.environment, ": there is nothing to repair"),
              "drover status");
}

/// Another parent makes other revisions count as applied, and nothing is run for it: say so.
void AddConsequences(const migrations::Graph& files, const Lineage& lineage,
                     const std::vector<migrations::RevisionId>& rows,
                     std::vector<std::string>& changes) {
  if (!lineage.graph) return;
  const std::vector<bool> now = files.Closure(rows);
  const std::vector<bool> then = lineage.graph->Closure(rows);
  std::vector<std::string> gained;
  std::vector<std::string> lost;
  for (std::size_t i = 0; i < now.size(); ++i) {
    const std::string& id = files.At(i).id;
    const std::int64_t before = lineage.graph->IndexOf(id);
    const bool was = before >= 0 && then[static_cast<std::size_t>(before)];
    if (now[i] && !was) gained.push_back(id);
    if (!now[i] && was) lost.push_back(id);
  }
  if (!gained.empty()) {
    changes.push_back(Concat("with it ", Join(gained, ", "),
                             gained.size() > 1 ? " count" : " counts",
                             " as applied, though never run here"));
  }
  if (!lost.empty()) {
    changes.push_back(Concat("with it ", Join(lost, ", "),
                             lost.size() > 1 ? " no longer count" : " no longer counts",
                             " as applied, though once run here"));
  }
}

}  // namespace

RepairPlan PlanRepair(const Project& project, const View& view, const Params& params) {
  if (params.target.empty()) {
    throw Error(Code::kInvalid, "protocol.params", "repair needs a revision", "drover status");
  }
  const std::size_t index = OneEnvironment(view, params);
  const environments::Target& target = view.seen->targets[index];
  const Verdict& verdict = view.verdicts[index];
  CheckTarget(target);
  if (verdict.state == EnvironmentState::kApplying) {
    throw Error(Code::kBusy, "job.running",
                Concat("a job is running on ", target.path, ": what it leaves is not known yet"),
                "drover status");
  }
  const migrations::DatabaseFacts* facts = view.seen->FactsOf(target.path);
  if (facts != nullptr && facts->problem) throw Error(*facts->problem);
  if (facts == nullptr || facts->kind == migrations::DatabaseKind::kMissing) {
    throw Error(Code::kNotFound, "database.missing",
                Concat("there is no database at ", target.path),
                Concat("drover upgrade -e ", target.environment));
  }
  const Lineage& lineage = *view.seen->LineageOf(target.path);
  RefuseOrphan(lineage, verdict, params.target);
  const migrations::Graph& graph = view.graph();
  const Revision& revision = *graph.Find(migrations::ResolveRevision(graph, params.target));
  const Edit& edit = TheEdit(graph, lineage, verdict, revision);
  if (!params.dry_run) CheckProtection(view, verdict, params, JobCommand::kRepair);

  RepairPlan plan;
  plan.request = project.Prepare(view, index, JobCommand::kRepair);
  plan.request.target = revision.id;
  plan.request.goal = graph.Maxima(graph.Closure(plan.request.rows));
  std::ranges::sort(plan.request.goal);
  // Alembic's rows stay as they are: only what drover has noted changes.
  if (plan.request.format == migrations::Format::kAlembic) plan.request.goal = plan.request.rows;
  RepairDocument& document = plan.document;
  document.environment = verdict.environment;
  document.same_as = verdict.same_as;
  document.path = target.path;
  document.revision = revision.id;
  document.message = revision.message;
  document.file = RelativeTo(revision.file, view.seen->root);
  document.kind = migrations::EditKindName(edit.kind);
  document.changes = edit.changes;
  if (edit.moved) AddConsequences(graph, lineage, verdict.current, document.changes);
  return plan;
}

void AddDiff(RepairPlan& plan) {
  const Revision& file = *plan.request.graph->Find(plan.request.target);
  const auto archive = migrations::InspectArchive(plan.request.path, {file.id});
  if (const auto archived = archive.find(file.id); archived != archive.end()) {
    plan.document.diff = migrations::DiffEdit(archived->second, file, plan.document.file);
  }
}

void CheckConsent(const RepairPlan& plan, const Params& params) {
  if (params.confirm) return;
  throw Error(Code::kRefused, "repair.unconfirmed",
              Concat("accepting this edit of revision ", plan.document.revision,
                     " makes drover forget what was applied to ", plan.document.environment),
              Concat("drover repair ", plan.document.revision, " -e ", plan.document.environment,
                     " --yes"));
}

}  // namespace drover::daemon
