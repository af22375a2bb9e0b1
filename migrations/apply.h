// Carries out a plan on one database: each revision in one transaction together with its version
// rows and its history row, so that a process killed at any instruction leaves the database
// entirely before or entirely after it.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "migrations/busy_wait.h"
#include "migrations/history.h"
#include "migrations/plan.h"

namespace drover::migrations {

struct AppliedStep {
  RevisionId revision;
  Direction direction = Direction::kUp;
  std::string message;
  std::vector<RevisionId> rows_after;
  std::int64_t duration_ms = 0;
  std::string output{};  // of the program that carried it out, when that was not drover
};

/// How far a plan has come.
struct ApplyProgress {
  RevisionId revision;  // empty while nothing has begun
  std::string message;
  std::size_t index = 0;  // of the step, from 0
  std::size_t steps = 0;
  std::size_t statement = 0;  // of the step's script, from 1; 0: it has only just begun
  std::size_t statements = 0;
  std::chrono::milliseconds elapsed{};  // since the work began
  bool rehearsing = false;              // on a copy: the database itself is not touched yet
  bool waiting = false;                 // for another program's lock
  std::vector<Holder> holders;          // its processes, when they are known
};

/// Called on the applying thread; must not throw.
struct ApplyObserver {
  /// At the beginning of each step; during it when it takes long, and while waiting for a lock.
  std::function<void(const ApplyProgress&)> on_progress;
  /// Between transactions.
  std::function<void(const AppliedStep&)> on_applied;
};

/// Must what is committed outlive a power failure, or only the work it is made for?
enum class Durability : std::uint8_t { kDurable, kScratch };

struct ApplyRequest {
  std::string path;
  std::string version_table;
  AppliedBy by;
  std::chrono::milliseconds busy_timeout = std::chrono::seconds(5);
  WhoHolds who_holds = {};  // for the message when the database stays locked; may be empty
  /// Makes the plan from the rows; called again when another process has changed them meanwhile.
  std::function<Plan(std::span<const RevisionId> rows)> plan;
  /// Create the file and its directories when they are missing (an upgrade may, nothing else).
  bool may_create = false;
  /// Called before the first step of a plan, outside a transaction; may throw. Again when a new
  /// plan is made.
  std::function<void(const Plan& plan, Connection& live)> prepare = {};
  Durability durability = Durability::kDurable;
  /// Called with every connection that is to run scripts, before it does.
  std::function<void(Connection& connection)> outfit = {};
};

struct ApplyResult {
  std::vector<RevisionId> from;
  std::vector<RevisionId> to;
  std::vector<AppliedStep> steps;
  std::vector<std::string> warnings;
  std::int64_t duration_ms = 0;
};

/// Carries out the plan and verifies the rows on a fresh connection. On failure the database is at
/// the last complete revision and the Error names file, line, column and statement. Throws what the
/// plan throws; kRefused ("database.unversioned") for a database with tables but no version table;
/// kNotFound ("database.missing"); kIo ("sqlite.not_durable") when a revision is there though its
/// commit failed, and a power failure might undo it; kBusy ("sqlite.busy"), naming who holds the
/// lock; kCancelled; what RunScript throws; kInvalid ("sql.foreign_keys") for a script that drops
/// or deletes something and leaves rows that refer to nothing. Of several processes with the same
/// work one does it and the others wait for it.
ApplyResult Apply(const ApplyRequest& request, const ApplyObserver& observer,
                  const std::stop_token& stop);

/// Changes the version rows to what the plan says, without running anything. Throws like Apply.
ApplyResult Stamp(const ApplyRequest& request, const Graph& graph);

}  // namespace drover::migrations
