#include "daemon/change_methods.h"

#include <chrono>

#include "daemon/alembic_script.h"
#include "daemon/changes.h"
#include "daemon/offload.h"
#include "daemon/repair.h"
#include "daemon/safety_methods.h"

namespace drover::daemon {
namespace {

/// Nobody reads progress faster than this.
constexpr std::chrono::milliseconds kProgressPause{50};

ProgressDocument ProgressOf(const migrations::ApplyProgress& made, std::int64_t id) {
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

void Submit(Service& service, const CallPtr& call, const std::shared_ptr<Project>& project,
            ChangeRequest change) {
  const std::optional<std::int64_t> id = call->request().id;
  const std::shared_ptr<Session> session = call->session();
  migrations::ApplyObserver observer;
  if (id) {
    observer.on_progress = [&service, session, id, last = std::chrono::steady_clock::time_point()](
                               const migrations::ApplyProgress& made) mutable {
      const auto now = std::chrono::steady_clock::now();
      if (now - last < kProgressPause) return;
      last = now;
      auto line = EncodeNotification("progress", EncodeDocument(ProgressOf(made, *id)));
      service.loop().Post([session, line = std::move(line)] { session->SendEvent(line); });
    };
  }
  const PlanDocument planned = change.document;
  const std::stop_source stop =
      project->Submit(std::move(change.request), std::move(observer),
                      [&service, call, planned](const JobOutcome& outcome) {
                        service.EndCancellable(call);
                        if (outcome.error) {
                          call->Fail(*outcome.error);
                        } else {
                          call->Reply(EncodeDocument(ResultDocument(planned, outcome)));
                        }
                      });
  service.MakeCancellable(call, stop, Service::WhenLeft::kGoesOn);
}

void AnswerWithAlembicSql(Service& service, const CallPtr& call, ChangeRequest change) {
  OffloadStoppable(service, call,
                   [change = std::move(change)](const std::stop_token& stop) mutable {
                     change.answer->sql = WriteAlembicScript(change.request, change.plan, stop);
                     change.answer->warnings = change.plan.warnings;
                     return EncodeDocument(*change.answer);
                   });
}

void AnswerWithSchema(Service& service, const CallPtr& call, const Project& project,
                      ChangeRequest change) {
  Offload(service.workers(), service.loop(), call,
          [change = std::move(change), schemas = project.schemas()]() mutable {
            change.answer->schema = schemas->Check(QuestionOf(change.request), change.request.goal);
            return EncodeDocument(*change.answer);
          });
}

void Finish(Service& service, const CallPtr& call, const std::shared_ptr<Project>& project,
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

void Change(Service& service, const CallPtr& call, JobCommand command, bool carry_out) {
  const auto project = service.ProjectOf(call->params());
  project->Settled([&service, call, project, command,
                    carry_out](const std::shared_ptr<const View>& view) {
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
                               Finish(service, call, project, *view, std::move(judged), carry_out);
                             });
    });
  });
}

}  // namespace

void HandlePlan(Service& service, const CallPtr& call) {
  const bool down = call->params().direction == "down";
  Change(service, call, down ? JobCommand::kDowngrade : JobCommand::kUpgrade, false);
}

void HandleUpgrade(Service& service, const CallPtr& call) {
  Change(service, call, JobCommand::kUpgrade, true);
}

void HandleDowngrade(Service& service, const CallPtr& call) {
  Change(service, call, JobCommand::kDowngrade, true);
}

void HandleStamp(Service& service, const CallPtr& call) {
  Change(service, call, JobCommand::kStamp, true);
}

void HandleRedo(Service& service, const CallPtr& call) {
  Change(service, call, JobCommand::kRedo, true);
}

void HandleAlign(Service& service, const CallPtr& call) {
  Change(service, call, JobCommand::kAlign, true);
}

void HandleRepair(Service& service, const CallPtr& call) {
  const auto project = service.ProjectOf(call->params());
  project->Settled([&service, call, project](const std::shared_ptr<const View>& view) {
    call->Guard([&] {
      service.CheckNotStopping();
      auto make = [plan = PlanRepair(*project, *view, call->params())]() mutable {
        AddDiff(plan);
        return std::move(plan);
      };
      Offload<RepairPlan>(service.workers(), service.loop(), call, std::move(make),
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

}  // namespace drover::daemon
