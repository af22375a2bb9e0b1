// What drover puts in front of Alembic's Python: the modules of alembic_hook/, of which Python
// loads sitecustomize by itself from a folder in PYTHONPATH (docs.python.org/3/library/site.html).
// They are written into drover's state directory, since a project is never written to.
#pragma once

#include <string>

namespace drover::daemon {

/// The folder for PYTHONPATH, below the state directory; made, and brought up to date, if need be.
/// Throws kIo.
[[nodiscard]] std::string InstallAlembicHook(const std::string& state_directory);

}  // namespace drover::daemon
