#include "migrations/safety/backup.h"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <filesystem>
#include <optional>
#include <unistd.h>

#include "base/clock.h"
#include "base/documents.h"
#include "base/error.h"
#include "base/posix.h"
#include "base/safety_documents.h"
#include "base/text.h"
#include "migrations/checksum.h"
#include "migrations/safety/database_copy.h"
#include "migrations/safety/transplant.h"

namespace drover::migrations {
namespace {

constexpr std::size_t kLargestManifest = std::size_t{1} << 20U;
constexpr std::string_view kManifestSuffix = ".json";
constexpr std::string_view kCopySuffix = ".db";

std::string ManifestPath(const BackupEntry& entry) {
  return Concat(entry.path.substr(0, entry.path.size() - kCopySuffix.size()), kManifestSuffix);
}

/// Every change of content changes this; empty when a later change could carry the same stamp.
std::string Describe(const Footprint& footprint) {
  if (IsRacy(footprint.newest_ns())) return {};
  std::string text;
  for (const auto& status : {footprint.database, footprint.wal}) {
    if (!status) continue;
    text += Concat(text.empty() ? "" : " ", status->identity.device, ":", status->identity.inode,
                   ":", status->size, ":", status->modified_ns, ":", status->changed_ns);
  }
  return text;
}

std::optional<BackupManifest> ReadBackup(const std::string& directory, const std::string& name) {
  const std::string path = Concat(directory, "/", name);
  try {
    auto manifest = DecodeDocument<BackupManifest>(ReadFile(path, kLargestManifest));
    BackupEntry& entry = manifest.backup;
    // Where it is counts, not where it was: a directory of backups may be moved.
    entry.id = name.substr(0, name.size() - kManifestSuffix.size());
    entry.path = Concat(directory, "/", entry.id, kCopySuffix);
    if (!StatFile(entry.path)) return std::nullopt;
    return manifest;
  } catch (const Error& error) {
    if (error.code != Code::kInvalid && error.code != Code::kNotFound) throw;
    return std::nullopt;  // not written by us, or taken away at this moment
  }
}

/// Newest first.
std::vector<BackupManifest> ReadBackups(const std::string& directory) {
  std::vector<BackupManifest> backups;
  if (!StatFile(directory)) return backups;
  for (const std::string& name : ListDirectory(directory)) {
    if (!name.ends_with(kManifestSuffix)) continue;
    if (auto manifest = ReadBackup(directory, name)) backups.push_back(std::move(*manifest));
  }
  std::ranges::sort(backups, std::greater(), [](const BackupManifest& each) {
    return std::pair(each.backup.at, each.backup.id);
  });
  return backups;
}

void WriteManifest(const BackupManifest& manifest) {
  WriteFileDurably(ManifestPath(manifest.backup), EncodeDocument(manifest) + "\n", 0600);
}

void Remove(const std::string& path) {
  if (unlink(path.c_str()) != 0 && errno != ENOENT) throw SystemError("delete", path, errno);
}

void RemoveBackup(const BackupEntry& entry) {
  Remove(ManifestPath(entry));  // first: what is left of a crash is a copy without one
  Remove(entry.path);
}

/// Is that what a process that no longer lives, or has given up, was writing?
bool IsLeftover(const std::string& directory, const std::string& name,
                const std::vector<BackupManifest>& backups) {
  constexpr std::int64_t kHour = std::int64_t{3600} * 1'000'000'000;
  const bool part = name.ends_with(".part") || name.find(".part-") != std::string::npos;
  const bool copy =
      name.ends_with(kCopySuffix) && std::ranges::none_of(backups, [&](const BackupManifest& each) {
        return BaseName(each.backup.path) == name;
      });
  if (!part && !copy) return false;
  const auto status = StatFile(Concat(directory, "/", name));
  const std::int64_t now =
      std::chrono::duration_cast<std::chrono::nanoseconds>(WallNow().time_since_epoch()).count();
  return status && now - status->modified_ns > kHour;
}

void RemoveLeftovers(const std::string& directory, const std::vector<BackupManifest>& backups) {
  for (const std::string& name : ListDirectory(directory)) {
    if (!IsLeftover(directory, name, backups)) continue;
    std::error_code ignored;  // the next one tries again
    std::filesystem::remove_all(Concat(directory, "/", name), ignored);
  }
}

void Prune(const std::string& directory, const BackupPolicy& policy, std::string_view spared) {
  std::uint64_t bytes = 0;
  std::size_t kept = 0;
  for (const BackupManifest& each : ReadBackups(directory)) {
    bytes += static_cast<std::uint64_t>(each.backup.bytes);
    const bool wanted = kept < std::max<std::size_t>(policy.keep, 1) && bytes <= policy.max_bytes;
    if (kept == 0 || wanted || each.backup.id == spared) {
      ++kept;
    } else {
      RemoveBackup(each.backup);
    }
  }
}

/// Makes room by giving up the oldest backups; the newest stays.
void MakeSpace(const std::string& directory, std::uint64_t bytes, const std::string& database,
               std::string_view spared) {
  const std::string what = Concat("a backup of ", database);
  std::vector<BackupManifest> backups = ReadBackups(directory);
  std::erase_if(backups, [&](const BackupManifest& each) { return each.backup.id == spared; });
  for (;;) {
    try {
      return RequireSpace(directory, bytes, what);
    } catch (const Error&) {
      if (backups.size() <= 1) throw;
    }
    RemoveBackup(backups.back().backup);
    backups.pop_back();
  }
}

/// Two files that nobody has open.
bool HaveSameContent(const std::string& one, const std::string& other) {
  const auto first = StatFile(one);
  const auto second = StatFile(other);
  if (!first || !second || first->size != second->size) return false;
  const UniqueFd left(open(one.c_str(), O_RDONLY | O_CLOEXEC));
  const UniqueFd right(open(other.c_str(), O_RDONLY | O_CLOEXEC));
  if (!left || !right) return false;
  std::string ours(std::size_t{1} << 18U, '\0');
  std::string theirs(ours.size(), '\0');
  for (std::uint64_t at = 0; at < first->size;) {
    const auto offset = static_cast<off_t>(at);
    const ssize_t got = pread(left.get(), ours.data(), ours.size(), offset);
    if (got <= 0 ||
        pread(right.get(), theirs.data(), static_cast<std::size_t>(got), offset) != got) {
      return false;
    }
    const auto length = static_cast<std::size_t>(got);
    if (std::string_view(ours).substr(0, length) != std::string_view(theirs).substr(0, length)) {
      return false;
    }
    at += length;
  }
  return true;
}

constexpr std::string_view kDamaged = "damaged: ";

std::string CheckCopy(const std::string& path) {
  Connection copy(path, OpenMode::kReadImmutable);
  const Soundness soundness = CheckSoundness(copy);
  if (!soundness.damage.empty()) return Concat(kDamaged, soundness.damage);
  return soundness.unchecked.empty() ? "ok" : "not checked: " + soundness.unchecked;
}

/// Runs `copy`, which writes the copy at the path it is given and returns what it has copied.
TakenBackup Keep(const std::string& database, const BackupPolicy& policy,
                 const BackupOccasion& occasion,
                 const std::function<Footprint(const std::string&)>& copy) {
  const std::string directory = BackupDirectory(database, policy);
  MakeDirectoriesDurably(directory, 0700);
  const std::vector<BackupManifest> backups = ReadBackups(directory);
  RemoveLeftovers(directory, backups);
  const Footprint now = TakeFootprint(database);
  const std::string source = Describe(now);
  if (!backups.empty() && !source.empty() && backups.front().source == source) {
    return {.entry = backups.front().backup, .reused = true};
  }
  MakeSpace(directory, SizeOf(now), database, occasion.spared);
  BackupManifest manifest;
  BackupEntry& entry = manifest.backup;
  entry.id = TimestampId();
  entry.at = FormatUtcMilliseconds(WallNow());
  entry.database = database;
  entry.environment = occasion.environment;
  entry.reason = occasion.reason;
  entry.revisions = occasion.revisions;
  entry.path = Concat(directory, "/", entry.id, kCopySuffix);
  manifest.source = Describe(copy(entry.path));
  if (!backups.empty() && HaveSameContent(backups.front().backup.path, entry.path)) {
    Remove(entry.path);
    BackupManifest known = backups.front();
    known.source = manifest.source;
    WriteManifest(known);
    return {.entry = known.backup, .reused = true};
  }
  entry.bytes = static_cast<std::int64_t>(StatFile(entry.path)->size);
  entry.checked = CheckCopy(entry.path);
  WriteManifest(manifest);
  Prune(directory, policy, occasion.spared);
  return {.entry = entry, .reused = false};
}

}  // namespace

std::string BackupDirectory(const std::string& database, const BackupPolicy& policy) {
  return Concat(policy.directory, "/", BaseName(database), "-",
                Sha256(RealPath(database)).substr(0, 12));
}

TakenBackup TakeBackup(const std::string& database, const BackupPolicy& policy,
                       const BackupOccasion& occasion) {
  TakenBackup taken = Keep(database, policy, occasion, [&](const std::string& to) {
    return CopyLive(database, [&](Connection& source) { WriteCopy(source, to, CopyKind::kKept); });
  });
  if (!taken.entry.checked.starts_with(kDamaged)) return taken;
  throw Error(Code::kCorrupt, "database.damaged",
              Concat(database, " is ", taken.entry.checked, "; what is in it is kept as backup ",
                     taken.entry.id),
              "drover backups, to see what can be restored");
}

BackupEntry KeepLocked(Connection& live, const BackupPolicy& policy,
                       const BackupOccasion& occasion) {
  return Keep(live.path(), policy, occasion,
              [&](const std::string& to) {
                const Footprint copied = TakeFootprint(live.path());
                WriteCopy(live, to, CopyKind::kKept);
                return copied;
              })
      .entry;
}

std::vector<BackupEntry> ListBackups(const std::string& database, const BackupPolicy& policy) {
  std::vector<BackupEntry> entries;
  for (BackupManifest& each : ReadBackups(BackupDirectory(database, policy))) {
    entries.push_back(std::move(each.backup));
  }
  return entries;
}

BackupEntry FindBackup(const std::string& database, const BackupPolicy& policy,
                       const std::string& name) {
  const std::vector<BackupEntry> entries = ListBackups(database, policy);
  if (entries.empty()) {
    throw Error(Code::kNotFound, "backup.none", Concat("there is no backup of ", database),
                "drover backup");
  }
  if (name.empty() || name == "latest") return entries.front();
  std::vector<BackupEntry> found;
  for (const BackupEntry& each : entries) {
    if (each.id == name) return each;
    if (each.id.starts_with(name)) found.push_back(each);
  }
  if (found.size() == 1) return found.front();
  if (found.empty()) {
    throw Error(Code::kNotFound, "backup.unknown",
                Concat("there is no backup ", name, " of ", database), "drover backups");
  }
  std::vector<std::string> ids;
  for (const BackupEntry& each : found) ids.push_back(each.id);
  throw Error(Code::kConflict, "backup.ambiguous",
              Concat("several backups begin with ", name, ": ", Join(ids, ", ")),
              Concat("drover restore ", ids.front()));
}

}  // namespace drover::migrations
