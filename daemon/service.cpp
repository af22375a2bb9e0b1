#include "daemon/service.h"

#include <algorithm>
#include <exception>
#include <unistd.h>
#include <utility>

#include "base/clock.h"
#include "base/posix.h"
#include "base/text.h"
#include "daemon/log.h"
#include "daemon/methods.h"

namespace drover::daemon {
namespace {

/// How long running jobs may take to end by themselves when the daemon is asked to stop.
constexpr std::chrono::milliseconds kDrain{10000};

/// How long changes of the mount table are gathered.
constexpr std::chrono::milliseconds kMountsSettle{200};

}  // namespace

Call::Call(std::shared_ptr<Session> session, Request request)
    : session_(std::move(session)), request_(std::move(request)) {
  session_->BeginRequest();
}

Call::~Call() {
  if (!answered_) Fail(Error(Code::kUnavailable, "daemon.stopping", "the daemon is stopping"));
  session_->EndRequest();
}

void Call::Reply(std::string_view result_json) {
  if (std::exchange(answered_, true)) return;
  if (request_.id_json.empty()) return;
  session_->Send(EncodeResult(request_.id_json, result_json));
}

void Call::Fail(const Error& error) {
  if (std::exchange(answered_, true)) return;
  if (request_.id_json.empty()) return;
  session_->Send(EncodeErrorReply(request_.id_json, ToBody(error)));
}

void Call::Guard(const std::function<void()>& work) {
  try {
    work();
  } catch (const Error& error) {
    Fail(error);
  } catch (const std::exception& error) {
    Log(LogLevel::kError, "a request failed unexpectedly",
        {{"method", request_.method}, {"err", error.what()}});
    Fail(Error(Code::kInternal, "daemon.defect", error.what(), "drover daemon status"));
  }
}

Service::Service(Loop& loop, Workers& workers, StateStore& store, Journal& journal, Options options,
                 std::function<void()> stopped)
    : loop_(loop),
      workers_(workers),
      store_(store),
      journal_(journal),
      options_(std::move(options)),
      stopped_(std::move(stopped)),
      jobs_(loop, workers),
      context_{.loop = loop,
               .workers = workers,
               .store = store,
               .journal = journal,
               .jobs = jobs_,
               .mode = options_.mode,
               .publish = [this](const EventDocument& event) { Publish(event); },
               .stopping = [this] { return stopping_; }},
      started_at_(FormatUtc(WallNow())) {
  if (options_.mode == Mode::kWatch) WatchMounts();
}

Service::~Service() = default;

void Service::WatchMounts() {
  try {
    mounts_ = std::make_unique<environments::MountWatcher>();
  } catch (const Error& error) {
    Log(LogLevel::kWarning, "mounts are not noticed", {{"err", error.message}});
    return;
  }
  mounts_readable_ = loop_.OnReadable(mounts_->descriptor(), [this] {
    mounts_->Drain();
    // An engine that starts a container mounts a dozen times.
    mounts_timer_ = loop_.After(kMountsSettle, [this] {
      for (const auto& [root, project] : projects_) project->MountsChanged();
    });
  });
}

SessionHandler Service::Handler() {
  return {.on_line = [this](const auto& session, std::string_view line) { OnLine(session, line); },
          .on_closed = [this](const auto& session) { OnClosed(session); }};
}

void Service::OnLine(const std::shared_ptr<Session>& session, std::string_view line) {
  sessions_.insert(session);
  std::string id_json = "null";
  bool notification = false;  // gets no answer, not even an error
  try {
    Request request = DecodeRequest(line, id_json);
    notification = request.id_json.empty();
    Log(LogLevel::kDebug, "request", {{"method", request.method}, {"id", request.id_json}});
    const Method& method = FindMethod(request);
    const auto call = std::make_shared<Call>(session, std::move(request));
    call->Guard([&] { method.handle(*this, call); });
  } catch (const Error& error) {
    if (!notification) session->Send(EncodeErrorReply(id_json, ToBody(error)));
  }
}

void Service::OnClosed(const std::shared_ptr<Session>& session) {
  sessions_.erase(session);
  subscribers_.erase(session);
  const auto requests = cancellable_.find(session);
  if (requests == cancellable_.end()) return;
  EndLeft(requests->second);
  cancellable_.erase(requests);
}

void Service::EndLeft(std::map<std::int64_t, Cancellable>& requests) {
  for (auto& [id, request] : requests) {
    if (request.when_left == WhenLeft::kEnds) request.stop.request_stop();
  }
}

void Service::MakeCancellable(const CallPtr& call, std::stop_source stop, WhenLeft when_left) {
  const std::optional<std::int64_t> id = call->request().id;
  // A session that is gone would never be taken out again.
  if (!id || call->session()->closed()) return;
  cancellable_[call->session()].insert_or_assign(
      *id, Cancellable{.stop = std::move(stop), .when_left = when_left});
}

void Service::EndCancellable(const CallPtr& call) {
  const std::optional<std::int64_t> id = call->request().id;
  const auto session = cancellable_.find(call->session());
  if (id && session != cancellable_.end()) session->second.erase(*id);
}

bool Service::Cancel(const std::shared_ptr<Session>& session, std::int64_t id) {
  const auto jobs = cancellable_.find(session);
  if (jobs == cancellable_.end()) return false;
  const auto job = jobs->second.find(id);
  if (job == jobs->second.end()) return false;
  job->second.stop.request_stop();
  return true;
}

void Service::Subscribe(const std::shared_ptr<Session>& session, const std::string& root) {
  subscribers_[session].insert(root);
}

bool Service::Forget(const std::string& root) {
  const auto project = projects_.find(root);
  if (project == projects_.end()) return false;
  store_.Update([&](State& state) { std::erase(state.projects, root); });
  project->second->Close();
  projects_.erase(project);
  return true;
}

void Service::Publish(const EventDocument& event) {
  if (subscribers_.empty()) return;
  const std::string line = EncodeNotification("event", EncodeDocument(event));
  for (const auto& [session, projects] : subscribers_) {
    if (projects.contains("") || projects.contains(event.project)) session->SendEvent(line);
  }
}

std::shared_ptr<Project> Service::Open(const std::string& path) {
  if (path.empty() || path.front() != '/') {
    throw Error(Code::kInvalid, "protocol.params", "\"project\" must be an absolute path");
  }
  const std::string root = RealPath(path);
  if (const auto known = projects_.find(root); known != projects_.end()) return known->second;
  if (!StatFile(root + "/drover.yaml")) {
    throw Error(Code::kNotFound, "project.not_found", Concat("there is no drover.yaml in ", root),
                "create one (docs/configuration.md)");
  }
  auto project = std::make_shared<Project>(context_, root);
  if (options_.mode == Mode::kWatch) {
    store_.Update([&](State& state) {
      if (std::ranges::find(state.projects, root) == state.projects.end()) {
        state.projects.push_back(root);
      }
    });
    Log(LogLevel::kInfo, "project", {{"root", root}});
  }
  project->Start();
  projects_.emplace(root, project);  // only now: half begun it would answer nobody
  return project;
}

void Service::OpenRegistered() {
  for (const std::string& root : store_.Read().projects) {
    try {
      (void)Open(root);
    } catch (const Error& error) {
      Log(LogLevel::kWarning, "a registered project is gone", {{"err", error.message}});
      store_.Update([&](State& state) { std::erase(state.projects, root); });
    }
  }
}

void Service::Stop() {
  if (stopping_) {
    jobs_.CancelAll();
    return;
  }
  stopping_ = true;
  Log(options_.mode == Mode::kWatch ? LogLevel::kInfo : LogLevel::kDebug, "stopping");
  for (auto& [session, requests] : cancellable_) EndLeft(requests);
  stop_timer_ = loop_.After(kDrain, [this] { jobs_.CancelAll(); });
  CheckStopped();
}

void Service::CheckStopped() {
  if (jobs_.idle()) {
    stop_timer_.reset();
    stopped_();
    return;
  }
  stop_poll_ = loop_.After(std::chrono::milliseconds(20), [this] { CheckStopped(); });
}

void Service::ReloadAll() {
  for (const auto& [root, project] : projects_) project->Reload();
}

HelloDocument Service::Hello() const {
  HelloDocument hello;
  hello.server = "droverd " DROVER_VERSION;
  hello.version = DROVER_VERSION;
  hello.protocol = kProtocol;
  hello.capabilities = {"status", "apply", "strays"};
  if (options_.mode == Mode::kWatch) hello.capabilities.emplace_back("subscribe");
  hello.pid = getpid();
  hello.socket = options_.socket;
  hello.started_at = started_at_;
  for (const auto& [root, project] : projects_) hello.projects.push_back(root);
  hello.clients = static_cast<std::int64_t>(sessions_.size());
  return hello;
}

void Service::CheckNotStopping() const {
  if (stopping_) throw Error(Code::kUnavailable, "daemon.stopping", "the daemon is stopping");
}

std::shared_ptr<Project> Service::ProjectOf(const Params& params) {
  CheckNotStopping();
  return Open(params.project.empty() ? options_.project : params.project);
}

}  // namespace drover::daemon
