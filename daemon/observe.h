// What a project looks like at one moment: configuration, graph, targets, database facts. Observing
// reads files and databases and changes nothing; what has not changed since the last time is not
// read again.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/error.h"
#include "daemon/state_store.h"
#include "environments/config.h"
#include "environments/target.h"
#include "migrations/destruction.h"
#include "migrations/folder.h"
#include "migrations/footprint.h"
#include "migrations/graph.h"
#include "migrations/inspect.h"

namespace drover::daemon {

/// Immutable once published, so it is shared between threads without a lock.
struct Observation {
  std::string root;
  std::shared_ptr<const environments::Config> config;  // the last good one; null: never was one
  std::optional<Error> config_error;                   // why the file on disk is not in force
  std::shared_ptr<const migrations::Graph> graph;      // null while there are problems
  std::vector<Error> migration_problems;
  std::vector<migrations::RevisionId> missing_parents;  // named as parents, but no file has them
  std::set<migrations::RevisionId> known_revisions;     // of all readable files, graph or not
  std::string migrations_digest;
  std::vector<environments::Target> targets;  // one per config->environments, in order
  /// By target path; the footprints are those from just before the facts were read.
  std::map<std::string, std::shared_ptr<const migrations::DatabaseFacts>> databases;
  std::map<std::string, migrations::Footprint> footprints;
  /// By target path: what the pending revisions would destroy there.
  std::map<std::string, std::shared_ptr<const migrations::DestructionByRevision>> destruction;
  State state;
  bool trusted = false;
  std::set<std::string> inputs;  // configuration files read or looked for

  /// The target of the environment called `name`; null when there is none.
  [[nodiscard]] const environments::Target* FindTarget(std::string_view name) const;

  /// What upgrading the database at `path` to `revision` would destroy; judged by the text alone
  /// when the revision was not among those pending at the look.
  [[nodiscard]] std::vector<Destruction> DestructionOf(const std::string& path,
                                                       const migrations::Revision& revision) const;
};

/// Observes one project. One call at a time; calls may come from different threads.
class Observer final {
 public:
  /// `store` must outlive the observer.
  Observer(std::string root, StateStore& store);

  /// Looks again. Databases at `busy` paths have a job running: they are not opened, since a reader
  /// would only be in its way, and keep the facts known before. Never throws: what is wrong is part
  /// of the observation.
  [[nodiscard]] std::shared_ptr<const Observation> Observe(const std::set<std::string>& busy = {});

 private:
  struct Database {
    migrations::Footprint footprint;
    bool racy = true;
    std::shared_ptr<const migrations::DatabaseFacts> facts;
    std::string version_table;
    /// What its pending revisions destroy, and the graph that was judged.
    std::shared_ptr<const migrations::DestructionByRevision> destruction;
    std::shared_ptr<const migrations::Graph> graph;
  };

  void LoadConfig(Observation& now);
  void ReadState(Observation& now);
  void LoadMigrations(Observation& now);
  void ResolveTargets(Observation& now);
  void InspectDatabases(Observation& now, const std::set<std::string>& busy);
  static void Classify(Database& database, const std::string& path,
                       const std::shared_ptr<const migrations::Graph>& graph);
  [[nodiscard]] Database Look(const std::string& path, const std::string& version_table);

  std::string root_;
  StateStore& store_;
  std::shared_ptr<const environments::Config> config_;
  std::optional<FileStatus> config_status_;
  std::optional<Error> config_error_;
  bool config_racy_ = true;
  migrations::MigrationFolders folders_;
  std::shared_ptr<const migrations::Graph> graph_;
  std::vector<Error> graph_problems_;
  std::string graph_made_from_;
  std::map<std::string, Database> databases_;
};

/// Are the observed databases still as they were? A few statx calls, cheap enough for the io
/// thread.
[[nodiscard]] bool DatabasesUnchanged(const Observation& observation);

}  // namespace drover::daemon
