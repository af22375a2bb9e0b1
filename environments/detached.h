// Who goes on with a database that is no longer the one at its path: it was replaced or deleted
// while a process had it open, or while it was mounted into a container by itself. What is written
// there is lost with the process, or with the container.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "base/stray_documents.h"
#include "environments/processes.h"

namespace drover::environments {

/// The mounts, in the mount namespaces of other processes, of what was deleted from any of `paths`
/// (real paths of configured databases), sorted; one entry for each namespace, which names the
/// oldest process in it. Reads the mount tables of all processes: milliseconds. Never throws.
[[nodiscard]] std::vector<DetachedUse> FindDetachedMounts(const std::set<std::string>& paths,
                                                          const std::string& proc = "/proc");

}  // namespace drover::environments
