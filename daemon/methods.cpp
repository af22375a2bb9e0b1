#include "daemon/methods.h"

#include <algorithm>
#include <array>

#include "base/clock.h"
#include "base/json.h"
#include "base/posix.h"
#include "base/text.h"
#include "daemon/alembic.h"
#include "daemon/alembic_revision.h"
#include "daemon/alembic_script.h"
#include "daemon/changes.h"
#include "daemon/doctor_methods.h"
#include "daemon/drift_methods.h"
#include "daemon/import_methods.h"
#include "daemon/offload.h"
#include "daemon/repair.h"
#include "daemon/safety_methods.h"
#include "daemon/schema_methods.h"
#include "daemon/stray_methods.h"
#include "environments/exec_variables.h"
#include "migrations/author.h"

namespace drover::daemon {

/// Nobody reads progress faster than this.
constexpr std::chrono::milliseconds kProgressPause{50};

/// The handlers; a friend of Service, so that its registries need no public door.
struct Methods {
  using Views = std::shared_ptr<const View>;

  static std::shared_ptr<Project> ProjectOf(Service& service, const CallPtr& call) {
    return service.ProjectOf(call->params());
  }

  static void Hello(Service& service, const CallPtr& call) {
    const std::vector<int>& spoken = call->params().protocol;
    if (spoken.size() == 2 && (kProtocol < spoken[0] || kProtocol > spoken[1])) {
      throw Error(Code::kUnavailable, "protocol.version",
                  Concat("this daemon speaks protocol ", kProtocol, ", the client speaks ",
                         spoken[0], " to ", spoken[1]),
                  "drover daemon restart");
    }
    call->Reply(EncodeDocument(service.Hello()));
  }

  static void Ping(Service& service, const CallPtr& call) {
    call->Reply(EncodeDocument(service.Hello()));
  }

  static void Describe(Service&, const CallPtr& call) { call->Reply(DescribeMethods()); }

  static void Status(Service& service, const CallPtr& call) {
    const auto project = ProjectOf(service, call);
    const auto answer = [call](const Views& view) {
      call->Guard([&] {
        const Params& params = call->params();
        const auto wrong_cwd = CheckWorkingDirectory(*view, params.cwd);
        if (params.environments.empty() && !wrong_cwd && !view->status_json.empty()) {
          call->Reply(view->status_json);
          return;
        }
        StatusDocument status = MakeStatus(*view, params.environments);
        if (wrong_cwd) status.findings.insert(status.findings.begin(), *wrong_cwd);
        call->Reply(EncodeDocument(status));
      });
    };
    if (call->params().refresh || service.options_.mode == Mode::kAsk) {
      project->Rescanned(answer);
    } else {
      project->Settled(answer);
    }
  }

  static void Current(Service& service, const CallPtr& call) {
    ProjectOf(service, call)->Settled([call](const Views& view) {
      call->Guard(
          [&] { call->Reply(EncodeDocument(MakeCurrent(*view, call->params().environments))); });
    });
  }

  static void History(Service& service, const CallPtr& call) {
    ProjectOf(service, call)->Fresh([&service, call](const Views& view) {
      Offload(service.workers_, service.loop_, call, [params = call->params(), view] {
        return EncodeDocument(MakeRevisions(*view, params.select, params.target));
      });
    });
  }

  static void Where(Service& service, const CallPtr& call) {
    ProjectOf(service, call)->Fresh([&service, call](const Views& view) {
      call->Guard([&] {
        WhereDocument where = MakeWhere(*view, call->params().environments);
        if (const auto finding = CheckWorkingDirectory(*view, call->params().cwd)) {
          for (EnvironmentWhere& entry : where.environments) {
            if (entry.name == finding->environment) entry.findings.push_back(*finding);
          }
        }
        if (call->params().variables.empty()) {
          call->Reply(EncodeDocument(where));
          return;
        }
        Offload(service.workers(), service.loop(), call,
                [view, where, variables = call->params().variables]() mutable {
                  AddShell(where, *view, variables);
                  return EncodeDocument(where);
                });
      });
    });
  }

  static void Exec(Service& service, const CallPtr& call) {
    ProjectOf(service, call)->Fresh([&service, call](const Views& view) {
      call->Guard([&] {
        // The configuration in force may lead to another database than the one on disk says.
        if (view->seen->config_error) throw Error(*view->seen->config_error);
        const std::size_t index = OneEnvironment(*view, call->params());
        Offload(service.workers_, service.loop_, call, [view, index] {
          environments::RealFiles files;
          return EncodeDocument(environments::MakeExec(view->config(),
                                                       view->config().environments[index],
                                                       view->seen->targets[index], files));
        });
      });
    });
  }

  /// plan, upgrade, downgrade, stamp, redo: one change to one environment.
  static void Change(Service& service, const CallPtr& call, JobCommand command, bool carry_out) {
    const auto project = ProjectOf(service, call);
    project->Settled([&service, call, project, command, carry_out](const Views& view) {
      call->Guard([&] {
        if (carry_out) service.CheckNotStopping();
        ChangeRequest change = PlanChange(*project, *view, call->params(), command, carry_out);
        if (change.judged) {
          Finish(service, call, project, *view, std::move(change), carry_out);
          return;
        }
        auto judge = [change = std::move(change)]() mutable {
          JudgeChange(change);
          return std::move(change);
        };
        Offload<ChangeRequest>(service.workers(), service.loop(), call, std::move(judge),
                               [&service, call, project, view, carry_out](ChangeRequest judged) {
                                 if (carry_out) service.CheckNotStopping();
                                 Finish(service, call, project, *view, std::move(judged),
                                        carry_out);
                               });
      });
    });
  }

  /// Answers a preview, or begins the job.
  static void Finish(Service& service, const CallPtr& call, const std::shared_ptr<Project>& project,
                     const View& view, ChangeRequest change, bool carry_out) {
    FinishChange(change, view, call->params(), carry_out);
    if (!change.answer) {
      Submit(service, call, project, std::move(change));
    } else if (call->params().sql && change.request.alembic) {
      AnswerWithAlembicSql(service, call, std::move(change));
    } else if (call->params().rehearse) {
      AnswerRehearsed(service, call, std::move(change.request), std::move(*change.answer));
    } else if (change.request.command == JobCommand::kStamp && !call->params().sql) {
      AnswerWithSchema(service, call, *project, std::move(change));
    } else {
      call->Reply(EncodeDocument(*change.answer));
    }
  }

  static void AnswerWithAlembicSql(Service& service, const CallPtr& call, ChangeRequest change) {
    Offload(service.workers_, service.loop_, call, [change = std::move(change)]() mutable {
      const std::stop_token never;
      change.answer->sql = WriteAlembicScript(change.request, change.plan, never);
      change.answer->warnings = change.plan.warnings;
      return EncodeDocument(*change.answer);
    });
  }

  /// A stamp's preview says whether the database has the schema of what it would be stamped with.
  static void AnswerWithSchema(Service& service, const CallPtr& call, const Project& project,
                               ChangeRequest change) {
    Offload(service.workers_, service.loop_, call,
            [change = std::move(change), schemas = project.schemas()]() mutable {
              change.answer->schema =
                  schemas->Check(QuestionOf(change.request), change.request.goal);
              return EncodeDocument(*change.answer);
            });
  }

  static ProgressDocument ProgressOf(const migrations::ApplyProgress& made, std::int64_t id) {
    return {.id = id,
            .step = static_cast<std::int64_t>(made.index + 1),
            .steps = static_cast<std::int64_t>(made.steps),
            .revision = made.revision,
            .message = made.message,
            .statement = static_cast<std::int64_t>(made.statement),
            .statements = static_cast<std::int64_t>(made.statements),
            .elapsed_ms = made.elapsed.count(),
            .rehearsing = made.rehearsing,
            .waiting_for =
                made.waiting ? std::optional(migrations::NameHolders(made.holders)) : std::nullopt};
  }

  static void Submit(Service& service, const CallPtr& call, const std::shared_ptr<Project>& project,
                     ChangeRequest change) {
    const std::optional<std::int64_t> id = call->request().id;
    const std::shared_ptr<Session> session = call->session();
    migrations::ApplyObserver observer;
    if (id) {
      observer.on_progress = [&service, session, id,
                              last = std::chrono::steady_clock::time_point()](
                                 const migrations::ApplyProgress& made) mutable {
        const auto now = std::chrono::steady_clock::now();
        if (now - last < kProgressPause) return;
        last = now;
        auto line = EncodeNotification("progress", EncodeDocument(ProgressOf(made, *id)));
        service.loop_.Post([session, line = std::move(line)] { session->SendEvent(line); });
      };
    }
    const PlanDocument planned = change.document;
    const std::stop_source stop =
        project->Submit(std::move(change.request), std::move(observer),
                        [&service, call, planned, session, id](const JobOutcome& outcome) {
                          if (id) {
                            if (const auto found = service.cancellable_.find(session);
                                found != service.cancellable_.end()) {
                              found->second.erase(*id);
                            }
                          }
                          if (outcome.error) {
                            call->Fail(*outcome.error);
                          } else {
                            call->Reply(EncodeDocument(ResultDocument(planned, outcome)));
                          }
                        });
    // A session that is gone would never be taken out again.
    if (id && !session->closed()) service.cancellable_[session].insert_or_assign(*id, stop);
  }

  static void Plan(Service& service, const CallPtr& call) {
    const bool down = call->params().direction == "down";
    Change(service, call, down ? JobCommand::kDowngrade : JobCommand::kUpgrade, false);
  }
  static void Upgrade(Service& service, const CallPtr& call) {
    Change(service, call, JobCommand::kUpgrade, true);
  }
  static void Downgrade(Service& service, const CallPtr& call) {
    Change(service, call, JobCommand::kDowngrade, true);
  }
  static void Stamp(Service& service, const CallPtr& call) {
    Change(service, call, JobCommand::kStamp, true);
  }

  static void Redo(Service& service, const CallPtr& call) {
    Change(service, call, JobCommand::kRedo, true);
  }

  static void Align(Service& service, const CallPtr& call) {
    Change(service, call, JobCommand::kAlign, true);
  }

  static void Repair(Service& service, const CallPtr& call) {
    const auto project = ProjectOf(service, call);
    project->Settled([&service, call, project](const Views& view) {
      call->Guard([&] {
        service.CheckNotStopping();
        auto make = [plan = PlanRepair(*project, *view, call->params())]() mutable {
          AddDiff(plan);
          return std::move(plan);
        };
        Offload<RepairPlan>(service.workers_, service.loop_, call, std::move(make),
                            [call, project](RepairPlan plan) {
                              if (call->params().dry_run) {
                                call->Reply(EncodeDocument(plan.document));
                                return;
                              }
                              CheckConsent(plan, call->params());
                              plan.document.repaired = true;
                              (void)project->Submit(std::move(plan.request), {},
                                                    [call, answer = EncodeDocument(plan.document)](
                                                        const JobOutcome& outcome) {
                                                      if (outcome.error) {
                                                        call->Fail(*outcome.error);
                                                      } else {
                                                        call->Reply(answer);
                                                      }
                                                    });
                            });
      });
    });
  }

  static NewRevisionDocument NewRevisionAnswer(const View& view,
                                               const migrations::Revision& revision) {
    return {.v = 1,
            .revision = revision.id,
            .file = RelativeTo(revision.file, view.seen->root),
            .down_revision = revision.down_revision,
            .draft = revision.draft,
            .warnings = WarnOfBrokenConfig(view)};
  }

  static void Revision(Service& service, const CallPtr& call) {
    const auto project = ProjectOf(service, call);
    project->Fresh([&service, call, project](const Views& view) {
      auto authoring = WritesByAlembic(*view) ? project->BeginAuthoring() : nullptr;
      Offload(service.workers_, service.loop_, call, [params = call->params(), view, authoring] {
        if (WritesByAlembic(*view)) {
          return EncodeDocument(WriteAlembicRevision(*view, params, std::stop_token()));
        }
        const migrations::NewRevision wanted{.message = params.message,
                                             .head = params.head.empty() ? "head" : params.head,
                                             .depends_on = params.depends_on,
                                             .branch_label = params.branch_label,
                                             .rev_id = params.rev_id,
                                             .splice = params.splice,
                                             .draft = !params.no_draft};
        return EncodeDocument(NewRevisionAnswer(
            *view, migrations::WriteRevision(view->graph(), wanted,
                                             view->config().migration_directories.front(),
                                             view->config().file_template)));
      });
    });
  }

  static void Merge(Service& service, const CallPtr& call) {
    const auto project = ProjectOf(service, call);
    project->Fresh([&service, call, project](const Views& view) {
      auto authoring = WritesByAlembic(*view) ? project->BeginAuthoring() : nullptr;
      Offload(service.workers_, service.loop_, call, [params = call->params(), view, authoring] {
        if (WritesByAlembic(*view)) {
          return EncodeDocument(WriteAlembicMerge(*view, params, std::stop_token()));
        }
        return EncodeDocument(NewRevisionAnswer(
            *view, migrations::WriteMerge(view->graph(), params.revisions, params.message,
                                          params.rev_id, params.branch_label,
                                          view->config().migration_directories.front(),
                                          view->config().file_template)));
      });
    });
  }

  static void Trust(Service& service, const CallPtr& call) {
    const auto project = ProjectOf(service, call);
    project->Fresh([&service, call, project](const Views& view) {
      call->Guard([&] {
        if (view->seen->config_error) throw Error(*view->seen->config_error);
        const environments::Config& config = view->config();
        TrustDocument trust{.v = 1,
                            .project = config.project,
                            .config = config.path,
                            .sha256 = config.sha256,
                            .trusted = true};
        service.store_.Update([&](State& state) { state.trust[trust.config] = trust.sha256; });
        project->Reload();
        call->Reply(EncodeDocument(trust));
      });
    });
  }

  static void Done(const CallPtr& call, std::string message) {
    call->Reply(EncodeDocument(DoneDocument{.v = 1, .ok = true, .message = std::move(message)}));
  }

  static void Subscribe(Service& service, const CallPtr& call) {
    if (service.options_.mode != Mode::kWatch) {
      throw Error(Code::kUnavailable, "subscribe.unavailable",
                  "only a running daemon watches files and has events to tell",
                  "drover daemon start");
    }
    std::string root;
    if (!call->params().project.empty()) root = ProjectOf(service, call)->root();
    service.subscribers_[call->session()].insert(root);
    Done(call, "subscribed");
  }

  static void Cancel(Service& service, const CallPtr& call) {
    const auto session = service.cancellable_.find(call->session());
    if (session != service.cancellable_.end()) {
      if (const auto job = session->second.find(call->params().id); job != session->second.end()) {
        job->second.request_stop();
        Done(call, "cancelling");
        return;
      }
    }
    throw Error(Code::kNotFound, "cancel.unknown",
                Concat("no job was started by request ", call->params().id,
                       " of this connection, or it has ended"));
  }

  static void Register(Service& service, const CallPtr& call) {
    Done(call, Concat("watching ", ProjectOf(service, call)->root()));
  }

  static void Unregister(Service& service, const CallPtr& call) {
    const std::string root = RealPath(call->params().project);
    const auto project = service.projects_.find(root);
    if (project == service.projects_.end()) {
      throw Error(Code::kNotFound, "project.not_registered",
                  Concat(root, " is not registered with this daemon"), "drover ping");
    }
    service.store_.Update([&](State& state) { std::erase(state.projects, root); });
    project->second->Close();
    service.projects_.erase(project);
    Done(call, Concat("no longer watching ", root));
  }

  static void Reload(Service& service, const CallPtr& call) {
    struct Reading {
      std::size_t left;
      std::size_t all;
      std::optional<Error> error;
    };
    service.ReloadAll();
    const std::size_t all = service.projects_.size();
    if (all == 0) return Done(call, "no project is registered");
    auto reading = std::make_shared<Reading>(Reading{all, all, std::nullopt});
    const auto projects = service.projects_;  // an answer may come while we still ask
    for (const auto& [root, project] : projects) {
      project->Fresh([call, reading](const Views& view) {
        if (view->seen->config_error && !reading->error) reading->error = view->seen->config_error;
        if (--reading->left > 0) return;
        if (reading->error) {
          call->Fail(*reading->error);
        } else {
          Done(call, Concat("read ", Count(reading->all, "project"), " again"));
        }
      });
    }
  }

  static void Stop(Service& service, const CallPtr& call) {
    Done(call, "stopping");
    service.Stop();
  }
};

namespace {

constexpr std::array kMethods{
    Method{"hello", "Negotiates the protocol version and capabilities.", "client protocol want",
           Methods::Hello},
    Method{"ping", "Answers at once, and says who answers.", "", Methods::Ping},
    Method{"describe", "Lists the methods with their parameters.", "", Methods::Describe},
    Method{"status", "The state of every environment, strays, findings and the next command.",
           "project cwd environments refresh", Methods::Status},
    Method{"current", "The rows of every environment's version table.", "project environments",
           Methods::Current},
    Method{"history", "Revisions: all, heads, branches, or one with its SQL.",
           "project select target", Methods::History},
    Method{"where", "How each environment's URL becomes a file.",
           "project environments cwd variables", Methods::Where},
    Method{"doctor", "Everything that is wrong or may become so, and what can be fixed.",
           "project environments cwd", HandleDoctor},
    Method{"doctor_fix", "Carries out the fixes that cannot lose anything.",
           "project environments cwd dry_run confirm", HandleDoctorFix},
    Method{"explain", "What the code of a finding means.", "target", HandleExplain},
    Method{"exec", "The variables with which a command uses one environment's database.",
           "project environments", Methods::Exec},
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
           "project environments target direction draft sql rehearse", Methods::Plan},
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
           Methods::Upgrade},
    Method{"downgrade", "Reverts migrations down to the target; the environment is held then.",
           "project environments target dry_run confirm confirm_environment sql",
           Methods::Downgrade},
    Method{"stamp", "Writes the version table without running anything.",
           "project environments target purge dry_run confirm confirm_environment sql",
           Methods::Stamp},
    Method{"redo", "Takes a revision and what is above it back, and applies it as its file is now.",
           "project environments target dry_run confirm confirm_environment", Methods::Redo},
    Method{"align", "Reverts what the files no longer have, then upgrades.",
           "project environments target draft dry_run confirm confirm_environment", Methods::Align},
    Method{"repair", "Shows or accepts the edit of one applied revision.",
           "project environments target dry_run confirm confirm_environment", Methods::Repair},
    Method{"revision", "Writes a new migration file.",
           "project message head splice branch_label depends_on rev_id no_draft",
           Methods::Revision},
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
           "project revisions message rev_id branch_label", Methods::Merge},
    Method{"trust", "Lets the project's policy act outside its own directory.", "project",
           Methods::Trust},
    Method{"subscribe", "Streams events of one project, or of all, as notifications.", "project",
           Methods::Subscribe},
    Method{"cancel", "Cancels the job that a request of this connection began.", "id",
           Methods::Cancel},
    Method{"register", "Begins to watch a project.", "project", Methods::Register},
    Method{"unregister", "Stops watching a project.", "project", Methods::Unregister},
    Method{"reload", "Reads every project's configuration again.", "", Methods::Reload},
    Method{"stop", "Finishes running jobs and ends the daemon.", "", Methods::Stop},
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
