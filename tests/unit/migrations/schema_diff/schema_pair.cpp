#include "tests/unit/migrations/schema_diff/schema_pair.h"

#include <algorithm>
#include <exception>
#include <optional>
#include <utility>

#include "base/error.h"
#include "base/text.h"
#include "migrations/schema_diff/carry_out.h"
#include "migrations/schema_diff/proof.h"
#include "migrations/schema_diff/row_check.h"

namespace drover::migrations {
namespace {

/// One pair, with rows in the first schema.
class PairTrial {
 public:
  PairTrial(Connection& current, const DesiredSchema& desired, PairResult& result)
      : current_(current),
        desired_(desired),
        start_(SchemaReader("v").Read(current)),
        result_(result) {}

  void Run() {
    const SchemaPlanRequest request{
        .current = current_, .desired = desired_, .rows = RowKnowledge::kKnown};
    const SchemaPlan plan = PlanSchemaChange(request);
    result_.outcome = plan.outcome;
    result_.renamed = plan.renames.tables.size() + plan.renames.columns.size();
    Expect(plan.sql == PlanSchemaChange(request).sql, "determinism", "a second plan is another");
    Expect((plan.outcome == SchemaPlanOutcome::kNoop) == (start_ == desired_.image), "noop",
           "the plan is empty, or is not, against what the schemas say");
    if (plan.outcome == SchemaPlanOutcome::kOk) Succeeds(request, plan);
    if (plan.outcome == SchemaPlanOutcome::kDataError) Fails(plan);
    ProveForUnknownRows();
  }

 private:
  void Expect(bool holds, std::string_view property, std::string_view message) {
    if (!holds) result_.problems.push_back(Concat(property, ": ", message));
  }

  Connection Session() {
    Connection session("", OpenMode::kMemory);
    session.CopyFrom(current_);
    session.Execute("PRAGMA foreign_keys=ON");
    return session;
  }

  void Succeeds(const SchemaPlanRequest& request, const SchemaPlan& plan) {
    Connection session = Session();
    CarryOut(session, plan.sql, plan.renames);
    Expect(SchemaReader("v").Read(session) == desired_.image, "result", plan.sql);
    RowExpectation expected{.renames = plan.renames};
    for (const SchemaChange& change : plan.changes) {
      if (change.facet == "type") {
        expected.columns.insert(ToLower(Concat(change.object, ".", change.part)));
      }
    }
    for (const std::string& changed : FindChangedRows(current_, session, expected)) {
      Expect(false, "rows", Concat(changed, "\n", plan.sql));
    }
    if (FindDamage(current_).empty()) {
      Expect(FindDamage(session).empty(), "damage", plan.sql);
    }
    const SchemaDownPlan down = PlanWayBack(request, plan);
    if (down.plan.outcome != SchemaPlanOutcome::kOk) return;
    CarryOut(session, down.plan.sql, down.plan.renames);
    Expect(SchemaReader("v").Read(session) == start_, "way back", down.plan.sql);
  }

  void Fails(const SchemaPlan& plan) {
    Connection session = Session();
    const std::string before = ContentDigest(session);
    try {
      CarryOut(session, plan.sql, plan.renames);
      Expect(false, "data error", Concat("it succeeds all the same\n", plan.sql));
    } catch (const Error&) {
      Expect(ContentDigest(session) == before, "failure", "it has changed something");
    }
  }

  void ProveForUnknownRows() {
    const SchemaPlanRequest request{.current = current_, .desired = desired_};
    const SchemaPlan plan = PlanSchemaChange(request);
    if (plan.outcome != SchemaPlanOutcome::kOk) return;
    const SchemaDownPlan down = PlanWayBack(request, plan);
    for (const ProofProblem& problem : ProveSchemaChange(request, plan, down).problems) {
      Expect(false, problem.property, Concat(problem.message, "\n", plan.sql, "\n", down.plan.sql));
    }
  }

  Connection& current_;
  const DesiredSchema& desired_;
  SchemaImage start_;
  PairResult& result_;
};

std::optional<DesiredSchema> LoadSide(const std::string& sql, PairResult& result) {
  try {
    return LoadDesiredSchema({.sql = sql, .file = "schema.sql"});
  } catch (const Error& error) {
    result.valid = false;
    if (error.code != Code::kInvalid || error.where.empty()) {
      result.problems.push_back(Concat("refusal: ", error.kind, " ", error.message));
    }
    return std::nullopt;
  }
}

/// Tries one change after the other; keeps those after which it still fails.
class Shrinker {
 public:
  Shrinker(MadePair pair, const std::function<bool(const SchemaPair&)>& fails)
      : pair_(std::move(pair)), fails_(fails) {}

  MadePair Run() {
    do {
      smaller_ = false;
      for (const auto side : {&MadePair::from, &MadePair::to}) {
        ForEachIndex([&](MadePair & p) -> auto& { return (p.*side).tables; });
        ForEachIndex([&](MadePair & p) -> auto& { return (p.*side).extras; });
        for (std::size_t t = 0; t < (pair_.*side).tables.size(); ++t) ShrinkTable(side, t);
      }
      ForEachIndex([](MadePair & p) -> auto& { return p.rows; });
    } while (smaller_);
    return std::move(pair_);
  }

 private:
  void ShrinkTable(MadeSchema MadePair::*side, std::size_t t) {
    ForEachIndex([&](MadePair & p) -> auto& { return (p.*side).tables[t].columns; });
    ForEachIndex([&](MadePair & p) -> auto& { return (p.*side).tables[t].constraints; });
    for (std::size_t c = 0; c < (pair_.*side).tables[t].columns.size(); ++c) {
      ForEachIndex([&](MadePair & p) -> auto& {
        return (p.*side).tables[t].columns[c].constraints;
      });
    }
    MadePair plain = pair_;
    plain.*side = pair_.*side;
    (plain.*side).tables[t].options.clear();
    if ((pair_.*side).tables[t].options.empty()) return;
    Accept(std::move(plain));
  }

  /// Leaves out one element of a list after the other, from the last.
  template <class List>
  void ForEachIndex(List&& list) {
    for (std::size_t i = list(pair_).size(); i-- > 0;) {
      MadePair without = pair_;
      list(without).erase(list(without).begin() + static_cast<std::ptrdiff_t>(i));
      Accept(std::move(without));
    }
  }

  void Accept(MadePair without) {
    if (!fails_(without.Text())) return;
    pair_ = std::move(without);
    smaller_ = true;
  }

  MadePair pair_;
  const std::function<bool(const SchemaPair&)>& fails_;
  bool smaller_ = false;
};

}  // namespace

PairResult TryPair(const SchemaPair& pair) {
  PairResult result;
  try {
    const std::optional<DesiredSchema> from = LoadSide(pair.from, result);
    const std::optional<DesiredSchema> to = LoadSide(pair.to, result);
    if (!from || !to) return result;
    Connection current("", OpenMode::kMemory);
    current.Execute(pair.from);
    for (const std::string& row : pair.rows) {
      try {
        current.Execute(row);
      } catch (const Error&) {  // STRICT, a constraint
      }
    }
    PairTrial(current, *to, result).Run();
  } catch (const Error& error) {
    result.problems.push_back(Concat("exception: ", error.kind, " ", error.message));
  } catch (const std::exception& error) {
    result.problems.push_back(Concat("exception: ", error.what()));
  }
  return result;
}

std::string FormatPair(const SchemaPair& pair) {
  std::string text = Concat("-- from\n", pair.from, "-- to\n", pair.to, "-- rows\n");
  for (const std::string& row : pair.rows) text += Concat(row, ";\n");
  return text;
}

SchemaPair ParsePair(std::string_view text) {
  SchemaPair pair;
  std::string* section = nullptr;
  std::string rows;
  for (const std::string_view line : SplitLines(text)) {
    if (line == "-- from") {
      section = &pair.from;
    } else if (line == "-- to") {
      section = &pair.to;
    } else if (line == "-- rows") {
      section = &rows;
    } else if (section != nullptr) {
      *section += Concat(line, "\n");
    }
  }
  for (const std::string_view line : SplitLines(rows)) {
    if (!Trim(line).empty()) pair.rows.emplace_back(line.substr(0, line.rfind(';')));
  }
  return pair;
}

MadePair Shrink(MadePair pair, const std::function<bool(const SchemaPair&)>& fails) {
  return Shrinker(std::move(pair), fails).Run();
}

}  // namespace drover::migrations
