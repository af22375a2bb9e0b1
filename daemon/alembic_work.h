// Carries out plans with the project's own Alembic: one revision at a time, each verified by the
// rows of the version table. Alembic's DDL on SQLite is not transactional, so a revision can fail
// half-way: that is noticed and said.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <stop_token>
#include <string>
#include <vector>

#include "daemon/alembic_runner.h"
#include "daemon/jobs.h"
#include "migrations/apply.h"

namespace drover::daemon {

/// How many revisions one start of Alembic may bring: on a copy only the end counts.
enum class AlembicPace : std::uint8_t { kOneByOne, kTogether };

class AlembicWork final {
 public:
  /// Both must outlive it.
  /// `turn` is a descriptor that marks the database as being worked on (turn.h): Alembic inherits
  /// it, so that the mark outlives drover's death. -1: none.
  AlembicWork(const JobRequest& request, const AlembicRunner& runner, int turn = -1)
      : request_(request), runner_(runner), turn_(turn) {}

  /// Notes what the files of the steps downwards are now: Apply() refuses them when they are others
  /// by then. Those upwards have to be what the plan was made from.
  void Remember(const migrations::Plan& plan);

  /// Carries the request's plan out on the database at `path`, which need not be the request's own.
  /// On failure the database is at the last complete revision, but for "alembic.half_applied".
  /// Throws what the plan and AlembicRunner::Run throw, the failure named by its revision;
  /// kConflict ("alembic.half_applied": the schema has changed and the version row has not;
  /// "alembic.no_effect": Alembic says it did it, and nothing happened here;
  /// "alembic.unexpected_rows"; "alembic.file_changed": a file is another than was planned); and
  /// what is wrong with the database.
  migrations::ApplyResult Apply(const std::string& path, AlembicPace pace,
                                const migrations::ApplyObserver& observer,
                                const std::stop_token& stop) const;

  /// Has Alembic write the version rows of the request's plan. Throws as Apply().
  migrations::ApplyResult Stamp(const std::stop_token& stop) const;

 private:
  /// What a revision that fails half-way changes.
  struct Traces {
    std::string schema;   // its digest, without the version table
    std::string commits;  // CommitMark(); empty while the version table itself is to be made
  };

  [[nodiscard]] Traces TracesOf(const std::string& path) const;
  [[nodiscard]] std::vector<migrations::RevisionId> Rows(const std::string& path) const;
  [[nodiscard]] std::string Run(const std::string& path, const migrations::Plan& plan,
                                std::size_t begin, std::size_t end,
                                const std::stop_token& stop) const;
  /// What is about to be applied must be what was planned, and rehearsed.
  void CheckFiles(const migrations::Plan& plan, std::size_t begin, std::size_t end) const;
  /// Of the environment's own database: which files it is made of now.
  void NoteFiles(const std::string& path, const migrations::Plan& plan, std::size_t begin,
                 std::size_t end) const;
  void CheckRows(const std::string& path, const std::vector<migrations::RevisionId>& before,
                 const std::vector<migrations::RevisionId>& expected,
                 const std::string& what) const;
  [[nodiscard]] Error Explain(const Error& error, const std::string& path,
                              const migrations::Plan& plan, std::size_t begin, std::size_t end,
                              const Traces& before) const;

  const JobRequest& request_;
  const AlembicRunner& runner_;
  const int turn_;
  std::map<migrations::RevisionId, std::string> remembered_;  // checksums of files
};

/// The arguments with which Alembic carries out exactly this step, from its `rows_before`. Pure.
[[nodiscard]] std::vector<std::string> AlembicArgumentsFor(const migrations::Step& step);

/// The end of the run of steps that begins at `begin` and that one `alembic upgrade` carries out:
/// upwards, and never with two rows in between. Pure.
[[nodiscard]] std::size_t EndOfRun(const migrations::Plan& plan, std::size_t begin);

}  // namespace drover::daemon
