#include "migrations/folder.h"

#include <algorithm>
#include <set>

#include "base/text.h"
#include "migrations/checksum.h"
#include "migrations/footprint.h"
#include "migrations/native_format.h"

namespace drover::migrations {
namespace {

constexpr std::size_t kLargestMigration = std::size_t{64} << 20;

}  // namespace

const MigrationFolders::Parsed& MigrationFolders::ParsedFile(const std::string& path,
                                                             const FileStatus& status) {
  const auto known = files_.find(path);
  if (known != files_.end() && known->second.status == status && !known->second.racy) {
    return known->second;
  }
  Parsed parsed{.status = status,
                .racy = IsRacy(std::max(status.modified_ns, status.changed_ns)),
                .revision = {},
                .problem = {},
                .sha256 = {}};
  try {
    const std::string text = ReadFile(path, kLargestMigration);
    parsed.sha256 = Sha256(text);
    parsed.revision.push_back(ParseMigration(text, path));
  } catch (const Error& error) {
    parsed.problem.push_back(error);
    // A failure to read may pass without a change of the file.
    if (error.code != Code::kInvalid) parsed.status = FileStatus();
  }
  return files_.insert_or_assign(path, std::move(parsed)).first->second;
}

LoadedMigrations MigrationFolders::Load(std::span<const std::string> directories) {
  LoadedMigrations loaded;
  std::string all;
  std::set<std::string> present;
  std::set<FileIdentity> seen;
  for (const std::string& directory : directories) {
    if (!StatFile(directory)) continue;
    for (const std::string& name : ListDirectory(directory)) {
      if (name.starts_with('.') || !name.ends_with(".sql")) continue;
      const std::string path = Concat(directory, "/", name);
      std::optional<FileStatus> status;
      try {
        status = StatFile(path);
      } catch (const Error& error) {
        loaded.problems.push_back(error);  // a link that leads to itself, for one
        all += Concat(name, "\n");
        continue;
      }
      // The same file through two folders, or a dangling link, is no second migration.
      if (!status || !seen.insert(status->identity).second) continue;
      present.insert(path);
      const Parsed& parsed = ParsedFile(path, *status);
      loaded.revisions.insert(loaded.revisions.end(), parsed.revision.begin(),
                              parsed.revision.end());
      loaded.problems.insert(loaded.problems.end(), parsed.problem.begin(), parsed.problem.end());
      all += Concat(name, " ", parsed.sha256, "\n");
    }
  }
  std::erase_if(files_, [&](const auto& file) { return !present.contains(file.first); });
  loaded.digest = Sha256(all);
  return loaded;
}

}  // namespace drover::migrations
