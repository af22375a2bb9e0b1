// What the process offers to clients, whatever the transport: the projects, the sessions'
// subscriptions, and the methods of the protocol (methods.cpp).
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/protocol.h"
#include "daemon/net/server.h"
#include "daemon/project.h"
#include "environments/mounts.h"

namespace drover::daemon {

/// One request being answered. Kept alive by whoever will answer; an unanswered call fails.
class Call final {
 public:
  Call(std::shared_ptr<Session> session, Request request);
  ~Call();
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

  [[nodiscard]] const Params& params() const { return request_.params; }
  [[nodiscard]] const Request& request() const { return request_; }
  [[nodiscard]] const std::shared_ptr<Session>& session() const { return session_; }

  void Reply(std::string_view result_json);
  void Fail(const Error& error);

  /// Runs `work` and turns what it throws into the answer.
  void Guard(const std::function<void()>& work);

 private:
  std::shared_ptr<Session> session_;
  Request request_;
  bool answered_ = false;
};

using CallPtr = std::shared_ptr<Call>;

/// Lives on the loop's thread.
class Service final {
 public:
  struct Options {
    Mode mode = Mode::kWatch;
    std::string socket = {};   // for hello
    std::string project = {};  // of requests that name none; empty: every request must
  };

  /// Everything outlives the service. `stopped` is called when a stop has been asked for and the
  /// last job has ended.
  Service(Loop& loop, Workers& workers, StateStore& store, Journal& journal, Options options,
          std::function<void()> stopped);
  ~Service();

  /// The transport's side: give this to a Server or StdioServer.
  [[nodiscard]] SessionHandler Handler();

  /// The project at `path`, begun and remembered if it is new. Throws kNotFound
  /// ("project.not_found") or kInvalid ("protocol.params").
  std::shared_ptr<Project> Open(const std::string& path);

  /// Opens what was registered before; what no longer exists is forgotten.
  void OpenRegistered();

  /// Finishes running jobs, refuses new ones, then calls `stopped`. Asked again, cancels the jobs.
  void Stop();

  void ReloadAll();

  [[nodiscard]] bool stopping() const { return stopping_; }

  /// Throws kUnavailable ("daemon.stopping") once a stop has been asked for.
  void CheckNotStopping() const;

  /// The project that a request is about. Throws like CheckNotStopping() and Open().
  std::shared_ptr<Project> ProjectOf(const Params& params);

  /// What becomes of work when its client is gone, or the daemon is to stop.
  enum class WhenLeft : std::uint8_t { kGoesOn, kEnds };

  /// From now on Cancel() of the request of `call` asks `stop`, until EndCancellable(); with kEnds
  /// that is done, too, when nobody waits for the answer any more. A request without a number
  /// cannot be cancelled.
  void MakeCancellable(const CallPtr& call, std::stop_source stop, WhenLeft when_left);
  void EndCancellable(const CallPtr& call);

  /// False when that session has no request of this number that can be cancelled.
  bool Cancel(const std::shared_ptr<Session>& session, std::int64_t id);

  /// From now on the session is told the events of the project at `root`; empty: of every project.
  void Subscribe(const std::shared_ptr<Session>& session, const std::string& root);

  /// Stops watching the project at `root`, a real path; false when there is none.
  bool Forget(const std::string& root);

  /// Who answers: for hello and ping.
  [[nodiscard]] HelloDocument Hello() const;

  [[nodiscard]] Mode mode() const { return options_.mode; }
  [[nodiscard]] const std::map<std::string, std::shared_ptr<Project>>& projects() const {
    return projects_;
  }
  [[nodiscard]] Loop& loop() { return loop_; }
  [[nodiscard]] Workers& workers() { return workers_; }
  [[nodiscard]] StateStore& store() { return store_; }
  [[nodiscard]] Journal& journal() { return journal_; }

 private:
  struct Cancellable {
    std::stop_source stop;
    WhenLeft when_left;
  };

  void OnLine(const std::shared_ptr<Session>& session, std::string_view line);
  void OnClosed(const std::shared_ptr<Session>& session);
  static void EndLeft(std::map<std::int64_t, Cancellable>& requests);
  void Publish(const EventDocument& event);
  void CheckStopped();
  void WatchMounts();

  Loop& loop_;
  Workers& workers_;
  StateStore& store_;
  Journal& journal_;
  Options options_;
  std::function<void()> stopped_;
  JobQueue jobs_;
  ProjectContext context_;
  std::map<std::string, std::shared_ptr<Project>> projects_;
  std::map<std::shared_ptr<Session>, std::set<std::string>> subscribers_;  // "" is every project
  std::map<std::shared_ptr<Session>, std::map<std::int64_t, Cancellable>> cancellable_;
  std::set<std::shared_ptr<Session>> sessions_;
  bool stopping_ = false;
  std::unique_ptr<Loop::Timer> stop_timer_;
  std::unique_ptr<Loop::Timer> stop_poll_;
  std::string started_at_;
  std::unique_ptr<environments::MountWatcher> mounts_;  // null: not while nothing is watched
  std::unique_ptr<Loop::Watch> mounts_readable_;
  std::unique_ptr<Loop::Timer> mounts_timer_;
};

}  // namespace drover::daemon
