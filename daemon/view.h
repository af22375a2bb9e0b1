// What clients are told about a project: an observation with its verdicts, findings and strays, and
// the documents made from them. Pure.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/error_documents.h"
#include "base/plan_documents.h"
#include "base/revision_documents.h"
#include "base/status_documents.h"
#include "base/stray_documents.h"
#include "base/where_documents.h"
#include "daemon/judge.h"
#include "daemon/observe.h"
#include "migrations/plan.h"

namespace drover::daemon {

/// Immutable once published.
struct View {
  std::shared_ptr<const Observation> seen;
  std::vector<Verdict> verdicts;
  std::vector<Finding> findings;
  std::vector<StrayEntry> strays;
  bool strays_truncated = false;
  DaemonInfo daemon;
  std::string status_json;  // StatusDocument of all environments, encoded once

  /// Throws the configuration's error when there never was a usable configuration.
  const environments::Config& config() const;
  /// Throws the first migration problem while there is no graph.
  const migrations::Graph& graph() const;
};

/// The status of the named environments (all when empty). Throws kNotFound for an unknown name.
[[nodiscard]] StatusDocument MakeStatus(const View& view, const std::vector<std::string>& names);

/// The finding "wrong-cwd" when the relative URL of an environment, used from `cwd`, would be
/// another file, and that of no environment the right one. Where the dialect or a container fixes
/// the directory, `cwd` decides nothing.
[[nodiscard]] std::optional<Finding> CheckWorkingDirectory(const View& view,
                                                           const std::string& cwd);

[[nodiscard]] WhereDocument MakeWhere(const View& view, const std::vector<std::string>& names);

/// Adds to `where` what would be for what is started from a shell with these variables, given as
/// "NAME=value". Reads configuration files: for a worker. Throws kInvalid ("protocol.params").
void AddShell(WhereDocument& where, const View& view, const std::vector<std::string>& variables);
[[nodiscard]] CurrentDocument MakeCurrent(const View& view, const std::vector<std::string>& names);

/// `select`: all | heads | branches | show (then `target` names the revision; for all it may be a
/// range "a:b", both ends included). History is newest first.
[[nodiscard]] RevisionsDocument MakeRevisions(const View& view, std::string_view select,
                                              std::string_view target);

/// A plan as the protocol has it.
[[nodiscard]] PlanDocument MakePlanDocument(const View& view, const std::string& environment,
                                            const migrations::Plan& plan);

/// The environments a request speaks of: those named, else all.
[[nodiscard]] std::vector<std::size_t> SelectEnvironments(const View& view,
                                                          const std::vector<std::string>& names);

}  // namespace drover::daemon
