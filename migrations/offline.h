// A plan as a script for the plain sqlite3 program: the same transactions, version rows and history
// rows as if drover had carried it out. Pure.
#pragma once

#include <string>

#include "migrations/history.h"
#include "migrations/plan.h"

namespace drover::migrations {

/// Run it with `sqlite3 -bail FILE`, so that a failing statement stops it inside its transaction.
/// Throws what CheckScriptText throws: the other program would carry out what drover refuses.
/// `applied_at` (UTC) is written into the history rows.
[[nodiscard]] std::string OfflineScript(const Plan& plan, std::string_view version_table,
                                        const AppliedBy& by, const std::string& applied_at);

/// The same for a stamp: one transaction that changes the rows and notes it in the history. `plan`
/// comes from PlanStamp() on `graph`.
[[nodiscard]] std::string StampScript(const Plan& plan, const Graph& graph,
                                      std::string_view version_table, const AppliedBy& by,
                                      const std::string& applied_at);

}  // namespace drover::migrations
