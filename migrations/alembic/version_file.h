// One file of Alembic's versions folder, read without Python: which revision it is and what it
// comes after. The names that Alembic reads (alembic/script/base.py, `Script`) must be set to
// literals; how often that is so, and every spelling in use, is in docs/alembic.md. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "migrations/revision.h"

namespace drover::migrations {

/// Does Alembic take a file of this name for a revision? Its own rule: "*.py" that begins neither
/// with "__init__" nor with ".#" (what Emacs leaves).
[[nodiscard]] bool IsVersionFileName(std::string_view name);

/// Reads `text`, the file at `path`. `revision`, `down_revision`, `depends_on` and `branch_labels`
/// are what the last assignment of the module says; message and time come from the docstring and
/// are only for display. `down` is there, and empty, when the file has a downgrade().
///
/// Throws kInvalid with file:line:column: "alembic.not_literal" (a value that only Python can
/// tell), "malformed_migration" ( no `revision` or no `down_revision`, where Alembic stops as
/// well), "illegal_character" (in an id or a label).
[[nodiscard]] ParsedMigration ParseVersionFile(std::string_view text, const std::string& path);

/// What somebody who has run the file says of it.
struct VersionAnswer {
  RevisionId revision;
  std::vector<RevisionId> down_revision;
  std::vector<RevisionId> depends_on;
  std::vector<std::string> branch_labels;
};

/// The same, with `answer` in place of the values that only Python can tell.
[[nodiscard]] ParsedMigration ParseVersionFile(std::string_view text, const std::string& path,
                                               const VersionAnswer& answer);

}  // namespace drover::migrations
