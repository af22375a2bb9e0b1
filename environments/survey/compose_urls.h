// The services of a project's compose files that have a SQLite database: by a URL among their
// variables, or by a mount that leads to a database file.
#pragma once

#include <string>
#include <vector>

#include "base/init_documents.h"
#include "environments/files.h"
#include "environments/survey/project_files.h"

namespace drover::environments {

struct UrlSource;

struct ComposeUrls {
  std::vector<UrlSource> urls;
  std::vector<SurveyFact> facts;
  std::vector<std::string> directories;  // in which services work, as this machine has them
  std::vector<std::string> notes;        // a compose file that cannot be read, and why
};

[[nodiscard]] ComposeUrls FindComposeUrls(const std::string& root, const ProjectFiles& project,
                                          Files& files);

}  // namespace drover::environments
