// The first hundred bytes of a SQLite database, read without SQLite: is this a database at all, and
// what does its header claim? Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace drover::environments {

inline constexpr std::size_t kSqliteHeaderSize = 100;

struct SqliteHeader {
  std::uint32_t page_size = 0;
  std::uint32_t pages = 0;  // 0: not known, since the writer did not keep it up to date
  std::uint32_t application_id = 0;
  bool wal = false;  // its last writer was in WAL mode
};

/// Do the bytes begin with SQLite's magic, whatever follows?
[[nodiscard]] bool HasSqliteMagic(std::string_view bytes);

/// The header at the start of `bytes`, or nothing when it is none: too short, a page size that is
/// no power of two from 512 to 65536, an unknown format version, or payload fractions other than
/// the fixed 64, 32, 32. A text file that merely begins with the magic does not pass.
[[nodiscard]] std::optional<SqliteHeader> ParseSqliteHeader(std::string_view bytes);

/// Is this the beginning of another well-known format that likes to be called *.db (Berkeley DB,
/// OLE as in Thumbs.db, GNU dbm)?
[[nodiscard]] bool IsOtherDatabaseFormat(std::string_view bytes);

/// Do the bytes begin like a write-ahead log?
[[nodiscard]] bool IsWalHeader(std::string_view bytes);

/// Do the bytes begin like a rollback journal that has not been finished?
[[nodiscard]] bool IsHotJournalHeader(std::string_view bytes);

}  // namespace drover::environments
