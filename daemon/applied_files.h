// Which files the applied revisions of an Alembic database had when drover first saw them applied.
// Alembic keeps no checksum, and nothing of drover's is put into a database that Alembic manages,
// so this is kept beside drover's own state: `alembic/<sha256 of the database's path>.json`.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/posix.h"
#include "migrations/archive.h"
#include "migrations/lineage.h"

namespace drover::daemon {

/// Records as a history would have them (archive.h), with the checksum of the file and its edges.
/// Used by one thread at a time; of two that write at once the last wins, and what the other had
/// seen first is seen again.
class AppliedFiles final {
 public:
  /// `directory` is that of drover's state. Makes nothing yet.
  explicit AppliedFiles(const std::string& directory) : directory_(directory + "/alembic") {}

  /// The records of the revisions that are applied to the database at `path` with these `rows`:
  /// what was noted before for the same `file`, and now of those that had no record. What is no
  /// longer applied is forgotten. `files` may be incomplete; then nothing is forgotten. Throws kIo.
  std::map<migrations::RevisionId, migrations::AppliedRecord> Note(
      const std::string& path, const FileIdentity& file,
      std::span<const migrations::RevisionId> rows, const migrations::MigrationFiles& files);

  /// Notes what the database at `path` is made of after a job, before anybody can edit it: of
  /// `anew` the files in `graph`, whatever was noted of them, and the others as Note(). What cannot
  /// be written is left to the next look, which then says why.
  void NoteJob(const std::string& path, std::span<const migrations::RevisionId> rows,
               const migrations::Graph& graph, std::span<const migrations::RevisionId> anew);

  /// Takes the file of `revision` as it is now for what was applied. Throws kIo.
  void Accept(const std::string& path, const migrations::RevisionId& revision);

 private:
  using Records = std::map<migrations::RevisionId, migrations::AppliedRecord>;
  using FilesById = std::unordered_map<std::string_view, const migrations::Revision*>;
  struct Book {
    std::optional<FileStatus> status{};  // of the file it was read from
    FileIdentity database{};
    Records records{};
  };

  [[nodiscard]] std::string FileFor(const std::string& path) const;
  Book& Read(const std::string& path);

  /// What Note() and NoteJob() have in common: `known` are the files, all of them or not.
  const Records& Update(const std::string& path, const FileIdentity& file,
                        std::span<const migrations::RevisionId> rows, const FilesById& known,
                        bool complete, std::span<const migrations::RevisionId> anew);
  void Write(const std::string& path, Book& book);

  std::string directory_;
  std::map<std::string, Book> books_;  // by the database's path
};

}  // namespace drover::daemon
