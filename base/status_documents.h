// The one screen of `drover status`. base/documents.h says how documents are made.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/error_documents.h"
#include "base/stray_documents.h"

namespace drover {

/// A revision named with its message, where a full RevisionEntry would be too much.
struct RevisionName {
  std::string revision;
  bool head = false;
  std::string message;
  static constexpr void Fields(auto&& field) {
    field("revision", &RevisionName::revision);
    field("head", &RevisionName::head);
    field("message", &RevisionName::message);
  }
  bool operator==(const RevisionName&) const = default;
};

struct EnvironmentStatus {
  std::string name;
  std::string state;  // the closed list of docs/states.md
  std::vector<std::string> current;
  std::vector<std::string> heads;
  std::int64_t pending = 0;
  std::optional<std::string> path;
  std::vector<std::string> same_as;
  std::string policy;
  bool is_protected = false;                // the JSON key is "protected"
  std::string why;                          // one sentence that explains the state
  std::vector<RevisionName> pending_names;  // the first few pending revisions, in order
  std::optional<ErrorBody> error;

  static constexpr void Fields(auto&& field) {
    field("name", &EnvironmentStatus::name);
    field("state", &EnvironmentStatus::state);
    field("current", &EnvironmentStatus::current);
    field("heads", &EnvironmentStatus::heads);
    field("pending", &EnvironmentStatus::pending);
    field("path", &EnvironmentStatus::path);
    field("same_as", &EnvironmentStatus::same_as);
    field("policy", &EnvironmentStatus::policy);
    field("protected", &EnvironmentStatus::is_protected);
    field("why", &EnvironmentStatus::why);
    field("pending_names", &EnvironmentStatus::pending_names);
    field("error", &EnvironmentStatus::error);
  }
};

/// Who answered, so that a stale daemon can be told from a current one.
struct DaemonInfo {
  std::int64_t pid = 0;
  std::string version;
  std::string watching;  // "inotify", "polling", or "nothing" for a process that only answers
  static constexpr void Fields(auto&& field) {
    field("pid", &DaemonInfo::pid);
    field("version", &DaemonInfo::version);
    field("watching", &DaemonInfo::watching);
  }
};

struct StatusDocument {
  int v = 1;
  std::string project;
  std::string root;
  bool trusted = false;
  std::vector<EnvironmentStatus> environments;
  std::vector<StrayEntry> strays;
  std::vector<Finding> findings;
  std::optional<std::string> next;
  DaemonInfo daemon;

  static constexpr void Fields(auto&& field) {
    field("v", &StatusDocument::v);
    field("project", &StatusDocument::project);
    field("root", &StatusDocument::root);
    field("trusted", &StatusDocument::trusted);
    field("environments", &StatusDocument::environments);
    field("strays", &StatusDocument::strays);
    field("findings", &StatusDocument::findings);
    field("next", &StatusDocument::next);
    field("daemon", &StatusDocument::daemon);
  }
};

/// What `drover status --exit-code` and `droverd --once` exit with: the worst environment counts,
/// in the order 1 (failed, unresolved, or a wrong drover.yaml), 5 (conflict), 4 (modified, orphan),
/// 3 (work to be done), 0.
[[nodiscard]] int StatusExitCode(const StatusDocument& status);

}  // namespace drover
