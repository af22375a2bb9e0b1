// What other connections are doing to a rollback-mode database, told from SQLite's lock bytes in
// /proc/locks. Opens nothing, so it neither takes a lock nor drops one.
#pragma once

#include <cstdint>
#include <string>

namespace drover::migrations {

/// SQLite's lock bytes (sqlite.org/lockingv3.html, "Locking Implementation" in os_unix.c): PENDING,
/// RESERVED and the shared range of the database, the writer's byte of the -shm file.
inline constexpr std::int64_t kPendingByte = 0x40000000;
inline constexpr std::int64_t kReservedByte = kPendingByte + 1;
inline constexpr std::int64_t kSharedFirst = kPendingByte + 2;
inline constexpr std::int64_t kSharedLast = kSharedFirst + 510 - 1;
inline constexpr std::int64_t kWalWriteByte = 120;

enum class Writer : std::uint8_t {
  kNone,       // none to be seen: there is none, or it is of another kernel or namespace
  kPreparing,  // RESERVED: it has changed nothing in the file yet
  kWriting,    // PENDING or EXCLUSIVE: the file may be half changed
};

/// Who is writing to the database at `path`, this process included. Never throws; kNone when it
/// cannot be known.
[[nodiscard]] Writer FindWriter(const std::string& path, const std::string& proc = "/proc");

/// Does any connection hold a lock that could keep a writer of the database out, in either journal
/// mode? Never throws; false when it cannot be known.
[[nodiscard]] bool IsLocked(const std::string& path, const std::string& proc = "/proc");

}  // namespace drover::migrations
