#include "daemon/remedies.h"

#include <algorithm>
#include <array>

#include "base/error.h"
#include "base/posix.h"
#include "base/text.h"
#include "daemon/changes.h"
#include "environments/strays/archives.h"
#include "migrations/busy_wait.h"

namespace drover::daemon {
namespace {

std::string Shown(const View& view, const std::string& path) {
  return RelativeTo(path, view.seen->root);
}

void RefuseUnmovable(const StrayEntry& stray) {
  if (!stray.holders.empty()) {
    throw Error(Code::kRefused, "stray.held",
                Concat(stray.path, " is held open by ", migrations::NameHolders(stray.holders)),
                "drover strays");
  }
  if (stray.hot && stray.kind != "orphaned-sidecar") {
    throw Error(
        Code::kRefused, "stray.hot_journal",
        Concat(stray.path,
               " has a hot journal: a write is going on or broke off, and "
               "SQLite has to roll it back first"),
        Concat("sqlite3 ", ShellQuote(stray.path), " 'SELECT count(*) FROM sqlite_schema'"));
  }
}

RemedyPlan NewPlan(const View& view, std::string action, const std::string& state_directory) {
  RemedyPlan plan;
  plan.request.project = view.seen->root;
  plan.request.archives = environments::ArchivePlaces(state_directory, view.seen->root);
  plan.request.action = action;
  plan.document.action = std::move(action);
  return plan;
}

std::string NumberOfRows(const StrayEntry& stray) {
  std::vector<std::string> counts;
  for (const TableRows& each : stray.rows) {
    counts.push_back(Concat(each.table, " ", each.rows, each.more ? " or more" : ""));
  }
  return counts.empty() ? std::string("no rows counted") : Concat("rows: ", Join(counts, ", "));
}

void CheckConsent(const View& view, const Params& params, const RemedyPlan& plan) {
  if (params.dry_run || params.confirm) return;
  throw Error(Code::kRefused, "stray.unconfirmed",
              Concat("adopting ", Shown(view, plan.document.path), " replaces everything in ",
                     plan.request.environment, "'s database"),
              Concat("drover strays adopt ", ShellQuote(params.target), " -e ",
                     plan.request.environment, " --yes"));
}

}  // namespace

const StrayEntry& FindStray(const View& view, const Params& params) {
  if (params.target.empty()) {
    throw Error(Code::kInvalid, "protocol.params", "a stray's path is needed", "drover strays");
  }
  const auto stray = std::ranges::find(view.strays, params.target, &StrayEntry::path);
  if (stray != view.strays.end()) return *stray;
  for (const environments::Target& target : view.seen->targets) {
    if (target.path != params.target) continue;
    throw Error(Code::kRefused, "stray.configured",
                Concat(params.target, " is ", target.environment, "'s own database, no stray"),
                "drover where");
  }
  throw Error(Code::kNotFound, "stray.unknown", Concat("there is no stray at ", params.target),
              "drover strays");
}

ScanRequest PlanDiff(const View& view, const Params& params, StrayDiffDocument& document) {
  const StrayEntry& stray = FindStray(view, params);
  Params chosen = params;
  if (chosen.environments.empty() && stray.environment) {
    chosen.environments = {*stray.environment};
  }
  const environments::Target& target = view.seen->targets[OneEnvironment(view, chosen)];
  CheckTarget(target);
  document.environment = target.environment;
  ScanRequest request;
  request.paths = {stray.path};
  request.compare_with = target.path;
  request.roots = view.config().stray_roots;
  request.version_tables = {view.config().version_table};
  return request;
}

RemedyPlan PlanArchive(const View& view, const Params& params, const std::string& state_directory) {
  const StrayEntry& stray = FindStray(view, params);
  RefuseUnmovable(stray);
  RemedyPlan plan = NewPlan(view, "archive", state_directory);
  plan.request.path = plan.document.path = stray.path;
  plan.request.kind = stray.kind;
  plan.request.fingerprint = stray.fingerprint;
  plan.document.steps.push_back(Concat("move ", Shown(view, stray.path),
                                       " and what lies beside it to the archive (", stray.kind,
                                       "; ", NumberOfRows(stray), ")"));
  return plan;
}

RemedyPlan PlanRestore(const View& view, const Params& params, const std::string& state_directory) {
  RemedyPlan plan = NewPlan(view, "restore", state_directory);
  const environments::Archive archive =
      environments::FindArchive(plan.request.archives, plan.request.project, params.target);
  plan.request.id = archive.manifest.id;
  plan.document.path = archive.manifest.path;
  plan.document.archives.push_back(environments::EntryOf(archive));
  plan.document.steps.push_back(
      Concat("put ", archive.manifest.id, " back to ", Shown(view, archive.manifest.path)));
  return plan;
}

RemedyPlan PlanAdopt(const View& view, const Params& params, const std::string& state_directory) {
  RemedyPlan plan = NewPlan(view, "adopt", state_directory);
  RemedyDocument& document = plan.document;
  Params chosen = params;
  if (params.target.find('/') == std::string::npos && !params.target.empty()) {
    const environments::Archive archive =
        environments::FindArchive(plan.request.archives, plan.request.project, params.target);
    plan.request.id = archive.manifest.id;
    document.path = archive.manifest.path;
    if (chosen.environments.empty() && !archive.manifest.environment.empty()) {
      chosen.environments = {archive.manifest.environment};
    }
  } else {
    const StrayEntry& stray = FindStray(view, params);
    static constexpr std::array kOpaque = {
        std::string_view("not-a-db"), std::string_view("encrypted-or-corrupt"),
        std::string_view("unreadable"), std::string_view("orphaned-sidecar"),
        std::string_view("empty")};
    if (stray.kind == "alias") {
      throw Error(Code::kRefused, "stray.alias",
                  Concat(stray.path, " is the same file as the environment's database"),
                  "drover where");
    }
    if (std::ranges::find(kOpaque, stray.kind) != kOpaque.end()) {
      throw Error(Code::kRefused, "stray.unadoptable",
                  Concat(stray.path, " ", stray.message, ": there is nothing to adopt"),
                  "drover strays");
    }
    RefuseUnmovable(stray);
    plan.request.path = document.path = stray.path;
    plan.request.kind = stray.kind;
    plan.request.fingerprint = stray.fingerprint;
    if (chosen.environments.empty() && stray.environment) {
      chosen.environments = {*stray.environment};
    }
    document.steps.push_back(
        Concat("archive ", Shown(view, stray.path), " (", NumberOfRows(stray), ")"));
  }
  const std::size_t index = OneEnvironment(view, chosen);
  const environments::Target& target = view.seen->targets[index];
  CheckTarget(target);
  plan.request.environment = target.environment;
  plan.request.target = target.path;
  document.environment = target.environment;
  if (StatFile(target.path)) {
    document.steps.push_back(Concat("archive what is in ", Shown(view, target.path), " now"));
  }
  document.steps.push_back(Concat("replace the content of ", Shown(view, target.path),
                                  "; the file itself stays; ", target.environment,
                                  " is held then"));
  if (!params.dry_run) CheckProtection(view, view.verdicts[index], params, JobCommand::kStamp);
  CheckConsent(view, params, plan);
  return plan;
}

}  // namespace drover::daemon
