// What Alembic says of revisions whose files set a name to something that only Python can tell. It
// is asked once for each content of such a file, and its answers are kept beside drover's state:
// `alembic/answers.json`.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "daemon/alembic_runner.h"
#include "migrations/alembic/version_file.h"
#include "migrations/folder.h"

namespace drover::daemon {

/// May the project's Python be run, unasked?
enum class MayAsk : std::uint8_t { kNo, kYes };

/// Used by one thread at a time.
class AlembicAnswers final {
 public:
  /// `directory` is that of drover's state. Reads nothing yet.
  explicit AlembicAnswers(const std::string& directory)
      : path_(directory + "/alembic/answers.json") {}

  /// Makes revisions of the files that `loaded` has as problems of the kind "alembic.not_literal",
  /// by what is known of them, or, when it may, by what `alembic history` says now; that runs the
  /// project's Python for up to 30 s. Where there is no answer the problem stays and says why, or
  /// what to type. Throws nothing.
  void Complete(migrations::LoadedMigrations& loaded, const AlembicSetting& setting, MayAsk may);

 private:
  using Answers = std::map<std::string, migrations::VersionAnswer, std::less<>>;

  void Read();
  void Write() const;

  std::string path_;
  bool read_ = false;
  Answers answers_;  // by the checksum of the file
};

/// What `alembic history --verbose` prints, by the path of the file. Pure.
[[nodiscard]] std::map<std::string, migrations::VersionAnswer> ParseHistory(
    std::string_view output);

}  // namespace drover::daemon
