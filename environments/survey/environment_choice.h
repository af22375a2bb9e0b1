// Which environments a project without drover.yaml has, as they are proposed: of each place that
// names a database its file, each file once. Asks whether files exist; databases are read by the
// scan.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/init_documents.h"
#include "environments/files.h"
#include "environments/survey/database_scan.h"
#include "environments/survey/project_files.h"
#include "environments/survey/proposal.h"
#include "environments/survey/url_base.h"
#include "environments/survey/url_sources.h"
#include "environments/target.h"
#include "migrations/graph.h"

namespace drover::environments {

/// What the choice is made from; all must outlive the call, and `sources` what it returns.
struct EnvironmentSight {
  const std::string& root;
  const ProjectFiles& project;
  const ProjectSources& sources;
  const migrations::Graph& graph;
};

struct EnvironmentChoice {
  std::vector<const UrlSource*> sources;  // of each environment: what it was made from
  std::vector<Target> targets;            // of the same
  std::unique_ptr<UrlSource> made;        // of a database that nothing names, or of none
  /// Relative URLs for which several files could be meant, and what was chosen.
  std::vector<std::pair<const UrlSource*, UrlBase>> ambiguous;
  std::map<std::string, std::string> elsewhere;  // databases of others: by path, who names them

  /// Does an environment of a compose service have this database?
  [[nodiscard]] bool IsInContainer(const Target& target) const;
};

/// There is at least one. Adds to the environments of `proposal`, and notes and findings to
/// `document`, whose `config` is set. Throws what the scan throws.
[[nodiscard]] EnvironmentChoice ChooseEnvironments(const EnvironmentSight& sight,
                                                   DatabaseScan& scan, Files& files,
                                                   Proposal& proposal, InitDocument& document);

}  // namespace drover::environments
