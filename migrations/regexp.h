// The SQL function regexp(pattern, text), which SQLite's operator `text REGEXP pattern` calls and
// does not bring along. Schemas of Django and SQLAlchemy use it in CHECKs and generated columns.
#pragma once

struct sqlite3;

namespace drover::migrations {

/// Adds regexp() to a connection: POSIX extended expressions (regex(7)) over the characters of
/// UTF-8 text, found anywhere in it, plus what many patterns borrow from Perl: \d \D \w \W \s \S \b
/// \t \n \r, inside brackets too where that makes sense. Null when an argument is null. A pattern
/// that cannot be compiled, or would mean something else than its author thinks, is an SQL error.
void AddRegexp(sqlite3* database);

}  // namespace drover::migrations
