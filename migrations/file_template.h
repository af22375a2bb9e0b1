// What new migration files are called: `migrations.file_template` of drover.yaml, with Alembic's
// tokens. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "migrations/revision.h"

namespace drover::migrations {

/// A pattern of plain text, "%%" for a percent sign, and the tokens %(rev)s, %(slug)s, %(epoch)s,
/// %(year)d, %(month).2d, %(day).2d, %(hour).2d, %(minute).2d and %(second).2d. The time is that of
/// `zone`. CheckFileTemplate() has found nothing wrong with `pattern`.
struct FileTemplate {
  std::string pattern = "%(rev)s_%(slug)s";
  TimeZone zone = TimeZone::kUtc;
  bool operator==(const FileTemplate&) const = default;
};

/// What is wrong with a pattern, and what to write instead.
struct TemplateProblem {
  std::string message;
  std::string hint;
};

/// The first problem of `pattern`: an unknown token (with "did you mean"), a broken one, a name
/// that would lie in another directory or be hidden, or that is the same for all files.
[[nodiscard]] std::optional<TemplateProblem> CheckFileTemplate(std::string_view pattern);

/// The name of the file for `revision`, made at `time`, with ".sql". A "/" of the id becomes "_";
/// separators that an empty slug leaves at the end are dropped. Throws kInvalid
/// ("illegal_file_name") when the result is hidden or longer than a file name may be.
[[nodiscard]] std::string FileName(const FileTemplate& pattern, const Revision& revision,
                                   WallTime time);

}  // namespace drover::migrations
