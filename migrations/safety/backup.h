// Backups: verified copies of a database, kept aside before something is done to it. Each database
// has a directory of its own with a copy and a manifest for every backup; the manifest is written
// last, so a copy without one is what a crash left behind.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/safety_documents.h"
#include "migrations/safety/policy.h"
#include "migrations/sqlite.h"

namespace drover::migrations {

/// Why a backup is taken.
struct BackupOccasion {
  std::string environment;
  std::string reason;  // the command, or "backup"
  std::vector<std::string> revisions;
  std::string spared{};  // id of a backup that must not be given up now
};

struct TakenBackup {
  BackupEntry entry;
  bool reused = false;  // the newest backup has this content already; nothing was written
};

/// Copies the database at `database`, durably, and checks the copy with quick_check; then deletes
/// the oldest backups that the policy does not keep. At most one backup holds the same content: the
/// newest one serves when nothing was written since, or when what was written was rolled back.
/// Readers and writers go on meanwhile, but that a writer in rollback mode may wait for the copy.
/// Throws what CopyLive throws; kIo ("backup.no_space", and when the directory cannot be written);
/// kCorrupt ("database.damaged") when the check fails: the copy is kept then, and named.
[[nodiscard]] TakenBackup TakeBackup(const std::string& database, const BackupPolicy& policy,
                                     const BackupOccasion& occasion);

/// The same of a database whose lock the caller holds through `live`; a damaged one is kept, too.
[[nodiscard]] BackupEntry KeepLocked(Connection& live, const BackupPolicy& policy,
                                     const BackupOccasion& occasion);

/// The complete backups of one database, newest first. What is no backup is skipped. Throws kIo.
[[nodiscard]] std::vector<BackupEntry> ListBackups(const std::string& database,
                                                   const BackupPolicy& policy);

/// The backup that `name` means: "latest", an id, or a unique beginning of one. Throws kNotFound
/// ("backup.none", "backup.unknown") or kConflict ("backup.ambiguous").
[[nodiscard]] BackupEntry FindBackup(const std::string& database, const BackupPolicy& policy,
                                     const std::string& name);

/// The directory of one database's backups, which need not exist.
[[nodiscard]] std::string BackupDirectory(const std::string& database, const BackupPolicy& policy);

}  // namespace drover::migrations
