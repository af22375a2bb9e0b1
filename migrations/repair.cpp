#include "migrations/repair.h"

#include <cstdint>
#include <optional>

#include "base/clock.h"
#include "base/error.h"
#include "base/text.h"
#include "migrations/failed_commit.h"
#include "migrations/inspect.h"

namespace drover::migrations {

namespace {

std::int64_t WriteRepair(Connection& connection, const RepairRequest& request,
                         const Revision& file) {
  connection.Execute("PRAGMA synchronous=EXTRA");
  // Whatever is thrown below, closing the connection rolls back.
  connection.Execute("BEGIN IMMEDIATE");
  Ledger ledger(connection, request.version_table, request.by);
  if (ledger.Rows() != request.rows) {
    throw Error(Code::kConflict, "version.rows_changed",
                Concat(request.path, " was migrated meanwhile: look at the edit again"),
                Concat("drover repair ", file.id, " --dry-run"));
  }
  ledger.EnsureTables();
  ledger.ReplaceRows(request.rows, request.rows_after);
  return ledger.Record(MakeHistoryRow(file, "repair", FormatUtc(WallNow()), 0));
}

void TryRollBackRepair(const std::string& path) {
  try {
    RollBackHotJournal(path);
  } catch (const Error&) {
    // What went wrong first is what the user must read.
  }
}

}  // namespace

void Repair(const RepairRequest& request, const Revision& file) {
  std::int64_t record = 0;
  std::optional<Error> failure;
  try {
    Connection connection(request.path, OpenMode::kWrite, request.busy_timeout);
    record = WriteRepair(connection, request, file);
    connection.Execute("COMMIT");
    return;
  } catch (const Error& error) {
    failure = error;
  }
  // The connection is closed. After an I/O error SQLite leaves the rollback to who comes next.
  TryRollBackRepair(request.path);
  const bool survived =
      record != 0 && SurvivedFailedCommit(request.path, *failure, [&](Connection& connection) {
        return Ledger(connection, request.version_table, request.by).Has(record);
      });
  if (!survived) throw Error(*failure);
}

}  // namespace drover::migrations
