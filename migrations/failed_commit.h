// What became of a transaction whose COMMIT failed: by then the decisive step may have been made,
// and only a fresh look at the disk can tell.
#pragma once

#include <functional>
#include <string>

#include "base/error.h"
#include "migrations/sqlite.h"

namespace drover::migrations {

/// Opens the database anew, which lets SQLite roll back or recover what was left, and asks
/// `is_there` whether it holds what the transaction wrote; call it when the connection that failed
/// with `failure` is closed. False when it does not, or when nobody can tell. True when it does and
/// a power failure could not take it away any more. Throws `failure` as "sqlite.not_durable" when
/// all is there, but that is not certain.
[[nodiscard]] bool SurvivedFailedCommit(const std::string& path, const Error& failure,
                                        const std::function<bool(Connection&)>& is_there);

}  // namespace drover::migrations
