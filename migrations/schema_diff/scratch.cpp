#include "migrations/schema_diff/scratch.h"

#include "base/error.h"
#include "base/text.h"
#include "migrations/schema_diff/desired.h"
#include "migrations/schema_diff/synthetic.h"

namespace drover::migrations {

Scratch::Scratch(Connection& source, RowKnowledge rows, std::string_view version_table,
                 const Stubs& stubs)
    : connection_("", OpenMode::kMemory), reader_(version_table) {
  RegisterStubs(connection_, stubs);
  if (rows == RowKnowledge::kKnown) {
    connection_.CopyFrom(source);
  } else {
    CopySchema(source, connection_);
    const SchemaImage image = Read();
    const bool all = FillTables(connection_, image, CheckRule::kIgnoreAtLast).empty();
    if (!all) connection_.Execute("PRAGMA ignore_check_constraints=ON");
  }
  connection_.Execute("PRAGMA foreign_keys=OFF; PRAGMA temp_store=MEMORY");
  connection_.SetTriggers(TriggerMode::kRest);
}

void Scratch::Run(const std::string& statement) {
  Statement prepared = connection_.Prepare(statement);
  while (prepared.Step()) {
  }
}

bool Scratch::IsEmpty(std::string_view table) {
  Statement any =
      connection_.Prepare(Concat("SELECT 1 FROM main.", QuoteIdentifier(table), " LIMIT 1"));
  return !any.Step();
}

void Scratch::Clear(std::string_view table) {
  Run(Concat("DELETE FROM main.", QuoteIdentifier(table)));
}

std::int64_t Scratch::CountNulls(std::string_view table, std::string_view column) {
  return connection_.QueryInteger(Concat("SELECT count(*) FROM main.", QuoteIdentifier(table),
                                         " WHERE ", QuoteIdentifier(column), " IS NULL"));
}

std::string Scratch::Integrity(std::string_view table) {
  return Join(
      connection_.QueryColumn(Concat("PRAGMA integrity_check(", QuoteIdentifier(table), ")")),
      "; ");
}

ForeignKeyGaps Scratch::Gaps() { return FindForeignKeyGaps(connection_); }

ForeignKeyGaps FindNewGaps(const ForeignKeyGaps& before, const ForeignKeyGaps& after,
                           const RenameMap& renames) {
  const auto new_name = [&](const std::string& name) {
    for (const TableRename& one : renames.tables) {
      if (ToLower(one.from) == name) return ToLower(one.to);
    }
    return name;
  };
  ForeignKeyGaps known;
  for (const auto& [key, count] : before) {
    known[{new_name(key.first), new_name(key.second)}] += count;
  }
  return FindMoreGaps(known, after);
}

Trial::Trial(Connection& database) : database_(database) {
  database_.Execute("SAVEPOINT drover_trial");
}

Trial::~Trial() {
  try {
    if (open_) Undo();
  } catch (const Error&) {  // only when the transaction is gone already
  }
}

void Trial::Undo() {
  open_ = false;
  database_.Execute("ROLLBACK TO drover_trial; RELEASE drover_trial");
}

void Trial::Keep() {
  database_.Execute("RELEASE drover_trial");
  open_ = false;
}

}  // namespace drover::migrations
