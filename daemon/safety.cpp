#include "daemon/safety.h"

#include <algorithm>
#include <map>
#include <unistd.h>

#include "base/error.h"
#include "base/posix.h"
#include "base/text.h"
#include "daemon/changes.h"
#include "migrations/safety/database_copy.h"
#include "migrations/safety/transplant.h"

namespace drover::daemon {
namespace {

std::string ShownPath(const View& view, const std::string& path) {
  return RelativeTo(path, view.seen->root);
}

std::string At(const std::vector<std::string>& revisions) {
  return revisions.empty() ? std::string("no revision") : Join(revisions, ", ");
}

void RequireYes(const Params& params, const ReplacementPlan& plan, std::string_view what) {
  if (params.dry_run || params.confirm) return;
  const std::string& action = plan.document.action;
  throw Error(
      Code::kRefused, Concat(action, ".unconfirmed"), std::string(what),
      Concat("drover ", action, params.target.empty() ? std::string() : Concat(" ", params.target),
             " -e ", plan.document.environment, " --yes"));
}

void AddKeepStep(ReplacementPlan& plan, const View& view) {
  if (!StatFile(plan.request.path)) return;
  plan.document.steps.push_back(
      Concat("back up what is in ", ShownPath(view, plan.request.path), " now"));
}

const Verdict& VerdictOf(const View& view, const std::string& environment) {
  return *std::ranges::find(view.verdicts, environment, &Verdict::environment);
}

void CheckUsable(const View& view, const JobRequest& request) {
  CheckTarget(*view.seen->FindTarget(request.environment));
}

LogEntry EntryOf(const JournalEntry& entry) {
  return {.job = entry.job,
          .at = entry.at,
          .outcome = entry.what == "intent" ? std::string("open") : entry.what,
          .environment = entry.environment,
          .database = entry.target,
          .command = entry.command,
          .from = entry.from,
          .to = entry.to,
          .by = entry.by,
          .duration_ms = entry.duration_ms,
          .backup = entry.backup,
          .message = entry.message};
}

}  // namespace

migrations::SafetyPolicy SafetyOf(const environments::Config& config, const StateStore& store) {
  migrations::SafetyPolicy safety = config.safety;
  if (safety.backup.directory.empty()) safety.backup.directory = store.directory() + "/backups";
  return safety;
}

ReplacementPlan PlanRestoreBackup(JobRequest request, const View& view, const Params& params) {
  CheckUsable(view, request);
  ReplacementPlan plan;
  plan.document.action = "restore";
  plan.document.environment = request.environment;
  plan.document.path = request.path;
  request.restored = migrations::FindBackup(request.path, request.safety.backup, params.target);
  request.goal = request.restored->revisions;
  plan.document.backup = request.restored;
  plan.document.revisions = request.goal;
  plan.request = std::move(request);
  AddKeepStep(plan, view);
  const BackupEntry& backup = *plan.document.backup;
  plan.document.steps.push_back(Concat("put back ", backup.id, " (", backup.at, ", at ",
                                       At(backup.revisions), "); the file itself stays; ",
                                       plan.document.environment, " is held then"));
  if (!params.dry_run) {
    CheckProtection(view, VerdictOf(view, plan.document.environment), params, JobCommand::kRestore);
  }
  RequireYes(params, plan,
             Concat("restoring ", backup.id, " replaces everything in ", plan.document.environment,
                    "'s database"));
  return plan;
}

RestoreDocument RestoreToFile(const JobRequest& request, const View& view, const Params& params) {
  const std::string real = RealPath(params.to);
  for (const environments::Target& target : view.seen->targets) {
    if (target.path != real) continue;
    throw Error(Code::kRefused, "restore.configured",
                Concat(params.to, " is ", target.environment, "'s own database"),
                Concat("drover restore -e ", target.environment));
  }
  const BackupEntry backup =
      migrations::FindBackup(request.path, request.safety.backup, params.target);
  RestoreDocument document;
  document.action = "restore";
  document.environment = request.environment;
  document.path = params.to;
  document.backup = backup;
  document.revisions = backup.revisions;
  document.steps.push_back(Concat("write ", backup.id, " to the new file ", params.to));
  if (StatFile(params.to, Follow::kNothing)) {
    throw Error(Code::kConflict, "io.exists", Concat("there is a file ", params.to, " already"),
                "give another name: nothing is written over");
  }
  if (params.dry_run) return document;
  migrations::Connection content(backup.path, migrations::OpenMode::kReadImmutable);
  migrations::CheckIntegrity(content);
  migrations::WriteCopy(content, params.to, migrations::CopyKind::kKept);
  document.done = true;
  return document;
}

ReplacementPlan PlanReset(JobRequest request, const View& view, const Params& params) {
  CheckUsable(view, request);
  const Verdict& verdict = VerdictOf(view, request.environment);
  const environments::EnvironmentConfig& environment =
      environments::FindEnvironment(view.config(), request.environment);
  const bool inside = IsBelow(request.path, view.seen->root);
  if (environment.is_protected || !inside) {
    throw Error(Code::kRefused, "reset.not_development",
                Concat("reset is for development: ", request.environment,
                       inside ? " is protected" : " lies outside of the project"),
                Concat("drover backup -e ", request.environment, ", then remove ", request.path,
                       " yourself"),
                environment.where);
  }
  if (verdict.state == EnvironmentState::kUnversioned && !params.confirm) {
    throw Error(Code::kRefused, "database.unversioned",
                Concat(request.path, " has tables but no version table: drover did not make it"),
                Concat("drover reset -e ", request.environment, " --yes"));
  }
  ReplacementPlan plan;
  plan.document.action = "reset";
  plan.document.environment = request.environment;
  plan.document.path = request.path;
  request.target = migrations::TargetOfAll(view.graph());
  request.goal = migrations::PlanUpgrade(view.graph(), {}, request.target, request.drafts).to;
  plan.document.revisions = request.goal;
  plan.request = std::move(request);
  AddKeepStep(plan, view);
  plan.document.steps.push_back(Concat("put a new, empty database at ", At(plan.document.revisions),
                                       " into ", ShownPath(view, plan.request.path),
                                       "; the file itself stays"));
  RequireYes(params, plan,
             Concat("resetting ", plan.document.environment, " empties its database"));
  return plan;
}

BackupsDocument ListBackups(const View& view, const StateStore& store,
                            const std::vector<std::string>& environments) {
  const migrations::BackupPolicy policy = SafetyOf(view.config(), store).backup;
  std::map<std::string, std::vector<BackupEntry>> by_path;  // two environments may be one file
  for (const std::size_t index : SelectEnvironments(view, environments)) {
    const std::string& path = view.seen->targets[index].path;
    if (!path.empty()) by_path.emplace(path, migrations::ListBackups(path, policy));
  }
  BackupsDocument document;
  for (auto& [path, backups] : by_path) {
    std::ranges::move(backups, std::back_inserter(document.backups));
  }
  std::ranges::sort(document.backups, std::greater(), &BackupEntry::at);
  return document;
}

LogDocument ReadLog(const Journal& journal, const std::string& project,
                    const std::vector<std::string>& environments, std::size_t limit) {
  constexpr std::size_t kAll = std::size_t{1} << 20U;
  LogDocument document;
  std::map<std::string, std::size_t> known;  // job -> place in the list
  std::vector<LogEntry> jobs;
  for (const JournalEntry& entry : journal.Latest(kAll)) {
    if (entry.project != project) continue;
    const auto place = known.find(entry.job);
    if (place == known.end()) {
      known.emplace(entry.job, jobs.size());
      jobs.push_back(EntryOf(entry));
    } else {
      jobs[place->second] = EntryOf(entry);
    }
  }
  for (auto each = jobs.rbegin(); each != jobs.rend(); ++each) {
    const bool wanted = environments.empty() ||
                        std::ranges::find(environments, each->environment) != environments.end();
    if (wanted && document.entries.size() < limit) document.entries.push_back(std::move(*each));
  }
  return document;
}

}  // namespace drover::daemon
