#include "daemon/alembic_hook.h"

#include "base/error.h"
#include "base/posix.h"
#include "daemon/alembic_hook/source.h"

namespace drover::daemon {

std::string InstallAlembicHook(const std::string& state_directory) {
  const std::string folder = state_directory + "/alembic-hook";
  const std::string file = folder + "/sitecustomize.py";
  try {
    if (ReadFile(file, kAlembicHookSource.size() + 1) == kAlembicHookSource) return folder;
  } catch (const Error&) {
    // It is not there, or another one.
  }
  MakeDirectories(folder, 0700);
  WriteFileDurably(file, kAlembicHookSource, 0600);
  return folder;
}

}  // namespace drover::daemon
