// What follows from the facts of a survey: that a relative URL leads to another database from
// another directory, and that a tool of the project makes people go there. Pure but for asking
// whether files exist.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/init_documents.h"
#include "environments/config.h"
#include "environments/files.h"
#include "environments/survey/url_sources.h"
#include "environments/target.h"

namespace drover::environments {

/// Where the URL of `target` leads from each of `directories` (relative to `root`), its own
/// included; nothing when the directory does not matter, or all lead to one file.
[[nodiscard]] std::vector<Landing> LandingsOf(const Target& target, const std::string& root,
                                              const std::vector<std::string>& directories,
                                              Files& files);

/// alembic-wrong-directory, alembic-relative-url, alembic-package-shadowed, alembic-url-constant.
/// `url` is the URL as it was found, with its place.
[[nodiscard]] std::vector<Finding> FindAlembicTraps(const std::string& root,
                                                    const AlembicProject& alembic,
                                                    const Target& target, const std::string& url);

/// The same of a project that has its drover.yaml: of its default environment. `file` is Alembic's
/// configuration, absolute; nothing when it cannot be read.
[[nodiscard]] std::vector<Finding> FindAlembicTraps(const Config& config, const std::string& file,
                                                    std::span<const Target> targets, Files& files);

/// Those of the first Alembic project, and settings-relative-env-file.
[[nodiscard]] std::vector<Finding> FindTraps(const std::string& root, const ProjectSources& sources,
                                             const Target& target, const std::string& url,
                                             Files& files);

/// gitignore-gap: a database in the git repository at `repository`, or its side files, that would
/// be committed. Nothing without a repository.
[[nodiscard]] std::vector<Finding> FindGitignoreGaps(const std::string& repository,
                                                     const std::vector<Target>& targets,
                                                     Files& files);

}  // namespace drover::environments
