#include "daemon/stray_methods.h"

#include <algorithm>
#include <chrono>
#include <memory>

#include "base/clock.h"
#include "base/documents.h"
#include "base/posix.h"
#include "base/stray_documents.h"
#include "base/text.h"
#include "daemon/helper.h"
#include "daemon/offload.h"
#include "daemon/remedies.h"
#include "environments/strays/archives.h"

namespace drover::daemon {
namespace {

using ViewPtr = std::shared_ptr<const View>;
using Depth = StrayKeeper::Depth;

/// A copy of a large database may take its time.
constexpr std::chrono::milliseconds kRemedyLimit{600000};
constexpr std::chrono::milliseconds kDiffLimit{120000};

StraysDocument ListStrays(const View& view, const Params& params,
                          const std::string& state_directory) {
  StraysDocument document;
  document.project = view.config().project;
  document.truncated = view.strays_truncated;
  std::ranges::copy_if(view.strays, std::back_inserter(document.strays),
                       [&](const StrayEntry& stray) { return params.all || !stray.ignored; });
  const auto places = environments::ArchivePlaces(state_directory, view.seen->root);
  for (const environments::Archive& archive : environments::ListArchives(places, view.seen->root)) {
    if (archive.complete) document.archives.push_back(environments::EntryOf(archive));
  }
  return document;
}

RemedyResult Ask(const RemedyRequest& request) {
  return DecodeDocument<RemedyResult>(RunHelper("--remedy", EncodeDocument(request), kRemedyLimit));
}

/// The answer once the list of strays is up to date again.
void ReplyAfterScan(const std::shared_ptr<Project>& project, const CallPtr& call,
                    const std::string& answer) {
  project->Rescanned([call, answer](const ViewPtr&) { call->Reply(answer); });
}

/// archive and restore: a plan, and its carrying out in a helper.
void MoveFiles(Service& service, const CallPtr& call,
               RemedyPlan (*make)(const View&, const Params&, const std::string&)) {
  const auto project = service.ProjectOf(call->params());
  project->Rescanned([&service, call, project, make](const ViewPtr& view) {
    call->Guard([&] {
      service.CheckNotStopping();
      auto work = [view, make, params = call->params(),
                   state = service.store().directory()]() -> RemedyDocument {
        RemedyPlan plan = make(*view, params, state);
        if (params.dry_run) return std::move(plan.document);
        plan.document.archives = Ask(plan.request).archives;
        plan.document.done = true;
        return std::move(plan.document);
      };
      Offload<RemedyDocument>(service.workers(), service.loop(), call, std::move(work),
                              [call, project](const RemedyDocument& document) {
                                ReplyAfterScan(project, call, EncodeDocument(document));
                              });
    });
  });
}

/// On a worker, in the queue of the environment's database: held first, then the work.
JobOutcome CarryOutAdopt(Service& service, const View& view, const RemedyRequest& request,
                         RemedyDocument& document) {
  JobOutcome outcome;
  JournalEntry intent;
  intent.project = request.project;
  intent.environment = request.environment;
  intent.target = request.target;
  intent.command = "adopt";
  const auto verdict = std::ranges::find(view.verdicts, request.environment, &Verdict::environment);
  if (verdict != view.verdicts.end()) intent.from = verdict->current;
  intent.by = EnvironmentVariable("USER").value_or("");
  try {
    const Held held{
        .since = FormatUtc(WallNow()), .by = "adopt", .migrations = view.seen->migrations_digest};
    std::optional<Held> before;
    service.store().Update([&](State& state) {
      const auto known = state.held.find(request.target);
      if (known != state.held.end()) before = known->second;
      state.held.insert_or_assign(request.target, held);
    });
    try {
      RunJournaled(service.journal(), std::move(intent), [&](JournalEntry&) {
        document.archives = Ask(request).archives;
        document.done = true;
      });
    } catch (const Error&) {
      service.store().Update([&](State& state) {
        state.held.erase(request.target);
        if (before) state.held.emplace(request.target, *before);
      });
      throw;
    }
  } catch (const Error& error) {
    outcome.error = error;
  }
  return outcome;
}

}  // namespace

void HandleStrays(Service& service, const CallPtr& call) {
  const auto project = service.ProjectOf(call->params());
  const Params& params = call->params();
  const Depth depth = params.deep      ? Depth::kDeep
                      : params.refresh ? Depth::kThorough
                                       : Depth::kQuick;
  project->RescannedTo(depth, [&service, call](const ViewPtr& view) {
    call->Guard([&] {
      Offload(service.workers(), service.loop(), call,
              [view, params = call->params(), state = service.store().directory()] {
                return EncodeDocument(ListStrays(*view, params, state));
              });
    });
  });
}

void HandleStraysDiff(Service& service, const CallPtr& call) {
  service.ProjectOf(call->params())->Rescanned([&service, call](const ViewPtr& view) {
    call->Guard([&] {
      StrayDiffDocument document;
      const ScanRequest request = PlanDiff(*view, call->params(), document);
      Offload(service.workers(), service.loop(), call,
              [request, environment = document.environment] {
                auto result = DecodeDocument<ScanResult>(
                    RunHelper("--scan", EncodeDocument(request), kDiffLimit));
                StrayDiffDocument diff = result.diff.value_or(StrayDiffDocument());
                diff.environment = environment;
                return EncodeDocument(diff);
              });
    });
  });
}

void HandleStraysArchive(Service& service, const CallPtr& call) {
  MoveFiles(service, call, PlanArchive);
}

void HandleStraysRestore(Service& service, const CallPtr& call) {
  MoveFiles(service, call, PlanRestore);
}

void HandleStraysAdopt(Service& service, const CallPtr& call) {
  const auto project = service.ProjectOf(call->params());
  project->Rescanned([&service, call, project](const ViewPtr& view) {
    call->Guard([&] {
      service.CheckNotStopping();
      auto make = [view, params = call->params(), state = service.store().directory()] {
        return PlanAdopt(*view, params, state);
      };
      Offload<RemedyPlan>(
          service.workers(), service.loop(), call, std::move(make),
          [&service, call, project, view](RemedyPlan plan) {
            if (call->params().dry_run) {
              call->Reply(EncodeDocument(plan.document));
              return;
            }
            auto document = std::make_shared<RemedyDocument>(std::move(plan.document));
            const RemedyRequest request = std::move(plan.request);
            auto work = [&service, view, request, document](const std::stop_token&) {
              return CarryOutAdopt(service, *view, request, *document);
            };
            project->Run(request.target, std::move(work),
                         [call, project, document](const JobOutcome& outcome) {
                           if (outcome.error) {
                             call->Fail(*outcome.error);
                           } else {
                             ReplyAfterScan(project, call, EncodeDocument(*document));
                           }
                         });
          });
    });
  });
}

void HandleStraysIgnore(Service& service, const CallPtr& call) {
  const auto project = service.ProjectOf(call->params());
  project->Rescanned([&service, call, project](const ViewPtr& view) {
    call->Guard([&] {
      const Params& params = call->params();
      const StrayEntry& stray = FindStray(*view, params);
      RemedyDocument document;
      document.action = params.undo ? "notice" : "ignore";
      document.path = stray.path;
      document.steps.push_back(
          params.undo ? Concat("list ", stray.path, " again")
                      : Concat("keep ", stray.path, " out of the list while it stays what it is"));
      if (params.dry_run) {
        call->Reply(EncodeDocument(document));
        return;
      }
      service.store().Update([&](State& state) {
        if (params.undo) {
          state.ignored_strays.erase(stray.path);
        } else {
          state.ignored_strays.insert_or_assign(stray.path, stray.fingerprint);
        }
      });
      document.done = true;
      ReplyAfterScan(project, call, EncodeDocument(document));
    });
  });
}

}  // namespace drover::daemon
