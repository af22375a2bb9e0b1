#include "environments/strays/put_away.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <fcntl.h>
#include <optional>
#include <set>
#include <string_view>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/posix.h"
#include "base/text.h"
#include "environments/processes.h"
#include "environments/strays/private_copy.h"
#include "environments/strays/sqlite_lock.h"
#include "migrations/busy_wait.h"
#include "migrations/rollback_journal.h"

namespace drover::environments {
namespace {

constexpr std::array kSuffixes = {std::string_view("-wal"), std::string_view("-journal"),
                                  std::string_view("-shm")};

std::optional<struct stat> StatusOf(const std::string& path) {
  struct stat status {};
  if (lstat(path.c_str(), &status) != 0) return std::nullopt;
  return status;
}

void Rename(const std::string& from, const std::string& to) {
  if (rename(from.c_str(), to.c_str()) != 0) throw SystemError("move", from, errno);
}

/// False when something is there already. Throws kIo.
bool RenameIfFree(const std::string& from, const std::string& to) {
  if (renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) == 0) return true;
  if (errno == EEXIST) return false;
  throw SystemError("move", from, errno);
}

/// Side files are never locked by anybody, so they may be read and closed.
void CopyDurably(const std::string& from, const std::string& to) {
  const UniqueFd source(open(from.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
  if (!source) throw SystemError("open", from, errno);
  const UniqueFd sink(open(to.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!sink) throw SystemError("create", to, errno);
  if (!CopyBytes(source.get(), sink.get(), INT64_MAX) || fsync(sink.get()) != 0) {
    throw SystemError("copy", from, errno);
  }
}

bool SameContent(const std::string& left, const std::string& right) {
  constexpr std::size_t kLimit = std::size_t{1} << 30U;
  const auto one = StatFile(left, Follow::kNothing);
  const auto other = StatFile(right, Follow::kNothing);
  return one && other && one->type == FileType::kRegular && one->size == other->size &&
         one->size < kLimit && ReadFile(left, kLimit) == ReadFile(right, kLimit);
}

std::vector<ManifestSidecar> SidecarsOf(const std::string& path) {
  std::vector<ManifestSidecar> sidecars;
  for (const std::string_view suffix : kSuffixes) {
    const auto status = StatusOf(Concat(path, suffix));
    if (!status || !S_ISREG(status->st_mode)) continue;
    sidecars.push_back({.suffix = std::string(suffix),
                        .inode = status->st_ino,
                        .size = static_cast<std::uint64_t>(status->st_size)});
  }
  return sidecars;
}

/// The -shm holds nothing that is not in the -wal.
bool HasContent(const ManifestSidecar& sidecar) {
  return sidecar.size > 0 && sidecar.suffix != "-shm";
}

void RefuseHolders(const std::string& path, const struct stat& database,
                   const std::vector<ManifestSidecar>& sidecars) {
  std::set<FileIdentity> files{{.device = database.st_dev, .inode = database.st_ino}};
  for (const ManifestSidecar& sidecar : sidecars) {
    files.insert({.device = database.st_dev, .inode = sidecar.inode});
  }
  for (const auto& [identity, holders] : FindHolders(files)) {
    throw Error(Code::kRefused, "stray.held",
                Concat(path, " is held open by ", migrations::NameHolders(holders)),
                "drover strays");
  }
}

void RefuseHotJournal(const std::string& path) {
  if (!migrations::HasLiveJournal(path)) return;
  throw Error(Code::kRefused, "stray.hot_journal",
              Concat(path,
                     " has a hot journal: a write is going on or broke off, and SQLite has to roll "
                     "it back first"),
              Concat("sqlite3 ", ShellQuote(path), " 'SELECT count(*) FROM sqlite_schema'"));
}

ArchiveManifest Describe(const PutAwayRequest& request, const std::string& directory,
                         const struct stat& status, std::vector<ManifestSidecar> sidecars) {
  return {.v = 1,
          .id = BaseName(directory),
          .project = request.project,
          .path = request.path,
          .at = FormatUtc(WallNow()),
          .reason = request.reason,
          .kind = request.kind,
          .environment = request.environment,
          .fingerprint = request.fingerprint,
          .device = status.st_dev,
          .inode = status.st_ino,
          .size = static_cast<std::uint64_t>(status.st_size),
          .modified_ns = static_cast<std::int64_t>(status.st_mtim.tv_sec) * 1'000'000'000 +
                         status.st_mtim.tv_nsec,
          .mode = status.st_mode & 07777U,
          .owner = status.st_uid,
          .group = status.st_gid,
          .sidecars = std::move(sidecars)};
}

/// Our copies of side files, the manifest and the directory.
void RemoveStaging(const Archive& archive) {
  for (const std::string_view suffix : kSuffixes) {
    unlink(Concat(archive.database(), suffix).c_str());
  }
  unlink((archive.database() + ".part").c_str());
  unlink(Concat(archive.directory, "/", kManifest).c_str());
  rmdir(archive.directory.c_str());
}

/// Everything up to the step that decides: what is in the archive now is copies.
void Stage(const Archive& archive) {
  for (const ManifestSidecar& sidecar : archive.manifest.sidecars) {
    if (!HasContent(sidecar)) continue;
    CopyDurably(archive.manifest.path + sidecar.suffix, archive.database() + sidecar.suffix);
  }
  WriteManifest(archive.directory, archive.manifest);
  SyncDirectory(DirectoryName(archive.directory));
}

/// The side files themselves take the place of their copies: they have their owner and time.
void MoveSidecars(const std::string& from, const std::string& to,
                  const std::vector<ManifestSidecar>& sidecars) {
  for (const ManifestSidecar& sidecar : sidecars) {
    const auto status = StatusOf(from + sidecar.suffix);
    if (status && status->st_ino == sidecar.inode) {
      Rename(from + sidecar.suffix, to + sidecar.suffix);
    }
  }
}

/// Ends one archive that a killed process may have left half done.
void TidyOne(const Archive& archive) {
  const ArchiveManifest& manifest = archive.manifest;
  const auto original = StatusOf(manifest.path);
  if (!archive.complete) {
    // Not put away yet, or put back already: the original is where it was.
    if (original && original->st_ino == manifest.inode && original->st_dev == manifest.device) {
      RemoveStaging(archive);
    }
    return;
  }
  if (manifest.reason == "replaced" || original) return;
  MoveSidecars(manifest.path, archive.database(), manifest.sidecars);
}

}  // namespace

Archive PutAway(const PutAwayRequest& request) {
  const SqliteLock lock(request.path);
  RefuseHotJournal(request.path);
  const std::vector<ManifestSidecar> sidecars = SidecarsOf(request.path);
  RefuseHolders(request.path, lock.status(), sidecars);
  if (!lock.exclusive() && std::ranges::any_of(sidecars, HasContent)) {
    throw Error(Code::kRefused, "stray.not_writable",
                Concat(request.path,
                       " may not be written by drover, so it cannot be locked while "
                       "its side files are moved"),
                Concat("ls -l ", ShellQuote(request.path)));
  }
  const std::string place = ChoosePlace(request.places, DirectoryName(request.path));
  Archive archive;
  archive.directory = MakeArchiveDirectory(place);
  archive.manifest = Describe(request, archive.directory, lock.status(), sidecars);
  try {
    Stage(archive);
    if (fsync(lock.descriptor()) != 0) throw SystemError("sync", request.path, errno);
    Rename(request.path, archive.database());
  } catch (const Error&) {
    RemoveStaging(archive);
    throw;
  }
  // Nobody can open it under its old name any more; who had done so just before is seen now.
  try {
    RefuseHolders(request.path, lock.status(), sidecars);
  } catch (const Error&) {
    // A new file of that name, made meanwhile, is not ours to replace: then it stays put away.
    if (RenameIfFree(archive.database(), request.path)) {
      RemoveStaging(archive);
      throw;
    }
  }
  MoveSidecars(request.path, archive.database(), sidecars);
  SyncDirectory(archive.directory);
  SyncDirectory(DirectoryName(request.path));
  archive.complete = true;
  return archive;
}

void PutBack(const Archive& archive) {
  const ArchiveManifest& manifest = archive.manifest;
  const std::string& path = manifest.path;
  if (manifest.reason == "replaced") {
    throw Error(Code::kRefused, "restore.replaced",
                Concat(manifest.id, " is what ", manifest.environment,
                       "'s database held before; its file is still in use and cannot be put back"),
                Concat("drover strays adopt ", manifest.id, " -e ", manifest.environment));
  }
  const std::string directory = DirectoryName(path);
  if (!StatFile(directory)) {
    throw Error(Code::kNotFound, "restore.no_directory",
                Concat("the directory ", directory, " is gone"),
                Concat("mkdir -p ", ShellQuote(directory)));
  }
  const SqliteLock lock(archive.database());
  for (const std::string_view suffix :
       {std::string_view(""), kSuffixes[0], kSuffixes[1], kSuffixes[2]}) {
    const std::string there = Concat(path, suffix);
    // A copy that a killed restore has left is as good as one of ours.
    if (!StatusOf(there)) continue;
    if (!suffix.empty() && SameContent(there, Concat(archive.database(), suffix))) continue;
    throw Error(Code::kConflict, "restore.exists",
                Concat("there is already a file ", there, ": nothing is overwritten"),
                Concat("mv -n ", ShellQuote(there), " ", ShellQuote(there + ".stray")));
  }
  std::vector<std::string> copies;
  try {
    for (const ManifestSidecar& sidecar : manifest.sidecars) {
      const std::string there = path + sidecar.suffix;
      if (!HasContent(sidecar) || StatusOf(there)) continue;
      CopyDurably(archive.database() + sidecar.suffix, there);
      copies.push_back(there);
    }
    if (!RenameIfFree(archive.database(), path)) throw SystemError("restore", path, EEXIST);
  } catch (const Error&) {
    for (const std::string& copy : copies) unlink(copy.c_str());
    throw;
  }
  MoveSidecars(archive.database(), path, SidecarsOf(archive.database()));
  SyncDirectory(directory);
  RemoveStaging(archive);
  SyncDirectory(DirectoryName(archive.directory));
}

void Tidy(const std::vector<std::string>& places, const std::string& project) {
  for (const Archive& archive : ListArchives(places, project)) TidyOne(archive);
}

void Discard(const Archive& archive) {
  if (!StatusOf(archive.database())) RemoveStaging(archive);
}

}  // namespace drover::environments
