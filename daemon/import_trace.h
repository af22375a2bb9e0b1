// One command of Alembic's on a private database, and the script that does the same. Blocks; for
// workers.
#pragma once

#include <stop_token>
#include <string>
#include <vector>

#include "daemon/alembic_runner.h"
#include "migrations/alembic/trace.h"

namespace drover::daemon {

struct TraceRequest {
  const AlembicRunner& runner;  // must outlive the call
  std::string program;          // what is started, for messages
  std::string scratch_directory;
  migrations::TraceSetting setting;
};

/// Runs `alembic ARGUMENTS` on the database at `path`. Throws kRefused ("import.untraced": its
/// Python does not load drover's hook, or opens the database past it), and what
/// AlembicRunner::RunTraced() throws.
[[nodiscard]] migrations::TracedScript RunAndTranslate(const TraceRequest& request,
                                                       const std::vector<std::string>& arguments,
                                                       const std::string& path,
                                                       const std::stop_token& stop);

}  // namespace drover::daemon
