// The schema that a project wants, from the files that drover.yaml names. Reads files; opens no
// database but the private one of desired.h.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "migrations/schema_diff/desired.h"

namespace drover::migrations {

/// The files one after the other as one schema: what a later one says may build upon an earlier
/// one, and errors name the file, line and column in which they are. Throws kNotFound
/// ("schema.file") for a file that is not there, kInvalid ("io.too_large") beyond 8 MiB, and as
/// LoadDesiredSchema().
[[nodiscard]] DesiredSchema LoadSchemaFiles(std::span<const std::string> files,
                                            std::string_view version_table, const Stubs& stubs);

}  // namespace drover::migrations
