// Runs one script of a migration, statement by statement, splitting with SQLite's own parser and
// refusing what would break the promise "entirely before or entirely after".
#pragma once

#include <cstddef>
#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "migrations/revision.h"
#include "migrations/sqlite.h"

namespace drover::migrations {

struct ScriptRun {
  std::size_t statements = 0;
  std::vector<std::string> notices;  // things that were accepted but had no effect
  bool changes_connection = false;   // PRAGMAs or TEMP objects that outlive the script
};

/// Is told that statement number `statement` of `statements` is running: first after 200 ms, then
/// at most every 50 ms, from within long statements too. Must not throw.
using ScriptObserver = std::function<void(std::size_t statement, std::size_t statements)>;

/// Runs `script` on a connection; with script.transaction, inside the transaction the caller began.
/// Every error carries file:line:column and the statement. Refused (kRefused, "sql.refused") inside
/// a transaction: BEGIN, COMMIT, ROLLBACK, ATTACH, DETACH, and VACUUM, and PRAGMAs that SQLite
/// ignores or refuses there. Accepted with a notice: "PRAGMA foreign_keys" as first (OFF) and last
/// (ON) statement, and a BEGIN … COMMIT around everything else, which is left out. Without a
/// transaction only ATTACH, DETACH and VACUUM INTO are refused.
/// Throws kInvalid: "malformed_migration" for a NUL byte, "sql.unterminated" for a string or
/// comment that never ends, "sql.foreign_command" for what belongs to another program (".read", GO,
/// DELIMITER), "sql.implicit_rollback" when a statement ended the transaction behind our back;
/// kCancelled when `stop` is requested; otherwise what SQLite says, as Connection::Execute.
ScriptRun RunScript(Connection& connection, const Script& script, const std::string& file,
                    const std::stop_token& stop, const ScriptObserver& observer = {});

/// The same, but every statement is prepared and only those that can change the schema are run: no
/// rows are read or written.
ScriptRun RunSchemaStatements(Connection& connection, const Script& script, const std::string& file,
                              const std::stop_token& stop);

/// The part of those refusals that the text alone decides, for scripts that another program will
/// run: transaction control, ATTACH, commands of other programs, what is never closed. Throws the
/// same errors.
void CheckScriptText(const Script& script, const std::string& file);

}  // namespace drover::migrations
