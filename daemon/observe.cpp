#include "daemon/observe.h"

#include <algorithm>

#include "base/text.h"

namespace drover::daemon {

using migrations::Graph;

const environments::Target* Observation::FindTarget(std::string_view name) const {
  const auto found = std::ranges::find(targets, name, &environments::Target::environment);
  return found == targets.end() ? nullptr : &*found;
}

Observer::Observer(std::string root, StateStore& store) : root_(std::move(root)), store_(store) {}

std::shared_ptr<const Observation> Observer::Observe(const std::set<std::string>& busy) {
  auto now = std::make_shared<Observation>();
  now->root = root_;
  try {
    now->state = store_.Read();
    LoadConfig(*now);
    if (now->config) {
      const auto trust = now->state.trust.find(now->config->path);
      now->trusted = trust != now->state.trust.end() && trust->second == now->config->sha256;
      LoadMigrations(*now);
      ResolveTargets(*now);
      InspectDatabases(*now, busy);
    }
  } catch (const Error& error) {
    // Only the unforeseen arrives here (a folder that may not be listed, say).
    now->migration_problems.push_back(error);
    now->graph = nullptr;
  }
  return now;
}

void Observer::LoadConfig(Observation& now) {
  const std::string path = root_ + "/drover.yaml";
  now.inputs.insert(path);
  const auto status = StatFile(path);
  if (config_racy_ || status != config_status_) {
    try {
      config_ = std::make_shared<const environments::Config>(environments::LoadConfig(root_));
      config_error_.reset();
    } catch (const Error& error) {
      config_error_ = error;
    }
    config_status_ = status;
    config_racy_ = status && migrations::IsRacy(std::max(status->modified_ns, status->changed_ns));
  }
  now.config = config_;
  now.config_error = config_error_;
}

void Observer::LoadMigrations(Observation& now) {
  migrations::LoadedMigrations loaded = folders_.Load(now.config->migration_directories);
  for (const migrations::Revision& revision : loaded.revisions) {
    now.known_revisions.insert(revision.id);
  }
  for (const migrations::Revision& revision : loaded.revisions) {
    for (const migrations::RevisionId& parent : revision.down_revision) {
      if (!now.known_revisions.contains(parent)) now.missing_parents.push_back(parent);
    }
  }
  now.migrations_digest = loaded.digest;
  if (loaded.digest != graph_digest_) {
    graph_.reset();
    graph_problems_ = std::move(loaded.problems);
    if (graph_problems_.empty()) {
      try {
        graph_ = std::make_shared<const Graph>(std::move(loaded.revisions));
      } catch (const Error& error) {
        graph_problems_.push_back(error);
      }
    }
    graph_digest_ = loaded.digest;
  }
  now.graph = graph_;
  now.migration_problems = graph_problems_;
}

void Observer::ResolveTargets(Observation& now) {
  environments::RealFiles files;
  for (const environments::EnvironmentConfig& environment : now.config->environments) {
    now.targets.push_back(environments::ResolveTarget(*now.config, environment, files));
  }
  now.inputs.insert(files.read_paths().begin(), files.read_paths().end());
}

void Observer::InspectDatabases(Observation& now, const std::set<std::string>& busy) {
  std::map<std::string, Database> kept;
  for (const environments::Target& target : now.targets) {
    if (target.kind != environments::TargetKind::kFile || kept.contains(target.path)) continue;
    const auto known = databases_.find(target.path);
    Database database = known != databases_.end() && busy.contains(target.path)
                            ? known->second
                            : Look(target.path, now.config->version_table);
    now.databases.emplace(target.path, database.facts);
    now.footprints.emplace(target.path, database.footprint);
    kept.emplace(target.path, std::move(database));
  }
  databases_ = std::move(kept);
}

Observer::Database Observer::Look(const std::string& path, const std::string& version_table) {
  Database database;
  try {
    database.footprint = migrations::TakeFootprint(path);
    const auto known = databases_.find(path);
    if (known != databases_.end() && !known->second.racy &&
        known->second.footprint == database.footprint &&
        known->second.version_table == version_table) {
      return known->second;
    }
    database.racy = migrations::IsRacy(database.footprint.newest_ns());
    database.version_table = version_table;
    database.facts =
        std::make_shared<const migrations::DatabaseFacts>(migrations::Inspect(path, version_table));
  } catch (const Error& error) {
    migrations::DatabaseFacts facts;
    facts.kind = migrations::DatabaseKind::kUnreadable;
    facts.problem = error;
    database.facts = std::make_shared<const migrations::DatabaseFacts>(std::move(facts));
  }
  return database;
}

bool DatabasesUnchanged(const Observation& observation) {
  return std::ranges::all_of(observation.footprints, [](const auto& entry) {
    try {
      return migrations::TakeFootprint(entry.first) == entry.second;
    } catch (const Error&) {
      return false;
    }
  });
}

}  // namespace drover::daemon
