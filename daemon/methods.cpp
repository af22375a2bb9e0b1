#include "daemon/methods.h"

#include <algorithm>
#include <array>

#include "base/json.h"
#include "base/text.h"
#include "daemon/change_methods.h"
#include "daemon/daemon_methods.h"
#include "daemon/doctor_methods.h"
#include "daemon/drift_methods.h"
#include "daemon/import_methods.h"
#include "daemon/read_methods.h"
#include "daemon/revision_methods.h"
#include "daemon/safety_methods.h"
#include "daemon/schema_methods.h"
#include "daemon/stray_methods.h"

namespace drover::daemon {
namespace {

constexpr std::array kMethods{
    Method{"hello", "Negotiates the protocol version and capabilities.", "client protocol want",
           HandleHello},
    Method{"ping", "Answers at once, and says who answers.", "", HandlePing},
    Method{"describe", "Lists the methods with their parameters.", "", HandleDescribe},
    Method{"status", "The state of every environment, strays, findings and the next command.",
           "project cwd environments refresh", HandleStatus},
    Method{"current", "The rows of every environment's version table.", "project environments",
           HandleCurrent},
    Method{"history", "Revisions: all, heads, branches, or one with its SQL.",
           "project select target", HandleHistory},
    Method{"where", "How each environment's URL becomes a file.",
           "project environments cwd variables", HandleWhere},
    Method{"doctor", "Everything that is wrong or may become so, and what can be fixed.",
           "project environments cwd", HandleDoctor},
    Method{"doctor_fix", "Carries out the fixes that cannot lose anything.",
           "project environments cwd dry_run confirm", HandleDoctorFix},
    Method{"explain", "What the code of a finding means.", "target", HandleExplain},
    Method{"exec", "The variables with which a command uses one environment's database.",
           "project environments", HandleExec},
    Method{"strays", "Scans the project for stray databases.", "project refresh deep all",
           HandleStrays},
    Method{"strays_diff", "Compares a stray with an environment: schema and rows.",
           "project environments target", HandleStraysDiff},
    Method{"strays_archive", "Puts a stray away; strays_restore puts it back.",
           "project target dry_run confirm", HandleStraysArchive},
    Method{"strays_restore", "Puts an archived database back to where it was.",
           "project target dry_run confirm", HandleStraysRestore},
    Method{"strays_adopt",
           "Makes a stray's content that of an environment's database; both are archived.",
           "project environments target dry_run confirm confirm_environment", HandleStraysAdopt},
    Method{"strays_ignore", "Keeps a stray out of the list while it stays what it is.",
           "project target undo dry_run confirm", HandleStraysIgnore},
    Method{"plan", "What an upgrade or downgrade would do; on a copy of the data, what it does.",
           "project environments target direction draft sql rehearse", HandlePlan},
    Method{"backup", "Keeps a verified copy of an environment's database.", "project environments",
           HandleBackup},
    Method{"backups", "The copies that are kept, newest first.", "project environments",
           HandleBackups},
    Method{"restore", "Puts a backup back, into the database or into a new file.",
           "project environments target to dry_run confirm confirm_environment", HandleRestore},
    Method{"reset", "Backs a development database up, empties it and upgrades it.",
           "project environments dry_run confirm", HandleReset},
    Method{"verify", "Takes revisions up, down and up again on a private database.",
           "project environments target", HandleVerify},
    Method{"log", "What was done to the project's databases, newest first.",
           "project environments limit", HandleLog},
    Method{"upgrade", "Applies pending migrations up to the target.",
           "project environments target draft dry_run confirm confirm_environment sql",
           HandleUpgrade},
    Method{"downgrade", "Reverts migrations down to the target; the environment is held then.",
           "project environments target dry_run confirm confirm_environment sql", HandleDowngrade},
    Method{"stamp", "Writes the version table without running anything.",
           "project environments target purge dry_run confirm confirm_environment sql",
           HandleStamp},
    Method{"redo", "Takes a revision and what is above it back, and applies it as its file is now.",
           "project environments target dry_run confirm confirm_environment", HandleRedo},
    Method{"align", "Reverts what the files no longer have, then upgrades.",
           "project environments target draft dry_run confirm confirm_environment", HandleAlign},
    Method{"repair", "Shows or accepts the edit of one applied revision.",
           "project environments target dry_run confirm confirm_environment", HandleRepair},
    Method{"revision", "Writes a new migration file.",
           "project message head splice branch_label depends_on rev_id no_draft", HandleRevision},
    Method{"autogenerate", "Writes the migration that leads to the wanted schema, proven.",
           "project message head splice branch_label depends_on rev_id no_draft dry_run backfills "
           "renames allow_data_loss",
           HandleAutogenerate},
    Method{"import", "Turns Alembic's revisions into native migrations, proven equal.",
           "project environments to dry_run confirm partial", HandleImport},
    Method{"check", "Do the migrations make the schema that drover.yaml wants?", "project",
           HandleCheck},
    Method{"diff", "What differs between two schemas: wanted, revision, environment or file.",
           "project from to cwd", HandleDiff},
    Method{"drift", "Has a database another schema than its recorded revisions make?",
           "project environments", HandleDrift},
    Method{"drift_fix", "Brings a database back to the schema of its recorded revisions.",
           "project environments dry_run confirm confirm_environment", HandleDriftFix},
    Method{"drift_adopt",
           "Writes what a database has otherwise as a revision, and stamps it there.",
           "project environments message dry_run confirm confirm_environment", HandleDriftAdopt},
    Method{"schema", "A schema as a script.", "project environments from cwd", HandleSchema},
    Method{"merge", "Writes a revision that joins several heads.",
           "project revisions message rev_id branch_label", HandleMerge},
    Method{"trust", "Lets the project's policy act outside its own directory.", "project",
           HandleTrust},
    Method{"subscribe", "Streams events of one project, or of all, as notifications.", "project",
           HandleSubscribe},
    Method{"cancel", "Cancels the job that a request of this connection began.", "id",
           HandleCancel},
    Method{"register", "Begins to watch a project.", "project", HandleRegister},
    Method{"unregister", "Stops watching a project.", "project", HandleUnregister},
    Method{"reload", "Reads every project's configuration again.", "", HandleReload},
    Method{"stop", "Finishes running jobs and ends the daemon.", "", HandleStop},
};

bool Accepts(const Method& method, std::string_view parameter) {
  const std::vector<std::string> names = SplitList(method.params, ' ');
  return std::ranges::find(names, parameter) != names.end();
}

}  // namespace

std::span<const Method> AllMethods() { return kMethods; }

const Method& FindMethod(const Request& request) {
  const auto found = std::ranges::find(kMethods, request.method, &Method::name);
  if (found == kMethods.end()) {
    std::vector<std::string_view> names;
    names.reserve(kMethods.size());
    for (const Method& method : kMethods) names.push_back(method.name);
    throw Error(Code::kInvalid, "protocol.method",
                Concat("there is no method \"", Excerpt(request.method, 40), "\"",
                       DidYouMean(request.method, names)),
                "drover daemon restart, if the client is newer than the daemon");
  }
  for (const std::string& parameter : request.given) {
    if (Accepts(*found, parameter)) continue;
    const std::vector<std::string> known = SplitList(found->params, ' ');
    const std::vector<std::string_view> names(known.begin(), known.end());
    throw Error(Code::kInvalid, "protocol.params",
                Concat("\"", found->name, "\" has no parameter \"", Excerpt(parameter, 40), "\"",
                       DidYouMean(parameter, names)));
  }
  return *found;
}

std::string DescribeMethods() {
  Json list = Json::array();
  const Json defaults = ToJson(Params());
  for (const Method& method : kMethods) {
    Json params = Json::array();
    for (const std::string& name : SplitList(method.params, ' ')) {
      Json entry = Json::object();
      entry["name"] = name;
      entry["type"] = defaults.at(name).type_name();
      params.push_back(std::move(entry));
    }
    Json row = Json::object();
    row["name"] = method.name;
    row["doc"] = method.doc;
    row["params"] = std::move(params);
    list.push_back(std::move(row));
  }
  Json document = Json::object();
  document["v"] = 1;
  document["protocol"] = kProtocol;
  document["methods"] = std::move(list);
  return DumpJson(document);
}

}  // namespace drover::daemon
