// What an import writes: the folder of native migrations, and the `migrations:` of drover.yaml.
// Blocks; for workers.
#pragma once

#include <string>
#include <vector>

#include "base/import_documents.h"
#include "daemon/import_work.h"
#include "environments/config.h"

namespace drover::daemon {

/// May files of these names be written to `directory`? It is empty or not there, or holds just such
/// files: see WriteImportedFiles(). Throws kConflict ("import.not_empty"), and kIo when it could
/// not be made.
void CheckImportDirectory(const std::string& directory, const std::vector<std::string>& names);

/// Writes the files into a folder beside `directory` and renames that, so that it is there whole,
/// durable and at once, or not at all; what an import that was killed has left beside it goes. A
/// folder with the very same files stays as it is. Throws as CheckImportDirectory(), and kIo.
void WriteImportedFiles(const std::vector<ImportedMigration>& files, const std::string& directory);

/// How the `migrations:` of drover.yaml must be for migrations in `directory` (absolute). Throws
/// what reading the file throws.
[[nodiscard]] ImportedConfig ShowNativeConfig(const environments::Config& config,
                                              const std::string& directory);

/// Changes drover.yaml accordingly, durably, unless that has a problem. `shown` is what
/// ShowNativeConfig() has told. That the file cannot be written is a problem, too, and not thrown:
/// the migrations are there by now.
[[nodiscard]] ImportedConfig WriteNativeConfig(const environments::Config& config,
                                               const std::string& directory, ImportedConfig shown);

}  // namespace drover::daemon
