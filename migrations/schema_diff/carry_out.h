// Carrying out a planned script on a copy, the way a migration is carried out, and looking at the
// rows before and after.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "migrations/schema_diff/rename.h"
#include "migrations/sqlite.h"

namespace drover::migrations {

/// Runs `sql` in one transaction with foreign keys off; rolls back what fails, and what leaves more
/// rows without a parent than there were; `renames` tells which tables the script calls otherwise.
/// The setting of foreign keys is put back. Throws as RunScript, and kInvalid
/// ("schema.foreign_keys") naming table and parent.
void CarryOut(Connection& database, const std::string& sql, const RenameMap& renames = {});

/// What is looked at inside the transaction; throwing from there rolls everything back.
struct CarryOutChecks {
  std::function<void(Connection&)> before{};  // the lock is held, nothing has run
  std::function<void(Connection&)> after{};   // everything has run, nothing is committed
};

/// The same with checks.
void CarryOut(Connection& database, const std::string& sql, const RenameMap& renames,
              const CarryOutChecks& checks);

/// Every row that `query` gives, as one line: values as SQL literals, with their types. Sorted.
/// Throws like Connection::Execute.
[[nodiscard]] std::vector<std::string> ReadRowLines(Connection& database, std::string_view query);

/// What PRAGMA integrity_check complains about. What it says about the types of values in a WITHOUT
/// ROWID table is left out: where the key is not in front, SQLite 3.40 looks at the wrong column.
/// Throws like Connection::Execute.
[[nodiscard]] std::vector<std::string> FindDamage(Connection& database);

/// SHA-256 over the schema and all rows with their rowids: equal when nothing was changed.
[[nodiscard]] std::string ContentDigest(Connection& database);

}  // namespace drover::migrations
