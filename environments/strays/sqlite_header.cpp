#include "environments/strays/sqlite_header.h"

#include <array>

#include "migrations/rollback_journal.h"

namespace drover::environments {
namespace {

constexpr std::string_view kDatabaseMagic{"SQLite format 3\0", 16};

std::uint32_t Byte(std::string_view bytes, std::size_t at) {
  return static_cast<unsigned char>(bytes[at]);
}

std::uint32_t Word(std::string_view bytes, std::size_t at) {
  return (Byte(bytes, at) << 24U) | (Byte(bytes, at + 1) << 16U) | (Byte(bytes, at + 2) << 8U) |
         Byte(bytes, at + 3);
}

}  // namespace

bool HasSqliteMagic(std::string_view bytes) { return bytes.starts_with(kDatabaseMagic); }

std::optional<SqliteHeader> ParseSqliteHeader(std::string_view bytes) {
  if (bytes.size() < kSqliteHeaderSize || !HasSqliteMagic(bytes)) return std::nullopt;
  std::uint32_t page_size = (Byte(bytes, 16) << 8U) | Byte(bytes, 17);
  if (page_size == 1) page_size = 65536;  // does not fit into the two bytes
  if (page_size < 512 || (page_size & (page_size - 1)) != 0) return std::nullopt;
  const std::uint32_t write_version = Byte(bytes, 18);
  const std::uint32_t read_version = Byte(bytes, 19);
  if (write_version < 1 || write_version > 2 || read_version < 1 || read_version > 2) {
    return std::nullopt;
  }
  if (Byte(bytes, 21) != 64 || Byte(bytes, 22) != 32 || Byte(bytes, 23) != 32) {
    return std::nullopt;
  }
  // The page count is valid only if the last writer was one that keeps it.
  const bool counted = bytes.substr(24, 4) == bytes.substr(92, 4);
  return SqliteHeader{.page_size = page_size,
                      .pages = counted ? Word(bytes, 28) : 0,
                      .application_id = Word(bytes, 68),
                      .wal = read_version == 2};
}

bool IsOtherDatabaseFormat(std::string_view bytes) {
  static constexpr std::array kAtStart = {
      std::string_view("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", 8),  // OLE
      std::string_view("\xce\x9a\x57\x13", 4),                  // GNU dbm
      std::string_view("\xcf\x9a\x57\x13", 4),
  };
  for (const std::string_view magic : kAtStart) {
    if (bytes.starts_with(magic)) return true;
  }
  // Berkeley DB keeps its magic at byte 12 of the meta page, in the byte order of its machine.
  static constexpr std::array kBerkeley = {
      std::string_view("\x61\x15\x06\x00", 4), std::string_view("\x00\x06\x15\x61", 4),
      std::string_view("\x62\x31\x05\x00", 4), std::string_view("\x00\x05\x31\x62", 4),
      std::string_view("\x53\x22\x04\x00", 4), std::string_view("\x00\x04\x22\x53", 4),
  };
  for (const std::string_view magic : kBerkeley) {
    if (bytes.size() >= 16 && bytes.substr(12, 4) == magic) return true;
  }
  return false;
}

bool IsWalHeader(std::string_view bytes) {
  return bytes.starts_with("\x37\x7f\x06\x82") || bytes.starts_with("\x37\x7f\x06\x83");
}

bool IsHotJournalHeader(std::string_view bytes) {
  return bytes.starts_with(migrations::kJournalMagic);
}

}  // namespace drover::environments
