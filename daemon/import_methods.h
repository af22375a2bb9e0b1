// The method `import`: from Alembic's history to native migrations.
#pragma once

#include "daemon/service.h"

namespace drover::daemon {

/// Imports on a worker, with progress; can be cancelled until the files are written.
void HandleImport(Service& service, const CallPtr& call);

}  // namespace drover::daemon
