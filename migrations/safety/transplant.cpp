#include "migrations/safety/transplant.h"

#include "base/error.h"
#include "base/posix.h"
#include "base/text.h"

namespace drover::migrations {

Soundness CheckSoundness(Connection& connection) {
  try {
    const std::string verdict = connection.QueryText("PRAGMA quick_check(1)").value_or("ok");
    return {.damage = verdict == "ok" ? std::string() : verdict, .unchecked = {}};
  } catch (const Error& error) {
    if (error.code == Code::kCorrupt) return {.damage = error.message, .unchecked = {}};
    if (error.code != Code::kInvalid) throw;
    return {.damage = {}, .unchecked = error.message};
  }
}

void CheckIntegrity(Connection& source) {
  const std::string damage = CheckSoundness(source).damage;
  if (damage.empty()) return;
  throw Error(Code::kCorrupt, "database.damaged", Concat("the database is damaged: ", damage));
}

void Transplant(Connection& source, const std::string& live,
                const std::function<void(Connection&)>& keep) {
  const bool exists = StatFile(live).has_value();
  Connection connection(live, exists ? OpenMode::kWrite : OpenMode::kCreate);
  // In this mode the lock that a transaction takes is kept until the connection ends.
  (void)connection.QueryText("PRAGMA locking_mode=EXCLUSIVE");
  connection.Execute("PRAGMA synchronous=EXTRA");
  connection.Execute("BEGIN EXCLUSIVE");
  connection.Execute("COMMIT");
  if (exists) keep(connection);
  connection.CopyFrom(source);
}

}  // namespace drover::migrations
