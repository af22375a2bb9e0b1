// From what Alembic has executed for a revision to the script that does the same. A statement
// stands in the script as it was, unless Python may have made it of rows that it had read: those of
// one database are not those of another. Pure.
#pragma once

#include <cstdint>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/import_documents.h"

namespace drover::migrations {

/// Reads the lines that daemon/alembic_hook/drover_trace.py has written. Throws kInvalid
/// ("protocol.document").
[[nodiscard]] std::vector<AlembicTraceLine> ParseTrace(std::string_view text);

/// Is that everything which was executed? It is not when the hook was not loaded, when a connection
/// was opened past it, or when there is no statement at all.
[[nodiscard]] bool IsComplete(std::span<const AlembicTraceLine> trace);

/// A line of Python for which the script does not stand.
struct UntranslatedLine {
  enum class Kind : std::uint8_t {
    kReads,   // rows, which Python may have used
    kUndoes,  // a rollback: Python has gone another way than before
    kWrites,  // rows, after such a line, or with the id of a row that it had inserted
  };
  Kind kind = Kind::kReads;
  std::string file;  // empty: env.py
  std::int64_t line = 0;
  std::string sql;  // the first statement of it, on one line
  std::size_t times = 1;
  bool operator==(const UntranslatedLine&) const = default;
};

struct TraceSetting {
  std::string version_table;
  std::string root{};               // files are named from there
  std::vector<std::string> days{};  // of the import: "2026-11-28"
};

struct TracedScript {
  std::string sql;
  std::vector<UntranslatedLine> untranslated{};            // one for each line and kind
  std::vector<std::string> notes{};                        // what else is not as in Alembic
  bool has_batch = false;                                  // makes a table anew
  std::set<std::pair<std::string, std::int64_t>> lines{};  // file and line that executed anything
};

/// Translates the trace of one command of Alembic's.
[[nodiscard]] TracedScript TranslateTrace(std::span<const AlembicTraceLine> trace,
                                          const TraceSetting& setting);

}  // namespace drover::migrations
