#include "daemon/drift_methods.h"

#include <memory>
#include <utility>

#include "base/posix.h"
#include "base/schema_documents.h"
#include "base/text.h"
#include "daemon/changes.h"
#include "daemon/drift.h"
#include "daemon/offload.h"

namespace drover::daemon {
namespace {

using DriftView = std::shared_ptr<const View>;

/// On a worker, in the queue of the database. Never throws.
JobOutcome FixInQueue(Service& service, const View& view, DriftFix& fix) {
  JobOutcome outcome;
  JournalEntry intent;
  intent.project = view.seen->root;
  intent.environment = fix.document.environment;
  intent.target = fix.document.path;
  intent.command = "drift-fix";
  if (const migrations::DatabaseFacts* facts = view.seen->FactsOf(fix.document.path)) {
    intent.from = intent.to = facts->rows;
  }
  intent.by = EnvironmentVariable("USER").value_or("");
  try {
    RunJournaled(service.journal(), std::move(intent), [&](JournalEntry& end) {
      CarryOutDriftFix(fix, view, service.store());
      end.backup = fix.document.backup->id;
    });
  } catch (const Error& error) {
    outcome.error = error;
  }
  return outcome;
}

void StampAdopted(Service& service, const CallPtr& call, const std::shared_ptr<Project>& project,
                  DriftRemedyDocument document) {
  project->Fresh([&service, call, project, document = std::move(document)](const DriftView& view) {
    call->Guard([&] {
      service.CheckNotStopping();
      Params params = call->params();
      params.target = *document.revision;
      ChangeRequest change = PlanChange(*project, *view, params, JobCommand::kStamp, true);
      FinishChange(change, *view, params, true);
      auto done = [call, document = std::make_shared<DriftRemedyDocument>(document)](
                      const JobOutcome& outcome) {
        if (outcome.error) {
          Error error(*outcome.error);
          error.message += Concat("; ", *document->file, " is written, but not stamped");
          error.hint = Concat("drover stamp ", *document->revision, " -e ", document->environment);
          call->Fail(error);
          return;
        }
        document->done = true;
        document->message =
            Concat("what differs is revision ", *document->revision, " now, stamped here");
        call->Reply(EncodeDocument(*document));
      };
      (void)project->Submit(std::move(change.request), {}, std::move(done));
    });
  });
}

}  // namespace

void HandleDrift(Service& service, const CallPtr& call) {
  const auto project = service.ProjectOf(call->params());
  project->Fresh([&service, call, project](const DriftView& view) {
    call->Guard([&] {
      auto indexes = SelectEnvironments(*view, call->params().environments);
      Offload(service.workers(), service.loop(), call,
              [view, indexes = std::move(indexes), schemas = project->schemas()] {
                DriftDocument document;
                for (const std::size_t index : indexes) {
                  document.environments.push_back(ReportDrift(*view, *schemas, index));
                  document.drift |= document.environments.back().state == "drift";
                }
                return EncodeDocument(document);
              });
    });
  });
}

void HandleDriftFix(Service& service, const CallPtr& call) {
  const auto project = service.ProjectOf(call->params());
  project->Settled([&service, call, project](const DriftView& view) {
    call->Guard([&] {
      service.CheckNotStopping();
      auto make = [view, params = call->params()] {
        return std::make_shared<DriftFix>(PlanDriftFix(*view, params));
      };
      auto then = [&service, call, project, view](const std::shared_ptr<DriftFix>& fix) {
        if (call->params().dry_run) {
          call->Reply(EncodeDocument(fix->document));
          return;
        }
        CheckDriftConsent(*view, call->params(), "fix");
        service.CheckNotStopping();
        project->Run(
            fix->document.path,
            [&service, view, fix](const std::stop_token&) {
              return FixInQueue(service, *view, *fix);
            },
            [call, fix](const JobOutcome& outcome) {
              if (outcome.error) {
                call->Fail(*outcome.error);
              } else {
                call->Reply(EncodeDocument(fix->document));
              }
            });
      };
      Offload<std::shared_ptr<DriftFix>>(service.workers(), service.loop(), call, std::move(make),
                                         std::move(then));
    });
  });
}

void HandleDriftAdopt(Service& service, const CallPtr& call) {
  const auto project = service.ProjectOf(call->params());
  project->Settled([&service, call, project](const DriftView& view) {
    call->Guard([&] {
      service.CheckNotStopping();
      auto make = [view, params = call->params()] {
        DriftRemedyDocument document = PlanDriftAdopt(*view, params);
        if (params.dry_run) return document;
        CheckDriftConsent(*view, params, "adopt");
        WriteDriftAdopt(document, *view, params);
        return document;
      };
      auto then = [&service, call, project](DriftRemedyDocument document) {
        if (call->params().dry_run) {
          call->Reply(EncodeDocument(document));
        } else {
          StampAdopted(service, call, project, std::move(document));
        }
      };
      Offload<DriftRemedyDocument>(service.workers(), service.loop(), call, std::move(make),
                                   std::move(then));
    });
  });
}

}  // namespace drover::daemon
