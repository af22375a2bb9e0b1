// What Alembic itself writes as SQL, for all revisions of a project with as few starts as possible.
// Blocks; for workers.
#pragma once

#include <map>
#include <stop_token>
#include <string>

#include "daemon/alembic_runner.h"
#include "migrations/plan.h"

namespace drover::daemon {

/// A revision at which Alembic gave up.
struct OfflineRefusal {
  std::string reason;  // as far as it says: "batch mode … requires a live database"; may be empty
  std::string begun;   // what it had written of it before
};

/// The scripts of one direction, without what Alembic writes for itself.
struct OfflineScripts {
  std::map<migrations::RevisionId, std::string> sql;
  std::map<migrations::RevisionId, OfflineRefusal> refused;
};

struct OfflineRequest {
  const AlembicRunner& runner;     // must outlive the call
  const migrations::Graph& graph;  // must outlive the call
  std::string version_table;
  std::string path;  // of a private database, for AlembicRunner::WriteSql()
};

/// Runs `alembic upgrade A:heads --sql`, or `downgrade A:base --sql`, from one end to the other and
/// again behind each revision at which Alembic gives up. A project that cannot be asked at all has
/// no scripts. Throws what AlembicRunner::WriteSql throws.
[[nodiscard]] OfflineScripts CollectOfflineScripts(const OfflineRequest& request,
                                                   migrations::Direction direction,
                                                   const std::stop_token& stop);

/// What Alembic had written of a revision before it gave up; empty for any other.
[[nodiscard]] std::string Begun(const OfflineScripts& scripts, const migrations::RevisionId& id);

/// Takes a revision whose Python works with rows for one at which Alembic gave up where that
/// begins: what it prints from there on is not what it does.
void DistrustRows(OfflineScripts& scripts, const migrations::RevisionId& id);

}  // namespace drover::daemon
