// Folders of migrations in a project, drover's own and those of other tools, recognised by the
// names of their files and the first lines of a few. Reads through the door of files.h.
#pragma once

#include <string>
#include <vector>

#include "base/init_documents.h"
#include "environments/files.h"
#include "environments/survey/project_files.h"

namespace drover::environments {

/// All of them, drover's own first, the others by directory. `root` is absolute. A file that cannot
/// be read decides nothing.
[[nodiscard]] std::vector<SurveyMigrations> FindMigrations(const std::string& root,
                                                           const ProjectFiles& project,
                                                           Files& files);

}  // namespace drover::environments
