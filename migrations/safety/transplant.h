// Puts the content of one database into another, live one, keeping what was in it: under SQLite's
// exclusive lock, through its backup API, so that the file keeps inode, owner and mode, and whoever
// has it open goes on with the new content.
#pragma once

#include <functional>
#include <string>

#include "migrations/sqlite.h"

namespace drover::migrations {

/// What `PRAGMA quick_check` says of a database: at most one of the two is filled.
struct Soundness {
  std::string damage;     // the first thing that is wrong
  std::string unchecked;  // why it cannot tell: the schema wants functions of its application, say
};

/// Reads the whole database. Throws like Connection::Execute, but for what makes it `unchecked`.
[[nodiscard]] Soundness CheckSoundness(Connection& connection);

/// Throws kCorrupt ("database.damaged") when `source` does not pass; one that cannot be checked
/// passes.
void CheckIntegrity(Connection& source);

/// Calls `keep` with what is in `live`, then replaces it by what is in `source`. `live` is created,
/// mode 0644, when it is missing; there is nothing to keep then, and `keep` is not called. The
/// change is durable on return. Nobody else can write between the two: the lock is held from before
/// the first to after the second. Throws kBusy, naming no holder, after waiting for five seconds;
/// what `keep` throws; else like Connection::CopyFrom. After an error the old content stands; only
/// when the last steps of the commit failed (kIo) it may be the new one, and what `keep` has made
/// is complete then.
void Transplant(Connection& source, const std::string& live,
                const std::function<void(Connection&)>& keep);

}  // namespace drover::migrations
