#include "daemon/alembic_hook.h"

#include "base/error.h"
#include "base/posix.h"
#include "base/text.h"
#include "daemon/alembic_hook/source.h"

namespace drover::daemon {
namespace {

bool IsInstalled(const std::string& path, std::string_view text) {
  try {
    return ReadFile(path, text.size() + 1) == text;
  } catch (const Error&) {
    return false;  // it is not there, or another one
  }
}

}  // namespace

std::string InstallAlembicHook(const std::string& state_directory) {
  const std::string folder = state_directory + "/alembic-hook";
  for (const HookFile& file : kAlembicHook) {
    const std::string path = Concat(folder, "/", file.name);
    if (IsInstalled(path, file.text)) continue;
    MakeDirectories(folder, 0700);
    WriteFileDurably(path, file.text, 0600);
  }
  return folder;
}

}  // namespace drover::daemon
