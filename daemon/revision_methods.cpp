#include "daemon/revision_methods.h"

#include "base/posix.h"
#include "daemon/alembic_revision.h"
#include "daemon/changes.h"
#include "daemon/offload.h"
#include "migrations/author.h"

namespace drover::daemon {
namespace {

NewRevisionDocument NewRevisionAnswer(const View& view, const migrations::Revision& revision) {
  return {.v = 1,
          .revision = revision.id,
          .file = RelativeTo(revision.file, view.seen->root),
          .down_revision = revision.down_revision,
          .draft = revision.draft,
          .warnings = WarnOfBrokenConfig(view)};
}

}  // namespace

void HandleRevision(Service& service, const CallPtr& call) {
  const auto project = service.ProjectOf(call->params());
  project->Fresh([&service, call, project](const std::shared_ptr<const View>& view) {
    auto authoring = WritesByAlembic(*view) ? project->BeginAuthoring() : nullptr;
    OffloadStoppable(
        service, call, [params = call->params(), view, authoring](const std::stop_token& stop) {
          if (WritesByAlembic(*view)) {
            return EncodeDocument(WriteAlembicRevision(*view, params, stop));
          }
          const migrations::NewRevision wanted{.message = params.message,
                                               .head = params.head.empty() ? "head" : params.head,
                                               .depends_on = params.depends_on,
                                               .branch_label = params.branch_label,
                                               .rev_id = params.rev_id,
                                               .splice = params.splice,
                                               .draft = !params.no_draft};
          return EncodeDocument(NewRevisionAnswer(
              *view, migrations::WriteRevision(view->graph(), wanted,
                                               view->config().migration_directories.front(),
                                               view->config().file_template)));
        });
  });
}

void HandleMerge(Service& service, const CallPtr& call) {
  const auto project = service.ProjectOf(call->params());
  project->Fresh([&service, call, project](const std::shared_ptr<const View>& view) {
    auto authoring = WritesByAlembic(*view) ? project->BeginAuthoring() : nullptr;
    OffloadStoppable(
        service, call, [params = call->params(), view, authoring](const std::stop_token& stop) {
          if (WritesByAlembic(*view)) {
            return EncodeDocument(WriteAlembicMerge(*view, params, stop));
          }
          return EncodeDocument(NewRevisionAnswer(
              *view, migrations::WriteMerge(view->graph(), params.revisions, params.message,
                                            params.rev_id, params.branch_label,
                                            view->config().migration_directories.front(),
                                            view->config().file_template)));
        });
  });
}

}  // namespace drover::daemon
