#include "migrations/safety/scratch_file.h"

#include <filesystem>
#include <unistd.h>

#include "base/clock.h"
#include "base/posix.h"
#include "base/text.h"
#include "migrations/safety/backup.h"

namespace drover::migrations {

ScratchFile::ScratchFile(const std::string& database, const BackupPolicy& policy)
    : ScratchFile(BackupDirectory(database, policy)) {}

ScratchFile::ScratchFile(std::string directory)
    : directory_(std::move(directory)),
      path_(Concat(directory_, "/scratch-", TimestampId(), ".part")) {
  MakeDirectories(directory_, 0700);
}

ScratchFile::~ScratchFile() {
  for (const char* suffix : {"", "-journal", "-wal", "-shm"}) unlink((path_ + suffix).c_str());
}

ScratchDirectory::ScratchDirectory(const std::string& database, const BackupPolicy& policy)
    : ScratchDirectory(BackupDirectory(database, policy)) {}

ScratchDirectory::ScratchDirectory(const std::string& directory)
    : path_(Concat(directory, "/scratch-", TimestampId(), ".part")) {
  MakeDirectories(path_, 0700);
}

ScratchDirectory::~ScratchDirectory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace drover::migrations
