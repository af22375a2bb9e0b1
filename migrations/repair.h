// Accepting an edit of an applied revision: what its file says now becomes what was applied.
#pragma once

#include <chrono>
#include <string>

#include "migrations/history.h"

namespace drover::migrations {

struct RepairRequest {
  std::string path;
  std::string version_table;
  AppliedBy by;
  std::chrono::milliseconds busy_timeout = std::chrono::seconds(5);
  std::vector<RevisionId> rows;        // as they were when the edit was looked at
  std::vector<RevisionId> rows_after;  // with a moved parent, a row may come to lie below another
};

/// Writes a row of direction "repair" with the checksums and the SQL of `file`, and the version
/// rows that follow from its parents; nothing else is changed or run. Throws kConflict
/// ("version.rows_changed") when the database has moved since, kIo ("sqlite.not_durable") like
/// Apply(), and like Connection::Execute.
void Repair(const RepairRequest& request, const Revision& file);

}  // namespace drover::migrations
