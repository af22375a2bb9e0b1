#include "daemon/doctor_methods.h"

#include <memory>
#include <utility>
#include <vector>

#include "base/doctor_documents.h"
#include "base/text.h"
#include "daemon/doctor.h"
#include "daemon/drift.h"
#include "daemon/offload.h"

namespace drover::daemon {
namespace {

using DoctorView = std::shared_ptr<const View>;

/// Examines a view that was taken after everything before this call, and after a scan.
void AnswerExamined(Service& service, const CallPtr& call, const std::shared_ptr<Project>& project,
                    std::vector<FixEntry> fixes) {
  project->Rescanned([&service, call, schemas = project->schemas(),
                      fixes = std::move(fixes)](const DoctorView& seen) {
    call->Guard([&] {
      Offload(service.workers(), service.loop(), call,
              [seen, schemas, params = call->params(), fixes] {
                View view = *seen;
                if (view.seen->config) AddDriftFindings(view, *schemas);
                DoctorDocument document = Examine(view, params.environments, params.cwd);
                if (!fixes.empty()) document.fixes = fixes;
                return EncodeDocument(document);
              });
    });
  });
}

void CheckConfirmed(const Params& params, std::size_t fixes) {
  if (params.confirm) return;
  throw Error(Code::kRefused, "doctor.unconfirmed",
              Concat(Count(fixes, "fix", "fixes"), " would be carried out"),
              "drover doctor --fix --yes");
}

}  // namespace

void HandleDoctor(Service& service, const CallPtr& call) {
  AnswerExamined(service, call, service.ProjectOf(call->params()), {});
}

void HandleDoctorFix(Service& service, const CallPtr& call) {
  const auto project = service.ProjectOf(call->params());
  if (call->params().dry_run) {
    AnswerExamined(service, call, project, {});
    return;
  }
  project->Rescanned([&service, call, project](const DoctorView& view) {
    call->Guard([&] {
      service.CheckNotStopping();
      (void)view->config();
      auto fixes = SafeFixes(*view, call->params().environments);
      if (fixes.empty()) {
        AnswerExamined(service, call, project, {});
        return;
      }
      CheckConfirmed(call->params(), fixes.size());
      auto work = [fixes = std::move(fixes), root = view->seen->root] {
        return CarryOutFixes(fixes, root);
      };
      Offload<std::vector<FixEntry>>(service.workers(), service.loop(), call, std::move(work),
                                     [&service, call, project](std::vector<FixEntry> done) {
                                       AnswerExamined(service, call, project, std::move(done));
                                     });
    });
  });
}

void HandleExplain(Service&, const CallPtr& call) {
  call->Reply(EncodeDocument(Explain(call->params().target)));
}

}  // namespace drover::daemon
