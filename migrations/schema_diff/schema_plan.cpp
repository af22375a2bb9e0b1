#include "migrations/schema_diff/schema_plan.h"

#include <algorithm>
#include <iterator>

#include "base/error.h"
#include "base/text.h"
#include "migrations/schema_diff/planner.h"

namespace drover::migrations {

std::string_view OutcomeName(SchemaPlanOutcome outcome) {
  switch (outcome) {
    case SchemaPlanOutcome::kOk:
      return "ok";
    case SchemaPlanOutcome::kNoop:
      return "noop";
    case SchemaPlanOutcome::kBlocked:
      return "blocked";
    case SchemaPlanOutcome::kDataError:
      return "data_error";
  }
  return "ok";
}

SchemaPlan PlanSchemaChange(const SchemaPlanRequest& request) {
  return SchemaPlanner(request).Run();
}

SchemaDownPlan PlanWayBack(const SchemaPlanRequest& request, const SchemaPlan& up) {
  SchemaDownPlan down;
  if (up.outcome == SchemaPlanOutcome::kNoop) return down;
  if (up.outcome != SchemaPlanOutcome::kOk) {
    throw Error(Code::kInvalid, "schema.no_way_back", "a script that cannot run has no way back");
  }
  Scratch result(request.current, request.rows, request.version_table, request.stubs);
  if (request.rows == RowKnowledge::kUnknown) {
    // The synthetic rows need not fit the new schema: only its objects count here.
    for (const auto& object : result.Read().objects) {
      if (object->facts) result.Clear(object->name);
    }
  }
  result.connection().Execute(up.sql);
  const DesiredSchema start =
      SchemaOfDatabase(request.current, request.version_table, request.stubs);
  SchemaPlanRequest back{.current = result.connection(),
                         .desired = start,
                         .rows = request.rows,
                         .nulls = NullsRule::kFail,
                         .version_table = request.version_table,
                         .stubs = request.stubs};
  const RenameMap inverted = Inverted(up.renames);
  for (const TableRename& one : inverted.tables) {
    back.renames.push_back({.table = one.to, .column = "", .from = one.from});
  }
  for (const ColumnRename& one : inverted.columns) {
    back.renames.push_back({.table = one.table, .column = one.to, .from = one.from});
  }
  down.plan = PlanSchemaChange(back);
  down.not_restored = up.destructive;
  if (!down.plan.sql.empty()) {
    std::string marks;
    for (const Destruction& loss : down.not_restored) {
      marks += Concat("-- drover: irreversible-data: ", loss.kind, " ", OneLine(loss.object), "\n");
    }
    down.plan.sql.insert(0, marks);
  }
  return down;
}

}  // namespace drover::migrations
