#include "daemon/read_methods.h"

#include "daemon/changes.h"
#include "daemon/findings.h"
#include "daemon/offload.h"
#include "environments/exec_variables.h"
#include "environments/files.h"

namespace drover::daemon {

void HandleStatus(Service& service, const CallPtr& call) {
  const auto project = service.ProjectOf(call->params());
  const auto answer = [call](const std::shared_ptr<const View>& view) {
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
  if (call->params().refresh || service.mode() == Mode::kAsk) {
    project->Rescanned(answer);
  } else {
    project->Settled(answer);
  }
}

void HandleCurrent(Service& service, const CallPtr& call) {
  service.ProjectOf(call->params())->Settled([call](const std::shared_ptr<const View>& view) {
    call->Guard(
        [&] { call->Reply(EncodeDocument(MakeCurrent(*view, call->params().environments))); });
  });
}

void HandleHistory(Service& service, const CallPtr& call) {
  service.ProjectOf(call->params())
      ->Fresh([&service, call](const std::shared_ptr<const View>& view) {
        Offload(service.workers(), service.loop(), call, [params = call->params(), view] {
          return EncodeDocument(MakeRevisions(*view, params.select, params.target));
        });
      });
}

void HandleWhere(Service& service, const CallPtr& call) {
  service.ProjectOf(call->params())
      ->Fresh([&service, call](const std::shared_ptr<const View>& view) {
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

void HandleExec(Service& service, const CallPtr& call) {
  service.ProjectOf(call->params())
      ->Fresh([&service, call](const std::shared_ptr<const View>& view) {
        call->Guard([&] {
          // The configuration in force may lead to another database than the one on disk says.
          if (view->seen->config_error) throw Error(*view->seen->config_error);
          const std::size_t index = OneEnvironment(*view, call->params());
          Offload(service.workers(), service.loop(), call, [view, index] {
            environments::RealFiles files;
            return EncodeDocument(environments::MakeExec(view->config(),
                                                         view->config().environments[index],
                                                         view->seen->targets[index], files));
          });
        });
      });
}

}  // namespace drover::daemon
