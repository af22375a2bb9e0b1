// Schemas as documents: between two processes, as entries of `--json`, and as a script that makes
// them. Pure.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/schema_documents.h"
#include "base/stray_documents.h"
#include "migrations/schema_compare.h"
#include "migrations/schema_image.h"

namespace drover::migrations {

/// An image on its way from the scan process; ImageOf() is the inverse. What it says is believed,
/// as the scan is our own program; only the order of the objects is made sure of.
[[nodiscard]] ImageDocument DocumentOf(const SchemaImage& image);
[[nodiscard]] SchemaImage ImageOf(const ImageDocument& document);

/// Changes as documents have them, in the same order.
[[nodiscard]] std::vector<SchemaChangeEntry> EntriesOf(std::span<const SchemaChange> changes);

/// The schema as a script: tables, virtual tables, indexes, views and triggers, each kind by name,
/// in the authors' own text. A CREATE TABLE without comments is laid out with one column or
/// constraint per line, so that a column that ALTER TABLE has added reads like any other. The same
/// schema and text give the same bytes. Empty for an empty schema.
[[nodiscard]] std::string WriteSchemaSql(const SchemaImage& image);

}  // namespace drover::migrations
