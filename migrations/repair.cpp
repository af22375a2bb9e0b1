#include "migrations/repair.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/text.h"

namespace drover::migrations {

void Repair(const RepairRequest& request, const Revision& file) {
  Connection connection(request.path, OpenMode::kWrite, request.busy_timeout);
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
  ledger.Record(MakeHistoryRow(file, "repair", FormatUtc(WallNow()), 0));
  connection.Execute("COMMIT");
}

}  // namespace drover::migrations
