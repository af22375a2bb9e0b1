// Who has a file open or locked: a look through /proc by device and inode, so that it is right
// across containers, bind mounts and renames.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/posix.h"
#include "base/stray_documents.h"

namespace drover::environments {

using HoldersByFile = std::map<FileIdentity, std::vector<Holder>>;

/// One pass over `proc` (normally "/proc"): the processes that hold any of `files` open, by file,
/// in the order of their numbers. Of those that may not be inspected only the ones that SQLite
/// holds a lock for are known, and their cwd is empty. Our own process and our scans are left out.
/// A process in another mount namespace is marked, since its cwd is a path of its own container.
[[nodiscard]] HoldersByFile FindHolders(const std::set<FileIdentity>& files,
                                        const std::string& proc = "/proc");

/// What one pass sees besides.
struct OpenFiles {
  HoldersByFile holders;
  /// Processes of this mount namespace that have a file open which was deleted from one of the
  /// paths asked about: what is at the path now is another file.
  std::vector<DetachedUse> deleted;
};

/// FindHolders(), and who still has open what was deleted from any of `paths`.
[[nodiscard]] OpenFiles FindOpenFiles(const std::set<FileIdentity>& files,
                                      const std::set<std::string>& paths,
                                      const std::string& proc = "/proc");

/// The processes whose locks keep a writer out of the SQLite database at `path`: those that write
/// or are about to; without one, those that read, which hold up a commit; without any lock to be
/// seen (another kernel's, another pid namespace's), whoever has the file open. Opens nothing of
/// the database. Never throws; nobody when it cannot be known.
[[nodiscard]] std::vector<Holder> FindLockHolders(const std::string& path,
                                                  const std::string& proc = "/proc");

}  // namespace drover::environments
