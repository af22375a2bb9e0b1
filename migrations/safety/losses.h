// What a plan has taken from a database, told by its content before and afterwards. Pure.
#pragma once

#include <span>
#include <vector>

#include "base/plan_documents.h"
#include "base/safety_documents.h"
#include "migrations/safety/content.h"

namespace drover::migrations {

/// What the plan that leads from one content to the other does without saying so: rows of tables
/// that still exist, values that are in another column, triggers, references. `destructive` is
/// what its statements say. A column whose values are all the same is never found in another one.
[[nodiscard]] std::vector<RehearsalProblem> CompareContent(
    const DatabaseContent& before, const DatabaseContent& after,
    std::span<const Destruction> destructive);

/// Tables that held rows, and columns that held values, that are there before and not after.
[[nodiscard]] std::vector<RehearsalProblem> FindLostObjects(const DatabaseContent& before,
                                                            const DatabaseContent& after);

/// Of a plan that goes down and up again: tables, columns and rows that are gone where it turns and
/// do not come back with the same values. A table made anew is empty, however alike it looks.
[[nodiscard]] std::vector<RehearsalProblem> FindLostOnTheWay(const DatabaseContent& before,
                                                             const DatabaseContent& turn,
                                                             const DatabaseContent& after);

}  // namespace drover::migrations
