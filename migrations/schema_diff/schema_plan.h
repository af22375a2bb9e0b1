// The script that makes one schema into another and keeps the rows: ALTER TABLE where SQLite takes
// it, the rebuild of a table elsewhere, and everything that hangs on a table put back afterwards.
// The plan is made by carrying it out on a private copy; the database itself is only read.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/plan_documents.h"
#include "migrations/schema_compare.h"
#include "migrations/schema_diff/desired.h"
#include "migrations/schema_diff/hints.h"
#include "migrations/schema_diff/rename.h"
#include "migrations/schema_diff/scratch.h"
#include "migrations/schema_diff/table_copy.h"
#include "migrations/sqlite.h"
#include "migrations/stubs.h"

namespace drover::migrations {

/// "table.column" -> expression over the old row, in any case.
using Backfills = std::map<std::string, std::string>;

/// What becomes of a column that must not be NULL any more, when nobody knows whether it is.
enum class NullsRule : std::uint8_t {
  kBlock,  // ask for a backfill: the way up
  kFail,   // let the script fail on a NULL, with nothing changed: the way back
};

struct SchemaPlanRequest {
  Connection& current;           // must outlive the call
  const DesiredSchema& desired;  // must outlive the call
  RowKnowledge rows = RowKnowledge::kUnknown;
  NullsRule nulls = NullsRule::kBlock;
  Backfills backfills{};              // before the hints in the schema
  std::vector<RenameHint> renames{};  // before the hints in the schema
  std::string version_table = "alembic_version";
  Stubs stubs{};
};

enum class SchemaPlanOutcome : std::uint8_t {
  kOk,
  kNoop,       // nothing to do
  kBlocked,    // a decision is needed: see `blockers`
  kDataError,  // the script is right, but the rows at hand do not fit the new schema
};

/// "ok", "noop", "blocked", "data_error": the words of `drover diff --json`.
[[nodiscard]] std::string_view OutcomeName(SchemaPlanOutcome outcome);

/// A value that only a person can choose.
struct SchemaBlocker {
  std::string object;             // "users.email"
  std::string message;            // what is missing
  std::vector<std::string> ways;  // what may be done, one each
};

struct SchemaPlan {
  SchemaPlanOutcome outcome = SchemaPlanOutcome::kNoop;
  std::string sql;                       // with comments that say why; empty when noop or blocked
  std::vector<std::string> rebuilt;      // tables, by their new names
  std::vector<Destruction> destructive;  // "drop table", "drop column", "overwrite column",
                                         // "convert column"
  RenameMap renames;                     // carried out
  std::vector<RenameProposal> proposals;
  std::vector<SchemaBlocker> blockers;
  std::vector<std::string> data_errors;  // kDataError: SQLite's words, with the table
  std::vector<std::string> notes;        // what else a reader should know
  std::vector<SchemaChange> changes;     // what is otherwise; renames first, with facet "name"
  std::vector<TableCopy> copies;         // of rebuilt tables
};

/// Plans the way. The script wants foreign keys off before its transaction begins, as drover does
/// for every migration; it neither begins nor ends one. The same input gives the same bytes.
/// Throws kInternal ("schema.misread", "schema.plan") when the result is not what was wanted, and
/// like Connection::Execute.
[[nodiscard]] SchemaPlan PlanSchemaChange(const SchemaPlanRequest& request);

/// A way back.
struct SchemaDownPlan {
  SchemaPlan plan;
  std::vector<Destruction> not_restored;  // what the way up destroyed: its rows do not come back
};

/// The way back from what `up` does: plans from the result to `request.current` with the renames
/// inverted. Its script begins with a line for everything that it cannot bring back. With
/// RowKnowledge::kKnown the way up must be possible on the rows at hand. Throws as
/// PlanSchemaChange().
[[nodiscard]] SchemaDownPlan PlanWayBack(const SchemaPlanRequest& request, const SchemaPlan& up);

}  // namespace drover::migrations
