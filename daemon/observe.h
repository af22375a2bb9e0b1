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
#include "daemon/alembic_answers.h"
#include "daemon/applied_files.h"
#include "daemon/branch_search.h"
#include "daemon/schema_check.h"
#include "daemon/state_store.h"
#include "environments/config_file.h"
#include "environments/database_hazards.h"
#include "environments/git_tracking.h"
#include "environments/target.h"
#include "migrations/alembic/version_folders.h"
#include "migrations/destruction.h"
#include "migrations/folder.h"
#include "migrations/footprint.h"
#include "migrations/graph.h"
#include "migrations/inspect.h"
#include "migrations/lineage.h"
#include "migrations/snapshots/snapshots.h"

namespace drover::daemon {

/// Immutable once published, so it is shared between threads without a lock.
/// Whose environment variables a process has: the daemon's are those of whoever happened to start
/// it; a process for one command has those of the shell in which it was typed.
enum class Surroundings : std::uint8_t { kDaemon, kShell };

struct Observation {
  std::string root;
  std::string state_directory;                         // drover's own
  Surroundings surroundings = Surroundings::kDaemon;   // of this process
  std::shared_ptr<const environments::Config> config;  // the last good one; null: never was one
  std::optional<Error> config_error;                   // why the file on disk is not in force
  std::shared_ptr<const migrations::Graph> graph;      // null while there are problems
  std::vector<Error> migration_problems;
  std::vector<migrations::Remark> migration_remarks;  // what is odd and stops nothing
  std::vector<std::string> migration_directories;     // absolute; those of the configuration
  std::vector<std::string> missing_folders;           // of them
  migrations::VersionFolders alembic;                 // when Alembic's revisions are read
  std::string migrations_digest;
  migrations::Snapshots snapshots;            // of what replaying migrations makes; of all projects
  std::vector<environments::Target> targets;  // one per config->environments, in order
  /// By target path; the footprints are those from just before the facts were read.
  std::map<std::string, std::shared_ptr<const migrations::DatabaseFacts>> databases;
  std::map<std::string, migrations::Footprint> footprints;
  /// By target path: how that database's history and the files fit together. Never null.
  std::map<std::string, std::shared_ptr<const migrations::Lineage>> lineages;
  /// On which branches the files of orphans are, as far as git knows.
  std::map<migrations::RevisionId, RevisionOnBranches> elsewhere;
  std::string branch;  // that is checked out; empty: none, or no repository
  /// Of unversioned databases, by path: the revision to stamp them with.
  std::map<std::string, migrations::SchemaMatch> matches;
  /// By target path: databases beside the schema of their revisions; without those for which that
  /// is too much work for a look.
  std::map<std::string, std::shared_ptr<const DriftFacts>> drift;
  /// By target path: what each pending revision would destroy there.
  std::map<std::string, std::shared_ptr<const migrations::DestructionByRevision>> destruction;
  environments::DatabaseHazards hazards;
  /// Somebody is writing to a database. Should he be killed, no event will tell: look again soon.
  bool being_written = false;
  State state;
  bool trusted = false;
  std::set<std::string> inputs;  // configuration files read or looked for

  /// The target of the environment called `name`; null when there is none.
  [[nodiscard]] const environments::Target* FindTarget(std::string_view name) const;

  /// The facts and the lineage of the database at a target's path; null when it was not looked at.
  [[nodiscard]] const migrations::DatabaseFacts* FactsOf(const std::string& path) const;
  [[nodiscard]] const migrations::Lineage* LineageOf(const std::string& path) const;
  /// What upgrading the database at `path` to `revision` would destroy; judged by the text alone
  /// when the revision was not among those pending at the look.
  [[nodiscard]] std::vector<Destruction> DestructionOf(const std::string& path,
                                                       const migrations::Revision& revision) const;
};

/// Observes one project. One call at a time; calls may come from different threads.
class Observer final {
 public:
  /// `store` must outlive the observer.
  Observer(std::string root, StateStore& store,
           std::shared_ptr<SchemaChecker> schemas = std::make_shared<SchemaChecker>(),
           Surroundings surroundings = Surroundings::kDaemon);

  /// Looks again. Databases at `busy` paths have a job running: they are not opened, since a reader
  /// would only be in its way, and keep the facts known before. Never throws: what is wrong is part
  /// of the observation. `changed` limits which migration files are looked at again.
  [[nodiscard]] std::shared_ptr<const Observation> Observe(
      const std::set<std::string>& busy = {},
      const migrations::ChangedPaths& changed = std::nullopt);

 private:
  struct Database {
    migrations::Footprint footprint;
    bool racy = true;
    bool being_written = false;
    std::shared_ptr<const migrations::DatabaseFacts> facts;
    std::string version_table;
    /// What its pending revisions destroy, and the graph that was judged.
    std::shared_ptr<const migrations::DestructionByRevision> destruction;
    std::shared_ptr<const migrations::Graph> graph;
  };

  /// The answer to which revision an unversioned database has, and what it was made from.
  struct Match {
    migrations::Footprint footprint;
    bool racy = true;
    std::shared_ptr<const migrations::Graph> graph;
    std::optional<migrations::SchemaMatch> found;
  };

  void LoadConfig(Observation& now);
  void ReadState(Observation& now);
  void LoadMigrations(Observation& now, const migrations::ChangedPaths& changed);
  void FindFolders(Observation& now);
  void MakeGraph(migrations::LoadedMigrations loaded);
  void AskAlembic(migrations::LoadedMigrations& loaded, const Observation& now, bool trusted);
  [[nodiscard]] bool IsTrusted(const environments::Config& config) const;
  void ResolveTargets(Observation& now);
  void InspectDatabases(Observation& now, const std::set<std::string>& busy);
  [[nodiscard]] migrations::Lineage Trace(const std::string& path,
                                          const migrations::DatabaseFacts& facts,
                                          const migrations::MigrationFiles& files);
  void TraceLineages(Observation& now, const std::set<std::string>& busy);
  void SearchBranches(Observation& now);
  void FindHazards(Observation& now);
  void FindTraps(Observation& now);
  void MatchSchemas(Observation& now, const std::set<std::string>& busy);
  void FindDrift(Observation& now, const std::set<std::string>& busy);
  static void Classify(Database& database, const std::string& path,
                       const std::shared_ptr<const migrations::Graph>& graph,
                       const migrations::Stubs& stubs);
  [[nodiscard]] Database Look(const std::string& path, const std::string& version_table);

  std::string root_;
  StateStore& store_;
  environments::ConfigFile config_file_;
  std::shared_ptr<SchemaChecker> schemas_;
  migrations::MigrationFolders folders_;
  std::shared_ptr<const migrations::Graph> graph_;
  std::vector<Error> graph_problems_;
  std::vector<migrations::Remark> remarks_;
  std::string graph_made_from_;
  std::vector<migrations::RevisionPtr> revisions_;  // the files, whether they form a graph or not
  std::optional<Error> unreadable_;                 // a file that is no migration
  std::map<std::string, Database> databases_;
  struct Traced {
    std::shared_ptr<const migrations::DatabaseFacts> facts;
    std::string files;  // graph_made_from_ then
    std::shared_ptr<const migrations::Lineage> lineage;
  };
  std::map<std::string, Traced> traced_;
  Surroundings surroundings_;
  AppliedFiles applied_files_;
  AlembicAnswers alembic_answers_;
  bool unanswered_ = false;  // a file waits for what Alembic says, and for trust
  std::map<std::string, Match> matches_;
  environments::GitTracking git_;
  BranchSearch branches_;
};

/// Are the observed databases still as they were? A few statx calls, cheap enough for the io
/// thread.
[[nodiscard]] bool DatabasesUnchanged(const Observation& observation);

}  // namespace drover::daemon
