// Is what a migration makes a function of the migrations alone? Not when it stores a random number,
// the time, or what it has found out about the run that it is part of.
#pragma once

#include <string_view>

#include "migrations/sqlite.h"

namespace drover::migrations {

/// From now on every function of SQLite's fails on this connection whose value may be another one
/// the next time: random(), the functions of date and time, CURRENT_TIMESTAMP and its kin, also
/// where they are a column's default, and changes(). Only when it is called: a default that nobody
/// needs does no harm. Date functions always count, even of a fixed time; where SQLite wants a
/// function that is the same each time (an index, a CHECK, a generated column), they are refused.
/// Throws kInternal.
void RefuseUnrepeatable(Connection& connection);

/// May the script read what is different in each run without calling a function: the history, a
/// PRAGMA's table, the layout of the file? Goes by its words; true also in doubt.
[[nodiscard]] bool LooksAround(std::string_view sql);

}  // namespace drover::migrations
