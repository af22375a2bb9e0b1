// What differs between two schemas, in words. Pure.
#pragma once

#include <vector>

#include "base/documents.h"
#include "migrations/schema_image.h"

namespace drover::migrations {

/// What `actual` (a database) has otherwise than `expected` (the migrations): one entry per column,
/// clause or object, tables first. Empty exactly when the images are equal.
[[nodiscard]] std::vector<SchemaDifference> CompareSchemas(const SchemaImage& expected,
                                                           const SchemaImage& actual);

}  // namespace drover::migrations
