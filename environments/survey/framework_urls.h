// The database files that the settings of Prisma and of Rails name. Reads through the door of
// files.h, never a database. What cannot be read becomes a note.
#pragma once

#include <string>
#include <vector>

#include "base/init_documents.h"
#include "environments/files.h"
#include "environments/survey/project_files.h"
#include "environments/survey/url_sources.h"

namespace drover::environments {

struct FrameworkUrls {
  std::vector<UrlSource> urls;
  std::string directory;  // of Prisma's schema on SQLite, where its relative paths begin
  std::vector<SurveyFact> facts;
  std::vector<std::string> notes;
};

/// Of schema.prisma; a URL in a variable is not seen here.
[[nodiscard]] FrameworkUrls FindPrismaUrls(const std::string& root, const ProjectFiles& project,
                                           Files& files);

/// Of config/database.yml, which is ERB, so it is read line by line: `database:` below a name.
[[nodiscard]] FrameworkUrls FindRailsUrls(const std::string& root, const ProjectFiles& project,
                                          Files& files);

}  // namespace drover::environments
