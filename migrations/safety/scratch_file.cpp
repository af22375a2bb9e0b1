#include "migrations/safety/scratch_file.h"

#include <unistd.h>

#include "base/clock.h"
#include "base/posix.h"
#include "base/text.h"
#include "migrations/safety/backup.h"

namespace drover::migrations {

ScratchFile::ScratchFile(const std::string& database, const BackupPolicy& policy)
    : directory_(BackupDirectory(database, policy)),
      path_(Concat(directory_, "/scratch-", TimestampId(), ".part")) {
  MakeDirectories(directory_, 0700);
}

ScratchFile::~ScratchFile() {
  for (const char* suffix : {"", "-journal", "-wal", "-shm"}) unlink((path_ + suffix).c_str());
}

}  // namespace drover::migrations
