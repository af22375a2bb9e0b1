// Does a native script do to a database what Alembic did? On private files: reads them, copies
// them, and runs scripts on them.
#pragma once

#include <map>
#include <set>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "migrations/revision.h"
#include "migrations/schema_image.h"
#include "migrations/stubs.h"

namespace drover::migrations {

/// How the databases of one project are read.
struct ProofSetting {
  std::string version_table;
  Stubs stubs{};
  /// Days on which the work is done, "2026-11-28": times on them may differ between two databases,
  /// since CURRENT_TIMESTAMP is another one in each.
  std::vector<std::string> days{};
};

/// Everything in a database but drover's own tables and the version table.
struct DatabaseState {
  SchemaImage image;
  std::map<std::string, std::vector<std::string>> rows;  // by lower-case name of the table; sorted
};

/// What an imported database has otherwise than Alembic's; empty: nothing.
struct StateDifferences {
  std::vector<std::string> schema;  // "+ users.email text", one line each
  std::vector<std::string> rows;    // "accounts: 0 rows instead of 2", one line each
  std::set<std::string> tables;     // whose rows differ, lower-case
};

/// Reads a private file that nobody writes to. Throws like Connection::Execute.
[[nodiscard]] DatabaseState ReadDatabaseState(const std::string& path, const ProofSetting& setting);

/// What `actual` has otherwise than `expected`. Rows count only of tables that both have with the
/// same columns; times on `days` (ProofSetting) count as equal. Pure.
[[nodiscard]] StateDifferences CompareStates(const DatabaseState& expected,
                                             const DatabaseState& actual,
                                             const std::vector<std::string>& days = {});

/// Makes an empty database file. Throws kIo.
void MakeEmptyDatabase(const std::string& path);

/// Copies a private database with its -wal to a new file. Throws like WriteCopy().
void CopyScratchDatabase(const std::string& from, const std::string& to);

/// Runs a script on a private database as drover would: in one transaction, foreign keys off.
/// Throws as RunScript().
void RunOnScratch(const std::string& path, const Script& script, const std::string& file,
                  const ProofSetting& setting, const std::stop_token& stop);

}  // namespace drover::migrations
