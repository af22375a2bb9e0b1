// Revisions that somebody has taken back without drover, `alembic downgrade -1` by hand say: a
// policy that brought them straight up again would undo it. Pure.
#pragma once

#include <cstddef>
#include <vector>

#include "daemon/observe.h"

namespace drover::daemon {

/// The environments, as indexes of `now.targets`, whose database is the same file as in `before`
/// and at less than it was there, while the migrations are what they were. What a job of drover's
/// has taken back is among them.
[[nodiscard]] std::vector<std::size_t> FindTakenBack(const Observation& before,
                                                     const Observation& now);

}  // namespace drover::daemon
