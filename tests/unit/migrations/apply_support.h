// What the tests of applying share: requests, child processes, and a look at the history.
#pragma once

#include <sys/wait.h>
#include <unistd.h>

#include "migrations/inspect.h"
#include "tests/unit/migrations/support.h"

namespace drover::migrations {

inline constexpr const char* kVersionTable = "drover_version";

inline AppliedBy Somebody() {
  return {.user = "ann",
          .host = "box",
          .git_commit = "c0ffee",
          .git_branch = "main",
          .tool_version = "0.1.0"};
}

/// An upgrade of the database at `path`; `graph` must outlive the request.
inline ApplyRequest Upgrade(const std::string& path, const Graph& graph,
                            std::string target = "head") {
  return {.path = path,
          .version_table = kVersionTable,
          .by = Somebody(),
          .busy_timeout = std::chrono::seconds(30),
          .plan =
              [&graph, target](std::span<const RevisionId> rows) {
                return PlanUpgrade(graph, rows, target, Drafts::kStopBefore);
              },
          .may_create = true};
}

inline ApplyRequest Downgrade(const std::string& path, const Graph& graph, std::string target) {
  ApplyRequest request = Upgrade(path, graph);
  request.may_create = false;
  request.plan = [&graph, target](std::span<const RevisionId> rows) {
    return PlanDowngrade(graph, rows, target);
  };
  return request;
}

inline ApplyRequest StampTo(const std::string& path, const Graph& graph, std::string target,
                            Purge purge = Purge::kNo) {
  ApplyRequest request = Upgrade(path, graph);
  request.plan = [&graph, target, purge](std::span<const RevisionId> rows) {
    return PlanStamp(graph, rows, target, purge);
  };
  return request;
}

inline ApplyResult CarryOut(const ApplyRequest& request) {
  return Apply(request, ApplyObserver(), std::stop_token());
}

inline Error RunError(const ApplyRequest& request) {
  return Caught([&] { (void)CarryOut(request); });
}

inline std::string Rows(const std::string& path) {
  return Listed(Inspect(path, kVersionTable).rows);
}

/// "up a done, up b done": the history in the order in which it was written.
inline std::string History(const std::string& path) {
  Connection connection(path, OpenMode::kRead);
  return Listed(connection.QueryColumn(
      "SELECT direction || ' ' || revision || ' ' || state FROM drover_history ORDER BY id"));
}

/// Three revisions that make tables a, b and c, with ways back.
inline Graph ThreeTables() {
  return Graph({MakeRevision("a", {}, "CREATE TABLE a (x);", "DROP TABLE a;"),
                MakeRevision("b", {"a"}, "CREATE TABLE b (x);", "DROP TABLE b;"),
                MakeRevision("c", {"b"}, "CREATE TABLE c (x);", "DROP TABLE c;")});
}

/// Runs `action` in a child process and returns how it ended: the value it returned, or minus the
/// signal that killed it.
template <class Action>
int InChild(Action&& action) {
  const pid_t child = fork();
  if (child == 0) {
    int code = 99;
    try {
      code = action();
    } catch (const Error& error) {
      (void)!write(STDERR_FILENO, error.message.data(), error.message.size());
    }
    _exit(code);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

/// The same, as a user who may not ignore permissions.
template <class Action>
int AsNobody(Action&& action) {
  return InChild([&] {
    if (geteuid() == 0 &&
        (setresgid(65534, 65534, 65534) != 0 || setresuid(65534, 65534, 65534) != 0)) {
      return 98;
    }
    return action();
  });
}

}  // namespace drover::migrations
