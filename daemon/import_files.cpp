#include "daemon/import_files.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <system_error>
#include <unistd.h>
#include <utility>

#include "base/clock.h"
#include "base/error.h"
#include "base/posix.h"
#include "base/text.h"
#include "environments/migrations_block.h"
#include "migrations/folder.h"

namespace drover::daemon {
namespace {

constexpr std::size_t kLargestConfig = std::size_t{1} << 20U;

/// How folders are named that become `directory`; the process stands at the end.
std::string PrefixFor(const std::string& directory) {
  return Concat(".", BaseName(directory), ".import-");
}

/// What a killed import has left.
void RemoveLeftovers(const std::string& directory) {
  const std::string prefix = PrefixFor(directory);
  for (const std::string& name : ListDirectory(DirectoryName(directory))) {
    if (!name.starts_with(prefix)) continue;
    const auto process = ParseInteger(std::string_view(name).substr(name.rfind('-') + 1));
    if (process && ProcessExists(*process)) continue;
    std::error_code ignored;
    std::filesystem::remove_all(Concat(DirectoryName(directory), "/", name), ignored);
  }
}

/// Where `directory` leads to when it is a symbolic link.
std::string Resolved(const std::string& directory) {
  const auto status = StatFile(directory, Follow::kNothing);
  return status && StatFile(directory) ? RealPath(directory) : directory;
}

Error NotEmpty(const std::string& directory, std::string_view what) {
  return {Code::kConflict, "import.not_empty",
          Concat(directory, what, ": an import only writes into a new folder"),
          "drover import --to DIR"};
}

/// The nearest directory that is there must let us in.
void CheckCanMake(const std::string& directory) {
  std::string above = DirectoryName(directory);
  while (!StatFile(above, Follow::kNothing) && above != "/") above = DirectoryName(above);
  const auto status = StatFile(above);
  const int reason = !status || status->type != FileType::kDirectory ? ENOTDIR
                     : access(above.c_str(), W_OK | X_OK) != 0       ? errno
                                                                     : 0;
  if (reason != 0) throw SystemError("write to", above, reason);
}

bool HasSameFiles(const std::vector<ImportedMigration>& files, const std::string& directory) {
  return std::ranges::all_of(files, [&](const ImportedMigration& file) {
    return ReadFile(Concat(directory, "/", file.name), migrations::kLargestMigration) == file.text;
  });
}

std::vector<std::string> NamesOf(const std::vector<ImportedMigration>& files) {
  std::vector<std::string> names;
  for (const ImportedMigration& file : files) names.push_back(file.name);
  return names;
}

/// A folder that is gone when this object ends, unless it got another name.
class FolderInTheMaking {
 public:
  explicit FolderInTheMaking(const std::string& directory)
      : path_(Concat(DirectoryName(directory), "/", PrefixFor(directory), TimestampId(), "-",
                     getpid())) {
    MakeDirectoriesDurably(path_, 0755);
  }
  FolderInTheMaking(const FolderInTheMaking&) = delete;
  FolderInTheMaking& operator=(const FolderInTheMaking&) = delete;
  ~FolderInTheMaking() {
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
  }

  [[nodiscard]] const std::string& path() const { return path_; }

  void BecomeAt(const std::string& directory) {
    SyncDirectory(path_);
    if (std::rename(path_.c_str(), directory.c_str()) != 0) {
      throw SystemError("rename", directory, errno);
    }
    path_.clear();
    SyncDirectory(DirectoryName(directory));
  }

 private:
  std::string path_;
};

environments::NativeBlock BlockFor(const environments::Config& config, const std::string& text,
                                   const std::string& directory) {
  return environments::MakeNativeBlock(text, config.path, RelativeTo(directory, config.root),
                                       config.version_table);
}

ImportedConfig Described(const environments::Config& config,
                         const environments::NativeBlock& block) {
  return {.file = RelativeTo(config.path, config.root),
          .before = block.before,
          .after = block.after,
          .problem = block.problem,
          .changed = false};
}

}  // namespace

void CheckImportDirectory(const std::string& directory, const std::vector<std::string>& names) {
  const auto status = StatFile(directory);
  if (!status) {
    if (StatFile(directory, Follow::kNothing)) {
      throw NotEmpty(directory, " is a symbolic link that leads nowhere");
    }
    return CheckCanMake(directory);
  }
  if (status->type != FileType::kDirectory) throw NotEmpty(directory, " is not a directory");
  std::vector<std::string> there = ListDirectory(directory);
  if (there.empty()) return CheckCanMake(Resolved(directory));
  std::vector<std::string> expected = names;
  std::ranges::sort(there);
  std::ranges::sort(expected);
  if (there != expected) throw NotEmpty(directory, " is not empty");
}

void WriteImportedFiles(const std::vector<ImportedMigration>& files, const std::string& directory) {
  CheckImportDirectory(directory, NamesOf(files));
  const std::string target = Resolved(directory);
  if (StatFile(target) && !ListDirectory(target).empty()) {
    if (HasSameFiles(files, target)) return;
    throw NotEmpty(directory, " has files of other content");
  }
  MakeDirectoriesDurably(DirectoryName(target), 0755);
  RemoveLeftovers(target);
  FolderInTheMaking folder(target);
  for (const ImportedMigration& file : files) {
    CreateFileDurably(Concat(folder.path(), "/", file.name), file.text, 0644);
  }
  folder.BecomeAt(target);
}

ImportedConfig ShowNativeConfig(const environments::Config& config, const std::string& directory) {
  return Described(config, BlockFor(config, ReadFile(config.path, kLargestConfig), directory));
}

ImportedConfig WriteNativeConfig(const environments::Config& config, const std::string& directory,
                                 ImportedConfig shown) {
  try {
    const std::string path = RealPath(config.path);
    const environments::NativeBlock block =
        BlockFor(config, ReadFile(path, kLargestConfig), directory);
    shown = Described(config, block);
    if (!block.text) return shown;
    const auto status = StatFile(path);
    WriteFileDurably(path, *block.text, status ? status->mode : 0644);
    shown.changed = true;
  } catch (const Error& error) {
    shown.problem = error.message;
  }
  return shown;
}

}  // namespace drover::daemon
