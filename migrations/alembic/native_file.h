// The native migration file that takes the place of a revision of Alembic's. Pure.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "migrations/revision.h"

namespace drover::migrations {

/// Where one half of an imported file comes from.
enum class ScriptOrigin : std::uint8_t {
  kNothing,  // the function does nothing
  kSql,      // what Alembic executed, all of it
  kPartial,  // without the rows that Python writes knowing others
  kNone,     // there is no such half: no way back
};

/// "nothing", "sql", "partial", "none".
[[nodiscard]] std::string_view OriginName(ScriptOrigin origin);

struct ImportedScript {
  ScriptOrigin origin = ScriptOrigin::kNone;
  std::string sql{};
  std::vector<std::string> left_out{};  // "versions/b2.py:9  bind.execute(x)", one line each
};

struct ImportedFile {
  const Revision& revision;  // as it was read from Alembic's file; must outlive the call
  std::string source;        // that file, as it is to be named
  ImportedScript up{};
  ImportedScript down{};
  std::vector<std::string> differences{};  // what could not be proven equal; makes it a draft
};

/// The revision as a native one: id, parents, dependencies, labels, message and time are the same.
/// Its up section begins with comments: which file it was, which lines of Python it leaves out, and
/// what could not be proven equal. An upgrade() that does nothing becomes
/// "SELECT 1", since a file without a statement is one that is not finished. Throws kInvalid
/// ("import.section_line") for SQL with a line that would begin a section of the file.
[[nodiscard]] Revision MakeNative(const ImportedFile& imported);

/// "981cbaae32a1_initial_migration.sql": never a path, whatever the id is.
[[nodiscard]] std::string NativeFileName(const Revision& revision);

/// The same, or with a number when that name is among `taken`, letters' case aside; it is added to
/// them, in lower case.
[[nodiscard]] std::string FreeNativeFileName(const Revision& revision,
                                             std::set<std::string>& taken);

}  // namespace drover::migrations
