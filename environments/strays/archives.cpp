#include "environments/strays/archives.h"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/documents.h"
#include "base/error.h"
#include "base/posix.h"
#include "base/text.h"

namespace drover::environments {
namespace {

constexpr std::size_t kLargestManifest = std::size_t{1} << 20U;

/// Which mount a directory is on: a file can be renamed only within one.
struct Mount {
  std::uint64_t device = 0;
  std::uint64_t id = 0;
  bool operator==(const Mount&) const = default;
};

std::optional<Mount> MountOf(const std::string& directory) {
  struct statx status {};
  if (statx(AT_FDCWD, directory.c_str(), AT_STATX_DONT_SYNC, STATX_INO | STATX_MNT_ID, &status) !=
      0) {
    return std::nullopt;
  }
  const std::uint64_t id = (status.stx_mask & STATX_MNT_ID) != 0 ? status.stx_mnt_id : 0;
  return Mount{.device = (std::uint64_t{status.stx_dev_major} << 32U) | status.stx_dev_minor,
               .id = id};
}

/// The nearest directory at or above `path` that exists.
std::string Existing(std::string path) {
  while (path != "/" && !StatFile(path)) path = DirectoryName(path);
  return path;
}

/// git must not offer to commit what was put away.
void HideFromGit(const std::string& place) {
  const std::string directory = DirectoryName(place);
  if (BaseName(directory) != ".drover" || StatFile(directory + "/.gitignore")) return;
  WriteFileDurably(directory + "/.gitignore", "*\n", 0644);
}

std::optional<Archive> ReadArchive(const std::string& directory) {
  const std::string file = Concat(directory, "/", kManifest);
  if (!StatFile(file)) return std::nullopt;
  try {
    Archive archive{.directory = directory,
                    .manifest = DecodeDocument<ArchiveManifest>(ReadFile(file, kLargestManifest))};
    archive.complete = StatFile(archive.database(), Follow::kNothing).has_value();
    return archive;
  } catch (const Error& error) {
    if (error.code != Code::kInvalid) throw;
    return std::nullopt;  // not written by us
  }
}

}  // namespace

std::string Archive::database() const { return Concat(directory, "/", BaseName(manifest.path)); }

ArchiveEntry EntryOf(const Archive& archive) {
  const ArchiveManifest& manifest = archive.manifest;
  return {.id = manifest.id,
          .path = manifest.path,
          .directory = archive.directory,
          .at = manifest.at,
          .reason = manifest.reason,
          .kind = manifest.kind,
          .environment = manifest.environment,
          .size = manifest.size};
}

std::vector<std::string> ArchivePlaces(const std::string& state_directory,
                                       const std::string& root) {
  return {state_directory + "/archive", root + "/.drover/archive"};
}

std::vector<Archive> ListArchives(const std::vector<std::string>& places,
                                  std::string_view project) {
  std::vector<Archive> archives;
  for (const std::string& place : places) {
    if (!StatFile(place)) continue;
    for (const std::string& name : ListDirectory(place)) {
      auto archive = ReadArchive(Concat(place, "/", name));
      if (archive && archive->manifest.project == project) archives.push_back(std::move(*archive));
    }
  }
  std::ranges::sort(archives, {}, [](const Archive& archive) { return archive.manifest.id; });
  return archives;
}

Archive FindArchive(const std::vector<std::string>& places, std::string_view project,
                    const std::string& name) {
  std::vector<Archive> found;
  for (Archive& archive : ListArchives(places, project)) {
    if (!archive.complete) continue;
    if (archive.manifest.id == name) return archive;
    const bool is_path = name.find('/') != std::string::npos;
    const bool matches =
        is_path ? archive.manifest.path == name : archive.manifest.id.starts_with(name);
    if (matches && !name.empty()) found.push_back(std::move(archive));
  }
  if (found.empty()) {
    throw Error(Code::kNotFound, "archive.unknown",
                Concat("nothing has been archived as \"", name, "\""), "drover strays restore");
  }
  if (found.size() > 1) {
    std::vector<std::string> ids;
    for (const Archive& archive : found) ids.push_back(archive.manifest.id);
    throw Error(Code::kConflict, "archive.ambiguous",
                Concat("several archives are meant by \"", name, "\": ", Join(ids, ", ")),
                Concat("drover strays restore ", ids.back()));
  }
  return std::move(found.front());
}

std::string ChoosePlace(const std::vector<std::string>& places, const std::string& directory) {
  const std::optional<Mount> mount = MountOf(directory);
  for (const std::string& place : places) {
    if (!mount || MountOf(Existing(place)) != mount) continue;
    MakeDirectories(place, 0700);
    HideFromGit(place);
    return place;
  }
  throw Error(Code::kRefused, "archive.other_filesystem",
              Concat(directory, " is on another file system than ", Join(places, " and "),
                     ": nothing can be moved there in one step"),
              "drover strays ignore PATH");
}

std::string MakeArchiveDirectory(const std::string& place) {
  for (;;) {
    std::string directory = Concat(place, "/", TimestampId());
    if (mkdir(directory.c_str(), 0700) == 0) return directory;
    if (errno != EEXIST) throw SystemError("create", directory, errno);
  }
}

void WriteManifest(const std::string& directory, const ArchiveManifest& manifest) {
  WriteFileDurably(Concat(directory, "/", kManifest), EncodeDocument(manifest) + "\n", 0600);
}

}  // namespace drover::environments
