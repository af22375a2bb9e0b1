// The SQL of a plan for a project whose revisions are Alembic's: Alembic itself writes it, in its
// offline mode. Blocks; for workers.
#pragma once

#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/alembic_runner.h"
#include "daemon/jobs.h"
#include "migrations/plan.h"

namespace drover::daemon {

/// A command of Alembic's that prints a part of a plan.
struct AlembicRange {
  std::vector<std::string> arguments;             // {"upgrade", "base:aaaa00000002"}
  std::vector<migrations::RevisionId> revisions;  // that it is about, in order
};

/// The commands that together print `plan`: one for each stretch in one direction. Throws kRefused
/// ("alembic.offline_range") when a stretch begins or ends with several rows, which `a:b` cannot
/// say; the end may be every head. Pure.
[[nodiscard]] std::vector<AlembicRange> AlembicRangesFor(const migrations::Plan& plan,
                                                         JobCommand command,
                                                         const migrations::Graph& graph);

/// What Alembic prints for the plan of `request`. Adds to the plan's warnings what is not to be
/// relied upon in it. Throws what AlembicRangesFor() throws, what AlembicRunner::CheckScript()
/// throws, and kConflict ("alembic.unexpected_script") when Alembic would do other revisions.
[[nodiscard]] std::string WriteAlembicScript(const JobRequest& request, migrations::Plan& plan,
                                             const std::stop_token& stop);

}  // namespace drover::daemon
