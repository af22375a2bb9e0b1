#include "environments/strays/remedies.h"

#include <cerrno>
#include <fcntl.h>
#include <limits>
#include <optional>
#include <sys/file.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/posix.h"
#include "base/text.h"
#include "environments/processes.h"
#include "environments/strays/archives.h"
#include "environments/strays/private_copy.h"
#include "environments/strays/put_away.h"
#include "migrations/busy_wait.h"
#include "migrations/safety/database_copy.h"
#include "migrations/safety/transplant.h"

namespace drover::environments {
namespace {

PutAwayRequest RequestOf(const RemedyRequest& request) {
  return {.path = request.path,
          .places = request.archives,
          .project = request.project,
          .reason = request.action,
          .kind = request.kind,
          .environment = request.environment,
          .fingerprint = request.fingerprint};
}

/// The archive that receives what the environment's database holds now. Complete only once the copy
/// is in it.
Archive PrepareKeep(const RemedyRequest& request) {
  Archive keep;
  MakeDirectories(request.archives.front(), 0700);
  keep.directory = MakeArchiveDirectory(request.archives.front());
  const FileStatus status = *StatFile(request.target);
  ArchiveManifest& manifest = keep.manifest;
  manifest.id = BaseName(keep.directory);
  manifest.project = request.project;
  manifest.path = request.target;
  manifest.at = FormatUtc(WallNow());
  manifest.reason = "replaced";
  manifest.environment = request.environment;
  manifest.device = status.identity.device;
  manifest.inode = status.identity.inode;
  manifest.size = status.size;
  manifest.modified_ns = status.modified_ns;
  manifest.mode = status.mode;
  manifest.owner = status.owner;
  WriteManifest(keep.directory, manifest);
  return keep;
}

/// Opens a copy of what was put away: opening the archive itself would checkpoint its -wal.
PrivateCopy OpenSource(const Archive& archive, PrivateDirectory& directory) {
  PrivateCopy copy =
      OpenPrivateCopy(archive.database(), directory, std::numeric_limits<std::int64_t>::max());
  if (!copy.connection) {
    throw Error(Code::kIo, "stray.unreadable", Concat(archive.manifest.path, " ", copy.problem),
                "drover strays");
  }
  // The environment's database keeps its own journal mode.
  (void)copy.connection->QueryText("PRAGMA journal_mode=DELETE");
  migrations::CheckIntegrity(*copy.connection);
  return copy;
}

/// One remedy at a time: to another, what is under way would look like what has broken off.
class OneAtATime final {
 public:
  explicit OneAtATime(const std::string& place) {
    MakeDirectories(place, 0700);
    const std::string path = place + "/lock";
    fd_.Reset(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    if (!fd_) throw SystemError("open", path, errno);
    while (flock(fd_.get(), LOCK_EX) != 0) {
      if (errno != EINTR) throw SystemError("lock", path, errno);
    }
  }

 private:
  UniqueFd fd_;
};

Error WithHolders(const Error& error, const std::string& target) {
  if (error.code != Code::kBusy) return error;
  Error named = error;
  named.message =
      Concat(target, " is in use by ", migrations::NameHolders(FindLockHolders(target)));
  named.hint = "drover where";
  return named;
}

RemedyResult Adopt(const RemedyRequest& request) {
  const bool archived = !request.id.empty();
  const Archive stray = archived ? FindArchive(request.archives, request.project, request.id)
                                 : PutAway(RequestOf(request));
  std::optional<Archive> keep;
  try {
    PrivateDirectory directory({request.project});
    PrivateCopy source = OpenSource(stray, directory);
    migrations::Transplant(*source.connection, request.target, [&](migrations::Connection& live) {
      keep = PrepareKeep(request);
      migrations::WriteCopy(live, keep->database(), migrations::CopyKind::kKept);
    });
  } catch (const Error& error) {
    // Once the copy of what the environment's database held is complete it is not removed: after an
    // I/O error nobody can be sure which of the two it holds now.
    if (keep) Discard(*keep);
    Error named = WithHolders(error, request.target);
    try {
      if (!archived) PutBack(stray);
    } catch (const Error&) {
      named.message += Concat("; ", stray.manifest.path, " stays archived as ", stray.manifest.id);
      named.hint = Concat("drover strays restore ", stray.manifest.id);
    }
    throw Error(named);
  }
  RemedyResult result;
  result.archives.push_back(EntryOf(stray));
  if (keep) result.archives.push_back(EntryOf(*keep));
  return result;
}

}  // namespace

RemedyResult CarryOutRemedy(const RemedyRequest& request) {
  if (request.archives.empty()) {
    throw Error(Code::kInvalid, "remedy.request", "a remedy needs a place for archives");
  }
  const OneAtATime turn(request.archives.front());
  Tidy(request.archives, request.project);
  RemedyResult result;
  if (request.action == "archive") {
    result.archives.push_back(EntryOf(PutAway(RequestOf(request))));
  } else if (request.action == "restore") {
    const Archive archive = FindArchive(request.archives, request.project, request.id);
    PutBack(archive);
    result.archives.push_back(EntryOf(archive));
  } else if (request.action == "adopt") {
    return Adopt(request);
  } else {
    throw Error(Code::kInvalid, "remedy.request",
                Concat("there is no remedy \"", request.action, "\""));
  }
  return result;
}

}  // namespace drover::environments
