#include "daemon/safety_methods.h"

#include <chrono>
#include <memory>
#include <utility>

#include "base/posix.h"
#include "base/text.h"
#include "daemon/alembic_work.h"
#include "daemon/changes.h"
#include "daemon/offload.h"
#include "daemon/safety.h"
#include "migrations/identifiers.h"
#include "migrations/safety/database_copy.h"
#include "migrations/safety/scratch_file.h"
#include "migrations/safety/verify.h"

namespace drover::daemon {
namespace {

using SafetyView = std::shared_ptr<const View>;

constexpr std::int64_t kUsualEntries = 50;

/// All, one, or the range of `target`.
std::vector<bool> SelectedRevisions(const View& view, const std::string& target) {
  const migrations::Graph& graph = view.graph();
  if (target.empty()) return std::vector<bool>(graph.revisions().size(), true);
  if (migrations::CutRange(target)) return migrations::ResolveRange(graph, target, {});
  std::vector<bool> selected(graph.revisions().size(), false);
  for (const migrations::RevisionId& each : migrations::ResolveSymbol(graph, target).revisions) {
    selected[graph.PositionOf(each)] = true;
  }
  return selected;
}

BackupDocument TakeNow(const JobRequest& request) {
  const auto begun = std::chrono::steady_clock::now();
  const migrations::TakenBackup taken = migrations::TakeBackup(
      request.path, request.safety.backup,
      {.environment = request.environment, .reason = "backup", .revisions = request.rows});
  BackupDocument document;
  document.backup = taken.entry;
  document.reused = taken.reused;
  document.duration_ms = std::chrono::duration_cast<std::chrono::milliseconds>(
                             std::chrono::steady_clock::now() - begun)
                             .count();
  return document;
}

/// Without an environment on made-up rows, from base; with one, on a copy of it.
VerifyDocument VerifyNow(const JobRequest& request, const View& view, const Params& params,
                         const std::stop_token& stop) {
  const auto begun = std::chrono::steady_clock::now();
  const bool on_copy = !params.environments.empty();
  const migrations::ScratchDirectory directory(request.path, request.safety.backup);
  migrations::VerifyRequest verify{.directory = directory.path(),
                                   .copy = {},
                                   .version_table = request.version_table,
                                   .by = request.by,
                                   .stubs = request.stubs,
                                   .snapshots = request.snapshots,
                                   .graph = view.seen->graph,
                                   .selected = SelectedRevisions(view, params.target),
                                   .take = {}};
  VerifyDocument document;
  document.data = on_copy ? Concat("a copy of ", request.environment) : "made-up rows";
  if (on_copy && StatFile(request.path)) {
    verify.copy = directory.path() + "/copy.db";
    (void)migrations::CopyLive(request.path, [&](migrations::Connection& source) {
      migrations::WriteCopy(source, verify.copy, migrations::CopyKind::kScratch);
    });
  }
  std::optional<AlembicRunner> alembic;
  if (request.alembic) {
    AlembicSetting setting = *request.alembic;
    setting.spares_others = true;
    alembic.emplace(std::move(setting));
    alembic->CheckUrl(directory.path() + "/probe.db", stop);
    verify.take = [&](const migrations::Step& step, const std::string& path) {
      alembic->Run(AlembicArgumentsFor(step), path, stop);
    };
  }
  document.revisions = migrations::VerifyRevisions(verify, stop);
  document.outcome = "ok";
  for (VerifiedRevision& each : document.revisions) {
    each.file = RelativeTo(each.file, view.seen->root);
    if (each.outcome == "failed") document.outcome = "failed";
  }
  document.duration_ms = std::chrono::duration_cast<std::chrono::milliseconds>(
                             std::chrono::steady_clock::now() - begun)
                             .count();
  return document;
}

/// Carries the job of a plan out and answers with its document.
void SubmitReplacement(const CallPtr& call, const std::shared_ptr<Project>& project,
                       ReplacementPlan plan) {
  if (call->params().dry_run) {
    call->Reply(EncodeDocument(plan.document));
    return;
  }
  (void)project->Submit(
      std::move(plan.request), {},
      [call, document = std::move(plan.document)](const JobOutcome& outcome) mutable {
        if (outcome.error) {
          call->Fail(*outcome.error);
          return;
        }
        document.kept = outcome.backup;
        document.revisions = outcome.result.to;
        document.warnings = outcome.result.warnings;
        document.done = true;
        call->Reply(EncodeDocument(document));
      });
}

using MakeReplacement = ReplacementPlan (*)(JobRequest, const View&, const Params&);

void ReplaceContent(Service& service, const CallPtr& call, JobCommand command,
                    MakeReplacement make) {
  const auto project = service.ProjectOf(call->params());
  project->Settled([&service, call, project, command, make](const SafetyView& view) {
    call->Guard([&] {
      service.CheckNotStopping();
      JobRequest request = project->Prepare(*view, OneEnvironment(*view, call->params()), command);
      if (!call->params().to.empty()) {
        Offload(service.workers(), service.loop(), call,
                [view, params = call->params(), request = std::move(request)] {
                  return EncodeDocument(RestoreToFile(request, *view, params));
                });
        return;
      }
      Offload<ReplacementPlan>(
          service.workers(), service.loop(), call,
          [view, make, params = call->params(), request = std::move(request)] {
            return make(request, *view, params);
          },
          [call, project](ReplacementPlan plan) {
            SubmitReplacement(call, project, std::move(plan));
          });
    });
  });
}

}  // namespace

void HandleBackup(Service& service, const CallPtr& call) {
  const auto project = service.ProjectOf(call->params());
  project->Settled([&service, call, project](const SafetyView& view) {
    call->Guard([&] {
      service.CheckNotStopping();
      const std::size_t index = OneEnvironment(*view, call->params());
      CheckTarget(view->seen->targets[index]);
      const JobRequest request = project->Prepare(*view, index, JobCommand::kUpgrade);
      auto document = std::make_shared<BackupDocument>();
      // In the queue of its database: never beside a job that changes it.
      auto work = [request, document](const std::stop_token&) {
        JobOutcome outcome;
        try {
          *document = TakeNow(request);
        } catch (const Error& error) {
          outcome.error = error;
        } catch (const std::exception& error) {
          outcome.error = Error(Code::kInternal, "job.defect", error.what());
        }
        return outcome;
      };
      project->Run(request.path, std::move(work), [call, document](const JobOutcome& outcome) {
        if (outcome.error) {
          call->Fail(*outcome.error);
        } else {
          call->Reply(EncodeDocument(*document));
        }
      });
    });
  });
}

void HandleBackups(Service& service, const CallPtr& call) {
  service.ProjectOf(call->params())->Fresh([&service, call](const SafetyView& view) {
    Offload(service.workers(), service.loop(), call, [&service, view, params = call->params()] {
      return EncodeDocument(ListBackups(*view, service.store(), params.environments));
    });
  });
}

void HandleRestore(Service& service, const CallPtr& call) {
  ReplaceContent(service, call, JobCommand::kRestore, PlanRestoreBackup);
}

void HandleReset(Service& service, const CallPtr& call) {
  ReplaceContent(service, call, JobCommand::kReset, PlanReset);
}

void HandleVerify(Service& service, const CallPtr& call) {
  const auto project = service.ProjectOf(call->params());
  project->Fresh([&service, call, project](const SafetyView& view) {
    call->Guard([&] {
      (void)view->graph();
      const std::size_t index = OneEnvironment(*view, call->params());
      if (!call->params().environments.empty()) CheckTarget(view->seen->targets[index]);
      OffloadStoppable(service, call,
                       [view, request = project->Prepare(*view, index, JobCommand::kUpgrade),
                        params = call->params()](const std::stop_token& stop) {
                         return EncodeDocument(VerifyNow(request, *view, params, stop));
                       });
    });
  });
}

void HandleLog(Service& service, const CallPtr& call) {
  const auto project = service.ProjectOf(call->params());
  Offload(service.workers(), service.loop(), call,
          [&service, root = project->root(), params = call->params()] {
            const std::int64_t limit = params.limit > 0 ? params.limit : kUsualEntries;
            return EncodeDocument(ReadLog(service.journal(), root, params.environments,
                                          static_cast<std::size_t>(limit)));
          });
}

void AnswerRehearsed(Service& service, const CallPtr& call, JobRequest request,
                     PlanDocument document) {
  OffloadStoppable(service, call,
                   [request = std::move(request),
                    document = std::move(document)](const std::stop_token& stop) mutable {
                     if (document.steps.empty()) return EncodeDocument(document);
                     if (!StatFile(request.path)) {
                       document.rehearsal.emplace();
                       document.rehearsal->outcome = "skipped";
                       document.rehearsal->reason = "there is no database yet";
                       document.warnings.push_back("not rehearsed: there is no database yet");
                       return EncodeDocument(document);
                     }
                     const migrations::ApplyObserver nobody;
                     document.rehearsal =
                         migrations::RehearseOnCopy(SafeguardOf(request), nobody, stop).report;
                     return EncodeDocument(document);
                   });
}

}  // namespace drover::daemon
