// What stands between a plan and a database with data in it: a backup, then a rehearsal. Called by
// the one who applies the plan, before its first step.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "base/safety_documents.h"
#include "migrations/apply.h"
#include "migrations/safety/backup.h"
#include "migrations/safety/policy.h"
#include "migrations/safety/rehearsal.h"

namespace drover::migrations {

/// Does the user, knowing what the rehearsal has found, want the plan all the same?
enum class Findings : std::uint8_t { kRefuse, kAccept };

struct SafeguardRequest {
  SafetyPolicy policy;
  std::string path;  // of the database
  std::string environment;
  std::string reason;  // the command
  std::string version_table;
  AppliedBy by;
  Stubs stubs;
  Snapshots snapshots{};
  std::shared_ptr<const Graph> graph;  // as in RehearsalRequest
  std::function<Plan(std::span<const RevisionId> rows)> plan;
  Findings findings = Findings::kRefuse;
  CarryOutPlan carry_out{};  // as in RehearsalRequest; such a plan never counts as harmless
  Losses losses = Losses::kUnknown;
};

/// One plan's. Used on the applying thread.
class Safeguard final {
 public:
  explicit Safeguard(SafeguardRequest request) : request_(std::move(request)) {}

  /// Before a plan with steps begins: nothing when the database (`live`, outside a transaction)
  /// holds no rows, or when the plan only adds tables, views, triggers and plain indexes. Throws
  /// what TakeBackup throws; the error of a rehearsal that does not pass, but for "refused" when
  /// that is accepted; kIo ("backup.no_space") for want of room for a rehearsal that must be.
  void Prepare(const Plan& plan, Connection& live, const ApplyObserver& observer,
               const std::stop_token& stop);

  [[nodiscard]] const std::optional<BackupEntry>& backup() const { return backup_; }
  [[nodiscard]] const std::optional<RehearsalReport>& rehearsal() const { return rehearsal_; }

 private:
  void RehearsePlan(const ApplyObserver& observer, const std::stop_token& stop);

  SafeguardRequest request_;
  std::optional<BackupEntry> backup_;
  std::optional<RehearsalReport> rehearsal_;
};

/// Rehearses a plan on a copy of the database that is made for it in the policy's directory and
/// removed again. Throws what CopyLive, RequireSpace and Rehearse throw.
[[nodiscard]] Rehearsal RehearseOnCopy(const SafeguardRequest& request,
                                       const ApplyObserver& observer, const std::stop_token& stop);

/// Does the script only make new tables, views, triggers and indexes that are not UNIQUE? Goes by
/// its words. Such a script changes no row and nothing that is there.
[[nodiscard]] bool OnlyAdds(std::string_view sql);

}  // namespace drover::migrations
