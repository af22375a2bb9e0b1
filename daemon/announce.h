// What subscribers are told when the view of a project has changed. Pure: two views in, events out.
#pragma once

#include <vector>

#include "base/daemon_documents.h"
#include "base/stray_documents.h"
#include "daemon/view.h"

namespace drover::daemon {

/// The events "config", "state", "pending" and "finding" that lead from `before` (null: nothing was
/// known) to `now`. `at` and `project` are left to the caller.
[[nodiscard]] std::vector<EventDocument> AnnounceChanges(const View* before, const View& now);

/// One event "stray" for each stray that is new or of another class than before; foreign databases
/// are nobody's concern.
[[nodiscard]] std::vector<EventDocument> AnnounceStrays(const std::vector<StrayEntry>& before,
                                                        const std::vector<StrayEntry>& now);

}  // namespace drover::daemon
