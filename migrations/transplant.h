// Puts the content of one database into another, live one, keeping what was in it: under SQLite's
// exclusive lock, through its backup API, so that the file keeps inode, owner and mode, and whoever
// has it open goes on with the new content.
#pragma once

#include <functional>
#include <string>

#include "migrations/sqlite.h"

namespace drover::migrations {

/// Throws kCorrupt ("database.damaged") when `source` does not pass quick_check; one that cannot be
/// checked, since its schema wants functions of its application, passes.
void CheckIntegrity(Connection& source);

/// Copies what is in `live` to the new file that `keep` names, then replaces it by what is in
/// `source`. `live` is created, mode 0644, when it is missing; there is nothing to keep then, and
/// `keep` is not called. Both are durable on return. Nobody else can write between the two: the
/// lock is held from before the first to after the second. Throws kBusy, naming no holder, after
/// waiting for five seconds; else like Connection::CopyFrom. After an error the old content stands;
/// only when the last steps of the commit failed (kIo) it may be the new one, and the copy is
/// complete then.
void Transplant(Connection& source, const std::string& live,
                const std::function<std::string()>& keep);

}  // namespace drover::migrations
