// From the history of an Alembic project to native migrations that are proven to do the same:
// Alembic works on private databases, its steps are written down as SQL or planned from what they
// did, and every script is replayed beside the original. Changes nothing but private files. Blocks;
// for workers.
#pragma once

#include <cstdint>
#include <memory>
#include <set>
#include <stop_token>
#include <string>
#include <vector>

#include "base/import_documents.h"
#include "daemon/alembic_runner.h"
#include "daemon/import_recorder.h"
#include "daemon/import_scripts.h"
#include "migrations/alembic/native_file.h"
#include "migrations/alembic/native_proof.h"
#include "migrations/graph.h"
#include "migrations/history.h"
#include "migrations/safety/scratch_file.h"
#include "migrations/schema_diff/autogenerate.h"

namespace drover::daemon {

struct ImportSetting {
  std::shared_ptr<const migrations::Graph> graph;
  std::string root;               // of the project: files are named from there
  std::string scratch_directory;  // private and there
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

class Importer final {
 public:
  /// `runner` must outlive it. The order of the work is that of a new database made from the native
  /// files.
  Importer(ImportSetting setting, const AlembicRunner& runner);

  /// Imports everything; `observer` is told about each revision. Throws kRefused
  /// ("alembic.url_ignored"), kInvalid ("alembic.failed", naming the revision that Alembic itself
  /// cannot apply to an empty database), kInvalid ("import.section_line"), kCancelled, and what
  /// AlembicRunner throws.
  [[nodiscard]] ImportResult Run(const migrations::StageObserver& observer,
                                 const std::stop_token& stop);

 private:
  struct Attempt;
  struct Position;
  /// From where a step is recorded.
  enum class Ground : std::uint8_t { kBelow, kChain };

  void Collect();
  void DistrustDataCode();
  void ImportOne(std::size_t at);
  [[nodiscard]] Attempt Try(const migrations::ImportedScript& script, const std::string& from,
                            const Position& position) const;
  [[nodiscard]] Attempt ImportUp(const Position& position);
  [[nodiscard]] Attempt ImportDown(const Position& position);
  void CompareDown(Attempt& attempt, const Position& position) const;
  [[nodiscard]] Attempt RecordUp(const Position& position, Ground ground) const;
  [[nodiscard]] Attempt RecordDown(const Position& position, Ground ground) const;
  [[nodiscard]] Recording RecordFrom(const std::string& from, std::vector<std::string> arguments,
                                     const Position& position) const;
  [[nodiscard]] std::vector<migrations::DataCodeLine> LeftOut(
      const migrations::Revision& revision) const;
  [[nodiscard]] migrations::StateDifferences Compare(const migrations::DatabaseState& expected,
                                                     const std::string& path) const;
  void MakeGround(const Position& position, Ground ground, const std::string& path) const;
  [[nodiscard]] bool HasSiblings(const Position& position) const;
  [[nodiscard]] std::vector<bool> Below(const Position& position) const;
  void Add(const Position& position, const Attempt& up, const Attempt& down);
  void ProveAll();

  ImportSetting setting_;
  const AlembicRunner& runner_;
  std::stop_token stop_;
  migrations::ScratchFile chain_;    // Alembic's own database
  migrations::DatabaseState state_;  // what is in it
  std::vector<bool> applied_;        // there, by index in the graph
  OfflineScripts ups_;
  OfflineScripts downs_;
  std::set<std::string> untranslated_;  // tables into which data code writes
  ImportResult result_;
};

}  // namespace drover::daemon
