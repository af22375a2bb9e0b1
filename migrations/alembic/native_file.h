// The native migration file that takes the place of a revision of Alembic's. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "migrations/alembic/data_code.h"
#include "migrations/revision.h"

namespace drover::migrations {

/// Where one half of an imported file comes from.
enum class ScriptOrigin : std::uint8_t {
  kNothing,   // the function does nothing
  kSql,       // Alembic wrote it as SQL
  kRecorded,  // planned from the schemas before and after a real run
  kNone,      // there is no such half: no way back
};

/// "nothing", "sql", "recorded", "none".
[[nodiscard]] std::string_view OriginName(ScriptOrigin origin);

struct ImportedScript {
  ScriptOrigin origin = ScriptOrigin::kNone;
  std::string sql{};
};

struct ImportedFile {
  const Revision& revision;  // as it was read from Alembic's file; must outlive the call
  std::string source;        // that file, as it is to be named
  ImportedScript up{};
  ImportedScript down{};
  std::vector<DataCodeLine> data_code{};   // all of the file
  std::vector<std::string> differences{};  // what could not be proven equal; makes it a draft
};

/// The revision as a native one: id, parents, dependencies, labels, message and time are the same.
/// Its up section begins with comments: which file it was, how its SQL was found, which lines of
/// Python it leaves out, and what could not be proven equal. An upgrade() that does nothing becomes
/// "SELECT 1", since a file without a statement is one that is not finished. Throws kInvalid
/// ("import.section_line") for SQL with a line that would begin a section of the file.
[[nodiscard]] Revision MakeNative(const ImportedFile& imported);

/// "981cbaae32a1_initial_migration.sql".
[[nodiscard]] std::string NativeFileName(const Revision& revision);

}  // namespace drover::migrations
