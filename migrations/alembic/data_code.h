// Which lines of an Alembic revision work with rows from Python, so that no SQL can stand for them:
// op.get_bind(), a Session, and what is read from or written through them. Judged by the words of
// the file alone. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace drover::migrations {

/// One line that asks the database from Python.
struct DataCodeLine {
  enum class Kind : std::uint8_t {
    kConnection,  // takes a connection: it may only look at the schema or the dialect
    kRows,        // reads or writes rows through one
  };
  std::size_t line = 0;  // from 1
  Kind kind = Kind::kConnection;
  bool in_downgrade = false;
  std::string text;  // the line itself, trimmed
  bool operator==(const DataCodeLine&) const = default;
};

/// The lines of `source`, the text of a revision's file, in order, one entry each. Empty when the
/// file takes no connection: op.execute() and op.bulk_insert() with values are no data code, since
/// Alembic writes them as SQL.
[[nodiscard]] std::vector<DataCodeLine> FindDataCode(std::string_view source);

}  // namespace drover::migrations
