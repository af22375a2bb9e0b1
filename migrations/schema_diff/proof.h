// A planned script is not believed but proven: carried out in private databases, with rows that
// nobody wrote, forwards and back.
#pragma once

#include <string>
#include <vector>

#include "migrations/schema_diff/schema_plan.h"

namespace drover::migrations {

/// The properties of a plan:
/// P1  the way up leads to the wanted schema, text and facts;
/// P2  from there, nothing is left to plan;
/// P3  the way back leads to where it began;
/// P4  every row is kept, with its rowid and the types of its values, but for what the plan says;
/// P5  nothing is damaged: integrity, foreign keys, views and triggers;
/// P6  a script that fails at its end changes nothing;
/// P7  from a schema to itself there is nothing to plan.
struct ProofProblem {
  std::string property;  // "P4"
  std::string message;
  bool operator==(const ProofProblem&) const = default;
};

struct SchemaProof {
  std::vector<ProofProblem> problems;     // empty: proven
  std::vector<std::string> without_rows;  // tables for which no row could be found that fits both
                                          // schemas: P4 says nothing about them
};

/// Proves `up` and `down`, which were planned for `request`. Plans that are blocked prove nothing
/// and give no problems. Reads only the schema of `request.current`. Throws like
/// Connection::Execute for what is none of the plan's business.
[[nodiscard]] SchemaProof ProveSchemaChange(const SchemaPlanRequest& request, const SchemaPlan& up,
                                            const SchemaDownPlan& down);

}  // namespace drover::migrations
