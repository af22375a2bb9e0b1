// What a user may name where a schema is expected, and how it is read: the files of the wanted
// schema, a revision, an environment, a database or schema file. Blocks; for workers.
#pragma once

#include <string>
#include <string_view>

#include "base/protocol.h"
#include "daemon/view.h"
#include "migrations/schema_diff/desired.h"
#include "migrations/schema_image.h"

namespace drover::daemon {

/// A schema with a name for messages: "schema", "revision 981cbaae32a1", "dev", a path.
struct SchemaSide {
  std::string name;
  migrations::SchemaImage image;
};

/// Reads what `text` names: "schema" (migrations.schema of drover.yaml); an environment; a revision
/// in any spelling of stamp; a path, relative to `cwd`, of a database or, with ".sql", of a schema
/// file. In this order, but a text with a "/" is a path; "env:", "rev:" and "file:" before it say
/// which is meant. The database of an environment is read as every look reads it (inspect.h); any
/// other in the scan process, as a private copy. Nothing is left behind.
///
/// Throws kInvalid ("schema.not_configured"), kNotFound ("schema.side", "database.missing",
/// "schema.file"), what ResolveSymbol, Replay::Add, LoadSchemaFiles, CheckTarget, InspectSchema and
/// ReadSchemaOf throw.
[[nodiscard]] SchemaSide LoadSide(const View& view, const std::string& text,
                                  const std::string& cwd);

/// The two sides of `diff` where the user has named fewer: nothing is what the migrations make
/// against the wanted schema, or against the default environment when drover.yaml names no schema;
/// one revision is that against the wanted schema (else the default environment); anything else is
/// compared with what the migrations make.
struct SideNames {
  std::string from;
  std::string to;
};
[[nodiscard]] SideNames CompleteSides(const View& view, const Params& params);

/// The schema that drover.yaml wants. Throws as LoadSide("schema").
[[nodiscard]] migrations::DesiredSchema LoadWanted(const View& view);

/// Throws kInvalid ("schema.not_configured") when drover.yaml names no schema file.
void CheckSchemaConfigured(const View& view);

}  // namespace drover::daemon
