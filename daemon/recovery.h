// After a crash: resolves the jobs that were begun and never ended, by looking at the databases
// themselves. Runs on a worker, before the project's first look.
#pragma once

#include <string>
#include <vector>

#include "base/error_documents.h"
#include "daemon/journal.h"

namespace drover::daemon {

/// Closes every open intent of `project`: opens its database, which lets SQLite roll back what the
/// killed job had begun, and records what is there. One finding ("interrupted-job") per intent.
/// Never throws.
[[nodiscard]] std::vector<Finding> RecoverJobs(Journal& journal, const std::string& project);

}  // namespace drover::daemon
