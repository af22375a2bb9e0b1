// Which migrations a project without drover.yaml has, as they are proposed: one format, one Alembic
// tree; the others are told of. Looks at names through the door of files.h.
#pragma once

#include <string>
#include <vector>

#include "base/init_documents.h"
#include "environments/files.h"
#include "environments/survey/project_files.h"
#include "environments/survey/proposal.h"
#include "environments/survey/url_sources.h"
#include "migrations/graph.h"

namespace drover::environments {

/// What the choice is made from; all must outlive the call.
struct MigrationSight {
  const std::string& root;
  const std::string& from;  // where the user stands, relative to the root
  const ProjectFiles& project;
  const ProjectSources& sources;
};

/// drover's own where there are such files, else the first Alembic project of `sources`, else a
/// folder to begin with. Fills the migrations of `proposal`; adds notes and directories that are to
/// be made to `document`, whose `migrations` are those that were found.
void ChooseMigrations(const MigrationSight& sight, Files& files, Proposal& proposal,
                      InitDocument& document);

/// The revisions of what is proposed. What is wrong with them goes into `notes`.
[[nodiscard]] migrations::Graph ReadProposedGraph(const std::string& root, const Proposal& proposal,
                                                  std::vector<std::string>& notes);

/// The variable through which env.py gets the URL of `source`, for `url_variable`; empty when
/// nothing there would read it.
[[nodiscard]] std::string ChooseUrlVariable(const ProjectSources& sources, const UrlSource& source);

}  // namespace drover::environments
