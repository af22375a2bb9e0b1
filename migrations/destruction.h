// What data a plan would destroy, found out by running its schema changes on a private, empty copy
// of the database's schema: what SQLite says a statement touches, and which tables and columns are
// there afterwards. sql_text.h has the rule of thumb that goes by the text alone.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/plan_documents.h"
#include "migrations/revision.h"
#include "migrations/stubs.h"

namespace drover::migrations {

/// By revision, in no particular order within one.
using DestructionByRevision = std::map<RevisionId, std::vector<Destruction>>;

/// Would the step lose data, rather than a view, a trigger or an index that can be made again, or
/// an old value? This is what safety.destructive is about.
[[nodiscard]] bool LosesData(const Destruction& destruction);

/// Can the script drop, delete or replace anything? Goes by single words, so it is cheap and says
/// yes too often.
[[nodiscard]] bool MayDestroy(std::string_view sql);

/// What `scripts`, run in this order on a database with this schema (CREATE statements, tables
/// first), would destroy, one answer for each script: "drop table", "drop column", "delete rows",
/// "update rows" (a column that was there before), "drop view", "drop trigger", "drop index". A
/// table that is rebuilt (create, copy, drop, rename) loses only the columns that are missing
/// afterwards. What a script itself has created does not count. Without a script that may destroy
/// there is no replay, and overwritten columns are found in the text. Where the replay cannot
/// follow (a function that is no stub either, a statement that fails on an empty table) that script
/// and all later ones are judged by their text. Runs no statement that changes rows, and touches no
/// file.
[[nodiscard]] std::vector<std::vector<Destruction>> ClassifyDestruction(
    std::span<const Script* const> scripts, std::span<const std::string> schema,
    const Stubs& stubs);

}  // namespace drover::migrations
