#include "daemon/schema_sides.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "base/posix.h"
#include "base/text.h"
#include "daemon/changes.h"
#include "daemon/helper.h"
#include "migrations/identifiers.h"
#include "migrations/inspect.h"
#include "migrations/replay.h"
#include "migrations/schema_diff/schema_files.h"
#include "migrations/schema_document.h"

namespace drover::daemon {
namespace {

constexpr std::chrono::milliseconds kSchemaScanLimit{120000};

SchemaSide OfEnvironment(const View& view, const std::string& name) {
  const environments::Target* target = view.seen->FindTarget(name);
  CheckTarget(*target);
  if (!StatFile(target->path)) {
    throw Error(Code::kNotFound, "database.missing",
                Concat("there is no database at ", target->path),
                Concat("drover upgrade -e ", name));
  }
  return {.name = name,
          .image = migrations::InspectSchema(target->path, view.config().version_table)};
}

SchemaSide OfRevision(const View& view, const std::string& text) {
  const environments::Config& config = view.config();
  const migrations::ResolvedTarget target = migrations::ResolveSymbol(view.graph(), text);
  return {.name = target.is_base() ? std::string("base")
                                   : Concat("revision ", Join(target.revisions, ", ")),
          .image = migrations::ReplaySchema(view.graph(), target.revisions, config.version_table,
                                            config.stubs, {}, view.seen->snapshots)};
}

/// The environment whose database this file is, by whatever path.
std::optional<std::string> EnvironmentOfFile(const View& view, const FileStatus& file) {
  for (const environments::Target& target : view.seen->targets) {
    if (target.kind != environments::TargetKind::kFile) continue;
    const auto status = StatFile(target.path);
    if (status && status->identity == file.identity) {
      return target.environment;
    }
  }
  return std::nullopt;
}

SchemaSide OfFile(const View& view, const std::string& path) {
  const environments::Config& config = view.config();
  const auto status = StatFile(path);
  if (!status) {
    throw Error(Code::kNotFound, "schema.side", Concat("there is no file ", path),
                "drover diff head schema");
  }
  if (status->type != FileType::kRegular) {
    throw Error(Code::kInvalid, "schema.side", Concat(path, " is not a file"),
                "name a database or a schema file");
  }
  if (path.ends_with(".sql")) {
    const std::vector<std::string> files{path};
    auto schema = migrations::LoadSchemaFiles(files, config.version_table, config.stubs);
    return {.name = path, .image = std::move(schema.image)};
  }
  if (const auto environment = EnvironmentOfFile(view, *status)) {
    SchemaSide side = OfEnvironment(view, *environment);
    side.name = path;
    return side;
  }
  ScanRequest request;
  request.schema_of = path;
  request.roots = {view.seen->root};
  request.version_tables = {config.version_table};
  const auto result =
      DecodeDocument<ScanResult>(RunHelper("--scan", EncodeDocument(request), kSchemaScanLimit));
  return {.name = path, .image = migrations::ImageOf(result.schema.value_or(ImageDocument()))};
}

bool HasEnvironment(const View& view, const std::string& name) {
  return view.config().Find(name) != nullptr;
}

[[noreturn]] void ThrowUnknownSide(const View& view, const std::string& text) {
  std::vector<std::string_view> names{"schema", "head", "base"};
  for (const auto& environment : view.config().environments) names.push_back(environment.name);
  throw Error(Code::kNotFound, "schema.side",
              Concat("\"", Excerpt(text, 60), "\" is no environment, no revision and no file",
                     DidYouMean(text, names)),
              "drover history; drover where");
}

/// A word that is neither "schema" nor has a prefix or a slash.
SchemaSide OfWord(const View& view, const std::string& text, const std::string& cwd) {
  if (HasEnvironment(view, text)) return OfEnvironment(view, text);
  try {
    return OfRevision(view, text);
  } catch (const Error& error) {
    const bool unknown = error.code == Code::kNotFound &&
                         error.kind.starts_with("unknown_revision") &&
                         error.message.find(text) != std::string::npos;
    if (!unknown) throw;
  }
  const std::string path = AbsolutePath(text, cwd);
  if (!StatFile(path)) ThrowUnknownSide(view, text);
  return OfFile(view, path);
}

/// Does `text` name something that lives outside of the migrations?
bool IsPlace(const View& view, const std::string& text, const std::string& cwd) {
  return text == "schema" || text.starts_with("env:") || text.starts_with("file:") ||
         text.find('/') != std::string::npos || HasEnvironment(view, text) ||
         (!text.starts_with("rev:") && StatFile(AbsolutePath(text, cwd)).has_value());
}

}  // namespace

void CheckSchemaConfigured(const View& view) {
  if (!view.config().schema_files.empty()) return;
  throw Error(Code::kInvalid, "schema.not_configured",
              "drover.yaml names no schema file, so it is not known what schema is wanted",
              "drover schema > schema.sql, then migrations: {schema: schema.sql} in drover.yaml",
              view.config().path);
}

migrations::DesiredSchema LoadWanted(const View& view) {
  CheckSchemaConfigured(view);
  const environments::Config& config = view.config();
  return migrations::LoadSchemaFiles(config.schema_files, config.version_table, config.stubs);
}

SchemaSide LoadSide(const View& view, const std::string& text, const std::string& cwd) {
  const auto after = [&](std::string_view prefix) { return text.substr(prefix.size()); };
  if (text.starts_with("env:")) {
    return OfEnvironment(view, environments::FindEnvironment(view.config(), after("env:")).name);
  }
  if (text.starts_with("rev:")) return OfRevision(view, after("rev:"));
  if (text.starts_with("file:")) return OfFile(view, AbsolutePath(after("file:"), cwd));
  if (text == "schema") return {.name = text, .image = LoadWanted(view).image};
  if (text.find('/') != std::string::npos && !HasEnvironment(view, text)) {
    return OfFile(view, AbsolutePath(text, cwd));
  }
  return OfWord(view, text, cwd);
}

SideNames CompleteSides(const View& view, const Params& params) {
  const environments::Config& config = view.config();
  if (!params.to.empty()) return {.from = params.from, .to = params.to};
  const std::string wanted = config.schema_files.empty()
                                 ? Concat("env:", config.default_environment)
                                 : std::string("schema");
  const auto newest = [&] { return std::string(migrations::TargetOfAll(view.graph())); };
  if (params.from.empty()) return {.from = newest(), .to = wanted};
  if (IsPlace(view, params.from, params.cwd)) return {.from = newest(), .to = params.from};
  return {.from = params.from, .to = wanted};
}

}  // namespace drover::daemon
