#include "daemon/observe.h"

#include <algorithm>
#include <exception>
#include <functional>
#include <utility>

#include "base/text.h"
#include "daemon/alembic.h"
#include "daemon/drift.h"
#include "environments/survey/traps.h"
#include "migrations/alembic/graph_remarks.h"
#include "migrations/plan.h"
#include "migrations/sql_text.h"

namespace drover::daemon {

using migrations::Graph;

const environments::Target* Observation::FindTarget(std::string_view name) const {
  const auto found = std::ranges::find(targets, name, &environments::Target::environment);
  return found == targets.end() ? nullptr : &*found;
}

const migrations::DatabaseFacts* Observation::FactsOf(const std::string& path) const {
  const auto found = databases.find(path);
  return found == databases.end() ? nullptr : found->second.get();
}

std::vector<Destruction> Observation::DestructionOf(const std::string& path,
                                                    const migrations::Revision& revision) const {
  if (const auto known = destruction.find(path); known != destruction.end() && known->second) {
    const auto found = known->second->find(revision.id);
    if (found != known->second->end()) return found->second;
  }
  return migrations::FindDestruction(revision.up.sql);
}

const migrations::Lineage* Observation::LineageOf(const std::string& path) const {
  const auto found = lineages.find(path);
  return found == lineages.end() ? nullptr : found->second.get();
}

Observer::Observer(std::string root, StateStore& store, std::shared_ptr<SchemaChecker> schemas,
                   Surroundings surroundings)
    : root_(std::move(root)),
      store_(store),
      config_file_(root_),
      schemas_(std::move(schemas)),
      surroundings_(surroundings),
      applied_files_(store.directory()),
      alembic_answers_(store.directory()),
      git_(EnvironmentVariable("HOME").value_or("")) {}

std::shared_ptr<const Observation> Observer::Observe(const std::set<std::string>& busy,
                                                     const migrations::ChangedPaths& changed) {
  auto now = std::make_shared<Observation>();
  now->root = root_;
  now->state_directory = store_.directory();
  now->surroundings = surroundings_;
  now->snapshots = migrations::Snapshots(store_.directory() + "/snapshots");
  // One step that fails (a file in place of the migration folder, say) must not take the others
  // with it; without a graph nothing is applied.
  const auto attempt = [&now](const std::function<void()>& step) {
    try {
      step();
    } catch (const Error& error) {
      now->migration_problems.push_back(error);
      now->graph = nullptr;
    } catch (const std::exception& error) {
      now->migration_problems.emplace_back(Code::kInternal, "daemon.defect", error.what());
      now->graph = nullptr;
    }
  };
  attempt([&] { LoadConfig(*now); });
  if (now->config) {
    attempt([&] { ResolveTargets(*now); });
    attempt([&] { LoadMigrations(*now, changed); });
    attempt([&] { InspectDatabases(*now, busy); });
    attempt([&] { FindHazards(*now); });
    attempt([&] { TraceLineages(*now, busy); });
    attempt([&] { SearchBranches(*now); });
    attempt([&] { MatchSchemas(*now, busy); });
    attempt([&] { FindDrift(*now, busy); });
  }
  // Last: a job notes `held` before it changes the database, so whoever has seen the change sees
  // the note as well.
  attempt([&] { ReadState(*now); });
  return now;
}

void Observer::ReadState(Observation& now) {
  now.state = store_.Read();
  if (!now.config) return;
  const auto trust = now.state.trust.find(now.config->path);
  now.trusted = trust != now.state.trust.end() && trust->second == now.config->sha256;
}

bool Observer::IsTrusted(const environments::Config& config) const {
  const State state = store_.Read();
  const auto trust = state.trust.find(config.path);
  return trust != state.trust.end() && trust->second == config.sha256;
}

void Observer::LoadConfig(Observation& now) {
  now.inputs.insert(config_file_.path());
  if (config_file_.Refresh()) {
    // Both depend on the stubs it names.
    matches_.clear();
    for (auto& [known, database] : databases_) database.destruction.reset();
  }
  now.config = config_file_.config();
  now.config_error = config_file_.error();
}

void Observer::LoadMigrations(Observation& now, const migrations::ChangedPaths& changed) {
  const std::string made_from_before = std::exchange(graph_made_from_, {});  // in case this fails
  FindFolders(now);
  const std::vector<std::string>& directories = now.migration_directories;
  if (folders_.format() != now.config->format) {
    folders_ = migrations::MigrationFolders(now.config->format);
  }
  migrations::LoadedMigrations loaded = folders_.Load(directories, changed);
  now.migrations_digest = loaded.digest;
  // The same files in another folder are another graph: its revisions name their files.
  const std::string made_from = Concat(loaded.digest, " ", Join(directories, "\n"));
  const bool trusted = unanswered_ && IsTrusted(*now.config);
  if (made_from != made_from_before || trusted) {
    AskAlembic(loaded, now, trusted || IsTrusted(*now.config));
    MakeGraph(std::move(loaded));
  }
  graph_made_from_ = made_from;
  now.graph = graph_;
  now.migration_problems = graph_problems_;
  now.migration_remarks = remarks_;
  for (const std::string& directory : directories) {
    if (!StatFile(directory)) now.missing_folders.push_back(directory);
  }
}

/// Where the revisions lie: drover.yaml says it, or Alembic's configuration.
void Observer::FindFolders(Observation& now) {
  const environments::Config& config = *now.config;
  now.migration_directories = config.migration_directories;
  if (config.format != migrations::Format::kAlembic) return;
  now.alembic = migrations::FindVersionFolders({.root = root_,
                                                .config = config.alembic.config,
                                                .config_where = config.alembic.config_where,
                                                .section = config.alembic.section});
  now.inputs.insert(now.alembic.inputs.begin(), now.alembic.inputs.end());
  if (!now.migration_directories.empty()) return;
  if (now.alembic.problem) throw Error(*now.alembic.problem);
  now.migration_directories = now.alembic.directories;
}

void Observer::AskAlembic(migrations::LoadedMigrations& loaded, const Observation& now,
                          bool trusted) {
  unanswered_ = false;
  const auto untold = [](const Error& error) { return error.kind == "alembic.not_literal"; };
  if (std::ranges::none_of(loaded.problems, untold) || now.targets.empty()) return;
  alembic_answers_.Complete(loaded, AlembicSettingFor(now, 0),
                            trusted ? MayAsk::kYes : MayAsk::kNo);
  unanswered_ = !trusted && std::ranges::any_of(loaded.problems, untold);
}

void Observer::MakeGraph(migrations::LoadedMigrations loaded) {
  graph_.reset();
  unreadable_.reset();
  revisions_ = std::move(loaded.revisions);
  remarks_ = std::move(loaded.remarks);
  graph_problems_ = std::move(loaded.problems);
  if (!graph_problems_.empty()) {
    unreadable_ = graph_problems_.front();
    return;
  }
  try {
    graph_ = std::make_shared<const Graph>(revisions_);
  } catch (const Error& error) {
    graph_problems_.push_back(error);
    return;
  }
  if (folders_.format() != migrations::Format::kAlembic) return;
  for (migrations::Remark& remark : migrations::CheckVersionGraph(*graph_)) {
    remarks_.push_back(std::move(remark));
  }
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
    // What Python destroys is not to be told from its text.
    if (now.config->format == migrations::Format::kNative) {
      Classify(database, target.path, now.graph, now.config->stubs);
    }
    now.being_written |= database.being_written && !busy.contains(target.path);
    now.databases.emplace(target.path, database.facts);
    now.destruction.emplace(target.path, database.destruction);
    now.footprints.emplace(target.path, database.footprint);
    kept.emplace(target.path, std::move(database));
  }
  databases_ = std::move(kept);
}

void Observer::FindHazards(Observation& now) {
  environments::RealFiles files;
  git_.ForgetInputs();
  std::set<std::string> told;  // two environments on one file are one file
  for (std::size_t i = 0; i < now.targets.size(); ++i) {
    const environments::Target& target = now.targets[i];
    const environments::EnvironmentConfig& config = now.config->environments[i];
    environments::DatabaseSight sight{
        .target = &target, .where = config.url_where, .wal = {}, .hot_journal = {}, .damaged = {}};
    if (sight.where.empty() && config.compose) sight.where = config.compose->where;
    if (const migrations::DatabaseFacts* facts = now.FactsOf(target.path)) {
      sight.wal = facts->wal;
      sight.hot_journal = facts->problem && facts->problem->kind == "hot_journal";
      sight.damaged = facts->problem && facts->problem->kind == "sqlite.corrupt";
    }
    for (environments::SafeFix& fix : environments::FixesForTarget(target, root_, files)) {
      now.hazards.fixes.push_back(std::move(fix));
    }
    environments::FindMountHazards(sight, root_, files, now.hazards);
    if (!told.insert(target.path).second) continue;
    environments::FindFileHazards(sight, root_, files, now.hazards);
    environments::FindGitHazards(sight, root_, git_, now.hazards);
  }
  now.inputs.insert(git_.inputs().begin(), git_.inputs().end());
  FindTraps(now);
}

/// What Alembic's own configuration and env.py lead to, as `drover init` has told it.
void Observer::FindTraps(Observation& now) {
  if (now.config->format != migrations::Format::kAlembic) return;
  environments::RealFiles files;
  for (Finding& trap :
       environments::FindAlembicTraps(*now.config, now.alembic.config, now.targets, files)) {
    const bool error = trap.severity == "error";
    (error ? now.hazards.findings : now.hazards.notes).push_back(std::move(trap));
  }
  now.inputs.insert(files.read_paths().begin(), files.read_paths().end());
}

void Observer::SearchBranches(Observation& now) {
  BranchSearchRequest request{.root = root_,
                              .directories = now.migration_directories,
                              .revisions = {},
                              .format = now.config->format};
  for (const auto& [path, lineage] : now.lineages) {
    request.revisions.insert(lineage->orphans.begin(), lineage->orphans.end());
  }
  if (request.revisions.empty()) return;
  now.elsewhere = branches_.Find(request);
  now.branch = environments::ReadGitHead(root_).branch;
}

void Observer::MatchSchemas(Observation& now, const std::set<std::string>& busy) {
  if (now.config->format != migrations::Format::kNative) return;  // nothing to replay
  std::map<std::string, Match> kept;
  for (const auto& [path, facts] : now.databases) {
    if (facts->kind != migrations::DatabaseKind::kUnversioned || !now.graph) continue;
    const Database& database = databases_.at(path);
    const auto known = matches_.find(path);
    const bool current = known != matches_.end() && known->second.graph == now.graph &&
                         !known->second.racy && known->second.footprint == database.footprint;
    Match match;
    if (current) {
      match = known->second;
    } else if (!busy.contains(path)) {
      match = {.footprint = database.footprint,
               .racy = database.racy,
               .graph = now.graph,
               .found = schemas_->Nearest({.path = path,
                                           .version_table = now.config->version_table,
                                           .migrations_digest = now.migrations_digest,
                                           .graph = now.graph,
                                           .stubs = now.config->stubs})};
    }
    if (match.found) now.matches.emplace(path, *match.found);
    kept.emplace(path, std::move(match));
  }
  matches_ = std::move(kept);
}

void Observer::FindDrift(Observation& now, const std::set<std::string>& busy) {
  if (now.config->format != migrations::Format::kNative) return;
  for (std::size_t i = 0; i < now.targets.size(); ++i) {
    const std::string& path = now.targets[i].path;
    if (busy.contains(path) || now.drift.contains(path)) continue;
    const auto question = DriftQuestionFor(now, i);
    if (!question) continue;
    try {
      if (auto facts = schemas_->Drift(*question, DriftEffort::kCheap)) {
        now.drift.emplace(path, std::move(facts));
      }
    } catch (const Error&) {
      continue;  // a migration that cannot be replayed, a writer: `drover drift` tells why
    }
  }
}

void Observer::Classify(Database& database, const std::string& path,
                        const std::shared_ptr<const Graph>& graph, const migrations::Stubs& stubs) {
  if (database.graph == graph && database.destruction) return;
  database.graph = graph;
  database.destruction.reset();
  if (!graph || database.facts->kind == migrations::DatabaseKind::kUnreadable) return;
  const auto pending = migrations::Pending(*graph, database.facts->rows);
  const bool replay = std::ranges::any_of(pending, [](const migrations::Revision* revision) {
    return migrations::MayDestroy(revision->up.sql);
  });
  const std::optional<std::vector<std::string>> schema =
      replay ? migrations::InspectSchemaSql(path) : std::vector<std::string>();
  if (!schema) return;
  std::vector<const migrations::Script*> scripts;
  for (const migrations::Revision* revision : pending) scripts.push_back(&revision->up);
  auto found = migrations::ClassifyDestruction(scripts, *schema, stubs);
  migrations::DestructionByRevision destruction;
  for (std::size_t i = 0; i < pending.size(); ++i)
    destruction[pending[i]->id] = std::move(found[i]);
  database.destruction =
      std::make_shared<const migrations::DestructionByRevision>(std::move(destruction));
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
    const bool locked = database.facts->problem && database.facts->problem->kind == "sqlite.busy";
    database.being_written = locked || database.facts->beside_writer;
    database.racy |= database.being_written;
    // What was known before is the better answer, and the next look reads again.
    if (locked && known != databases_.end() && known->second.version_table == version_table) {
      database.facts = known->second.facts;
    }
  } catch (const Error& error) {
    migrations::DatabaseFacts facts;
    facts.kind = migrations::DatabaseKind::kUnreadable;
    facts.problem = error;
    database.facts = std::make_shared<const migrations::DatabaseFacts>(std::move(facts));
  }
  return database;
}

migrations::Lineage Observer::Trace(const std::string& path, const migrations::DatabaseFacts& facts,
                                    const migrations::MigrationFiles& files) {
  const auto read = [&path](const auto& wanted) {
    return migrations::InspectArchive(path, wanted);
  };
  const auto file =
      folders_.format() == migrations::Format::kNative ? std::nullopt : StatFile(path);
  if (!file) return migrations::TraceLineage(files, facts, read);
  migrations::DatabaseFacts noted = facts;
  noted.records = applied_files_.Note(path, file->identity, facts.rows, files);
  return migrations::TraceLineage(files, noted, read);
}

void Observer::TraceLineages(Observation& now, const std::set<std::string>& busy) {
  const migrations::MigrationFiles files{
      .revisions = revisions_,
      .graph = now.graph,
      .unreadable =
          graph_made_from_.empty() ? std::optional(now.migration_problems.front()) : unreadable_};
  std::map<std::string, Traced> kept;
  for (const auto& [path, facts] : now.databases) {
    Traced& traced = kept[path];
    if (const auto known = traced_.find(path); known != traced_.end()) traced = known->second;
    // What is noted of Alembic's files may be another thing to each look.
    const bool same = traced.facts == facts && traced.files == graph_made_from_ &&
                      folders_.format() == migrations::Format::kNative;
    if (!traced.lineage || (!same && !busy.contains(path))) {
      traced = {.facts = facts, .files = graph_made_from_, .lineage = nullptr};
      try {
        traced.lineage = std::make_shared<const migrations::Lineage>(Trace(path, *facts, files));
      } catch (const Error& error) {
        traced.lineage = std::make_shared<const migrations::Lineage>(migrations::Lineage{
            .orphans = {}, .edits = {}, .archived = {}, .graph = {}, .problem = error});
        traced.facts = nullptr;  // the next look tries again
      }
    }
    now.lineages.emplace(path, traced.lineage);
  }
  traced_ = std::move(kept);
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
