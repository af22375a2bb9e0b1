#include "migrations/transplant.h"

#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <unistd.h>

#include "base/error.h"
#include "base/posix.h"
#include "base/text.h"

namespace drover::migrations {
namespace {

/// A copy that nobody has open: a raw descriptor of it drops no lock.
void Sync(const std::string& path) {
  const UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd || fsync(fd.get()) != 0) throw SystemError("sync", path, errno);
}

void Keep(Connection& live, const std::string& to) {
  // Under its name there is never half a copy.
  const std::string part = to + ".part";
  CreateFile(part, "", 0600);
  {
    Connection copy(part, OpenMode::kWrite);
    copy.Execute("PRAGMA synchronous=OFF");
    copy.CopyFrom(live);
    // A copy in WAL mode would want a directory to be written to, just to be read.
    (void)copy.QueryText("PRAGMA journal_mode=DELETE");
  }
  Sync(part);
  if (rename(part.c_str(), to.c_str()) != 0) throw SystemError("rename", part, errno);
  SyncDirectory(DirectoryName(to));
}

}  // namespace

void CheckIntegrity(Connection& source) {
  std::string verdict;
  try {
    verdict = source.QueryText("PRAGMA quick_check(1)").value_or("ok");
  } catch (const Error& error) {
    if (error.code != Code::kInvalid) throw;
    return;
  }
  if (verdict == "ok") return;
  throw Error(Code::kCorrupt, "database.damaged", Concat("the database is damaged: ", verdict));
}

void Transplant(Connection& source, const std::string& live,
                const std::function<std::string()>& keep) {
  const bool exists = StatFile(live).has_value();
  Connection connection(live, exists ? OpenMode::kWrite : OpenMode::kCreate);
  // In this mode the lock that a transaction takes is kept until the connection ends.
  (void)connection.QueryText("PRAGMA locking_mode=EXCLUSIVE");
  connection.Execute("PRAGMA synchronous=EXTRA");
  connection.Execute("BEGIN EXCLUSIVE");
  connection.Execute("COMMIT");
  if (exists) Keep(connection, keep());
  connection.CopyFrom(source);
}

}  // namespace drover::migrations
