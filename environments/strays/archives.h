// Where databases lie that have been put away, and what is written down about them. Each archive is
// a directory of its own: manifest.json, the database under its own name, its side files. Reads and
// writes manifests, never a database.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/stray_documents.h"

namespace drover::environments {

inline constexpr std::string_view kManifest = "manifest.json";

struct Archive {
  std::string directory;
  ArchiveManifest manifest;
  bool complete = false;  // the database lies in it: it was put away, and not put back

  /// Where the database lies, or would.
  [[nodiscard]] std::string database() const;
};

[[nodiscard]] ArchiveEntry EntryOf(const Archive& archive);

/// The places for archives of the project at `root`, the preferred one first: the state directory,
/// from which `git clean` takes nothing, and, for a project on another file system, a directory of
/// the project.
[[nodiscard]] std::vector<std::string> ArchivePlaces(const std::string& state_directory,
                                                     const std::string& root);

/// Every archive of the project, oldest first; those that broke off as well. What is no manifest is
/// skipped. Throws kIo.
[[nodiscard]] std::vector<Archive> ListArchives(const std::vector<std::string>& places,
                                                std::string_view project);

/// The complete archive that `name` means: an id, a unique beginning of one, or the path where the
/// database was. Throws kNotFound ("archive.unknown") or kConflict ("archive.ambiguous"), which
/// lists the ids.
[[nodiscard]] Archive FindArchive(const std::vector<std::string>& places, std::string_view project,
                                  const std::string& name);

/// The first of `places` into which a file of `directory` can be renamed. It is created, mode 0700;
/// one below the project is hidden from git. Throws kRefused ("archive.other_filesystem").
[[nodiscard]] std::string ChoosePlace(const std::vector<std::string>& places,
                                      const std::string& directory);

/// A new directory in `place` for an archive, mode 0700; its base name is the id. Throws kIo.
[[nodiscard]] std::string MakeArchiveDirectory(const std::string& place);

/// Durable. Throws kIo.
void WriteManifest(const std::string& directory, const ArchiveManifest& manifest);

}  // namespace drover::environments
