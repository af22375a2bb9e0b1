#include "daemon/import_methods.h"

#include <chrono>
#include <memory>
#include <utility>

#include "base/clock.h"
#include "base/import_documents.h"
#include "base/posix.h"
#include "base/text.h"
#include "daemon/changes.h"
#include "daemon/import_files.h"
#include "daemon/import_work.h"
#include "daemon/offload.h"
#include "daemon/stages.h"
#include "migrations/folder.h"
#include "migrations/safety/scratch_file.h"

namespace drover::daemon {
namespace {

using ImportView = std::shared_ptr<const View>;
using ImportClock = std::chrono::steady_clock;

/// What has been found out, and what is to be written.
struct ImportOutcome {
  ImportDocument document;
  std::vector<ImportedMigration> files;
};

void CheckImportable(const View& view) {
  if (view.seen->config_error) throw Error(*view.seen->config_error);
  if (view.config().format == migrations::Format::kAlembic) {
    if (!view.graph().empty()) return;
    throw Error(Code::kInvalid, "import.nothing", "there are no revisions of Alembic's to import",
                "drover history");
  }
  throw Error(Code::kInvalid, "import.not_alembic",
              "there is nothing to import: the migrations of this project are drover's own",
              "drover history");
}

std::string DirectoryOf(const View& view, const Params& params) {
  return AbsolutePath(params.to.empty() ? "migrations" : params.to, view.config().root);
}

/// Yesterday, today and tomorrow: an import may last past midnight, and zones differ.
std::vector<std::string> DaysAround(WallTime now) {
  constexpr std::size_t kDayLength = 10;
  std::vector<std::string> days;
  for (const int offset : {-1, 0, 1}) {
    days.push_back(FormatUtc(now + std::chrono::hours(24 * offset)).substr(0, kDayLength));
  }
  return days;
}

std::optional<ErrorBody> Refusal(const ImportDocument& document) {
  std::vector<std::string> names;
  for (const ImportedRevision& each : document.revisions) {
    if (!each.equal) names.push_back(each.revision);
  }
  if (names.empty() && document.differences.empty()) return std::nullopt;
  const std::string what = names.empty()
                               ? Concat("all files together do not make what Alembic makes: ",
                                        Join(document.differences, "; "))
                               : Concat(Count(names.size(), "revision"),
                                        " could not be proven equal: ", Join(names, ", "));
  return ToBody(Error(Code::kRefused, "import.unequal", Concat(what, "; nothing was written"),
                      "drover import --partial writes them all the same, those as drafts"));
}

/// Alembic's program, for messages.
std::string ProgramOf(const environments::Config& config) {
  return config.alembic.command.empty() ? "Alembic's Python" : Join(config.alembic.command, " ");
}

/// The words of whoever was interrupted do not say what matters.
ImportResult RunImporter(Importer& importer, const migrations::StageObserver& observer,
                         const std::stop_token& stop) {
  try {
    return importer.Run(observer, stop);
  } catch (const Error& error) {
    if (error.code != Code::kCancelled) throw;
    throw Error(Code::kCancelled, "interrupted", "cancelled: nothing was written");
  }
}

ImportOutcome ImportNow(const JobRequest& request, const View& view, const Params& params,
                        const migrations::StageObserver& observer, const std::stop_token& stop) {
  const auto begun = ImportClock::now();
  const std::string directory = DirectoryOf(view, params);
  const std::vector<std::string> names = NamesOfImport(view.graph());
  CheckImportDirectory(directory, params.confirm ? names : std::vector<std::string>());
  const migrations::ScratchDirectory scratch(request.path, request.safety.backup);
  const AlembicRunner runner(*request.alembic);
  Importer importer({.graph = view.seen->graph,
                     .root = view.seen->root,
                     .scratch_directory = scratch.path(),
                     .program = ProgramOf(view.config()),
                     .proof = {.version_table = request.version_table,
                               .stubs = request.stubs,
                               .days = DaysAround(WallNow())},
                     .by = request.by},
                    runner);
  ImportResult result = RunImporter(importer, observer, stop);
  ImportOutcome outcome;
  ImportDocument& document = outcome.document;
  document.directory = directory;
  document.equal = result.equal;
  document.differences = std::move(result.differences);
  for (const ImportedMigration& file : result.files) document.revisions.push_back(file.said);
  document.config = ShowNativeConfig(view.config(), directory);
  document.message = Concat(Count(document.revisions.size(), "revision"), " would be written to ",
                            RelativeTo(directory, view.seen->root));
  document.duration_ms =
      std::chrono::duration_cast<std::chrono::milliseconds>(ImportClock::now() - begun).count();
  if (!params.partial) document.error = Refusal(document);
  outcome.files = std::move(result.files);
  return outcome;
}

/// What was imported must still be what is there.
void CheckUnchanged(const View& view) {
  migrations::MigrationFolders folders(migrations::Format::kAlembic);
  const auto now = folders.Load(view.seen->migration_directories);
  if (now.digest == view.seen->migrations_digest) return;
  throw Error(
      Code::kConflict, "import.changed",
      "the revisions of Alembic's were changed while they were imported; nothing was written",
      "drover import");
}

ImportDocument WriteImport(const View& view, const Params& params, ImportOutcome outcome) {
  ImportDocument& document = outcome.document;
  CheckUnchanged(view);
  WriteImportedFiles(outcome.files, document.directory);
  document.written = true;
  document.message = Concat(Count(document.revisions.size(), "revision"), " written to ",
                            RelativeTo(document.directory, view.seen->root));
  if (params.confirm) {
    document.config =
        WriteNativeConfig(view.config(), document.directory, std::move(document.config));
  }
  return std::move(document);
}

}  // namespace

void HandleImport(Service& service, const CallPtr& call) {
  const auto project = service.ProjectOf(call->params());
  project->Fresh([&service, call, project](const ImportView& view) {
    call->Guard([&] {
      CheckImportable(*view);
      service.CheckNotStopping();
      const std::size_t index = OneEnvironment(*view, call->params());
      CheckTarget(view->seen->targets[index]);
      const std::stop_source stop;
      service.MakeCancellable(call, stop, Service::WhenLeft::kEnds);
      auto make = [view, request = project->Prepare(*view, index, JobCommand::kUpgrade),
                   params = call->params(), observer = TellStages(service, call),
                   token = stop.get_token()] {
        return ImportNow(request, *view, params, observer, token);
      };
      auto then = [&service, call, view, stop](ImportOutcome outcome) {
        service.EndCancellable(call);
        const Params& params = call->params();
        if (outcome.document.error || params.dry_run) {
          call->Reply(EncodeDocument(outcome.document));
          return;
        }
        if (stop.stop_requested() || call->session()->closed()) {
          throw Error(Code::kCancelled, "interrupted", "cancelled: nothing was written");
        }
        service.CheckNotStopping();
        Offload(service.workers(), service.loop(), call,
                [view, params, outcome = std::move(outcome)] {
                  return EncodeDocument(WriteImport(*view, params, outcome));
                });
      };
      Offload<ImportOutcome>(service.workers(), service.loop(), call, std::move(make),
                             std::move(then));
    });
  });
}

}  // namespace drover::daemon
