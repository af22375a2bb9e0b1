// `drover init`, but for writing the file: recognises a project, proposes its drover.yaml, and
// names the traps in what it has seen. Reads database files, as the scan for strays does, so it
// must run in a process of its own: `droverd --survey` (scan.h says why).
#pragma once

#include <functional>
#include <string>

#include "base/init_documents.h"
#include "environments/files.h"

namespace drover::environments {

/// What surrounds a survey.
struct SurveySurroundings {
  std::string home;    // no project reaches up to it; empty: not known
  std::string schema;  // of drover.yaml, for editors; empty: not installed
  std::function<ScanResult(const ScanRequest&)> scan;
};

/// The proposed text has been read again, as the daemon will read it. Nothing is written. Throws
/// kConflict ("init.exists") when the project has a drover.yaml, kNotFound or kInvalid
/// ("init.directory"), kIo. A file of the project that cannot be read becomes a note.
[[nodiscard]] InitDocument SurveyProject(const SurveyRequest& request,
                                         const SurveySurroundings& surroundings, Files& files);

}  // namespace drover::environments
