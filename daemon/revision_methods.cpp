#include "daemon/revision_methods.h"

#include <functional>
#include <stop_token>
#include <utility>

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

using WriteOne = std::function<NewRevisionDocument(const View& view, const Params& params,
                                                   const std::stop_token& stop)>;

/// Has a revision written by Alembic, or natively, on a worker. While Alembic does it the policy
/// waits: what it writes is to be read first.
void Write(Service& service, const CallPtr& call, WriteOne by_alembic, WriteOne natively) {
  const auto project = service.ProjectOf(call->params());
  project->Fresh([&service, call, project, by_alembic = std::move(by_alembic),
                  natively = std::move(natively)](const std::shared_ptr<const View>& view) {
    const bool alembic = WritesByAlembic(*view);
    auto authoring = alembic ? project->BeginAuthoring() : nullptr;
    OffloadStoppable(
        service, call,
        [view, authoring, params = call->params(), write = alembic ? by_alembic : natively](
            const std::stop_token& stop) { return EncodeDocument(write(*view, params, stop)); });
  });
}

NewRevisionDocument WriteNativeRevision(const View& view, const Params& params,
                                        const std::stop_token&) {
  const migrations::NewRevision wanted{.message = params.message,
                                       .head = params.head.empty() ? "head" : params.head,
                                       .depends_on = params.depends_on,
                                       .branch_label = params.branch_label,
                                       .rev_id = params.rev_id,
                                       .splice = params.splice,
                                       .draft = !params.no_draft};
  return NewRevisionAnswer(
      view,
      migrations::WriteRevision(view.graph(), wanted, view.config().migration_directories.front(),
                                view.config().file_template));
}

NewRevisionDocument WriteNativeMerge(const View& view, const Params& params,
                                     const std::stop_token&) {
  return NewRevisionAnswer(
      view, migrations::WriteMerge(view.graph(), params.revisions, params.message, params.rev_id,
                                   params.branch_label, view.config().migration_directories.front(),
                                   view.config().file_template));
}

}  // namespace

void HandleRevision(Service& service, const CallPtr& call) {
  Write(service, call, WriteAlembicRevision, WriteNativeRevision);
}

void HandleMerge(Service& service, const CallPtr& call) {
  Write(service, call, WriteAlembicMerge, WriteNativeMerge);
}

}  // namespace drover::daemon
