// One pair of schemas with rows in the first, what must hold of the way between them, and the
// smallest pair that still breaks it.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "migrations/schema_diff/schema_plan.h"
#include "tests/unit/migrations/schema_diff/schema_generator.h"

namespace drover::migrations {

/// Text as it is kept in tests/cases/schema_pairs.
struct SchemaPair {
  std::string from;
  std::string to;
  std::vector<std::string> rows;  // statements; those that do not fit are left out
};

struct PairResult {
  SchemaPlanOutcome outcome = SchemaPlanOutcome::kNoop;
  std::size_t renamed = 0;
  bool valid = true;                  // false: one of the schemas is none, and nothing was tried
  std::vector<std::string> problems;  // "result: …", "rows: …"; empty: everything holds
};

/// Plans the way, carries it out with the rows, and goes back. Never throws: an exception is a
/// problem.
[[nodiscard]] PairResult TryPair(const SchemaPair& pair);

/// "-- from", "-- to" and "-- rows" sections. Parsing reads what formatting writes.
[[nodiscard]] std::string FormatPair(const SchemaPair& pair);
[[nodiscard]] SchemaPair ParsePair(std::string_view text);

/// A pair before it is text, so that it can be made smaller in a way that makes sense.
struct MadePair {
  MadeSchema from;
  MadeSchema to;
  std::vector<std::string> rows;

  [[nodiscard]] SchemaPair Text() const { return {from.Sql(), to.Sql(), rows}; }
};

/// Leaves out tables, columns, constraints, indexes, views, triggers and rows, on both sides or on
/// one, as long as `fails` says yes: nothing that is left can be left out alone.
[[nodiscard]] MadePair Shrink(MadePair pair, const std::function<bool(const SchemaPair&)>& fails);

}  // namespace drover::migrations
