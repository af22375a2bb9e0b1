// Which Alembic a project has: that of its virtual environment, or the one in PATH.
#pragma once

#include <string>
#include <vector>

namespace drover::daemon {

/// The `alembic` that is started without a configured command, as words: that of a virtual
/// environment (.venv, venv, env) in one of `directories`, or its Python if that can import
/// Alembic; `alembic` in PATH; or `python3 -m alembic`. Asks the file system.
[[nodiscard]] std::vector<std::string> FindAlembicProgram(
    const std::vector<std::string>& directories);

}  // namespace drover::daemon
