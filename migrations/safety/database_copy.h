// Private copies of a live database, made with SQLite's backup API in one step, so that a copy is
// one state of the database however busy it is.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "migrations/footprint.h"
#include "migrations/sqlite.h"

namespace drover::migrations {

/// Is a copy to outlive a power failure, or only the work it is made for?
enum class CopyKind : std::uint8_t { kKept, kScratch };

/// Writes what `source` holds to the file `to`, mode 0600, in place of what may be there. Under its
/// name there is never half a copy; a kept one is durable on return. The copy is in rollback mode,
/// whatever the source is: one in WAL mode would want a directory to be written to, just to be
/// read. Throws like Connection::CopyFrom; after an error nothing is left.
void WriteCopy(Connection& source, const std::string& to, CopyKind kind);

/// Runs `copy` on a connection to the live database at `path` that it may copy from, and returns
/// the footprint of what was copied. In rollback mode, with nobody writing, no lock is taken and
/// no writer held up, and `copy` runs a second time, under SQLite's shared lock, when a writer came
/// by nonetheless; in WAL mode writers go on. A hot journal is rolled back. Throws kNotFound
/// ("database.missing"), kBusy after waiting for five seconds, and what `copy` throws.
Footprint CopyLive(const std::string& path, const std::function<void(Connection&)>& copy);

/// Copies a private file that nobody has open to a new one, sharing its blocks where the file
/// system can. Throws kConflict ("io.exists") or kIo; after an error nothing is left.
void CopyPrivateFile(const std::string& from, const std::string& to);

/// Bytes that the database and its -wal take.
[[nodiscard]] std::uint64_t SizeOf(const Footprint& footprint);

/// Throws kIo ("backup.no_space") when `directory` has no room for `bytes` and some reserve; `what`
/// names what they are for.
void RequireSpace(const std::string& directory, std::uint64_t bytes, const std::string& what);

}  // namespace drover::migrations
