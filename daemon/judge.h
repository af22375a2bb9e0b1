// The verdict on every environment: its state, why, and whether the policy may act by itself. Pure:
// an observation in, verdicts out. This is where drover's promises about automatic apply are kept.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/status_documents.h"
#include "daemon/observe.h"

namespace drover::daemon {

/// The closed list of docs/states.md.
enum class EnvironmentState : std::uint8_t {
  kCurrent,
  kPending,
  kApplying,
  kHeld,
  kFailed,
  kConflict,
  kModified,
  kOrphan,
  kMissing,
  kUnversioned,
  kUnresolved,
};

[[nodiscard]] std::string_view StateName(EnvironmentState state);

struct Verdict {
  std::string environment;
  EnvironmentState state = EnvironmentState::kUnresolved;
  std::string why;
  std::vector<migrations::RevisionId> current;
  std::size_t pending = 0;
  std::vector<RevisionName> pending_names;  // the first few
  std::optional<Error> error;
  std::vector<std::string> same_as;  // other environments on the same file
  environments::OnPending policy = environments::OnPending::kReport;  // the strictest of them
  bool may_apply = false;  // pending work that the policy wants done, and nothing speaks against it
  std::string next;        // the command that leads on; may be empty
  /// Digest of everything an automatic apply depends on: a failure is not retried while it is
  /// equal.
  std::string inputs;
};

/// One verdict per environment, in order. `applying` holds the target paths with a running job.
[[nodiscard]] std::vector<Verdict> Judge(const Observation& observation,
                                         const std::set<std::string>& applying);

/// `command` with "-e ENVIRONMENT" where it is needed: for another than the default one.
[[nodiscard]] std::string WithEnvironment(const Observation& seen, std::string_view command,
                                          std::string_view environment);

}  // namespace drover::daemon
