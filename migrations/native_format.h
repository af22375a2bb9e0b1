// The native migration file: a header of "-- key: value" lines, then "-- migrate:up" and
// "-- migrate:down" sections of SQL (docs/migrations.md). Parsing and writing of the text; no I/O.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "migrations/revision.h"

namespace drover::migrations {

/// Parses one file. `path` is only for messages. Throws kInvalid with file:line:column:
/// "malformed_migration" (missing or unknown header line, missing section, NUL byte, text before
/// the first section), "illegal_character" (in a revision id).
[[nodiscard]] Revision ParseMigration(std::string_view text, const std::string& path);

/// The text of a new migration file: with the sections of `revision`, or with two empty ones when
/// it has no SQL. ParseMigration() reads the same back; a line in the SQL that would begin a
/// section
/// ("-- migrate:…") must not be there.
[[nodiscard]] std::string FormatMigration(const Revision& revision);

/// Has the script a line that would begin a section of the file?
[[nodiscard]] bool HasSectionLine(std::string_view sql);

/// Throws kInvalid ("illegal_character") unless `name` can be a revision id or a branch label: 1 to
/// 128 bytes without white space, quotes, '\\', ',', '@', '-', '+' and ':', and none of the words
/// head, heads, base, current and none. `what` is "a revision id", say.
void CheckRevisionId(std::string_view name, const std::string& where,
                     std::string_view what = "a revision id");

/// Lower-case words of a message joined by '_', at most 40 characters, for a file name.
[[nodiscard]] std::string Slug(std::string_view message);

/// Is a native revision without any statement in its up section, though not a merge?
[[nodiscard]] bool HasEmptyUp(const Revision& revision);

}  // namespace drover::migrations
