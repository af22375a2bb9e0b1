#include "migrations/schema_diff/proof.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "base/error.h"
#include "base/text.h"
#include "migrations/schema_diff/carry_out.h"
#include "migrations/schema_diff/row_check.h"
#include "migrations/schema_diff/synthetic.h"
#include "migrations/schema_diff/validate.h"

namespace drover::migrations {
namespace {

/// Rows of a table that are kept, by rowid; a table that is not named keeps all.
using KeptRows = std::map<std::string, std::set<std::int64_t>>;

/// Makes the proof of one plan; used once.
class SchemaProver {
 public:
  SchemaProver(const SchemaPlanRequest& request, const SchemaPlan& up, const SchemaDownPlan& down)
      : request_(request), up_(up), down_(down), filled_("", OpenMode::kMemory) {
    RegisterStubs(filled_, request.stubs);
    CopySchema(request.current, filled_);
    start_ = ImageIn(filled_);
    proof_.without_rows = FillTables(filled_, start_, CheckRule::kObey);
  }

  SchemaProof Run() {
    ProveEmptiness();
    if (up_.outcome == SchemaPlanOutcome::kNoop) return std::move(proof_);
    if (!FitRows()) return std::move(proof_);
    Connection session = Session(kept_);
    CarryOut(session, up_.sql, up_.renames);
    const SchemaImage result = ImageIn(session);
    Demand(result == request_.desired.image, "P1", "the result is not the wanted schema");
    CrossCheck(result);
    Demand(IsNoop(session, request_.desired), "P2", "the result still has something to plan");
    ProveRows(session);
    ProveSoundness(session);
    ProveAbort();
    ProveWayBack(session);
    return std::move(proof_);
  }

 private:
  [[nodiscard]] SchemaImage ImageIn(Connection& database) const {
    return SchemaReader(request_.version_table).Read(database);
  }

  void Demand(bool holds, std::string_view property, std::string message) {
    if (!holds) {
      proof_.problems.push_back({.property = std::string(property), .message = std::move(message)});
    }
  }

  [[nodiscard]] bool IsNoop(Connection& current, const DesiredSchema& desired) const {
    const SchemaPlan plan = PlanSchemaChange({.current = current,
                                              .desired = desired,
                                              .rows = RowKnowledge::kKnown,
                                              .version_table = request_.version_table,
                                              .stubs = request_.stubs});
    return plan.outcome == SchemaPlanOutcome::kNoop && plan.sql.empty();
  }

  /// As an application would have it open, foreign keys enforced, with some of the synthetic rows.
  Connection Session(const KeptRows& kept) {
    Connection session("", OpenMode::kMemory);
    RegisterStubs(session, request_.stubs);
    session.CopyFrom(filled_);
    session.SetTriggers(TriggerMode::kRest);
    for (const auto& [table, rows] : kept) {
      std::vector<std::string> ids;
      for (const std::int64_t row : rows) ids.push_back(Concat(row));
      const std::string filter =
          ids.empty() ? "" : Concat(" WHERE _rowid_ NOT IN (", Join(ids, ", "), ")");
      session.Execute(Concat("DELETE FROM main.", QuoteIdentifier(table), filter));
    }
    session.SetTriggers(TriggerMode::kFire);
    session.Execute("PRAGMA foreign_keys=ON");
    return session;
  }

  std::optional<std::string> Failure(const KeptRows& kept) {
    Connection session = Session(kept);
    try {
      CarryOut(session, up_.sql, up_.renames);
      return std::nullopt;
    } catch (const Error& error) {
      return error.message;
    }
  }

  /// Leaves out the rows that the new schema does not allow. False when even no rows do not help.
  bool FitRows() {
    std::vector<std::string> tables;
    for (const auto& object : start_.objects) {
      if (object->facts) tables.push_back(object->name);
    }
    std::vector<std::string> emptied;
    std::optional<std::string> failure = Failure(kept_);
    for (auto table = tables.begin(); failure && table != tables.end(); ++table) {
      kept_[*table] = {};
      emptied.push_back(*table);
      failure = Failure(kept_);
    }
    if (failure) {
      Demand(false, "P1", Concat("the script fails: ", *failure));
      return false;
    }
    for (const std::string& table : emptied) PutRowsBack(table);
    return true;
  }

  void PutRowsBack(const std::string& table) {
    const SchemaObject* object = start_.Find("table", table);
    std::vector<std::string> rows;
    if (!object->facts->Is("without rowid") && object->facts->Find("_rowid_") == nullptr) {
      rows = filled_.QueryColumn(
          Concat("SELECT _rowid_ FROM main.", QuoteIdentifier(table), " ORDER BY 1"));
    }
    for (const std::string& row : rows) {
      const std::int64_t id = ParseInteger(row).value_or(0);
      kept_[table].insert(id);
      if (Failure(kept_)) kept_[table].erase(id);
    }
    if (kept_[table].empty()) proof_.without_rows.push_back(table);
  }

  void ProveRows(Connection& after) {
    RowExpectation expected;
    expected.renames = up_.renames;
    expected.version_table = request_.version_table;
    for (const TableCopy& copy : up_.copies) {
      for (const CopiedColumn& column : copy.columns) {
        if (column.how == CopiedColumn::How::kConverted ||
            column.how == CopiedColumn::How::kBackfilled) {
          expected.columns.insert(ToLower(Concat(copy.table, ".", column.to)));
        }
      }
    }
    for (const Destruction& loss : up_.destructive) {
      if (loss.kind == "drop table") expected.tables.insert(ToLower(loss.object));
    }
    Connection before = Session(kept_);
    for (const std::string& table : FindChangedRows(before, after, expected)) {
      Demand(false, "P4", Concat("table ", table, " does not have the rows that it had"));
    }
  }

  void ProveSoundness(Connection& after) {
    // A generated column may break STRICT before the script as well as after it.
    if (FindDamage(filled_).empty()) {
      const std::string damage = Join(FindDamage(after), "; ");
      Demand(damage.empty(), "P5", Concat("integrity_check: ", damage));
    }
    for (const BrokenObject& broken : FindBrokenObjects(after)) {
      Demand(false, "P5", Concat(broken.type, " ", broken.name, ": ", broken.message));
    }
  }

  void ProveAbort() {
    Connection session = Session(kept_);
    const std::string before = ContentDigest(session);
    bool failed = false;
    try {
      CarryOut(session, Concat(up_.sql, "\nSELECT * FROM main.__drover_no_such_table;"));
    } catch (const Error&) {
      failed = true;
    }
    Demand(failed && ContentDigest(session) == before, "P6",
           "a script that fails at its end has changed something");
  }

  void ProveWayBack(Connection& session) {
    if (down_.plan.outcome != SchemaPlanOutcome::kOk) return;
    std::optional<Error> failure;
    for (int attempt = 0; attempt < 2; ++attempt) {
      try {
        CarryOut(session, down_.plan.sql, down_.plan.renames);
        Demand(ImageIn(session) == start_, "P3", "the way back leads somewhere else");
        return;
      } catch (const Error& error) {
        failure = error;
      }
      // What the new schema allowed, the old one may not: then only the schema is compared.
      session.Execute("PRAGMA foreign_keys=OFF");
      session.SetTriggers(TriggerMode::kRest);
      for (const auto& object : ImageIn(session).objects) {
        if (object->facts) {
          session.Execute(Concat("DELETE FROM main.", QuoteIdentifier(object->name)));
        }
      }
    }
    Demand(false, "P3", Concat("the way back fails: ", failure->message));
  }

  void ProveEmptiness() {
    DesiredSchema start = SchemaOfDatabase(filled_, request_.version_table, request_.stubs);
    Demand(IsNoop(*start.database, start), "P7",
           "from the old schema to itself there is something to plan");
    Demand(IsNoop(*request_.desired.database, request_.desired), "P7",
           "from the new schema to itself there is something to plan");
  }

  const SchemaPlanRequest& request_;
  const SchemaPlan& up_;
  const SchemaDownPlan& down_;
  Connection filled_;
  SchemaImage start_;
  KeptRows kept_;
  SchemaProof proof_;
};

}  // namespace

SchemaProof ProveSchemaChange(const SchemaPlanRequest& request, const SchemaPlan& up,
                              const SchemaDownPlan& down) {
  if (up.outcome != SchemaPlanOutcome::kOk && up.outcome != SchemaPlanOutcome::kNoop) return {};
  return SchemaProver(request, up, down).Run();
}

}  // namespace drover::migrations
