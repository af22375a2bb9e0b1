// What the tests of the daemon's brain share: a project on disk, the daemon's parts around a loop
// in its own thread, and a session that remembers what it was told.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <future>
#include <gtest/gtest.h>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/error.h"
#include "base/text.h"
#include "daemon/journal.h"
#include "daemon/net/loop.h"
#include "daemon/project.h"
#include "daemon/state_store.h"
#include "daemon/workers.h"
#include "migrations/sqlite.h"
#include "tests/unit/daemon/scratch.h"

namespace drover::testing {

inline constexpr std::chrono::seconds kPatience{20};

/// A migration file's text. `parent` may be "none".
inline std::string MigrationText(std::string_view id, std::string_view parent, std::string_view up,
                                 std::string_view down = "SELECT 1;") {
  return Concat("-- revision: ", id, "\n-- down_revision: ", parent, "\n-- message: ", id,
                "\n-- created: 2026-02-12T23:20:18Z\n-- migrate:up\n", up, "\n-- migrate:down\n",
                down, "\n");
}

/// The kind of the error that `action` throws.
inline std::string KindOf(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    return error.kind;
  }
  return "nothing was thrown";
}

/// A directory with drover.yaml and a folder of migrations.
class DiskProject {
 public:
  explicit DiskProject(std::string_view environments =
                           "  dev:\n    url: sqlite:///./app.db\n"
                           "    on_pending: apply\n",
                       std::string_view more = "") {
    std::filesystem::create_directories(root() + "/migrations");
    Configure(environments, more);
  }

  void Configure(std::string_view environments, std::string_view more = "") const {
    Replace("drover.yaml", Concat("migrations:\n  directory: migrations\n", more, "environments:\n",
                                  environments));
  }

  /// As an editor saves: the new content appears at once.
  void Replace(const std::string& name, std::string_view content) const {
    Spill(scratch_ / ".new", content);
    std::filesystem::permissions(scratch_ / ".new", std::filesystem::perms(0644));
    std::filesystem::rename(scratch_ / ".new", root() + "/" + name);
  }

  void Migrate(std::string_view id, std::string_view parent, std::string_view up,
               std::string_view down = "SELECT 1;") const {
    Replace(Concat("migrations/", id, ".sql"), MigrationText(id, parent, up, down));
  }

  [[nodiscard]] const std::string& root() const { return root_; }
  [[nodiscard]] std::string operator/(std::string_view name) const {
    return Concat(root_, "/", name);
  }

 private:
  Scratch scratch_;
  std::string root_ = std::filesystem::canonical(scratch_.path()).string();
};

inline void RunSql(const std::string& path, std::string_view sql) {
  migrations::Connection connection(path, migrations::OpenMode::kCreate);
  connection.Execute(sql);
}

inline std::string AskSql(const std::string& path, std::string_view sql) {
  migrations::Connection connection(path, migrations::OpenMode::kRead);
  return Join(connection.QueryColumn(sql), ",");
}

/// Events in the order in which they were told, to be waited for from another thread.
class Events {
 public:
  void Add(const EventDocument& event) {
    const std::lock_guard lock(mutex_);
    events_.push_back(event);
    changed_.notify_all();
  }

  /// The first event that fits; the test fails when none comes.
  EventDocument Await(const std::function<bool(const EventDocument&)>& fits) {
    std::unique_lock lock(mutex_);
    const EventDocument* found = nullptr;
    const bool came = changed_.wait_for(lock, kPatience, [&] {
      for (const EventDocument& event : events_) {
        if (found == nullptr && fits(event)) found = &event;
      }
      return found != nullptr;
    });
    if (!came) {
      ADD_FAILURE() << "no such event; there were:\n" << Text();
      return {};
    }
    return *found;
  }

  EventDocument Await(std::string_view name) {
    return Await([name](const EventDocument& event) { return event.event == name; });
  }

  EventDocument AwaitState(std::string_view state) {
    return Await([state](const EventDocument& event) { return event.state == state; });
  }

  [[nodiscard]] std::size_t Count(std::string_view name) {
    const std::lock_guard lock(mutex_);
    std::size_t count = 0;
    for (const EventDocument& event : events_) count += event.event == name ? 1 : 0;
    return count;
  }

  void Clear() {
    const std::lock_guard lock(mutex_);
    events_.clear();
  }

 private:
  [[nodiscard]] std::string Text() const {
    std::string text;
    for (const EventDocument& event : events_) {
      text += Concat("  ", event.event, " ", event.state.value_or(""), " ", event.message, "\n");
    }
    return text;
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<EventDocument> events_;
};

/// Loop, workers, state and journal; the loop runs in a thread of its own from Run() on.
class Machine {
 public:
  explicit Machine(std::size_t threads = 2)
      : store(state.path()),
        journal(state.path()),
        workers(std::make_unique<daemon::Workers>(threads)) {
    thread_ = std::thread([this] {
      const auto alive = loop.After(std::chrono::hours(1), [] {});
      loop.Run();
    });
  }
  ~Machine() { Stop(); }
  Machine(const Machine&) = delete;
  Machine& operator=(const Machine&) = delete;

  /// Ends the loop, then the workers.
  void Stop() {
    if (!thread_.joinable()) return;
    loop.Post([this] { loop.Stop(); });
    thread_.join();
    workers.reset();
  }

  /// Runs `work` on the loop's thread and waits for its end.
  void OnLoop(const std::function<void()>& work) {
    std::promise<void> done;
    loop.Post([&] {
      try {
        work();
        done.set_value();
      } catch (...) {
        done.set_exception(std::current_exception());
      }
    });
    done.get_future().get();
  }

  Scratch state;
  daemon::StateStore store;
  daemon::Journal journal;
  daemon::Loop loop;
  std::unique_ptr<daemon::Workers> workers;

 private:
  std::thread thread_;
};

/// A project as the daemon has it.
class LiveProject {
 public:
  using View = std::shared_ptr<const daemon::View>;

  explicit LiveProject(const std::string& root, daemon::Mode mode = daemon::Mode::kWatch)
      : jobs(machine.loop, *machine.workers) {
    machine.OnLoop([&] {
      project = std::make_shared<daemon::Project>(
          daemon::ProjectContext{.loop = machine.loop,
                                 .workers = *machine.workers,
                                 .store = machine.store,
                                 .journal = machine.journal,
                                 .jobs = jobs,
                                 .mode = mode,
                                 .publish = [this](const auto& event) { events.Add(event); },
                                 .stopping = [] { return false; }},
          root);
      project->Start();
    });
  }
  ~LiveProject() { machine.Stop(); }
  LiveProject(const LiveProject&) = delete;
  LiveProject& operator=(const LiveProject&) = delete;

  /// What `ask` (&Project::Fresh, say) answers with.
  View Ask(void (daemon::Project::*ask)(daemon::Project::ViewCallback)) {
    const auto answer = std::make_shared<std::promise<View>>();
    auto future = answer->get_future();
    machine.loop.Post([this, ask, answer] {
      (project.get()->*ask)([answer](const View& view) { answer->set_value(view); });
    });
    if (future.wait_for(kPatience) != std::future_status::ready) {
      ADD_FAILURE() << "no answer";
      return nullptr;
    }
    return future.get();
  }
  View Fresh() { return Ask(&daemon::Project::Fresh); }
  View Settled() { return Ask(&daemon::Project::Settled); }

  /// "pending" and the like, of the first environment.
  std::string State() {
    const View view = Fresh();
    if (view->verdicts.empty()) return "none";
    return std::string(daemon::StateName(view->verdicts.front().state));
  }

  /// Carries out a job of the user.
  daemon::JobOutcome Do(daemon::JobCommand command, std::string target) {
    const View view = Fresh();
    std::promise<daemon::JobOutcome> ended;
    machine.OnLoop([&] {
      daemon::JobRequest request = project->Prepare(*view, 0, command);
      request.target = std::move(target);
      (void)project->Submit(std::move(request), {}, [&](daemon::JobOutcome outcome) {
        ended.set_value(std::move(outcome));
      });
    });
    return ended.get_future().get();
  }

  Events events;
  Machine machine;
  daemon::JobQueue jobs;
  std::shared_ptr<daemon::Project> project;
};

}  // namespace drover::testing
