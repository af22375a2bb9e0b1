// Who has a file open or locked: a look through /proc by device and inode, so that it is right
// across containers, bind mounts and renames.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/documents.h"
#include "base/posix.h"

namespace drover::environments {

/// One pass over `proc` (normally "/proc"): the processes that hold any of `files` open, by file.
/// Our own process and our scans are left out; processes that may not be inspected are silently
/// skipped. A process in another mount namespace is marked, since its cwd is a path of its own
/// container.
[[nodiscard]] std::map<FileIdentity, std::vector<Holder>> FindHolders(
    const std::set<FileIdentity>& files, const std::string& proc = "/proc");

/// The processes whose locks keep a writer out of the SQLite database at `path`: those that write
/// or are about to; without one, those that read, which hold up a commit; without any lock to be
/// seen (another kernel's, another pid namespace's), whoever has the file open. Opens nothing of
/// the database. Never throws; nobody when it cannot be known.
[[nodiscard]] std::vector<Holder> FindLockHolders(const std::string& path,
                                                  const std::string& proc = "/proc");

}  // namespace drover::environments
