#include "daemon/daemon_methods.h"

#include "base/posix.h"
#include "base/text.h"
#include "daemon/methods.h"

namespace drover::daemon {
namespace {

void Done(const CallPtr& call, std::string message) {
  call->Reply(EncodeDocument(DoneDocument{.v = 1, .ok = true, .message = std::move(message)}));
}

}  // namespace

void HandleHello(Service& service, const CallPtr& call) {
  const std::vector<int>& spoken = call->params().protocol;
  if (spoken.size() == 2 && (kProtocol < spoken[0] || kProtocol > spoken[1])) {
    throw Error(Code::kUnavailable, "protocol.version",
                Concat("this daemon speaks protocol ", kProtocol, ", the client speaks ", spoken[0],
                       " to ", spoken[1]),
                "drover daemon restart");
  }
  call->Reply(EncodeDocument(service.Hello()));
}

void HandlePing(Service& service, const CallPtr& call) {
  call->Reply(EncodeDocument(service.Hello()));
}

void HandleDescribe(Service&, const CallPtr& call) { call->Reply(DescribeMethods()); }

void HandleTrust(Service& service, const CallPtr& call) {
  const auto project = service.ProjectOf(call->params());
  project->Fresh([&service, call, project](const std::shared_ptr<const View>& view) {
    call->Guard([&] {
      if (view->seen->config_error) throw Error(*view->seen->config_error);
      const environments::Config& config = view->config();
      TrustDocument trust{.v = 1,
                          .project = config.project,
                          .config = config.path,
                          .sha256 = config.sha256,
                          .trusted = true};
      service.store().Update([&](State& state) { state.trust[trust.config] = trust.sha256; });
      project->Reload();
      call->Reply(EncodeDocument(trust));
    });
  });
}

void HandleSubscribe(Service& service, const CallPtr& call) {
  if (service.mode() != Mode::kWatch) {
    throw Error(Code::kUnavailable, "subscribe.unavailable",
                "only a running daemon watches files and has events to tell",
                "drover daemon start");
  }
  std::string root;
  if (!call->params().project.empty()) root = service.ProjectOf(call->params())->root();
  service.Subscribe(call->session(), root);
  Done(call, "subscribed");
}

void HandleCancel(Service& service, const CallPtr& call) {
  if (!service.Cancel(call->session(), call->params().id)) {
    throw Error(Code::kNotFound, "cancel.unknown",
                Concat("no job was started by request ", call->params().id,
                       " of this connection, or it has ended"));
  }
  Done(call, "cancelling");
}

void HandleRegister(Service& service, const CallPtr& call) {
  Done(call, Concat("watching ", service.ProjectOf(call->params())->root()));
}

void HandleUnregister(Service& service, const CallPtr& call) {
  const std::string root = RealPath(call->params().project);
  if (!service.Forget(root)) {
    throw Error(Code::kNotFound, "project.not_registered",
                Concat(root, " is not registered with this daemon"), "drover ping");
  }
  Done(call, Concat("no longer watching ", root));
}

void HandleReload(Service& service, const CallPtr& call) {
  struct Reading {
    std::size_t left;
    std::size_t all;
    std::optional<Error> error;
  };
  service.ReloadAll();
  const auto projects = service.projects();  // a copy: an answer may come while we still ask
  if (projects.empty()) return Done(call, "no project is registered");
  auto reading = std::make_shared<Reading>(Reading{projects.size(), projects.size(), std::nullopt});
  for (const auto& [root, project] : projects) {
    project->Fresh([call, reading](const std::shared_ptr<const View>& view) {
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

void HandleStop(Service& service, const CallPtr& call) {
  Done(call, "stopping");
  service.Stop();
}

}  // namespace drover::daemon
