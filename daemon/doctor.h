// What `drover doctor` tells: the findings of a view, what its strays and the states of its
// environments mean, and which of it can be fixed without a loss. Looks at files, and reads whole
// databases that are mounted as single files: for workers.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/doctor_documents.h"
#include "daemon/view.h"
#include "environments/safe_fixes.h"

namespace drover::daemon {

/// Everything about the named environments (all when empty) and about the project as a whole, the
/// worst first. `cwd` is where the user is; empty: nowhere. The fixes are "planned". Throws
/// kNotFound for an unknown environment.
[[nodiscard]] DoctorDocument Examine(const View& view, const std::vector<std::string>& names,
                                     const std::string& cwd);

/// The fixes that Examine() would name, as they are carried out.
[[nodiscard]] std::vector<environments::SafeFix> SafeFixes(const View& view,
                                                           const std::vector<std::string>& names);

/// Carries out one fix after the other, whatever becomes of those before. What fails says why.
/// Blocks; fixes of other calls wait.
[[nodiscard]] std::vector<FixEntry> CarryOutFixes(const std::vector<environments::SafeFix>& fixes,
                                                  const std::string& root);

/// Throws kNotFound ("hazard.unknown") with "did you mean".
[[nodiscard]] ExplainDocument Explain(std::string_view code);

}  // namespace drover::daemon
