#include "daemon/recovery.h"

#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/posix.h"
#include "base/text.h"
#include "daemon/log.h"
#include "migrations/inspect.h"
#include "migrations/schema.h"
#include "migrations/sqlite.h"
#include "migrations/turn.h"

namespace drover::daemon {
namespace {

std::vector<std::string> RowsAfterRollback(const std::string& path) {
  if (!StatFile(path)) return {};
  migrations::RollBackHotJournal(path);
  migrations::Connection connection(path, migrations::OpenMode::kRead);
  const std::vector<std::string> tables = connection.QueryColumn(
      // A version table has this column and no other.
      "SELECT m.name FROM sqlite_schema m JOIN pragma_table_xinfo(m.name) x "
      "WHERE m.type = 'table' GROUP BY m.name HAVING count(*) = 1 AND x.name = 'version_num'");
  if (tables.empty()) return {};
  return migrations::ReadVersionRows(connection, tables.front());
}

Finding Recover(Journal& journal, JournalEntry intent) {
  Finding finding{.code = "interrupted-job",
                  .severity = "info",
                  .environment = intent.environment,
                  .message = {},
                  .ground = "seen",
                  .fix = std::nullopt,
                  .where = std::nullopt};
  const std::string began = Concat("the ", intent.command, " of ", intent.environment, " begun at ",
                                   intent.at, " was interrupted; ");
  try {
    const std::vector<std::string> rows = RowsAfterRollback(intent.target);
    // Its rows do not tell whether the content of a database is the old or the new one.
    const bool replaces = intent.command == "restore" || intent.command == "reset" ||
                          intent.command == "adopt" || intent.command == "drift-fix";
    const bool half = intent.tool == "alembic" && rows == intent.from;
    const bool at_work = half && migrations::Turn(intent.target).IsTaken();
    const std::string_view found =
        at_work ? "Alembic goes on without drover; so far the database is at "
        : half ? "Alembic has no transaction, so a part of it may be there: the version table says "
        : replaces            ? "it took place entirely or not at all: the database is at "
        : rows == intent.from ? "nothing of it remains: the database is still at "
                              : "the database is complete up to ";
    finding.message = Concat(began, found, rows.empty() ? std::string("base") : Join(rows, ", "));
    if (replaces || half) finding.fix = "drover backups";
    if (half && !at_work) finding.severity = "warning";
    intent.to = rows;
  } catch (const Error& error) {
    finding.severity = "error";
    finding.message = Concat(began, "the database cannot be read: ", error.message);
    if (!error.hint.empty()) finding.fix = error.hint;
  }
  intent.what = "recovered";
  intent.at = FormatUtcMilliseconds(WallNow());
  intent.pid = getpid();
  intent.message = finding.message;
  Log(LogLevel::kWarning, finding.message, {{"job", intent.job}});
  journal.Append(intent);
  return finding;
}

}  // namespace

std::vector<Finding> RecoverJobs(Journal& journal, const std::string& project) {
  std::vector<Finding> findings;
  try {
    for (const JournalEntry& intent : journal.OpenIntents()) {
      if (intent.project == project) findings.push_back(Recover(journal, intent));
    }
  } catch (const Error& error) {
    Log(LogLevel::kError, "the journal cannot be read", {{"err", error.message}});
  }
  return findings;
}

}  // namespace drover::daemon
