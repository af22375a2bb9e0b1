#include "daemon/import_trace.h"

#include "base/error.h"
#include "base/posix.h"
#include "base/text.h"
#include "migrations/safety/scratch_file.h"

namespace drover::daemon {
namespace {

constexpr std::size_t kLargestImportTrace = std::size_t{1} << 30U;

Error Untraced(const TraceRequest& request) {
  return {
      Code::kRefused, "import.untraced",
      Concat("what Alembic executes cannot be followed: ", request.program,
             " does not load drover's hook from PYTHONPATH, opens the database without Python's "
             "module sqlite3, or goes on after a script that failed half-way"),
      "let migrations.command in drover.yaml start Alembic without -E, -I or a PYTHONPATH of "
      "its own"};
}

std::vector<AlembicTraceLine> ReadTrace(const std::string& path) {
  if (!StatFile(path)) return {};
  return migrations::ParseTrace(ReadFile(path, kLargestImportTrace));
}

}  // namespace

migrations::TracedScript RunAndTranslate(const TraceRequest& request,
                                         const std::vector<std::string>& arguments,
                                         const std::string& path, const std::stop_token& stop) {
  const migrations::ScratchFile file(request.scratch_directory);
  request.runner.RunTraced(arguments, path, file.path(), stop);
  const std::vector<AlembicTraceLine> trace = ReadTrace(file.path());
  if (!migrations::IsComplete(trace)) throw Untraced(request);
  return migrations::TranslateTrace(trace, request.setting);
}

}  // namespace drover::daemon
