// The jobs that are swept: those of migrations/, on databases with a few pages of content in either
// journal mode.
#pragma once

#include <memory>
#include <vector>

#include "tests/fault/sweep.h"

namespace drover::fault {

enum class JournalMode : std::uint8_t { kRollback, kWal };

[[nodiscard]] std::string_view JournalName(JournalMode mode);

using ScenarioPtr = std::unique_ptr<Scenario>;

/// Three revisions up: several statements, a rebuild of a table that another one refers to, an
/// index. The cache is made so small that pages are written before the commit.
[[nodiscard]] ScenarioPtr UpgradeScenario(JournalMode mode);
/// The same three, down.
[[nodiscard]] ScenarioPtr DowngradeScenario(JournalMode mode);
/// The first revision, where there is no file yet.
[[nodiscard]] ScenarioPtr CreateScenario();
/// Four revisions where there is no file yet: taken from a snapshot, or made beside it and kept.
[[nodiscard]] ScenarioPtr FreshScenario();
[[nodiscard]] ScenarioPtr FirstFreshScenario();
/// A revision with transaction:false, and one behind it.
[[nodiscard]] ScenarioPtr NoTransactionScenario(JournalMode mode);
[[nodiscard]] ScenarioPtr StampScenario(JournalMode mode);
[[nodiscard]] ScenarioPtr RepairScenario(JournalMode mode);
/// A second backup, where one may be kept.
[[nodiscard]] ScenarioPtr BackupScenario(JournalMode mode);
/// UpgradeScenario() after a backup and a rehearsal, as jobs do it.
[[nodiscard]] ScenarioPtr SafeUpgradeScenario(JournalMode mode);
/// Another content is put into a database whose own is kept as a backup.
[[nodiscard]] ScenarioPtr TransplantScenario(JournalMode mode);

/// All that begin with an existing database.
[[nodiscard]] std::vector<ScenarioPtr> AllScenarios(JournalMode mode);

}  // namespace drover::fault
