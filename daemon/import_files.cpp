#include "daemon/import_files.h"

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <system_error>
#include <utility>

#include "base/clock.h"
#include "base/error.h"
#include "base/posix.h"
#include "base/text.h"
#include "environments/migrations_block.h"

namespace drover::daemon {
namespace {

constexpr std::size_t kLargestConfig = std::size_t{1} << 20U;

/// A folder that is gone when this object ends, unless it got another name.
class FolderInTheMaking {
 public:
  explicit FolderInTheMaking(const std::string& directory)
      : path_(Concat(DirectoryName(directory), "/.", BaseName(directory), ".import-",
                     TimestampId())) {
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

void CheckImportDirectory(const std::string& directory) {
  const auto status = StatFile(directory);
  if (!status) return;
  if (status->type == FileType::kDirectory && ListDirectory(directory).empty()) return;
  throw Error(Code::kConflict, "import.not_empty",
              Concat(directory,
                     status->type == FileType::kDirectory ? " is not empty" : " is not a directory",
                     ": an import only writes into a new folder"),
              "drover import --to DIR");
}

void WriteImportedFiles(const std::vector<ImportedMigration>& files, const std::string& directory) {
  CheckImportDirectory(directory);
  MakeDirectoriesDurably(DirectoryName(directory), 0755);
  FolderInTheMaking folder(directory);
  for (const ImportedMigration& file : files) {
    CreateFileDurably(Concat(folder.path(), "/", file.name), file.text, 0644);
  }
  folder.BecomeAt(directory);
}

ImportedConfig ShowNativeConfig(const environments::Config& config, const std::string& directory) {
  return Described(config, BlockFor(config, ReadFile(config.path, kLargestConfig), directory));
}

ImportedConfig WriteNativeConfig(const environments::Config& config, const std::string& directory) {
  const std::string path = RealPath(config.path);
  const environments::NativeBlock block =
      BlockFor(config, ReadFile(path, kLargestConfig), directory);
  ImportedConfig said = Described(config, block);
  if (!block.text) return said;
  const auto status = StatFile(path);
  WriteFileDurably(path, *block.text, status ? status->mode : 0644);
  said.changed = true;
  return said;
}

}  // namespace drover::daemon
