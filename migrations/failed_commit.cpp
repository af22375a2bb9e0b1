#include "migrations/failed_commit.h"

#include "base/posix.h"
#include "base/text.h"

namespace drover::migrations {
namespace {

/// After the last connection has closed. In WAL mode, with the log gone, SQLite has synced and
/// copied it; in rollback mode the commit is the removal of a name.
bool IsDurable(const std::string& path, bool wal) {
  try {
    if (wal) return !StatFile(path + "-wal");
    SyncDirectory(DirectoryName(path));
    return true;
  } catch (const Error&) {
    return false;
  }
}

}  // namespace

bool SurvivedFailedCommit(const std::string& path, const Error& failure,
                          const std::function<bool(Connection&)>& is_there) {
  bool wal = false;
  try {
    Connection connection(path, OpenMode::kWrite);
    if (!is_there(connection)) return false;
    wal = connection.IsWal();
  } catch (const Error&) {
    return false;  // what failed first is what the user must read
  }
  if (IsDurable(path, wal)) return true;
  throw Error(failure.code, "sqlite.not_durable",
              Concat(failure.message,
                     "; all of it is in the database, but it may not survive a power failure"),
              "check the disk, then: drover status", failure.where);
}

}  // namespace drover::migrations
