// What one step of Alembic's does, recorded: Alembic carries it out on a private database, and the
// same is planned from the schemas before and after. Made-up rows tell what the schemas cannot:
// whether a column that is gone and one that is new are the same. Blocks; for workers.
#pragma once

#include <stop_token>
#include <string>
#include <vector>

#include "daemon/alembic_runner.h"
#include "migrations/alembic/native_file.h"
#include "migrations/alembic/native_proof.h"

namespace drover::daemon {

struct Recording {
  migrations::ImportedScript script;  // kNone when nothing could be recorded
  /// Why not; or why nobody can vouch for the rows: what the script drops, Alembic may have kept.
  std::vector<std::string> problems;
  std::vector<std::string> notes;  // what it does otherwise with made-up rows
};

struct RecordRequest {
  const AlembicRunner& runner;            // must outlive the call
  const migrations::ProofSetting& proof;  // must outlive the call
  std::string scratch_directory;
  std::string file;                    // of the revision, for messages
  std::string from;                    // a private database; stays as it is
  std::vector<std::string> arguments;  // of Alembic
  std::string begun{};  // SQL with which the step begins, as Alembic wrote it before it gave up
  bool writes_rows = false;  // its Python does: that rows differ is no surprise
};

/// Records the step. An Alembic that fails is a problem. Throws what else AlembicRunner::Run
/// throws, and as PlanRecorded().
[[nodiscard]] Recording Record(const RecordRequest& request, const std::stop_token& stop);

}  // namespace drover::daemon
