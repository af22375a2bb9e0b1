// What clients are told about what the databases say was applied: by whom and when, how the files
// have changed since, and which revisions have no file any more. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/revision_documents.h"
#include "daemon/view.h"

namespace drover::daemon {

/// How `revision` came into the environment's database; nothing when its history does not know.
[[nodiscard]] std::optional<Application> ApplicationTo(const View& view, std::size_t environment,
                                                       const migrations::RevisionId& revision);

/// The same for every environment that has it, each database once.
[[nodiscard]] std::vector<Application> ApplicationsOf(const View& view,
                                                      const migrations::RevisionId& revision);

/// How the file differs from what was applied, for each database in which it does.
[[nodiscard]] std::vector<RevisionDifference> DifferencesOf(const View& view,
                                                            const migrations::Revision& revision);

/// The revisions that are applied somewhere and have no file, each once, the newest of a database
/// first; as they were applied, or with nothing but the id when no history knows more.
[[nodiscard]] std::vector<migrations::Revision> Orphans(const View& view);

/// The graph to look at: that of the files or, while an orphan's file is missing in it, the first
/// that a database's history completes. Throws as View::graph().
[[nodiscard]] const migrations::Graph& GraphToShow(const View& view);

}  // namespace drover::daemon
