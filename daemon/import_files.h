// What an import writes: the folder of native migrations, and the `migrations:` of drover.yaml.
// Blocks; for workers.
#pragma once

#include <string>
#include <vector>

#include "base/import_documents.h"
#include "daemon/import_work.h"
#include "environments/config.h"

namespace drover::daemon {

/// Throws kConflict ("import.not_empty") unless `directory` is empty or not there.
void CheckImportDirectory(const std::string& directory);

/// Writes the files into a folder beside `directory` and renames that, so that it is there whole,
/// durable and at once, or not at all. Throws as CheckImportDirectory(), and kIo.
void WriteImportedFiles(const std::vector<ImportedMigration>& files, const std::string& directory);

/// How the `migrations:` of drover.yaml must be for migrations in `directory` (absolute). Throws
/// what reading the file throws.
[[nodiscard]] ImportedConfig ShowNativeConfig(const environments::Config& config,
                                              const std::string& directory);

/// Changes drover.yaml accordingly, durably, unless that has a problem. Throws kIo.
[[nodiscard]] ImportedConfig WriteNativeConfig(const environments::Config& config,
                                               const std::string& directory);

}  // namespace drover::daemon
