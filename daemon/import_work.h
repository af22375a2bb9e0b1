// From the history of an Alembic project to native migrations that are proven to do the same:
// Alembic works on private databases, what it executes becomes the scripts, and every script is
// replayed beside the original. Changes nothing but private files. Blocks; for workers.
#pragma once

#include <memory>
#include <set>
#include <stop_token>
#include <string>
#include <vector>

#include "base/import_documents.h"
#include "daemon/alembic_runner.h"
#include "daemon/import_trace.h"
#include "migrations/alembic/native_file.h"
#include "migrations/alembic/native_proof.h"
#include "migrations/graph.h"
#include "migrations/history.h"
#include "migrations/plan.h"
#include "migrations/safety/scratch_file.h"
#include "migrations/schema_diff/autogenerate.h"

namespace drover::daemon {

struct ImportSetting {
  std::shared_ptr<const migrations::Graph> graph;
  std::string root;               // of the project: files are named from there
  std::string scratch_directory;  // private and there
  std::string program;            // Alembic, for messages
  migrations::ProofSetting proof;
  migrations::AppliedBy by;
};

/// A file to be written, and what is said about it.
struct ImportedMigration {
  std::string name;
  std::string text;
  ImportedRevision said;
};

struct ImportResult {
  std::vector<ImportedMigration> files;  // parents first
  bool equal = false;                    // every one, and all together
  std::vector<std::string> differences;  // of all together
};

/// The names of the files that an import writes, in the order of a new database made from them.
/// Throws kInvalid ("illegal_character") for a revision that no native file can have.
[[nodiscard]] std::vector<std::string> NamesOfImport(const migrations::Graph& graph);

class Importer final {
 public:
  /// `runner` must outlive it. The order of the work is that of a new database made from the native
  /// files.
  Importer(ImportSetting setting, const AlembicRunner& runner);

  /// Imports everything; `observer` is told about each revision. Throws kRefused
  /// ("alembic.url_ignored"), kInvalid ("alembic.failed", naming the revision that Alembic itself
  /// cannot apply to an empty database), kInvalid ("import.section_line"), kCancelled, and what
  /// RunAndTranslate throws.
  [[nodiscard]] ImportResult Run(const migrations::StageObserver& observer,
                                 const std::stop_token& stop);

 private:
  struct Attempt;
  struct Position;

  void ImportOne(std::size_t index);
  void CheckArrived(const Position& position) const;
  [[nodiscard]] migrations::TracedScript RunTraced(const std::vector<std::string>& arguments,
                                                   const std::string& path) const;
  [[nodiscard]] migrations::TracedScript Upgrade(const migrations::Revision& revision) const;
  [[nodiscard]] Attempt ImportUp(const Position& position,
                                 const migrations::TracedScript& traced) const;
  [[nodiscard]] Attempt ImportDown(const Position& position) const;
  [[nodiscard]] Attempt Describe(const Position& position, const migrations::TracedScript& traced,
                                 migrations::Direction direction) const;
  void Replay(Attempt& attempt, const Position& position, const std::string& from,
              const migrations::DatabaseState& expected) const;
  [[nodiscard]] bool HasSiblings(const Position& position) const;
  void Add(const Position& position, const Attempt& up, const Attempt& down);
  void ProveAll();

  ImportSetting setting_;
  const AlembicRunner& runner_;
  std::stop_token stop_;
  migrations::ScratchFile chain_;    // Alembic's own database
  migrations::DatabaseState state_;  // what is in it
  std::vector<bool> applied_;        // there, by index in the graph
  std::set<std::string> names_;      // of the files, in lower case
  bool leaves_rows_out_ = false;     // one of the upgrades so far
  ImportResult result_;
};

}  // namespace drover::daemon
