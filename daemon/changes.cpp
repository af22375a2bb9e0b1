#include "daemon/changes.h"

#include <algorithm>

#include "base/clock.h"
#include "base/text.h"
#include "daemon/alembic.h"
#include "daemon/findings.h"
#include "migrations/identifiers.h"
#include "migrations/offline.h"
#include "migrations/redo.h"
#include "migrations/sql_text.h"

namespace drover::daemon {
namespace {

using migrations::DatabaseKind;

void CheckDatabase(const environments::Target& target, const migrations::DatabaseFacts& facts,
                   const Params& params, JobCommand command, bool carry_out) {
  // What a lock or a hot journal hides, the job itself finds out; a preview cannot.
  const bool passing = facts.problem && facts.problem->code == Code::kBusy;
  if (facts.problem && !(passing && carry_out)) throw Error(*facts.problem);
  if (facts.kind == DatabaseKind::kMissing && command != JobCommand::kUpgrade) {
    throw Error(Code::kNotFound, "database.missing",
                Concat("there is no database at ", target.path),
                Concat("drover upgrade -e ", target.environment));
  }
  if (!facts.other_version_table.empty() && command != JobCommand::kStamp) {
    throw Error(Code::kRefused, "database.other_version_table",
                Concat(target.path, " has tables but no version table, and ",
                       facts.other_version_table, " looks like one"),
                NameVersionTable(facts.other_version_table));
  }
  if (facts.kind == DatabaseKind::kUnversioned && command != JobCommand::kStamp) {
    throw Error(Code::kRefused, "database.unversioned",
                Concat(target.path,
                       " has tables but no version table: drover did not make it and "
                       "leaves it alone"),
                "drover stamp REVISION, if its schema is that of a revision");
  }
  if (!facts.unfinished.empty() && command != JobCommand::kStamp && !params.confirm) {
    throw Error(Code::kRefused, "history.unfinished",
                Concat("revision ", facts.unfinished.front(),
                       " runs without a transaction and was interrupted: part of it is applied"),
                Concat("look at the database, then drover stamp ", facts.unfinished.front(),
                       ", or drover ", CommandName(command), " --yes to run it again"));
  }
}

/// Without a database there is only the text.
void JudgeByText(migrations::Plan& plan) {
  for (migrations::Step& step : plan.steps) {
    step.destructive = migrations::FindDestruction(step.script().sql);
  }
}

/// Takes over what the look has found out about the pending revisions. False when there are steps
/// that it has not judged: downwards, drafts, what is applied anew.
bool NoteDestruction(migrations::Plan& plan, const Observation& seen, const std::string& path) {
  const auto known = seen.destruction.find(path);
  bool judged = true;
  for (migrations::Step& step : plan.steps) {
    const bool looked_at = step.direction == migrations::Direction::kUp &&
                           known != seen.destruction.end() && known->second &&
                           known->second->contains(step.revision.id);
    if (looked_at) {
      step.destructive = known->second->at(step.revision.id);
    } else {
      step.destructive = migrations::FindDestruction(step.script().sql);
      judged &= !migrations::MayDestroy(step.script().sql);
    }
  }
  return judged;
}

void CheckDestruction(const migrations::Plan& plan, const Params& params, JobCommand command,
                      const std::string& environment, environments::DestructivePolicy policy) {
  using environments::DestructivePolicy;
  // A downgrade has been asked for with what it drops; of the others the way down is only the
  // means.
  if (command == JobCommand::kDowngrade || command == JobCommand::kStamp ||
      policy == DestructivePolicy::kAllow)
    return;
  if (params.confirm && policy == DestructivePolicy::kConfirm) return;
  std::vector<std::string> losses;
  for (const migrations::Step& step : plan.steps) {
    for (const Destruction& loss : step.destructive) {
      if (!migrations::LosesData(loss)) continue;
      losses.push_back(Concat(step.revision.id, ": ", loss.kind, " ", loss.object));
    }
  }
  if (losses.empty()) return;
  if (policy == DestructivePolicy::kRefuse) {
    throw Error(Code::kRefused, "plan.destructive_refused",
                Concat("this ", CommandName(command),
                       " would destroy data, which drover.yaml refuses: ", Join(losses, "; ")),
                Concat("set safety.destructive to confirm in drover.yaml, then drover ",
                       CommandName(command), " --yes"));
  }
  throw Error(
      Code::kRefused, "plan.destructive",
      Concat("this ", CommandName(command), " would destroy data: ", Join(losses, "; ")),
      Concat("drover ", CommandName(command), " -e ", environment,
             params.target.empty() ? "" : Concat(" ", ShellQuote(params.target)), " --yes"));
}

/// What cannot be taken back has at least a branch on which it is at home.
migrations::Plan PlanKnowingBranches(const JobRequest& request, const View& view) {
  try {
    return PlanFor(request, request.rows);
  } catch (const Error& error) {
    const bool of_orphan = error.kind == "align.no_way_back" || error.kind == "orphan";
    if (!of_orphan || !request.lineage) throw;
    for (const migrations::RevisionId& orphan : request.lineage->orphans) {
      const auto found = view.seen->elsewhere.find(orphan);
      if (found == view.seen->elsewhere.end()) continue;
      Error named = error;
      named.hint = Concat("git checkout ", ShellQuote(found->second.branches.front()),
                          ", or drover backups, then drover restore");
      throw named;
    }
    throw;
  }
}

std::string_view DefaultTarget(JobCommand command, const View& view) {
  if (command == JobCommand::kUpgrade || command == JobCommand::kAlign) {
    return migrations::TargetOfAll(view.graph());
  }
  if (command == JobCommand::kRedo) return "";  // the newest applied one
  throw Error(
      Code::kInvalid, "protocol.params", Concat(CommandName(command), " needs a target revision"),
      Concat("drover ", CommandName(command), command == JobCommand::kStamp ? " head" : " -1"));
}

}  // namespace

std::size_t OneEnvironment(const View& view, const Params& params) {
  const environments::Config& config = view.config();
  if (params.environments.size() > 1) {
    throw Error(Code::kInvalid, "protocol.params", "a change concerns one environment at a time");
  }
  const std::string& name =
      params.environments.empty() ? config.default_environment : params.environments.front();
  return SelectEnvironments(view, {name}).front();
}

void CheckTarget(const environments::Target& target) {
  if (target.kind == environments::TargetKind::kMemory) {
    throw Error(Code::kRefused, "database.memory",
                Concat(target.environment, " is an in-memory database: nothing would be kept"),
                "drover where");
  }
  if (target.error) throw FromBody(*target.error);
}

void CheckProtection(const View& view, const Verdict& verdict, const Params& params,
                     JobCommand command) {
  if (command == JobCommand::kUpgrade) return;
  CheckProtected(view, verdict, params,
                 Concat("drover ", CommandName(command), " -e ", verdict.environment,
                        params.target.empty() ? "" : Concat(" ", ShellQuote(params.target))));
}

void CheckProtected(const View& view, const Verdict& verdict, const Params& params,
                    const std::string& command) {
  // Two environments on one file: the protection of one is that of the other.
  std::vector<std::string> names = verdict.same_as;
  names.insert(names.begin(), verdict.environment);
  for (const std::string& name : names) {
    const environments::EnvironmentConfig& environment = FindEnvironment(view.config(), name);
    if (!environment.is_protected || params.confirm_environment == name) continue;
    throw Error(Code::kRefused, "environment.protected",
                Concat(name, name == verdict.environment ? "" : ", which is the same file,",
                       " is protected: its name is needed as confirmation"),
                Concat(command, " --confirm ", name), environment.where);
  }
}

std::vector<std::string> WarnOfBrokenConfig(const View& view) {
  const std::optional<Error>& broken = view.seen->config_error;
  if (!broken) return {};
  return {Concat("drover.yaml cannot be read, so what it said before is in force: ",
                 broken->where.empty() ? "" : Concat(broken->where, ": "), broken->message)};
}

ChangeRequest PlanChange(const Project& project, const View& view, const Params& params,
                         JobCommand command, bool carry_out) {
  ChangeRequest change;
  const std::size_t index = OneEnvironment(view, params);
  const environments::EnvironmentConfig& environment = view.config().environments[index];
  const environments::Target& target = view.seen->targets[index];
  const Verdict& verdict = view.verdicts[index];
  const bool range = params.sql && migrations::CutRange(params.target);
  change.request = project.Prepare(view, index, command);
  JobRequest& request = change.request;
  if (range) request.lineage = nullptr;
  const bool forward = command == JobCommand::kUpgrade || command == JobCommand::kRedo;
  const auto& missing = view.seen->missing_folders;
  if (command == JobCommand::kUpgrade && !missing.empty() &&
      missing.size() == view.seen->migration_directories.size()) {
    throw MissingFolder(view.config(), missing.front());
  }
  if (!range && forward && verdict.state == EnvironmentState::kOrphan) throw Error(*verdict.error);
  // A downgrade goes by what is applied, which may be complete where the files are not.
  if (command != JobCommand::kDowngrade || !request.lineage) (void)view.graph();
  request.target = params.target.empty() ? DefaultTarget(command, view) : params.target;
  if (params.draft) request.drafts = migrations::Drafts::kInclude;
  if (params.purge) request.purge = migrations::Purge::kYes;
  if (params.confirm) request.findings = migrations::Findings::kAccept;

  migrations::Plan& plan = change.plan;
  if (range && command == JobCommand::kStamp) {
    const migrations::RangeText sides = *migrations::CutRange(request.target);
    const auto from = migrations::ResolveSymbol(*request.graph, sides.from).revisions;
    plan = migrations::PlanStamp(*request.graph, from, sides.to, request.purge);
  } else if (range) {
    const auto direction = command == JobCommand::kDowngrade ? migrations::Direction::kDown
                                                             : migrations::Direction::kUp;
    plan = migrations::PlanOffline(*request.graph, request.target, direction, request.drafts);
    JudgeByText(plan);
  } else {
    CheckTarget(target);
    if (verdict.state == EnvironmentState::kApplying && command != JobCommand::kUpgrade) {
      throw Error(Code::kBusy, "job.running",
                  Concat("a job is running on ", target.path, ": what it leaves is not known yet"),
                  "drover status");
    }
    CheckDatabase(target, *view.seen->databases.at(target.path), params, command,
                  carry_out && !params.dry_run);
    // What half a revision has left makes a second try fail, and a backup of it is no way back.
    const bool half = verdict.state == EnvironmentState::kFailed && verdict.error &&
                      verdict.error->kind == "alembic.half_applied";
    if (half && carry_out && !params.dry_run && !params.confirm && command != JobCommand::kStamp) {
      throw Error(*verdict.error);
    }
    if (command == JobCommand::kRedo) {
      // After a failed redo the newest applied revision is another one than the user has in mind.
      if (params.target.empty() && verdict.state == EnvironmentState::kFailed) {
        throw Error(Code::kRefused, "redo.after_failure",
                    Concat("the last job on ", environment.name,
                           " failed: which revision shall be redone?"),
                    Concat("drover upgrade to go on with what failed, or drover redo REVISION"));
      }
      request.target = migrations::ResolveRedo(*request.graph, request.rows, params.target);
    }
    plan = PlanKnowingBranches(request, view);
    change.judged = NoteDestruction(plan, *view.seen, target.path);
  }
  for (std::string& warning : WarnOfBrokenConfig(view)) {
    plan.warnings.push_back(std::move(warning));
  }
  for (const std::string& folder : missing) {
    plan.warnings.push_back(MissingFolder(view.config(), folder).message);
  }
  const bool warn = command != JobCommand::kRedo;  // which is its remedy
  if (warn && verdict.state == EnvironmentState::kModified) plan.warnings.push_back(verdict.why);
  request.goal = plan.to;
  return change;
}

void JudgeChange(ChangeRequest& change) {
  change.judged = true;
  const auto schema = migrations::InspectSchemaSql(change.request.path);
  if (!schema) return;  // what the text says stands
  std::vector<const migrations::Script*> scripts;
  for (const migrations::Step& step : change.plan.steps) scripts.push_back(&step.script());
  auto found = migrations::ClassifyDestruction(scripts, *schema, change.request.stubs);
  for (std::size_t i = 0; i < scripts.size(); ++i) {
    change.plan.steps[i].destructive = std::move(found[i]);
  }
}

void FinishChange(ChangeRequest& change, const View& view, const Params& params, bool carry_out) {
  const JobRequest& request = change.request;
  const JobCommand command = request.command;
  const migrations::Plan& plan = change.plan;
  const Verdict& verdict = view.verdicts[OneEnvironment(view, params)];
  change.document = MakePlanDocument(view, request.environment, plan);

  if (!carry_out || params.dry_run || params.sql) {
    change.answer = change.document;
    if (params.sql && !request.alembic) {
      const migrations::AppliedBy by{.user = {},
                                     .host = {},
                                     .git_commit = {},
                                     .git_branch = {},
                                     .tool_version = "drover " DROVER_VERSION};
      const std::string now = FormatUtc(WallNow());
      change.answer->sql =
          command == JobCommand::kStamp
              ? migrations::StampScript(plan, *request.graph, request.version_table, by, now)
              : migrations::OfflineScript(plan, request.version_table, by, now);
    }
    return;
  }
  CheckProtection(view, verdict, params, command);
  CheckDestruction(plan, params, command, request.environment, view.config().destructive);
}

PlanDocument ResultDocument(PlanDocument planned, const JobOutcome& outcome) {
  const migrations::ApplyResult& result = outcome.result;
  std::vector<PlanStep> carried_out;
  for (const migrations::AppliedStep& step : result.steps) {
    const std::string direction = step.direction == migrations::Direction::kUp ? "up" : "down";
    const auto known = std::ranges::find_if(planned.steps, [&](const PlanStep& each) {
      return each.revision == step.revision && each.direction == direction;
    });
    if (known != planned.steps.end()) {
      carried_out.push_back(*known);
    } else {
      carried_out.emplace_back();
      carried_out.back().revision = step.revision;
      carried_out.back().direction = direction;
      carried_out.back().message = step.message;
    }
    if (!step.output.empty()) carried_out.back().output = step.output;
  }
  planned.steps = std::move(carried_out);
  planned.from = result.from;
  planned.to = result.to;
  for (const std::string& warning : result.warnings) {
    if (std::ranges::find(planned.warnings, warning) == planned.warnings.end()) {
      planned.warnings.push_back(warning);
    }
  }
  planned.applied = static_cast<std::int64_t>(result.steps.size());
  planned.duration_ms = result.duration_ms;
  planned.schema = outcome.schema;
  planned.backup = outcome.backup;
  planned.rehearsal = outcome.rehearsal;
  return planned;
}

}  // namespace drover::daemon
