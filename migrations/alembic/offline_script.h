// What `alembic upgrade --sql` and `alembic downgrade --sql` print, cut into the scripts of the
// revisions. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "migrations/identifiers.h"
#include "migrations/revision.h"

namespace drover::migrations {

/// How Alembic's batch operations name a table that they make anew, until it is complete.
inline constexpr std::string_view kBatchPrefix = "_alembic_tmp_";

/// What one revision does in one direction.
struct OfflineSection {
  RevisionId revision;
  std::string sql;  // ends with a line end unless it is empty
};

/// The sections of `output`, in its order: what follows each line "-- Running upgrade A -> B" (or
/// "-- Running downgrade B -> A", for that direction) up to the next. What Alembic does for itself
/// is left out: every statement about `version_table`, and BEGIN and COMMIT. When Alembic gave up,
/// the last section is what it had printed of the revision that it cannot write as SQL.
[[nodiscard]] std::vector<OfflineSection> SplitOfflineScript(std::string_view output,
                                                             Direction direction,
                                                             std::string_view version_table);

/// Is the statement about a transaction (not a savepoint), or about the version table alone?
[[nodiscard]] bool IsBookkeeping(std::string_view statement, std::string_view version_table);

/// `sql` without those statements and the blank lines that they leave.
[[nodiscard]] std::string WithoutBookkeeping(std::string_view sql, std::string_view version_table);

/// Has it a parameter ("?", ":name") in the place of a value? Alembic prints such without
/// literal_binds, and for what is executed on op.get_bind(); to SQLite they are NULL.
[[nodiscard]] bool HasParameters(std::string_view sql);

}  // namespace drover::migrations
