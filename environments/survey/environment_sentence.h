// What is said of a proposed environment: an entry of the document, and a sentence for its
// comments. Pure.
#pragma once

#include <string>
#include <vector>

#include "base/init_documents.h"
#include "base/stray_documents.h"
#include "environments/survey/proposal.h"
#include "environments/target.h"

namespace drover::environments {

/// `file` is what the scan found at the target's path; null: nothing, or nothing in it. `same_as`
/// are other environments with the same file.
[[nodiscard]] ProposedEnvironment EnvironmentEntry(const ProposedSource& proposed,
                                                   const Target& target, const ScannedFile* file,
                                                   std::vector<std::string> same_as);

/// "It is /p/app.db: it exists, at 981cbaae32a1 in alembic_version."
[[nodiscard]] std::string EnvironmentSentence(const Target& target, const ScannedFile* file,
                                              const std::vector<std::string>& same_as);

}  // namespace drover::environments
